"""What printed lists say: sections with their students as of a day, and whom to call."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import Section
from apps.students.models import SectionMembership, Student, StudentGuardian
from schoolops.rows import RowStatus


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call, in order. ``restricted``: not to be given the student; known to whoever may know it."""

    name: str
    relation: str
    phone: str
    restricted: bool = False


@dataclass(slots=True)
class Listed:
    """A student on a list."""

    pk: int
    name: str
    admission_number: str
    birth_date: dt.date | None
    sex: str
    roll_number: int | None
    medical_note: str = ""
    contacts: list[Contact] = field(default_factory=list)


@dataclass(slots=True)
class Roster:
    """A section's students on the day."""

    section: Section
    students: list[Listed] = field(default_factory=list)


def sections_in_reach(by: User, day: dt.date) -> list[Section]:
    """The sections of the year that contains ``day`` that ``by`` works with, in order of grade level. One query.

    Raises:
        PermissionMissing.
    """
    reach = access.within_reach(by, "students.view", "section", day=day, at_work=True)
    return list(
        Section.objects.filter(reach, status=RowStatus.ACTIVE, year__starts_on__lte=day, year__ends_on__gte=day)
        .select_related("grade_level", "institution")
        .order_by("grade_level__position", "name", "pk")
    )


def _wanted(by: User, day: dt.date, sections: Collection[UUID]) -> list[Section]:
    return [each for each in sections_in_reach(by, day) if not sections or each.sourced_id in sections]


def number_of_students(by: User, day: dt.date, *, sections: Collection[UUID] = ()) -> int:
    """How many students ``rosters`` would list. Two queries. Raises ``PermissionMissing``."""
    return int(SectionMembership.objects.on(day).filter(section__in=_wanted(by, day, sections)).count())


def rosters(by: User, day: dt.date, *, sections: Collection[UUID] = ()) -> list[Roster]:
    """These sections (none named: all in reach) with their students on ``day``. Two queries for any number.

    Raises:
        PermissionMissing.
    """
    lists = {each.pk: Roster(each) for each in _wanted(by, day, sections)}
    members = SectionMembership.objects.on(day).filter(section__in=list(lists))
    rows = members.order_by(
        F("roll_number").asc(nulls_last=True), "student__name_key", "student_id"
    ).values_list(
        "section_id", "student_id", "student__given_name", "student__middle_name", "student__family_name",
        "student__admission_number", "student__birth_date", "student__sex", "roll_number",
    )  # fmt: skip
    for section, key, given, middle, family, number, born, sex, roll_number in rows:
        name = " ".join(part for part in (given, middle, family) if part)
        lists[section].students.append(Listed(key, name, number, born, sex, roll_number))
    return [each for each in lists.values() if each.students]


def with_contacts(lists: list[Roster], *, by: User, day: dt.date) -> list[Roster]:
    """The same with whom to call, and medical notes and restrictions for whoever may see those. Three queries at most.

    Raises:
        PermissionMissing.
    """
    access.require(by, "guardians.view")
    keys = [student.pk for each in lists for student in each.students]
    reached = _in_reach(by, "guardians.view", keys, day)
    restricted = _in_reach(by, "students.view_custody", keys, day)
    contacts: dict[int, list[Contact]] = defaultdict(list)
    # Whoever must not be given the student is nobody to call, and for most readers not on the list at all.
    links: Any = StudentGuardian.objects.filter(reached, student__in=keys, emergency_contact=True, restriction_note="")
    for link in links.order_by("contact_priority").select_related("guardian"):
        contacts[link.student_id].append(
            Contact(link.guardian.full_name, link.get_relation_display(), link.guardian.phone)
        )
    barred = _barred(keys, restricted)
    notes = _notes(keys, by, day)
    for each in lists:
        for student in each.students:
            student.contacts = contacts[student.pk] + barred[student.pk]
            student.medical_note = notes.get(student.pk, "")
    return lists


def _in_reach(by: User, permission: str, keys: list[int], day: dt.date) -> Q:
    """Rows about those of these students over whom ``by`` holds ``permission``."""
    reach = access_rows.rows_in_reach(by, permission, "student", day=day)
    if reach is None:
        return Q(pk__in=[])
    return Q(student__in=keys) if reach == Q() else Q(student__in=Student.objects.filter(reach, pk__in=keys))


def _barred(keys: list[int], restricted: Q) -> dict[int, list[Contact]]:
    """Those who must not be given the student: listed, so that whoever opens the door knows the name."""
    found: dict[int, list[Contact]] = defaultdict(list)
    links = StudentGuardian.objects.filter(restricted, student__in=keys).exclude(restriction_note="")
    for link in links.select_related("guardian"):
        found[link.student_id].append(Contact(link.guardian.full_name, link.restriction_note, "", restricted=True))
    return found


def _notes(keys: list[int], by: User, day: dt.date) -> dict[int, str]:
    reach = access_rows.rows_in_reach(by, "students.view_medical", "student", day=day)
    if reach is None:
        return {}
    noted = Student.objects.filter(reach, pk__in=keys).exclude(medical_note="")
    return dict(noted.values_list("pk", "medical_note"))
