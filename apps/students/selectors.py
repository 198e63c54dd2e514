"""Reads of students and rosters. A roster is always as of a day."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from apps.access import selectors as access
from apps.access.errors import OutOfReach
from apps.access.selectors import AskedReach, belongs_to_campus, row_scope, tells_reach
from apps.access.services import is_family, require, today, within_reach
from apps.accounts.models import User
from apps.institutions.models import CourseClass, Institution, Section
from apps.students.caches import STUDENT_PROFILE, Profile
from apps.students.models import (
    ClassEnrolment,
    Enrolment,
    FamilyOpening,
    Guardian,
    SectionMembership,
    Student,
    StudentGuardian,
)
from schoolops import clock, folding
from schoolops.tenancy.compiled import DAY, PUBLIC_ID, TEXT, Compiled, Parameter, any_of, by_shape

_BY_NAME = ("student__name_key", "student_id")


def members_of(section: Section | int, day: dt.date) -> QuerySet[Any]:
    """The memberships that put students on the roster of ``section`` on ``day``: by roll number, then name."""
    members: QuerySet[Any] = SectionMembership.objects.filter(section=section).on(day)
    return members.order_by(F("roll_number").asc(nulls_last=True), *_BY_NAME)


def of_students_in_reach(by: User, permission: str, day: dt.date) -> Q:
    """Rows about students over whom ``by`` holds ``permission``, of anything with a ``student``.

    Raises:
        PermissionMissing.
    """
    reach = within_reach(by, permission, "student", day=day)
    return Q() if reach == Q() else Q(student__in=Student.objects.filter(reach).values("pk"))


def of_students_asked(reach: AskedReach) -> Q:
    """The same for a compiled statement."""
    return Q() if reach.everything else Q(student__in=Student.objects.filter(reach.rows()).values("pk"))


def nobody_to_call() -> Q:
    """Enrolments of students for whom nobody is to be called in an emergency: who is barred from them is nobody."""
    called = StudentGuardian.objects.filter(student=OuterRef("student"), emergency_contact=True, restriction_note="")
    return ~Q(Exists(called))


def taught_in(course_class: CourseClass, day: dt.date) -> Q:
    """Students on the roster of a class on ``day``: its own, and those of the section it is taught to as a whole."""
    enrolled = ClassEnrolment.objects.filter(course_class=course_class).on(day).values("student")
    if course_class.section_id is None:
        return Q(pk__in=enrolled)
    members = SectionMembership.objects.filter(section=course_class.section_id).on(day).values("student")
    return Q(pk__in=enrolled) | Q(pk__in=members)


def enrolments_that_count(enrolments: QuerySet[Any], day: dt.date) -> dict[int, Enrolment]:
    """By student: the one of these primary enrolments that holds ``day``, else the next, else the last. One query."""
    found: dict[int, Enrolment] = {}
    for row in enrolments.filter(primary=True).select_related("grade_level", "year").order_by("entered_on", "pk"):
        if row.student_id not in found or found[row.student_id].until <= day:
            found[row.student_id] = row
    return found


def today_for(student: Student) -> dt.date:
    """The calendar day at the student's institution."""
    timezone = Institution.objects.values_list("timezone", flat=True).get(pk=student.institution_id)
    return clock.today(timezone)


