"""The roster as rows of OneRoster's files: a projection, page by page.

What a row was called where it came from is what it is called again.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import F, Q

from apps.accounts.models import User
from apps.exchange.models import Counterpart
from apps.exchange.services.exporting.pages import ROSTER, paged
from apps.exchange.services.kinds.dated import last_end
from apps.exchange.services.kinds.teaching import homeroom_course_id
from apps.exchange.services.reading import cells, staged
from apps.exchange.services.reading.bundle.people import STAFF_ROLES
from apps.institutions.models import AcademicYear, Course, CourseClass, GradeLevel, Institution, Section, Term
from apps.institutions.selectors import school_today
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import (
    ClassEnrolment,
    Enrolment,
    Guardian,
    SectionMembership,
    Student,
    StudentGuardian,
)
from apps.students.selectors import contacts_shown_to, enrolments_that_count, guardians_shown_to

_NAMESPACE = uuid.UUID("6d0c9a52-5e0b-5c0e-9f0e-0b7f2f4c1d11")
_JOB_ROLES = {title: role for role, title in STAFF_ROLES.items()}
_PARENTS = {StudentGuardian.Relation.MOTHER, StudentGuardian.Relation.FATHER, StudentGuardian.Relation.STEP_PARENT}
_PEOPLE = (staged.STAFF, staged.STUDENT, staged.GUARDIAN)
Row = Sequence[object]


class Names:
    """What rows are called outside: as the file said that brought them, else by their own ids."""

    def of(self, kind: str, rows: Iterable[Any]) -> dict[int, str]:
        """Key → outside id, with a query or two. Of one person who is two things, the second is called by its own id:
        a bundle has a row of users for each."""
        rows = list(rows)
        said = dict(
            Counterpart.objects.filter(
                kind=kind, row_id__in=[row.pk for row in rows], external_id__isnull=False
            ).values_list("row_id", "external_id")
        )
        before = _PEOPLE[: _PEOPLE.index(kind)] if kind in _PEOPLE else ()
        if before and said:
            others = Counterpart.objects.filter(kind__in=before, external_id__in=said.values())
            taken = set(others.values_list("external_id", flat=True))
            said = {pk: external for pk, external in said.items() if external not in taken}
        return {row.pk: said.get(row.pk) or str(row.sourced_id) for row in rows}


class Bundle:
    """One school's roster in the years that are not closed. ``institution`` narrows it to one campus."""

    def __init__(self, institution: Institution | None = None, *, by: User | None = None) -> None:
        # What `by` may know of guardians; an operator at the command line takes all of it.
        today = school_today()
        self._contacts = Q() if by is None else contacts_shown_to(by, today)
        self._guardians = Q() if by is None else guardians_shown_to(by, ROSTER, today)
        names = Names()
        mine = {"institution": institution} if institution else {}
        open_years = AcademicYear.objects.exclude(state=AcademicYear.State.CLOSED)
        self.institutions = list(
            Institution.objects.filter(**({"pk": institution.pk} if institution else {})).order_by("pk")
        )
        self.years = list(
            open_years.filter(**mine).select_related("institution").order_by("institution_id", "starts_on")
        )
        depth = {Term.Kind.SEMESTER: 1, Term.Kind.TERM: 2, Term.Kind.GRADING_PERIOD: 3}
        self.terms = sorted(
            Term.objects.filter(year__in=self.years).select_related("year"),
            key=lambda term: (depth[Term.Kind(term.kind)], term.starts_on, term.name),
        )
        self.courses = list(Course.objects.filter(**mine).select_related("grade_level").order_by("pk"))
        self.sections = list(Section.objects.filter(year__in=self.years).select_related("grade_level").order_by("pk"))
        self.classes = list(
            CourseClass.objects.filter(year__in=self.years)
            .select_related("course__grade_level")
            .prefetch_related("terms")
            .order_by("pk")
        )
        self.orgs = names.of(staged.INSTITUTION, self.institutions)
        self.year_ids = names.of(staged.YEAR, self.years)
        self.term_ids = names.of(staged.TERM, self.terms)
        self.course_ids = names.of(staged.COURSE, self.courses)
        self.section_ids = names.of(staged.SECTION, self.sections)
        self.class_ids = names.of(staged.CLASS, self.classes)
        self.year_by_id = {year.pk: year for year in self.years}
        self.names = names

    # --- structure ----------------------------------------------------------------------------------------------------
    def rows_of_orgs(self) -> Iterator[Row]:
        for institution in self.institutions:
            yield self.orgs[institution.pk], "", "", institution.name, "school", institution.code, ""

    def rows_of_sessions(self) -> Iterator[Row]:
        for year in self.years:
            yield (
                self.year_ids[year.pk], "", "", year.name, "schoolYear", year.starts_on, year.ends_on, "",
                year.ends_on.year, self.orgs[year.institution_id],
            )  # fmt: skip
        for term in self.terms:
            above = self.term_ids.get(term.parent_id or 0) or self.year_ids[term.year_id]
            yield (
                self.term_ids[term.pk], "", "", term.name, term.kind, term.starts_on, term.ends_on, above,
                term.year.ends_on.year, self.orgs[term.year.institution_id],
            )  # fmt: skip

    def _homerooms(self) -> dict[tuple[int, int], tuple[str, GradeLevel]]:
        """(institution, level) → the course its homerooms are said to be of: OneRoster has no class without one."""
        found: dict[tuple[int, int], tuple[str, GradeLevel]] = {}
        said = {
            (kind, row_id): external
            for kind, row_id, external in Counterpart.objects.filter(kind__startswith="homeroom@").values_list(
                "kind", "row_id", "external_id"
            )
        }
        by_id = {institution.pk: institution for institution in self.institutions}
        for section in self.sections:
            key = (section.institution_id, section.grade_level_id)
            if key not in found:
                made = homeroom_course_id(by_id[key[0]], section.grade_level)
                found[key] = (said.get((f"homeroom@{key[0]}", key[1])) or made, section.grade_level)
        return found

    def rows_of_courses(self) -> Iterator[Row]:
        for (institution, _), (key, level) in self._homerooms().items():
            yield (
                key, "", "", "", f"Homeroom {level.code}", f"HR{level.code}", level.code, self.orgs[institution],
                "Homeroom", "", "true",
            )  # fmt: skip
        for course in self.courses:
            grade = course.grade_level.code if course.grade_level else ""
            yield (
                self.course_ids[course.pk], "", "", "", course.title, course.code, grade,
                self.orgs[course.institution_id], _list(course.subject), _list(course.subject_code), "",
            )  # fmt: skip

    def rows_of_classes(self) -> Iterator[Row]:
        homerooms = self._homerooms()
        for section in self.sections:
            level = section.grade_level
            yield (
                self.section_ids[section.pk], "", "", f"{level.name} {section.name}", level.code,
                homerooms[section.institution_id, level.pk][0], "", "homeroom", section.room,
                self.orgs[section.institution_id], self.year_ids[section.year_id], "Homeroom", "", "",
                section.capacity or "", "",
            )  # fmt: skip
        for taught in self.classes:
            course = taught.course
            grade = course.grade_level.code if course.grade_level else ""
            terms = sorted(taught.terms.all(), key=lambda term: (term.starts_on, term.pk))
            sessions = ",".join(self.term_ids[term.pk] for term in terms) or self.year_ids[taught.year_id]
            yield (
                self.class_ids[taught.pk], "", "", taught.title, grade, self.course_ids[course.pk], taught.code,
                "scheduled", taught.room, self.orgs[taught.institution_id], sessions, _list(course.subject),
                _list(course.subject_code), "", "", self.section_ids.get(taught.section_id or 0, ""),
            )  # fmt: skip

    # --- people -------------------------------------------------------------------------------------------------------
    def staff(self) -> Any:
        return StaffMember.objects.filter(institution__in=self.institutions, status="active").select_related("user")

    def students(self) -> Any:
        kept = Student.objects.kept().filter(institution__in=self.institutions, status="active")
        return kept.select_related("user")

    def guardians(self) -> Any:
        return Guardian.objects.filter(self._guardians, status="active").select_related("user")

    def rows_of_users(self) -> Iterator[Row]:
        for page in paged(self.staff()):
            ids = self.names.of(staged.STAFF, page)
            for row in page:
                yield self._user(ids[row.pk], row, row.staff_number, org=self.orgs[row.institution_id])
        for page in paged(self.students()):
            ids, grades = self.names.of(staged.STUDENT, page), self._enrolments(page)
            agents = self._agents(page)
            for row in page:
                enrolment = grades.get(row.pk)
                yield self._user(
                    ids[row.pk],
                    row,
                    row.admission_number,
                    org=self.orgs[row.institution_id],
                    grades="" if enrolment is None else enrolment.grade_level.code,
                    agents=agents.get(row.pk, []),
                )
        for page in paged(self.guardians()):
            ids = self.names.of(staged.GUARDIAN, page)
            for row in page:
                yield self._user(ids[row.pk], row, "")

    def _user(
        self,
        sourced_id: str,
        person: Any,
        number: str,
        *,
        org: str = "",
        grades: str = "",
        agents: Sequence[tuple[str, StudentGuardian]] = (),
    ) -> Row:
        login = person.user
        # OneRoster asks for a username of everybody; who has none is called by what is unique of them.
        username = login.username if login is not None else number or sourced_id
        enabled = "true" if login is not None and login.is_active else "false"
        return (
            sourced_id, "", "", enabled, username, "", person.given_name, person.family_name,
            getattr(person, "middle_name", ""), number, person.email, "", person.phone,
            ",".join(agent for agent, _ in agents), grades, "", "", getattr(person, "preferred_name", ""), "", "", org,
            "", ",".join(link.relation for _, link in agents),
            ",".join("true" if link.may_see else "false" for _, link in agents),
        )  # fmt: skip

    def _enrolments(self, students: Sequence[Student]) -> dict[int, Enrolment]:
        """The enrolment that counts of each, in the years that are not closed."""
        there = Enrolment.objects.filter(student__in=students, year__in=self.years)
        return enrolments_that_count(there, school_today())

    def _agents(self, students: Sequence[Student]) -> dict[int, list[tuple[str, StudentGuardian]]]:
        links = list(
            StudentGuardian.objects.filter(self._contacts, student__in=students, guardian__status="active")
            .select_related("guardian")
            .order_by("student_id", "contact_priority")
        )
        ids = self.names.of(staged.GUARDIAN, {link.guardian_id: link.guardian for link in links}.values())
        found: dict[int, list[tuple[str, StudentGuardian]]] = defaultdict(list)
        for link in links:
            found[link.student_id].append((ids[link.guardian_id], link))
        return found

    def rows_of_roles(self) -> Iterator[Row]:
        for page in paged(self.staff()):
            ids = self.names.of(staged.STAFF, page)
            for row in page:
                role = _JOB_ROLES.get(row.job_title, "teacher")
                yield _role(
                    ids[row.pk],
                    "siteAdministrator" if role == "administrator" else role,
                    self.orgs[row.institution_id],
                )
        for page in paged(self.students()):
            ids, enrolments = self.names.of(staged.STUDENT, page), self._enrolments(page)
            for row in page:
                enrolment = enrolments.get(row.pk)
                begins = ends = None
                if enrolment is not None:
                    begins = enrolment.entered_on
                    ends = last_end(self.year_by_id[enrolment.year_id], enrolment.exited_on)
                yield _role(ids[row.pk], "student", self.orgs[row.institution_id], begins, ends)
        first = next(iter(self.orgs.values()), "")
        for page in paged(self.guardians()):
            ids = self.names.of(staged.GUARDIAN, page)
            parents = set(
                StudentGuardian.objects.filter(self._contacts, guardian__in=page, relation__in=_PARENTS).values_list(
                    "guardian_id", flat=True
                )
            )
            for row in page:
                yield _role(ids[row.pk], "parent" if row.pk in parents else "guardian", first)

    def rows_of_demographics(self) -> Iterator[Row]:
        for page in paged(self.students()):
            ids = self.names.of(staged.STUDENT, page)
            for row in page:
                yield ids[row.pk], "", "", row.birth_date or "", row.sex, *[""] * 11

    # --- who is where -------------------------------------------------------------------------------------------------
    def rows_of_enrolments(self) -> Iterator[Row]:
        held = Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on"))
        kept = {"student__merged_into": None, "student__status": "active"}
        memberships = SectionMembership.objects.filter(held, section__in=self.sections, **kept)
        for page in paged(memberships.select_related("student", "section")):
            ids, people = (
                self.names.of(staged.MEMBERSHIP, page),
                self._people(staged.STUDENT, [row.student for row in page]),
            )
            for row in page:
                group = (self.section_ids[row.section_id], row.section)
                yield self._place(ids[row.pk], row, group, people[row.student_id], "student", "", row.roll_number or "")
        places = ClassEnrolment.objects.filter(held, course_class__in=self.classes, **kept)
        for page in paged(places.select_related("student", "course_class")):
            ids, people = self.names.of(staged.PLACE, page), self._people(staged.STUDENT, [row.student for row in page])
            for row in page:
                group = (self.class_ids[row.course_class_id], row.course_class)
                yield self._place(ids[row.pk], row, group, people[row.student_id], "student")
        mine = Q(section__in=self.sections) | Q(course_class__in=self.classes)
        teaching = TeachingAssignment.objects.filter(held, mine, staff__status="active")
        for page in paged(teaching.select_related("staff", "section", "course_class")):
            ids, people = (
                self.names.of(staged.ASSIGNMENT, page),
                self._people(staged.STAFF, [row.staff for row in page]),
            )
            for row in page:
                key = self.section_ids.get(row.section_id or 0) or self.class_ids[row.course_class_id]
                primary = "true" if row.kind == TeachingAssignment.Kind.TEACHER else "false"
                yield self._place(ids[row.pk], row, (key, row.group), people[row.staff_id], "teacher", primary)

    def _people(self, kind: str, rows: Sequence[Any]) -> dict[int, str]:
        return self.names.of(kind, {row.pk: row for row in rows}.values())

    def _place(
        self, key: str, row: Any, group: tuple[str, Any], person: str, role: str, primary: str = "", number: object = ""
    ) -> Row:
        ends_on = last_end(self.year_by_id[group[1].year_id], row.ends_on)
        school = self.orgs[group[1].institution_id]
        return key, "", "", group[0], school, person, role, primary, row.starts_on, ends_on or "", number

    def files(self) -> Mapping[str, Iterator[Row]]:
        """File → its rows, in an order in which rows name what stands before."""
        return {
            "orgs": self.rows_of_orgs(),
            "academicSessions": self.rows_of_sessions(),
            "courses": self.rows_of_courses(),
            "classes": self.rows_of_classes(),
            "users": self.rows_of_users(),
            "roles": self.rows_of_roles(),
            "demographics": self.rows_of_demographics(),
            "enrollments": self.rows_of_enrolments(),
        }


def _role(user: str, role: str, org: str, begins: dt.date | None = None, ends: dt.date | None = None) -> Row:
    return str(uuid.uuid5(_NAMESPACE, user)), "", "", user, "primary", role, begins or "", ends or "", org, ""


def _list(value: str) -> str:
    return ", ".join(cells.listed(value))
