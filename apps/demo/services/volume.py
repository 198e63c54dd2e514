"""A large school at once: families, two years of enrolments, and every roll of the last so many school days.

What a service writes row by row is written here in bulk, with the same constraints and triggers watching; the derived
days are made by the service that always makes them.
"""

from __future__ import annotations

import datetime as dt
import random
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.db import transaction

from apps.access.models import Role, RoleAssignment
from apps.access.permissions import TEACHER
from apps.accounts.models import User
from apps.demo.services.names import NAMES, STREETS
from apps.demo.services.rolls import Group, take_rolls
from apps.demo.services.schools import WEEKEND, end_of_enrolment, grade_levels, year_around
from apps.fees import services as fees
from apps.institutions.models import AcademicYear, CalendarDay, Institution, Section
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import Enrolment, Guardian, SectionMembership, Student, StudentGuardian
from schoolops import clock

Say = Callable[[str], None]
CLASS_SIZE = 25
# The demo's own sections are A and B.
LETTERS = string.ascii_uppercase[2:]
GRADES = range(1, 13)
# Of a hundred children as many have a brother or sister at the school.
SIBLINGS = (1, 1, 1, 2, 2, 3)
SEPARATED = 0.18
NOTHING = 0.45


@dataclass(slots=True)
class Filled:
    """How much was made."""

    students: int = 0
    guardians: int = 0
    sections: int = 0
    days: int = 0
    records: int = 0
    absences: int = 0


@dataclass(slots=True)
class Town:
    """Where families come from, always the same for the same seed."""

    dice: random.Random
    _family: str = field(default="", init=False)

    def family(self) -> tuple[str, Any]:
        part = self.dice.choices(NAMES, [name.weight for name in NAMES])[0]
        return self.dice.choice(part.family), part

    def address(self) -> str:
        return f"{self.dice.randint(1, 180)} {self.dice.choice(STREETS)}"

    def phone(self) -> str:
        return f"+44 20 7946 {self.dice.randint(0, 999):04}"


@transaction.atomic
def fill(*, students: int, days: int, seed: int, say: Say = lambda _text: None) -> Filled | None:
    """Fill the current school; ``None`` when it was filled before. The same seed makes the same people and days."""
    if Student.objects.filter(admission_number__startswith="V").exists():
        return None
    dice, made = random.Random(seed), Filled()  # noqa: S311 - not for secrets
    institution = Institution.objects.order_by("id").first() or Institution.objects.create(
        code="MAIN", name="Main Campus", timezone="Europe/London", weekend=WEEKEND
    )
    fees.seed_accounts()
    today = clock.today(institution.timezone)
    year = year_around(today, institution)
    before = _year_before(year)
    children = _children(Town(dice), institution, year, students, made)
    say(f"{made.students} students and {made.guardians} guardians")
    groups = [*_groups(children, before), *_groups(children, year)]
    made.sections = len(groups)
    say(f"{made.sections} sections in two years")
    _holidays(institution, before, year)
    past = school_days(institution, before, today, days)
    made.days = len(past)
    made.records, made.absences = take_rolls(dice, groups, past)
    say(f"{made.records} records of {made.days} days, {made.absences} of them absences")
    return made


def _year_before(year: AcademicYear) -> AcademicYear:
    starts_on = year.starts_on.replace(year=year.starts_on.year - 1)
    found: AcademicYear | None = year.institution.years.filter(
        starts_on__lte=year.starts_on - dt.timedelta(days=1), ends_on__gte=starts_on
    ).last()
    return found or AcademicYear.objects.create(
        institution=year.institution,
        name=f"{starts_on.year}/{year.starts_on.year % 100:02}",
        starts_on=starts_on,
        ends_on=year.starts_on - dt.timedelta(days=1),
        state=AcademicYear.State.CLOSED,
    )


