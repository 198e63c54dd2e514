"""``python -m tests.exams.school``, beside the stack: the school in which the session is held; prints who is where.

Five sections of forty, four courses, eight teachers who all teach in every section, a head, a registrar; Carol is the
guardian of one child, who logs in as Amina. No exam, mark or card: those come over HTTP.
"""

from __future__ import annotations

import json
from typing import Any

SLUG = "exams"
HOST = f"{SLUG}.localhost"
DAY = "2026-11-04"
SECTIONS, STUDENTS, TEACHERS = ("7 A", "7 B", "7 C", "8 A", "8 B"), 40, 8
COURSES = ("Mathematics", "Physics", "العربية", "History & Civics")


def filled() -> dict[str, Any]:
    """Make it; public ids by what they are of."""
    from apps.institutions.models import Course
    from apps.staff.models import TeachingAssignment
    from tests.factories import people

    campus = people.a_school_year(sections=())
    sections = [people.a_section(STUDENTS, campus=campus, name=name) for name in SECTIONS]
    courses = [
        Course.objects.create(institution=campus.institution, title=title, code=f"K{number}")
        for number, title in enumerate(COURSES)
    ]
    teachers = [people.a_teacher(f"teacher{number}", of=sections[0]) for number in range(TEACHERS)]
    TeachingAssignment.objects.bulk_create(
        TeachingAssignment(staff=each.staff_member, section=section, starts_on=campus.year.starts_on)
        for each in teachers
        for section in sections[1:]
    )
    people.a_user("head", role="head")
    people.a_user("registrar", role="registrar")
    child = people.students_in(sections[0])[0]
    people.a_guardian("carol", of=[child])
    child.user = people.a_user("amina", role="student")
    child.save(update_fields=["user"])
    return {
        "term": str(campus.terms[0].sourced_id),
        "sections": [str(each.sourced_id) for each in sections],
        "courses": [str(each.sourced_id) for each in courses],
        "staff": [str(each.staff_member.sourced_id) for each in teachers],
        "child": str(child.sourced_id),
        "password": people.PASSWORD,
    }


def main() -> None:
    import django

    django.setup()
    from django.db import transaction

    from schoolops.context import inside
    from schoolops.tenancy.provisioning import create_school

    school = create_school(slug=SLUG, name="Elm Grove", domains=[HOST])
    with inside(school), transaction.atomic():
        told = filled()
    print(json.dumps({**told, "schema": school.schema_name}))


if __name__ == "__main__":
    main()