def profile_of(student_id: int, day: dt.date, *, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The page of a student (by key) on ``day``, remembered for two minutes; ``read`` gives it anew.

    The same for everybody who reaches the student: whether somebody does must have been asked.
    """
    return msgspec.structs.asdict(STUDENT_PROFILE.get(student_id, day, load=lambda: Profile(**read())))


# --- who reaches whom -------------------------------------------------------------------------------------------------
def _students_in(sections: Q, classes: Q, day: dt.date) -> Q:
    """Students on the rosters of these sections and classes on ``day``. Subqueries: a join would repeat students."""
    there = Section.objects.filter(sections).values("pk")
    taught = CourseClass.objects.filter(classes)
    return (
        Q(pk__in=SectionMembership.objects.filter(section__in=there).on(day).values("student"))
        | Q(pk__in=ClassEnrolment.objects.filter(course_class__in=taught.values("pk")).on(day).values("student"))
        | Q(
            pk__in=SectionMembership.objects.filter(section__in=taught.filter(section__isnull=False).values("section"))
            .on(day)
            .values("student")
        )
    )


@row_scope("teacher", "student")
def students_taught(user: User, day: dt.date) -> Q:
    """The students of the sections and classes that ``user`` teaches or stands in for on ``day``."""
    # Sections and classes are registered by staff, which stands beside us.
    scopes = (access.registered_scope("teacher", "section"), access.registered_scope("teacher", "class"))
    sections, classes = (Q(pk__in=[]) if scope is None else scope(user, day) for scope in scopes)
    return _students_in(sections, classes, day)


@row_scope("guardian", "student")
def children_of(user: User, day: dt.date) -> Q:  # noqa: ARG001 - a scope's signature
    """The students ``user`` is linked to with data access and without a restriction."""
    links = StudentGuardian.objects.filter(guardian__user=user, data_access=True, restriction_note="")
    return Q(pk__in=links.values("student"), merged_into__isnull=True)


@row_scope("student", "student")
def oneself(user: User, day: dt.date) -> Q:  # noqa: ARG001 - a scope's signature
    """The student who logs in as ``user``; the login of a guardian who is kept from a child is nobody's own."""
    kept_away = StudentGuardian.objects.filter(guardian__user=user).exclude(restriction_note="")
    return Q(user=user, merged_into__isnull=True) & ~Q(pk__in=kept_away.values("student"))


@tells_reach
def students_of(user: User) -> str:
    """Whose teacher, guardian or self ``user`` is today: 16 hexadecimal digits, or nothing for who is nobody's.

    Who reaches all of a campus is told how many records became another one: of another campus, perhaps.
    """
    reach, told = access.reached_by_relation(user, "student"), ""
    if reach is not None:
        keys = list(Student.objects.filter(reach).order_by("pk").values_list("pk", flat=True).distinct())
        told = hashlib.sha256(repr(keys).encode()).hexdigest()[:16]
    if any(each.scope == access.EVERYTHING and each.institution_id is not None for each in access.roles_held(user)):
        told += f" {Student.objects.filter(merged_into__isnull=False).count()}"
    return told


def holds_over(user: User, permission: str, student: Q, day: dt.date) -> bool:
    """Whether ``user`` holds ``permission`` over this student: a question, so a no is not counted as a refusal."""
    reach = access.rows_in_reach(user, permission, "student", day=day)
    if reach is None or reach == Q():
        return reach is not None
    return bool(Student.objects.filter(reach, student).exists())


def private_shown_to(user: User, model: type[Student | StudentGuardian], student: Q, day: dt.date) -> list[str]:
    """The private columns of ``model`` that ``user`` may read of this student, each by its own permission."""
    return [name for name, code in model.privacy.private.items() if holds_over(user, code, student, day)]


def contacts_shown_to(user: User, day: dt.date) -> Q:
    """Which links of guardians are there for ``user``: whoever must not be given the student is nobody to call.

    They stand on no list, page, paper or file for anybody but who may see restrictions over that student.
    """
    reach = access.rows_in_reach(user, "students.view_custody", "student", day=day)
    if reach is None:
        return Q(restriction_note="")
    if reach == Q():
        return Q()
    return Q(restriction_note="") | Q(student__in=Student.objects.filter(reach).values("pk"))


def guardians_shown_to(user: User, permission: str, day: dt.date) -> Q:
    """The guardians whom ``user`` reaches with ``permission``: those of students in reach, as contacts are shown.

    Whoever reaches every student sees those who have none, too; of who is barred from all of theirs nobody is told but
    who may see restrictions.
    """
    reach = access.rows_in_reach(user, permission, "student", day=day)
    if reach is None:
        return Q(pk__in=[])
    shown = contacts_shown_to(user, day)
    if reach == Q():
        return guardians_of_all(shown)
    links = StudentGuardian.objects.filter(shown, student__in=Student.objects.filter(reach).values("pk"))
    return Q(pk__in=links.values("guardian"))


def guardians_of_all(shown: Q) -> Q:
    """The same for who reaches every student, and to whom ``shown`` of their links are there."""
    if shown == Q():
        return Q()
    # One hash join either way, however many links there are.
    barred = StudentGuardian.objects.exclude(shown).values("guardian")
    return ~Q(pk__in=barred) | Q(pk__in=StudentGuardian.objects.filter(shown).values("guardian"))


@belongs_to_campus
def families_of(institutions: Collection[int]) -> Q:
    """The logins of the students of these campuses and of their guardians.

    Neither a record that was merged nor one from which a guardian is kept makes a login anybody's.
    """
    here = Student.objects.kept().filter(institution__in=institutions)
    guardians = StudentGuardian.objects.filter(
        student__in=here.values("pk"), restriction_note="", guardian__user__isnull=False
    )
    return Q(pk__in=here.filter(user__isnull=False).values("user")) | Q(pk__in=guardians.values("guardian__user"))


def _sections_of(students: Q, day: dt.date) -> Q:
    members = SectionMembership.objects.filter(student__in=Student.objects.filter(students).values("pk")).on(day)
    return Q(pk__in=members.values("section"))


def _classes_of(students: Q, day: dt.date) -> Q:
    enrolled = ClassEnrolment.objects.filter(student__in=Student.objects.filter(students).values("pk")).on(day)
    return Q(pk__in=enrolled.values("course_class")) | Q(
        section__in=Section.objects.filter(_sections_of(students, day)).values("pk")
    )


@row_scope("guardian", "section")
def sections_of_children(user: User, day: dt.date) -> Q:
    """The sections the guardian's children belong to on ``day``."""
    return _sections_of(children_of(user, day), day)


@row_scope("guardian", "class")
def classes_of_children(user: User, day: dt.date) -> Q:
    """The classes the guardian's children are taught in on ``day``."""
    return _classes_of(children_of(user, day), day)


@row_scope("student", "section")
def own_section(user: User, day: dt.date) -> Q:
    """The section a student belongs to on ``day``."""
    return _sections_of(oneself(user, day), day)


@row_scope("student", "class")
def own_classes(user: User, day: dt.date) -> Q:
    """The classes a student is taught in on ``day``."""
    return _classes_of(oneself(user, day), day)


def matching(words: str) -> Q:
    """Students whose names or admission number hold every word of ``words``, served by the index student_search."""
    return folding.in_column(F("searched"), words)


def matching_asked(number: int) -> Q:
    """The same of so many words, ``word-0`` and on, which are said when a compiled statement is asked."""
    return folding.in_column_each(F("searched"), [Parameter(f"word-{each}", TEXT) for each in range(number)])


def guardians_matching(words: str) -> Q:
    """Guardians whose names, e-mail or phone number hold every word, served by the index guardian_search."""
    return folding.in_column(F("searched"), folding.with_phones(words))


# --- who may be somebody on the books already -------------------------------------------------------------------------
# Of a number the country and the zero before it are written or not.
_PHONE_TELLS = 8
ALIKE = 10


def students_like(*, given: str, family: str, birth_date: dt.date | None, by: User, day: dt.date) -> list[Student]:
    """Students in reach who may be this child: of the same name, and not of another birth date."""
    reach = within_reach(by, "students.view", "student", day=day)
    named = Student.objects.kept().filter(reach, name_key=folding.name_key(family, given))
    if birth_date is not None:
        named = named.filter(Q(birth_date=birth_date) | Q(birth_date=None))
    return list(named.select_related("institution").order_by("pk")[:ALIKE])


def guardians_like(*, given: str, family: str, phone: str, email: str, by: User, day: dt.date) -> list[Guardian]:
    """Guardians in reach who may be this grown-up: of the same phone number, e-mail or full name."""
    number = folding.digits(phone)[-_PHONE_TELLS:]
    asked = Q(name_key=folding.name_key(family, given)) if given else Q(pk__in=[])
    if len(number) == _PHONE_TELLS:
        asked |= folding.in_column(F("searched"), number)
    if email:
        asked |= folding.in_column(F("searched"), email)
    rows = (
        Guardian.objects.kept().filter(guardians_shown_to(by, "guardians.view", day), asked).order_by("name_key", "pk")
    )
    return [each for each in rows[: ALIKE * 5] if _alike(each, given, family, number, email)][:ALIKE]


def _alike(guardian: Guardian, given: str, family: str, number: str, email: str) -> bool:
    return (
        (bool(given) and guardian.name_key == folding.name_key(family, given))
        or (len(number) == _PHONE_TELLS and folding.digits(guardian.phone).endswith(number))
        or (bool(email) and folding.fold(guardian.email) == folding.fold(email))
    )


# --- what families see ------------------------------------------------------------------------------------------------
def closed_column(day: Any) -> Subquery:
    """Of a query of students: what is closed to families of the grade level that each is in, or was in last."""
    began = Enrolment.objects.filter(student=OuterRef(OuterRef("pk")), primary=True, entered_on__lte=day)
    level = began.order_by("-entered_on", "-pk").values("grade_level")[:1]
    return Subquery(FamilyOpening.objects.filter(grade_level=Subquery(level)).values("closed")[:1])


def open_to_families(item: str, day: Any) -> QuerySet[Student]:
    """The students of whom ``item`` is open to families."""
    students: Any = Student.objects.alias(shut=closed_column(day))
    found: QuerySet[Student] = students.filter(Q(shut__isnull=True) | ~Q(shut__contains=[item]))
    return found


def shown_to(by: User, item: str, permission: str) -> Q | None:
    """The students of whom ``item`` is open to their family, or whom ``by`` reaches at work, with ``permission``.

    ``None``: all whom ``by`` reaches, who is nobody's family here.
    """
    if not is_family(by):
        return None
    at_work = access.rows_in_reach(by, permission, "student", at_work=True)
    there = Q(pk__in=open_to_families(item, today(by)).values("pk"))
    return there if at_work is None else Q() if at_work == Q() else there | at_work


def of_students_shown(by: User, item: str, permission: str) -> Q:
    """Rows about those, of anything with a ``student``."""
    shown = shown_to(by, item, permission)
    return Q() if shown is None or shown == Q() else Q(student__in=Student.objects.filter(shown).values("pk"))


def keys_shown(by: User, item: str, permission: str, students: Collection[int]) -> frozenset[int]:
    """Those of these students, by key. No query for who is nobody's family here."""
    if not is_family(by):
        return frozenset(students)
    shown = _asked_shown(by, item, permission)
    if shown is None:
        found = shown_to(by, item, permission) or Q()
        return frozenset(Student.objects.filter(found, pk__in=students).values_list("pk", flat=True))
    asked: Compiled[int] = by_shape(
        ("students.keys-shown", shown.shape),
        lambda: Student.objects.filter(shown.rows(), any_of("pk", "students")).values_list("pk", flat=True),
    )
    return frozenset(asked.all(students=students, **shown.values))


@dataclass(frozen=True, slots=True)
class _AskedShown:
    """What ``shown_to`` says, for a compiled statement."""

    shape: Hashable
    rows: Callable[[], Q]
    values: Mapping[str, Any]


def _asked_shown(by: User, item: str, permission: str) -> _AskedShown | None:
    """For somebody's family; ``None``, where their reach at work must be asked anew."""
    at_work = access.asked_reach(by, permission, "student", at_work=True)
    if at_work is None and access.works_with(by, permission, "student"):
        return None

    def rows() -> Q:
        there = Q(pk__in=open_to_families(item, Parameter("shown-on", DAY)).values("pk"))
        return there if at_work is None else Q() if at_work.everything else there | at_work.rows()

    at = {} if at_work is None else at_work.values
    return _AskedShown((item, at_work and at_work.shape), rows, {"shown-on": today(by), **at})


def student_shown(student: UUID, item: str, permission: str, *, by: User) -> Student:
    """A student over whom ``by`` holds ``permission``, of whom ``item`` is shown to them. One statement.

    Raises:
        PermissionMissing; OutOfReach: as if there were no such student.
    """
    require(by, permission)
    reach = access.asked_reach(by, permission, "student")
    shown = _asked_shown(by, item, permission) if is_family(by) else _AskedShown("", Q, {})
    found: Student | None
    if reach is None or shown is None:
        within = within_reach(by, permission, "student")
        found = Student.objects.filter(within, sourced_id=student).only("pk").first()
        if found is not None:
            expect_open(found, item, permission=permission, by=by)
    else:
        asked: Compiled[Student] = by_shape(
            ("students.shown", reach.shape, shown.shape),
            lambda: Student.objects.filter(reach.rows(), shown.rows(), sourced_id=Parameter("student", PUBLIC_ID)).only(
                "pk"
            ),
        )
        # By the same roles, so a name means the same in both.
        found = asked.first(student=student, **{**reach.values, **shown.values})
    if found is None:
        raise OutOfReach
    return found


def classes_shown(by: User, item: str, day: dt.date, permission: str) -> Q:
    """The classes of those on ``day``, and those that ``by`` reaches at work: where families read when they meet."""
    shown = shown_to(by, item, permission)
    if shown is None or shown == Q():
        return Q()
    at_work = access.rows_in_reach(by, permission, "class", day=day, at_work=True)
    if at_work == Q():
        return Q()
    theirs = _classes_of(shown & (children_of(by, day) | oneself(by, day)), day)
    return theirs if at_work is None else theirs | at_work


def expect_open(student: Student, item: str, *, permission: str, by: User) -> None:
    """Nothing, where ``item`` of the student is shown to ``by``, who reaches them with ``permission``.

    Raises:
        OutOfReach: as if there were no such student.
    """
    if student.pk not in keys_shown(by, item, permission, [student.pk]):
        raise OutOfReach