def _holidays(institution: Institution, *years: AcademicYear) -> None:
    """Summer until the end of August, a week in autumn, two at the turn of the year, one in February, two in spring."""
    wanted: list[tuple[dt.date, dt.date, str]] = []
    for year in years:
        first, second = year.starts_on.year, year.starts_on.year + 1
        wanted += [
            (dt.date(first, 8, 1), dt.date(first, 8, 31), "Summer holidays"),
            (dt.date(first, 10, 26), dt.date(first, 10, 30), "Autumn half-term"),
            (dt.date(first, 12, 21), dt.date(second, 1, 3), "Winter holidays"),
            (dt.date(second, 2, 15), dt.date(second, 2, 19), "Spring half-term"),
            (dt.date(second, 4, 1), dt.date(second, 4, 14), "Spring holidays"),
            (dt.date(second, 7, 22), dt.date(second, 7, 31), "Summer holidays"),
        ]
    CalendarDay.objects.bulk_create(
        (
            CalendarDay(institution=institution, day=first + dt.timedelta(days=number), kind="holiday", title=title)
            for first, last, title in wanted
            for number in range((last - first).days + 1)
        ),
        ignore_conflicts=True,
    )


def school_days(institution: Institution, since: AcademicYear, until: dt.date, count: int) -> list[dt.date]:
    """The last ``count`` days of school up to yesterday, oldest first: today is left for people to mark."""
    off = set(
        CalendarDay.objects.filter(institution=institution, kind__in=("holiday", "closure")).values_list(
            "day", flat=True
        )
    )
    found: list[dt.date] = []
    day = until - dt.timedelta(days=1)
    while len(found) < count and day >= since.starts_on:
        if day.isoweekday() not in institution.weekend and day not in off:
            found.append(day)
        day -= dt.timedelta(days=1)
    return found[::-1]


def _children(town: Town, institution: Institution, year: AcademicYear, count: int, made: Filled) -> list[Student]:
    """``count`` students in families with their guardians; grade levels follow from their birth dates."""
    dice = town.dice
    students: list[Student] = []
    guardians: list[Guardian] = []
    links: list[StudentGuardian] = []
    while len(students) < count:
        family_name, part = town.family()
        home = town.address()
        size = min(dice.choice(SIBLINGS), count - len(students))
        grades = sorted(dice.sample(GRADES, size), reverse=True)
        siblings = [
            _child(town, institution, part, family_name, home, year, grade, number=len(students) + place)
            for place, grade in enumerate(grades, start=1)
        ]
        students += siblings
        parents, parent_links = _parents(town, part, family_name, home, siblings)
        guardians += parents
        links += parent_links
    Student.objects.bulk_create(students, batch_size=1000)
    Guardian.objects.bulk_create(guardians, batch_size=1000)
    StudentGuardian.objects.bulk_create(links, batch_size=1000)
    made.students, made.guardians = len(students), len(guardians)
    return students


def _child(
    town: Town, institution: Institution, part: Any, family_name: str, home: str, year: AcademicYear, grade: int, *,
    number: int,
) -> Student:  # fmt: skip
    girl = town.dice.random() < NOTHING + 0.04
    born = dt.date(year.starts_on.year - 5 - grade, 9, 1) + dt.timedelta(days=town.dice.randrange(364))
    return Student(
        institution=institution,
        admission_number=f"V{number:05}",
        given_name=town.dice.choice(part.girls if girl else part.boys),
        family_name=family_name,
        birth_date=born,
        sex="female" if girl else "male",
        address=home,
    )


def _parents(
    town: Town, part: Any, family_name: str, home: str, children: Sequence[Student]
) -> tuple[list[Guardian], list[StudentGuardian]]:
    """One or two guardians. Of separated parents the second lives elsewhere, and a few may not be told anything."""
    dice = town.dice
    separated = dice.random() < SEPARATED
    alone = not separated and dice.random() < 0.12
    restricted = separated and dice.random() < 0.06
    parents: list[Guardian] = []
    links: list[StudentGuardian] = []
    for priority, (relation, given_names) in enumerate((("mother", part.girls), ("father", part.boys)), start=1):
        if alone and priority == 2:
            break
        elsewhere = separated and priority == 2
        guardian = Guardian(
            given_name=dice.choice(given_names),
            family_name=town.family()[0] if elsewhere and dice.random() < NOTHING else family_name,
            phone=town.phone(),
            address=town.address() if elsewhere else home,
        )
        parents.append(guardian)
        links += [
            StudentGuardian(
                student=child,
                guardian=guardian,
                relation=relation,
                contact_priority=priority,
                lives_with=not elsewhere,
                emergency_contact=not (elsewhere and restricted),
                data_access=not (elsewhere and restricted),
                restriction_note="No contact by order of the family court." if elsewhere and restricted else "",
                channels=["email"],
            )
            for child in children
        ]
    return parents, links


