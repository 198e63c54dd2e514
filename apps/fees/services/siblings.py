"""What brothers and sisters are let off, by their order in the family: asked for at once, and approved by another."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from apps.access import services as access
from apps.accounts.models import User
from apps.fees import errors
from apps.fees.models import Concession
from apps.fees.services.charging import CHARGE
from apps.institutions.models import AcademicYear
from apps.institutions.selectors import today_at
from apps.institutions.services.teaching import refuse_closed
from apps.students.models import Enrolment, Student, StudentGuardian
from schoolops.audit import trail

SIBLING = Concession.Ground.SIBLING


@transaction.atomic
def ask_for_siblings(*, year: AcademicYear, percents: Sequence[Decimal], by: User) -> list[Concession]:
    """Ask for a concession for each brother and sister who is enrolled in ``year`` and never had one on this ground.

    ``percents``: of the second child, the third and so on; the last is that of all after it. The eldest pays all. A
    family are those who share a legal guardian, or one who receives their invoices.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, ConcessionOfWhat, NoSiblings.
    """
    access.require_at(by, CHARGE, year.institution)
    refuse_closed(year)
    if not percents or not all(0 < each <= 100 for each in percents):
        raise errors.ConcessionOfWhat
    # One after the other, so that two who ask at once do not ask twice.
    AcademicYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    # One that was ended, or refused so, is asked for again by hand only.
    has = set(Concession.objects.filter(year=year, ground=SIBLING).values_list("student", flat=True))
    made = []
    for family in families(year):
        for place, student in enumerate(family[1:]):
            if student.pk not in has:
                percent = percents[min(place, len(percents) - 1)]
                reason = f"Child {place + 2} of {len(family)}"
                made.append(
                    Concession(
                        student=student, year=year, ground=SIBLING, percent=percent, reason=reason, asked_by=by,
                        currency=year.institution.currency,
                    )
                )  # fmt: skip
    if not made:
        raise errors.NoSiblings
    Concession.objects.bulk_create(made)
    trail.record_many(
        trail.entry_of(
            by, "fees.concession-asked", row.student, after={"year": year, "ground": SIBLING, "percent": row.percent},
            reason=row.reason,
        )
        for row in made
    )  # fmt: skip
    return made


def families(year: AcademicYear) -> list[list[Student]]:
    """Those of a year who share guardians, the eldest first; of whom no birthday is known, last. Three statements."""
    day = max(today_at(year.institution), year.starts_on)
    there = Enrolment.objects.filter(Q(exited_on=None) | Q(exited_on__gt=day), year=year, primary=True)
    students = {
        row.pk: row for row in Student.objects.kept().filter(pk__in=there.values("student")).order_by("name_key", "pk")
    }
    links = StudentGuardian.objects.filter(Q(legal_guardian=True) | Q(receives_invoices=True), student__in=students)
    root = {pk: pk for pk in students}

    def top(pk: int) -> int:
        while root[pk] != pk:
            pk = root[pk]
        return pk

    first: dict[int, int] = {}
    for guardian, student in links.order_by("pk").values_list("guardian", "student"):
        one, other = top(first.setdefault(guardian, student)), top(student)
        root[max(one, other)] = min(one, other)
    found: dict[int, list[Student]] = defaultdict(list)
    for pk, row in students.items():
        found[top(pk)].append(row)
    several = [family for family in found.values() if len(family) > 1]
    for family in several:
        family.sort(key=lambda row: (row.birth_date or dt.date.max, row.pk))
    return several
