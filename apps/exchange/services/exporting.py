"""The roster written out: a OneRoster 1.2 bundle that comes in again as “unchanged”, and our templates filled in.

A projection, page by page: what a row was called where it came from is what it is called again.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from django.db.models import F, Q

from apps.accounts.models import User
from apps.exchange.models import Counterpart, Import
from apps.exchange.services.door import require_for_all
from apps.exchange.services.kinds.places import last_end
from apps.exchange.services.kinds.structure import homeroom_course_id
from apps.exchange.services.reading import cells, sheets, staged, tables
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
    holds_on,
)
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM

ROSTER = "exports.roster"
PAGE = 1000
_NAMESPACE = uuid.UUID("6d0c9a52-5e0b-5c0e-9f0e-0b7f2f4c1d11")
_FORMULA = ("=", "@", "+", "-", "\t", "\r")
_NUMBER_LIKE = re.compile(r"[+-][\d\s().,/x-]*")
_JOB_ROLES = {title: role for role, title in STAFF_ROLES.items()}
_PARENTS = {StudentGuardian.Relation.MOTHER, StudentGuardian.Relation.FATHER, StudentGuardian.Relation.STEP_PARENT}
Row = Sequence[object]

HEADERS: Mapping[str, str] = {
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "academicSessions": (
        "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear,"
        "metadata.orgSourcedId"
    ),
    "courses": (
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,"
        "subjectCodes,metadata.homeroom"
    ),
    "classes": (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,"
        "termSourcedIds,subjects,subjectCodes,periods,metadata.capacity,metadata.sectionSourcedId"
    ),
    "users": (
        "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,"
        "email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,"
        "preferredFamilyName,primaryOrgSourcedId,pronouns,metadata.guardianRelations,metadata.guardianAccess"
    ),
    "roles": (
        "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,"
        "userProfileSourcedId"
    ),
    "demographics": (
        "sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,"
        "nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,"
        "countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus"
    ),
    "enrollments": (
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate,"
        "metadata.rollNumber"
    ),
}
# The rest of what OneRoster knows, so that the manifest says of each that it is not there.
ABSENT = (
    "categories", "classResources", "courseResources", "lineItems", "lineItemLearningObjectiveIds",
    "lineItemScoreScales", "resources", "resultLearningObjectiveIds", "results", "resultScoreScales", "scoreScales",
    "userProfiles", "userResources",
)  # fmt: skip


def safe(value: object) -> str:
    """A cell that no spreadsheet runs as a formula, and that reads back as it was."""
    said = "" if value is None else str(value)
    return f"'{said}" if said.startswith(_FORMULA) and not _NUMBER_LIKE.fullmatch(said) else said


class Names:
    """What rows are called outside: as the file said that brought them, else by their own ids."""

    def of(self, kind: str, rows: Iterable[Any]) -> dict[int, str]:
        """Key → outside id, with one query."""
        rows = list(rows)
        said = dict(
            Counterpart.objects.filter(
                kind=kind, row_id__in=[row.pk for row in rows], external_id__isnull=False
            ).values_list("row_id", "external_id")
        )
        return {row.pk: said.get(row.pk) or str(row.sourced_id) for row in rows}


class Bundle:
    """One school's roster in the years that are not closed. ``institution`` narrows it to one campus."""

    def __init__(self, institution: Institution | None = None) -> None:
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
        for each in self.institutions:
            yield self.orgs[each.pk], "", "", each.name, "school", each.code, ""

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
        by_id = {each.pk: each for each in self.institutions}
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
        for each in self.courses:
            grade = each.grade_level.code if each.grade_level else ""
            yield (
                self.course_ids[each.pk], "", "", "", each.title, each.code, grade, self.orgs[each.institution_id],
                _list(each.subject), _list(each.subject_code), "",
            )  # fmt: skip

    def rows_of_classes(self) -> Iterator[Row]:
        homerooms = self._homerooms()
        for each in self.sections:
            level = each.grade_level
            yield (
                self.section_ids[each.pk], "", "", f"{level.name} {each.name}", level.code,
                homerooms[each.institution_id, level.pk][0], "", "homeroom", each.room,
                self.orgs[each.institution_id], self.year_ids[each.year_id], "Homeroom", "", "",
                each.capacity or "", "",
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
        return Guardian.objects.filter(status="active").select_related("user")

    def rows_of_users(self) -> Iterator[Row]:
        for page in paged(self.staff()):
            ids = self.names.of(staged.STAFF, page)
            for each in page:
                yield self._user(ids[each.pk], each, each.staff_number, org=self.orgs[each.institution_id])
        for page in paged(self.students()):
            ids, grades = self.names.of(staged.STUDENT, page), self._enrolments(page)
            agents = self._agents(page)
            for each in page:
                enrolment = grades.get(each.pk)
                yield self._user(
                    ids[each.pk],
                    each,
                    each.admission_number,
                    org=self.orgs[each.institution_id],
                    grades="" if enrolment is None else enrolment.grade_level.code,
                    agents=agents.get(each.pk, []),
                )
        for page in paged(self.guardians()):
            ids = self.names.of(staged.GUARDIAN, page)
            for each in page:
                yield self._user(ids[each.pk], each, "")

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
        """The latest enrolment of each in a year that is not closed."""
        return {
            row.student_id: row
            for row in Enrolment.objects.filter(student__in=students, year__in=self.years, primary=True)
            .select_related("grade_level")
            .order_by("entered_on", "pk")
        }

    def _agents(self, students: Sequence[Student]) -> dict[int, list[tuple[str, StudentGuardian]]]:
        links = list(
            StudentGuardian.objects.filter(student__in=students, guardian__status="active")
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
            for each in page:
                role = _JOB_ROLES.get(each.job_title, "teacher")
                yield _role(
                    ids[each.pk],
                    "siteAdministrator" if role == "administrator" else role,
                    self.orgs[each.institution_id],
                )
        for page in paged(self.students()):
            ids, enrolments = self.names.of(staged.STUDENT, page), self._enrolments(page)
            for each in page:
                enrolment = enrolments.get(each.pk)
                begins = ends = None
                if enrolment is not None:
                    begins = enrolment.entered_on
                    ends = last_end(self.year_by_id[enrolment.year_id], enrolment.exited_on)
                yield _role(ids[each.pk], "student", self.orgs[each.institution_id], begins, ends)
        first = next(iter(self.orgs.values()), "")
        for page in paged(self.guardians()):
            ids = self.names.of(staged.GUARDIAN, page)
            parents = set(
                StudentGuardian.objects.filter(guardian__in=page, relation__in=_PARENTS).values_list(
                    "guardian_id", flat=True
                )
            )
            for each in page:
                yield _role(ids[each.pk], "parent" if each.pk in parents else "guardian", first)

    def rows_of_demographics(self) -> Iterator[Row]:
        for page in paged(self.students()):
            ids = self.names.of(staged.STUDENT, page)
            for each in page:
                yield ids[each.pk], "", "", each.birth_date or "", each.sex, *[""] * 11

    # --- who is where -------------------------------------------------------------------------------------------------
    def rows_of_enrolments(self) -> Iterator[Row]:
        held = Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on"))
        kept = {"student__merged_into": None, "student__status": "active"}
        seats = SectionMembership.objects.filter(held, section__in=self.sections, **kept)
        for page in paged(seats.select_related("student", "section")):
            ids, people = self.names.of(staged.SEAT, page), self._people(staged.STUDENT, [row.student for row in page])
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


def paged(rows: Any) -> Iterator[list[Any]]:
    """Rows by key, a page at a time."""
    last = 0
    while page := list(rows.filter(pk__gt=last).order_by("pk")[:PAGE]):
        last = page[-1].pk
        yield page


def export_bundle(*, into: IO[bytes], by: User | None, institution: Institution | None = None) -> dict[str, int]:
    """Write the roster as a OneRoster 1.2 bundle; file → rows. ``by=None`` is the command line, for an operator.

    Raises:
        PermissionMissing.
    """
    if by is not None:
        require_for_all(by, ROSTER)
    counted: dict[str, int] = {}
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as target:
        for name, rows in Bundle(institution).files().items():
            counted[name] = 0
            with target.open(_entry(name), "w", force_zip64=True) as file:
                file.write(f"{HEADERS[name]}\r\n".encode())
                for piece in tables.written_csv(_counted(rows, name, counted)):
                    file.write(piece)
        said = [("manifest.version", "1.0"), ("oneroster.version", "1.2")]
        said += [(f"file.{name}", "bulk" if counted.get(name) else "absent") for name in sorted((*HEADERS, *ABSENT))]
        said += [("source.systemName", "SchoolOps"), ("source.systemCode", "schoolops")]
        with target.open(_entry("manifest"), "w") as file:
            file.write(b"propertyName,value\r\n" + b"".join(tables.written_csv(said)))
    _say_so(by, institution, {"files": counted})
    return counted


def _counted(rows: Iterator[Row], name: str, into: dict[str, int]) -> Iterator[list[str]]:
    for row in rows:
        into[name] += 1
        yield [safe(cell) for cell in row]


def _entry(name: str) -> zipfile.ZipInfo:
    # Always the same moment, so that the same roster is the same file.
    entry = zipfile.ZipInfo(f"{name}.csv", (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _say_so(by: User | None, institution: Institution | None, after: Mapping[str, Any]) -> None:
    subject = institution or Institution.objects.order_by("pk").first()
    if subject is not None:
        trail.record(by or SYSTEM, "exchange.roster-exported", subject, after=after)


# --- templates --------------------------------------------------------------------------------------------------------
def template_headers(source: str) -> list[str]:
    """The columns of a template, as people read them."""
    return [column.header for column in sheets.TEMPLATES[source]]


def template_pages(*, source: str, by: User) -> Iterator[list[dict[str, Any]]]:
    """The school's rows in the columns of a template, header → value, page by page.

    Raises:
        PermissionMissing.
    """
    require_for_all(by, ROSTER)
    subject = Institution.objects.order_by("pk").first()
    if subject is not None:
        trail.record(by, "exchange.roster-exported", subject, after={"template": source})
    return _TEMPLATES[source]()


def _filled(source: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {column.header: values.get(column.field, "") for column in sheets.TEMPLATES[source]}


def _students() -> Iterator[list[dict[str, Any]]]:
    today = school_today()
    for page in paged(Student.objects.kept().filter(status="active").select_related("institution")):
        enrolments = {
            row.student_id: row
            for row in Enrolment.objects.filter(student__in=page, primary=True)
            .exclude(year__state=AcademicYear.State.CLOSED)
            .select_related("grade_level")
            .order_by("entered_on", "pk")
        }
        seats = {
            row.student_id: row
            for row in SectionMembership.objects.filter(
                holds_on(today), student__in=page, section__year__state=AcademicYear.State.ACTIVE
            ).select_related("section")
        }
        filled = []
        for each in page:
            values = {name: getattr(each, name) for name in _OWN_FIELDS[Import.Source.STUDENTS]}
            values["institution"] = each.institution.code
            if (enrolment := enrolments.get(each.pk)) is not None:
                values |= {"grade": enrolment.grade_level.code, "entered_on": enrolment.entered_on}
            if (seat := seats.get(each.pk)) is not None:
                values["section"] = seat.section.name
            filled.append(_filled(Import.Source.STUDENTS, values))
        yield filled


def _guardians() -> Iterator[list[dict[str, Any]]]:
    links = StudentGuardian.objects.filter(student__merged_into=None, guardian__status="active")
    for page in paged(links.select_related("student__institution", "guardian")):
        filled = []
        for link in page:
            values = {name: getattr(link.guardian, name) for name in _OWN_FIELDS[Import.Source.GUARDIANS]}
            values |= {
                "student": link.student.admission_number,
                "relation": link.relation,
                "data_access": link.may_see,
                "contact_priority": link.contact_priority,
                "institution": link.student.institution.code,
            }
            filled.append(_filled(Import.Source.GUARDIANS, values))
        yield filled


def _staff() -> Iterator[list[dict[str, Any]]]:
    for page in paged(StaffMember.objects.filter(status="active").select_related("institution")):
        yield [
            _filled(
                Import.Source.STAFF,
                {
                    **{name: getattr(each, name) for name in _OWN_FIELDS[Import.Source.STAFF]},
                    "institution": each.institution.code,
                },
            )
            for each in page
        ]


def _sections() -> Iterator[list[dict[str, Any]]]:
    rows = Section.objects.exclude(year__state=AcademicYear.State.CLOSED)
    for page in paged(rows.select_related("institution", "year", "grade_level")):
        yield [
            _filled(
                Import.Source.SECTIONS,
                {
                    "grade": each.grade_level.code,
                    "name": each.name,
                    "room": each.room,
                    "capacity": each.capacity,
                    "year": each.year.name,
                    "institution": each.institution.code,
                },
            )
            for each in page
        ]


_OWN_FIELDS: Mapping[str, tuple[str, ...]] = {
    Import.Source.STUDENTS: (
        "admission_number", "given_name", "middle_name", "family_name", "preferred_name", "birth_date", "sex", "email",
        "phone", "address",
    ),
    Import.Source.GUARDIANS: ("given_name", "family_name", "email", "phone", "address", "language"),
    Import.Source.STAFF: (
        "staff_number", "given_name", "family_name", "email", "phone", "job_title", "starts_on", "ends_on",
    ),
}  # fmt: skip
_TEMPLATES: Mapping[str, Callable[[], Iterator[list[dict[str, Any]]]]] = {
    Import.Source.STUDENTS: _students,
    Import.Source.GUARDIANS: _guardians,
    Import.Source.STAFF: _staff,
    Import.Source.SECTIONS: _sections,
}
