"""Who may see a student when two links, or two records, come together: never more than each of them said alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apps.students.models import Guardian, Student, StudentGuardian
from schoolops.audit.models import AuditEntry
from schoolops.folding import fold

UNLINKED = "students.guardian-unlinked"
# What a link gives. What one of two links withholds is withheld.
GIVES = ("legal_guardian", "lives_with", "emergency_contact", "data_access", "receives_invoices")


def joined(kept: str, other: str) -> str:
    """Both texts, the lines that stand in both once: of what can hurt, nothing is chosen and nothing is lost."""
    had = kept.splitlines()
    return "\n".join([*had, *(line for line in other.splitlines() if line.strip() and line not in had)])


def strictest(kept: StudentGuardian, other: StudentGuardian) -> dict[str, Any]:
    """What has to change in ``kept`` so that it gives no more than each of two links of one guardian gave."""
    met: dict[str, Any] = {name: getattr(kept, name) and getattr(other, name) for name in GIVES}
    met["restriction_note"] = joined(kept.restriction_note, other.restriction_note)
    met["channels"] = [channel for channel in kept.channels if channel in other.channels]
    return {name: value for name, value in met.items() if getattr(kept, name) != value}


def same_person(one: Guardian, other: Guardian) -> bool:
    """Whether two records look like one grown-up: the same e-mail, or the same full name."""
    emails = {fold(one.email), fold(other.email)}
    names = {fold(each.full_name) for each in (one, other)}
    return any(len(said) == 1 and "" not in said for said in (emails, names))


def among(guardian: Guardian, people: Iterable[Guardian]) -> bool:
    """Whether one of ``people`` is this person, under this record or another."""
    return any(person.pk == guardian.pk or same_person(person, guardian) for person in people)


def kept_from(students: Iterable[Student]) -> dict[int, list[Guardian]]:
    """Student (key) → from whom a person keeps them: a link that withholds, or one that was taken away. Four queries.

    Of a link that was taken away the trail alone knows.
    """
    by_id = {str(each.sourced_id): each.pk for each in students}
    found: dict[int, list[Guardian]] = {each: [] for each in by_id.values()}
    # What was decided of a record counts for the one it was merged into.
    merged: Any = Student.objects.filter(merged_into__in=found)
    by_id |= {str(public): into for public, into in merged.values_list("sourced_id", "merged_into")}
    linked = set()
    for link in StudentGuardian.objects.filter(student__in=found).select_related("guardian"):
        linked.add((link.student_id, str(link.guardian.sourced_id)))
        if not link.may_see:
            found[link.student_id].append(link.guardian)
    entries: Any = AuditEntry.objects.filter(
        object_type=Student._meta.label_lower, object_id__in=by_id, action=UNLINKED
    ).values_list("object_id", "before")
    parted = {(by_id[student], before["guardian"]) for student, before in entries} - linked
    rows = Guardian.objects.filter(sourced_id__in={guardian for _, guardian in parted}).select_related("merged_into")
    # And of a guardian, for the record it was merged into.
    people = {str(each.sourced_id): each.merged_into or each for each in rows}
    for student, guardian in sorted(parted):
        if guardian in people and (student, str(people[guardian].sourced_id)) not in linked:
            found[student].append(people[guardian])
    return found
