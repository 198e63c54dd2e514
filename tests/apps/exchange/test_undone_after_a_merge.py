"""The import that brought a duplicate stays once the duplicate was merged: the child that is kept lives on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.accounts.models import User
from apps.exchange import services
from apps.exchange.errors import ChangedSince
from apps.exchange.models import ImportRow
from apps.students.models import Enrolment, SectionMembership, Student, StudentGuardian
from apps.students.services import merge_students
from tests.apps.exchange.bundles import PLACES, USERS, sound, zipped
from tests.apps.exchange.sending import Read, applied

TWIN = "s9,,,true,o1,student,ada9,,Ada,Byrom,,1009,,,,g1,07,"
MOTHER = "g1,,,true,o1,parent,ann,,Ann,Byron,,,,,,,,"


def books() -> list[object]:
    number = "student__admission_number"
    return [
        list(Student.objects.order_by("pk").values_list("admission_number", "merged_into", "status")),
        list(Enrolment.objects.order_by("pk").values_list(number, "exited_on")),
        list(SectionMembership.objects.order_by("pk").values_list(number, "ends_on")),
        list(StudentGuardian.objects.order_by("pk").values_list(number, "data_access")),
    ]


@pytest.mark.parametrize("guardian", [True, False])
@pytest.mark.parametrize("enrolled", [True, False])
def test_what_a_merge_was_made_of_stays(
    registrar: User, read: Read, later: Callable[..., None], *, guardian: bool, enrolled: bool
) -> None:
    """Whether the kept record had a place of its own, or goes on in the one that the import brought."""
    applied(read(zipped(sound())))
    keep = Student.objects.get()
    if not enrolled:
        SectionMembership.objects.all().delete()
        Enrolment.objects.all().delete()
    people = (TWIN, MOTHER) if guardian else (TWIN.replace(",g1,", ",,"),)
    places = f"{PLACES}\ne9,,,k1,o1,s9,student,,2026-08-15,\n"
    run = applied(read(zipped(sound(users="\n".join([USERS, *people, ""]), enrollments=places))))
    duplicate = Student.objects.exclude(pk=keep.pk).get()
    later(minutes=1)
    merge_students(keep=keep, duplicate=duplicate, by=registrar)
    there, written = books(), ImportRow.objects.filter(run=run, applied=True).count()
    with pytest.raises(ChangedSince, match="Ada"):
        services.begin_undo(run=run, by=registrar)
    assert (books(), ImportRow.objects.filter(run=run, applied=True).count()) == (there, written)
