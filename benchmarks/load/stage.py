"""``python -m benchmarks.load.stage SCHOOLS STUDENTS``, beside a stack: the schools that the load comes to.

Each is filled as the demo's are. Printed, as one line of JSON, is who comes: see ``benchmarks/load/__main__.py``.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from decimal import Decimal
from typing import Any

from schoolops import clock

DAYS = 5
ARRIVING, TEACHERS, PAPERS, FAMILIES, OFFICE = 300, 50, 20, 20, 20
# Of those who set one exam at once, and of those who set one among others' turns, in each of two phases.
PHASES = 2
# In one school there are more papers than days: each day has so many, one after the other.
A_DAY = (("08:00", "09:30"), ("10:00", "11:30"), ("12:00", "13:30"))
PASSWORD = "monday at eight o'clock"  # noqa: S105 - of a stack that is gone afterwards


def people_of(
    host: str, known: str, *, arriving: int, teachers: int, papers: int, families: int, office: int
) -> dict[str, list[dict[str, Any]]]:
    """In a school that is filled: who logs in, who takes which roll, who sets which papers, who reads; and parents."""
    from apps.access.models import Role, RoleAssignment
    from apps.accounts.models import User
    from apps.examinations import services as exams
    from apps.examinations.models import GradingScale
    from apps.institutions.models import Section, Term
    from apps.institutions.services.teaching import add_course
    from apps.staff.models import TeachingAssignment
    from apps.students.models import Guardian

    def login(name: str) -> dict[str, Any]:
        return {"host": host, "login": name, "password": PASSWORD}

    head = User.objects.create(username="monday-head", given_name="Head", password=known)
    RoleAssignment.objects.create(user=head, role=Role.objects.get(code="administrator"))
    User.objects.bulk_create(
        User(username=f"arriving-{number}", given_name=str(number), password=known) for number in range(arriving)
    )
    parent = Role.objects.get(code="guardian")
    seeing = Guardian.objects.filter(user=None, student_links__data_access=True, student_links__restriction_note="")
    for number, guardian in enumerate(seeing.distinct().order_by("pk")[:families]):
        guardian.user = User.objects.create(username=f"parent-{number}", given_name="Parent", password=known)
        guardian.save(update_fields=["user"])
        RoleAssignment.objects.create(user=guardian.user, role=parent)
    held = TeachingAssignment.objects.filter(staff__user__isnull=False, section__isnull=False, ends_on=None)
    rolls = held.order_by("id").values_list("staff__user__username", "section__sourced_id")[:teachers]
    User.objects.filter(username__in=[name for name, _ in rolls]).update(password=known)
    section = Section.objects.select_related("year").latest("year__starts_on", "id")
    term = Term.objects.filter(year=section.year).latest("starts_on")
    session = exams.add_session(term=term, values={"name": "Finals", "kind": "final"}, by=head)
    scale = GradingScale.objects.filter(kind="letter").order_by("id").first()
    # The volume of a demo teaches nothing: without a course no exam was ever set.
    courses = [
        add_course(institution=section.institution, fields={"code": f"C{number}", "title": f"Course {number}"}, by=head)
        for number in range(max((1 + PHASES) * papers, 1))
    ]
    day = max(term.starts_on, term.ends_on - dt.timedelta(days=40))
    wanted = [
        {
            "section_id": str(section.sourced_id), "course_id": str(course.sourced_id),
            "scale_id": str(scale.sourced_id) if scale else None,
            "day": str(day + dt.timedelta(days=number // len(A_DAY))),
            "starts_at": A_DAY[number % len(A_DAY)][0], "ends_at": A_DAY[number % len(A_DAY)][1],
            "room": "Hall", "max_marks": "80",
        }
        for number, course in enumerate(courses)
    ]  # fmt: skip
    bodies = [{"session_id": str(session.sourced_id), "papers": [paper]} for paper in wanted]
    return {
        "arriving": [login(f"arriving-{number}") for number in range(arriving)],
        "teachers": [login(name) | {"section": str(taught)} for name, taught in rolls],
        "papers": [login(head.username) | {"body": body} for body in bodies[:papers]],
        "setters": [
            login(head.username) | {"bodies": bodies[papers + number :: papers][:PHASES]} for number in range(papers)
        ],
        "readers": [login(head.username)],
        "families": [login(f"parent-{number}") for number in range(families)],
        "markers": [login(head.username) | {"paper": paper} for paper in _papers_being_marked(office, by=head)],
        "bursars": [login(head.username) | {"bills": _billed(by=head)} for _ in range(office)],
    }


def _now() -> Any:
    from apps.institutions.models import Term

    return Term.objects.filter(year__state="active", starts_on__lte=clock.now().date()).latest("starts_on")


def _papers_being_marked(number: int, *, by: Any) -> list[str]:
    """Of this term: papers of a section each, for whose marks somebody waits."""
    from apps.examinations import services as exams
    from apps.examinations.models import GradingScale
    from apps.institutions.models import Course, Section

    term = _now()
    session = exams.add_session(term=term, values={"name": "Tests", "kind": "mid-term"}, by=by)
    scale = GradingScale.objects.order_by("id")[0]
    course = Course.objects.filter(institution=term.year.institution_id).order_by("id")[0]
    held = Section.objects.filter(year=term.year, memberships__isnull=False).distinct().order_by("id")[: max(number, 1)]
    said = [
        exams.Paper(
            day=clock.now().date(), starts_at=dt.time(9), ends_at=dt.time(10), max_marks=Decimal(80),
            section_id=section.sourced_id, course_id=course.sourced_id, scale_id=scale.sourced_id,
        )
        for section in held
    ]  # fmt: skip
    made = exams.add_papers(session=session.sourced_id, papers=said, by=by)
    for state in ("scheduled", "held", "marking"):
        exams.move_session(session=session.sourced_id, state=state, expected_version=None, by=by)
    return [str(paper.sourced_id) for paper in made][:number]


def _billed(*, by: Any) -> int:
    """The term's tuition, for everybody, once."""
    from apps.fees import selectors as money
    from apps.fees import services as fees
    from apps.fees.models import FeeItem, Invoice

    term = _now()
    if not FeeItem.objects.filter(year=term.year).exists():
        fees.add_item(year=term.year, values={"name": "Tuition", "amount": Decimal(1200)}, by=by)
        run = fees.begin_run(term=term, due_on=[clock.now().date() + dt.timedelta(days=30)], by=by)
        total = Decimal(money.preview_of(run.sourced_id, by=by)["total"])
        fees.confirm_run(run=run.sourced_id, total=total, by=by)
        fees.bill(run.pk)
    return int(Invoice.objects.count())


def main() -> None:
    import django

    django.setup()
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command
    from django.db import transaction

    from schoolops.context import inside, outside_schools
    from schoolops.tenancy.provisioning import create_school

    schools, students = (int(each) for each in sys.argv[1:])
    known = make_password(PASSWORD)
    cast: dict[str, Any] = {"day": str(clock.now().date())}
    kinds = ("arriving", "teachers", "papers", "setters", "readers", "families", "markers", "bursars")
    cast |= {kind: [] for kind in kinds}
    for number in range(schools):
        host = f"load-{number}.localhost"
        school = create_school(slug=f"load-{number}", name=f"School {number}", domains=[host])
        with outside_schools():
            call_command("demo_data", school=school.slug, students=students, days=DAYS, seed=number + 1, verbosity=0)
        shares = {"arriving": ARRIVING, "teachers": TEACHERS, "papers": PAPERS, "families": FAMILIES, "office": OFFICE}
        mine = {what: (number + 1) * of // schools - number * of // schools for what, of in shares.items()}
        with inside(school), transaction.atomic():
            for what, found in people_of(host, known, **mine).items():
                cast[what] += found
    print(json.dumps(cast))


if __name__ == "__main__":
    main()
