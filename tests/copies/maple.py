"""Maple: a school with a year, people, a roll and files, that copies are made of."""

from __future__ import annotations

from django.db import transaction

from apps.accounts import services as accounts
from apps.fees.services import seed_accounts
from apps.students.models import Student
from schoolops import clock, files
from schoolops.context import inside, outside_schools
from schoolops.copies import restoring
from schoolops.tenancy.models import School
from tests.factories import people, rolls
from tests.factories.schools import make_school, remove_school

PHOTO = b"\x89PNG of nobody" * 1000
# What COPY has to spell otherwise: a tab, a line break, a backslash, the word for nothing, letters of all kinds.
SPELT = "a\tb\nc\\N \\. “ç” مريم 🌳"


# What a restoration writes itself: it shuts, and says so.
WRITTEN = {
    "accounts_onetimelink", "accounts_token", "accounts_tokenfamily", "accounts_user", "audit_auditentry",
    "django_session",
}  # fmt: skip


def made() -> School:
    """Six students, one with a photo, a teacher with a link, a guardian, and a roll; committed."""
    school = make_school("maple", name="Maple School")
    with inside(school), clock.frozen(people.SCHOOL_MOMENT), transaction.atomic():
        campus = people.a_school_year(name="Main", sections=("7 B",))
        seed_accounts()
        pupils = people.some_students(6, section=campus.section)
        bob = people.a_teacher("bob", of=campus.section)
        people.a_guardian("carol", of=pupils[:2])
        rolls.take(campus.section, {pupils[0]: "A", pupils[1]: "L"}, by=bob)
        files.keep(pupils[0].photo, PHOTO, suffix=".png")
        pupils[0].save(update_fields=["photo"])
        Student.objects.filter(pk=pupils[1].pk).update(medical_note=SPELT)
        accounts.hand_out_link(user=bob, by=bob)
    return school


def remove_all_but_oak_and_elm() -> None:
    with outside_schools():
        schools = list(School.objects.exclude(slug__in=["oak", "elm"]))
    for school in schools:
        restoring.clear(school)
        remove_school(school)
