"""The two schools of the demo: a campus, the year that contains today, sections, people and their logins."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.access import permissions as roles
from apps.access import services as access
from apps.accounts.models import User
from apps.demo.services.casts import OPERATOR, SCHOOLS, DemoSchool, Login
from apps.fees import services as fees
from apps.fees.models import CardGateway
from apps.institutions.models import AcademicYear, Course, CourseClass, GradeLevel, Institution, Section, Term
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import (
    ClassEnrolment,
    Enrolment,
    Guardian,
    SectionMembership,
    Student,
    StudentGuardian,
)
from apps.timetable.models import Meeting, Period
from schoolops import clock
from schoolops.audit.trail import SYSTEM
from schoolops.context import inside, outside_schools
from schoolops.rows import RowStatus
from schoolops.tenancy.models import School
from schoolops.tenancy.provisioning import create_school

__all__ = ["SCHOOLS", "furnish", "furnish_operator"]

# With which the demo's schools are known at the sandbox.
CARDS_KEY = "sk_sandbox_demo"
WEEKEND = [6, 7]
SCHOOL_WEEK = range(1, 6)
SUBJECTS = (("MATH", "Mathematics"), ("ENG", "English"))
PERIODS = tuple(
    (f"Period {number}", number, dt.time(7 + number, 30), dt.time(8 + number, 15)) for number in range(1, 7)
)
STAFF_ROLES = frozenset({roles.HEAD, roles.REGISTRAR, roles.TEACHER, roles.ADMINISTRATOR, roles.ACCOUNTANT})


@dataclass(frozen=True, slots=True)
class Place:
    """Where people are put: a campus, a year, its grade levels by number and its sections by name (``7 B``)."""

    institution: Institution
    year: AcademicYear
    levels: dict[int, GradeLevel]
    sections: dict[str, Section]


def furnish(demo: DemoSchool) -> School:
    """Make this school and all that is in it, or whatever of it is missing. Running it again changes nothing."""
    with outside_schools():
        school: School | None = School.objects.filter(slug=demo.slug, state="active").first()
    if school is None:
        school = create_school(slug=demo.slug, name=demo.name, domains=[demo.host])
    with inside(school), transaction.atomic():
        place = _place(demo)
        fees.seed_accounts()
        students = _students(demo, place)
        _classes(place, students)
        for login in demo.logins:
            _login(demo, login, place, students)
        _card_gateway()
    return school


def _card_gateway() -> None:
    """The sandbox, where one runs beside the demo."""
    if settings.SANDBOX_GATEWAY_URL and not CardGateway.objects.exists():
        by = User.objects.filter(role_assignments__role__code=roles.ADMINISTRATOR).earliest("pk")
        fees.set_card_gateway(gateway="sandbox", taking=True, secret=CARDS_KEY, by=by)


def furnish_operator() -> None:
    """Make the login of somebody who sees all schools. Running it again changes nothing."""
    with outside_schools(), transaction.atomic():
        _user(OPERATOR, OPERATOR.role)


def year_around(today: dt.date, institution: Institution) -> AcademicYear:
    """The year of ``institution`` that contains ``today``, made (from August to July) and made active if need be."""
    found: AcademicYear | None = institution.years.filter(starts_on__lte=today, ends_on__gte=today).first()
    if found is not None and found.state == AcademicYear.State.ACTIVE:
        return found
    starts_on = dt.date(today.year - (today.month < 8), 8, 1)
    institution.years.filter(state=AcademicYear.State.ACTIVE, starts_on__lt=starts_on).update(state="closed")
    institution.years.filter(state=AcademicYear.State.ACTIVE).update(state="planned")
    if found is not None:
        found.state = AcademicYear.State.ACTIVE
        found.save(update_fields=["state"])
        return found
    year: AcademicYear = institution.years.create(
        name=f"{starts_on.year}/{(starts_on.year + 1) % 100:02}",
        starts_on=starts_on,
        ends_on=starts_on.replace(year=starts_on.year + 1) - dt.timedelta(days=1),
        state=AcademicYear.State.ACTIVE,
    )
    half = dt.date(starts_on.year + 1, 1, 15)
    Term.objects.create(
        year=year, name="Term 1", kind="semester", starts_on=year.starts_on, ends_on=half - dt.timedelta(days=1)
    )
    Term.objects.create(year=year, name="Term 2", kind="semester", starts_on=half, ends_on=year.ends_on)
    # Whoever is still in an earlier year left it when it was over.
    for earlier in institution.years.filter(starts_on__lt=starts_on):
        over = earlier.ends_on + dt.timedelta(days=1)
        SectionMembership.objects.filter(enrolment__year=earlier, ends_on=None).update(ends_on=over)
        Enrolment.objects.filter(year=earlier, exited_on=None).update(
            exited_on=over, exit_kind=Enrolment.Exit.YEAR_ENDED
        )
    return year


def grade_levels(numbers: range) -> dict[int, GradeLevel]:
    """Grade levels by their number, each knowing the next."""
    levels = {
        number: GradeLevel.objects.get_or_create(
            code=f"{number:02}", defaults={"name": f"Grade {number}", "position": number}
        )[0]
        for number in numbers
    }
    for number, level in levels.items():
        if level.next_level_id is None and number + 1 in levels:
            level.next_level = levels[number + 1]
            level.save(update_fields=["next_level"])
    return levels


def end_of_enrolment(year: AcademicYear) -> dt.date | None:
    """``None``: still enrolled. In a year that another one followed, the first day after it."""
    later = AcademicYear.objects.filter(institution=year.institution, starts_on__gt=year.ends_on).exists()
    return year.ends_on + dt.timedelta(days=1) if later else None


def _place(demo: DemoSchool) -> Place:
    institution, _ = Institution.objects.get_or_create(
        code="MAIN",
        defaults={
            "name": f"{demo.name} Main Campus",
            "timezone": demo.timezone,
            "currency": demo.currency,
            "locale": demo.locale,
            "weekend": WEEKEND,
        },
    )
    year = year_around(clock.today(institution.timezone), institution)
    levels = grade_levels(range(6, 9))
    sections = {
        name: Section.objects.get_or_create(
            year=year,
            grade_level=levels[int(name.split()[0])],
            name=name.split()[1],
            defaults={"institution": institution, "capacity": 30, "room": f"R{number + 1}"},
        )[0]
        for number, name in enumerate(sorted(demo.sections))
    }
    for name, position, starts_at, ends_at in PERIODS:
        Period.objects.get_or_create(
            institution=institution,
            name=name,
            defaults={"position": position, "starts_at": starts_at, "ends_at": ends_at},
        )
    return Place(institution, year, levels, sections)


def _students(demo: DemoSchool, place: Place) -> dict[str, Student]:
    """The students by admission number, each enrolled and in a section."""
    students: dict[str, Student] = {}
    leaves_on = end_of_enrolment(place.year)
    for name, people in demo.sections.items():
        section = place.sections[name]
        for number, (given_name, family_name) in enumerate(people, start=1):
            admission_number = f"{demo.slug[0].upper()}{name.replace(' ', '')}{number:02}"
            student, _ = Student.objects.get_or_create(
                institution=place.institution,
                admission_number=admission_number,
                defaults={
                    "given_name": given_name,
                    "family_name": family_name,
                    "birth_date": dt.date(
                        place.year.starts_on.year - 5 - section.grade_level.position, 1 + number % 12, 1 + number
                    ),
                },
            )
            # Who was merged lives on in the other record, with the login.
            while student.merged_into is not None:
                student = student.merged_into
            students[admission_number] = student
            if student.status != RowStatus.ACTIVE or student.enrolments.filter(year=place.year).exists():
                continue
            enrolment = Enrolment.objects.create(
                student=student,
                institution=place.institution,
                year=place.year,
                grade_level=section.grade_level,
                entered_on=place.year.starts_on,
                exited_on=leaves_on,
                exit_kind=Enrolment.Exit.YEAR_ENDED if leaves_on else "",
            )
            SectionMembership.objects.create(
                enrolment=enrolment,
                student=student,
                section=section,
                starts_on=place.year.starts_on,
                ends_on=leaves_on,
                roll_number=number,
            )
    return students


def _classes(place: Place, students: dict[str, Student]) -> None:
    """Mathematics and English of 7 B, five mornings a week."""
    section = place.sections["7 B"]
    for number, (code, title) in enumerate(SUBJECTS, start=1):
        course, _ = Course.objects.get_or_create(
            institution=place.institution,
            code=f"{code}-7",
            defaults={"title": f"{title} 7", "grade_level": section.grade_level, "subject": title},
        )
        group, _ = CourseClass.objects.get_or_create(
            year=place.year,
            code=f"7B-{code}",
            defaults={
                "institution": place.institution,
                "course": course,
                "section": section,
                "title": f"{title} 7 B",
                "room": section.room,
            },
        )
        period = Period.objects.get(institution=place.institution, position=number)
        for weekday in SCHOOL_WEEK:
            _made(Meeting, {"starts_on": place.year.starts_on}, course_class=group, period=period, weekday=weekday)
        for admission_number, student in students.items():
            if "7B" in admission_number:
                _made(ClassEnrolment, {"starts_on": place.year.starts_on}, course_class=group, student=student)


def _login(demo: DemoSchool, login: Login, place: Place, students: dict[str, Student]) -> None:
    """A login with its role, and whom it stands for: a member of staff, a guardian, a student."""
    user = _user(login, demo.slug)
    access.assign_role(user=user, role=login.role, by=SYSTEM)
    if login.role in STAFF_ROLES:
        member = StaffMember.objects.filter(user=user).first() or _made(
            StaffMember,
            {
                "user": user,
                "given_name": login.given_name,
                "family_name": login.family_name,
                "job_title": login.role.title(),
                "starts_on": place.year.starts_on,
            },
            institution=place.institution,
            staff_number=f"{demo.slug[0].upper()}-{login.username}",
        )
        for name in login.teaches:
            section = place.sections[name]
            targets = [{"section": section}, *({"course_class": class_} for class_ in section.classes.all())]
            for target in targets:
                _made(TeachingAssignment, {"starts_on": place.year.starts_on}, staff=member, **target)
    if login.children:
        guardian, _ = Guardian.objects.get_or_create(
            user=user, defaults={"given_name": login.given_name, "family_name": login.family_name}
        )
        for number in login.children:
            told = {"relation": "mother", "contact_priority": 1, "channels": ["email"]}
            _made(StudentGuardian, told, student=students[number], guardian=guardian)
    if login.pupil and students[login.pupil].user_id is None and not Student.objects.filter(user=user).exists():
        students[login.pupil].user = user
        students[login.pupil].save(update_fields=["user"])


def _made(model: Any, defaults: dict[str, Any], **named: Any) -> Any:
    """The row that is ``named``, or where there is none a new one; what people have made of it since stays.

    There may be several, ended and begun again, and what takes its place may keep a new one from being made.
    """
    found = model.objects.filter(**named).first()
    if found is None:
        with suppress(IntegrityError, ValidationError), transaction.atomic():
            found = model.objects.create(**named, **defaults)
    return found


def _user(login: Login, place: str) -> User:
    """Whoever logs in here with the password that is printed, made if need be."""
    user: User | None = User.objects.known_as(login.username).first()
    if user is None:
        user = User(username=login.username, given_name=login.given_name, family_name=login.family_name)
    if not user.check_password(login.password(place)):
        user.set_password(login.password(place))
        user.save()
    return user