def _groups(students: Sequence[Student], year: AcademicYear) -> list[Group]:
    """Sections of ``year`` with the students who were old enough for school in it."""
    levels = grade_levels(GRADES)
    by_level: dict[int, list[Student]] = {}
    for student in students:
        assert student.birth_date is not None  # noqa: S101 - made above
        born = student.birth_date
        cohort = born.year - ((born.month, born.day) < (9, 1))
        by_level.setdefault(year.starts_on.year - 5 - cohort, []).append(student)
    plan = [
        (levels[level], letter, part)
        for level, there in sorted(by_level.items())
        if level in levels
        for letter, part in zip(LETTERS, _split(there), strict=False)
    ]
    sections = Section.objects.bulk_create(
        Section(
            institution=year.institution,
            year=year,
            grade_level=level,
            name=letter,
            capacity=30,
            room=f"{level.code}{letter}",
        )
        for level, letter, _ in plan
    )
    teachers = _teachers(sections, year)
    _enrol(year, [(section, part) for section, (_, _, part) in zip(sections, plan, strict=True)])
    return [
        Group(section, part, teacher) for section, (_, _, part), teacher in zip(sections, plan, teachers, strict=True)
    ]


def _split(students: Sequence[Student]) -> list[list[Student]]:
    """Groups of about ``CLASS_SIZE``, as even as can be."""
    number = max(1, min(len(LETTERS), round(len(students) / CLASS_SIZE)))
    bounds = [round(each * len(students) / number) for each in range(number + 1)]
    return [list(students[first:last]) for first, last in pairwise(bounds)]


def _teachers(sections: Sequence[Section], year: AcademicYear) -> list[User]:
    """A homeroom teacher per section, the same person in both years; nobody knows a password of theirs."""
    names = [f"teacher-{section.grade_level.code}-{section.name}".lower() for section in sections]
    known = {user.username: user for user in User.objects.filter(username__in=names)}
    new = [
        User(username=name, given_name="Teacher", family_name=name.removeprefix("teacher-").upper())
        for name in names
        if name not in known
    ]
    for user in new:
        user.set_unusable_password()
    known |= {user.username: user for user in User.objects.bulk_create(new)}
    role = Role.objects.get(code=TEACHER)
    RoleAssignment.objects.bulk_create(RoleAssignment(user=user, role=role) for user in new)
    StaffMember.objects.bulk_create(
        StaffMember(
            institution=year.institution,
            user=user,
            staff_number=user.username.upper(),
            given_name=user.given_name,
            family_name=user.family_name,
            job_title="Teacher",
        )
        for user in new
    )
    staff = {member.user_id: member for member in StaffMember.objects.filter(user__in=known.values())}
    TeachingAssignment.objects.bulk_create(
        TeachingAssignment(
            staff=staff[known[name].pk], section=section, starts_on=year.starts_on, ends_on=end_of_enrolment(year)
        )
        for name, section in zip(names, sections, strict=True)
    )
    return [known[name] for name in names]


def _enrol(year: AcademicYear, placed: Sequence[tuple[Section, Sequence[Student]]]) -> None:
    leaves_on = end_of_enrolment(year)
    enrolments = Enrolment.objects.bulk_create(
        (
            Enrolment(
                student=student,
                institution=year.institution,
                year=year,
                grade_level=section.grade_level,
                entered_on=year.starts_on,
                exited_on=leaves_on,
                exit_kind=Enrolment.Exit.YEAR_ENDED if leaves_on else "",
            )
            for section, students in placed
            for student in students
        ),
        batch_size=1000,
    )
    places = [(section, number) for section, students in placed for number in range(1, len(students) + 1)]
    SectionMembership.objects.bulk_create(
        (
            SectionMembership(
                enrolment=enrolment,
                student_id=enrolment.student_id,
                section=section,
                starts_on=year.starts_on,
                ends_on=leaves_on,
                roll_number=number,
            )
            for enrolment, (section, number) in zip(enrolments, places, strict=True)
        ),
        batch_size=1000,
    )
