"""How a guardian is reached: asked for by them, accepted by the office."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.family.errors import ContactRequestDecided, ContactRequestUnknown, NothingToCorrect
from apps.family.models import ContactRequest
from apps.family.selectors.asked import MANAGE
from apps.students.models import Guardian
from apps.students.selectors import guardians_shown_to
from apps.students.services import change_guardian
from schoolops import clock
from schoolops.audit import trail
from schoolops.rows import refuse_too_long

State = ContactRequest.State


@transaction.atomic
def ask_for_contacts(*, phone: str, email: str, by: User) -> ContactRequest:
    """Ask the office to reach ``by`` so; in place of what they asked for before and nobody has decided.

    Raises:
        PermissionMissing; OutOfReach: nobody's guardian. NothingToCorrect, TextTooLong.
    """
    access.require(by, "students.view")
    guardian = Guardian.objects.select_for_update(of=("self",)).filter(user=by).first()
    if guardian is None:
        raise OutOfReach
    if (phone, email) == (guardian.phone, guardian.email):
        raise NothingToCorrect
    wish = ContactRequest.objects.filter(guardian=guardian, state=State.REQUESTED).first()
    wish = wish or ContactRequest(guardian=guardian)
    wish.phone, wish.email, wish.asked_at = phone, email, clock.now()
    refuse_too_long(wish)
    wish.save()
    trail.record(by, "family.contacts-asked", guardian)
    return wish


@transaction.atomic
def accept_contacts(*, wish: UUID, by: User) -> Guardian:
    """Reach the guardian so from now on.

    Raises:
        As ``change_guardian``; ContactRequestUnknown, ContactRequestDecided.
    """
    found = _held(wish, by)
    fields = {"phone": found.phone, "email": found.email}
    guardian = change_guardian(guardian=found.guardian, fields=fields, expected_version=None, by=by)
    _decide(found, State.ACCEPTED, by)
    return guardian


@transaction.atomic
def refuse_contacts(*, wish: UUID, by: User) -> None:
    """Leave the guardian's contacts as they are.

    Raises:
        PermissionMissing, ContactRequestUnknown, ContactRequestDecided.
    """
    _decide(_held(wish, by), State.REFUSED, by)


def _held(wish: UUID, by: User) -> ContactRequest:
    """The request of a guardian whom ``by`` may correct, while it is open."""
    access.require(by, MANAGE)
    shown = Guardian.objects.filter(guardians_shown_to(by, MANAGE, access.today(by))).values("pk")
    rows = ContactRequest.objects.select_for_update(of=("self",)).select_related("guardian")
    found: ContactRequest | None = rows.filter(sourced_id=wish, guardian__in=shown).first()
    if found is None:
        raise ContactRequestUnknown
    if found.state != State.REQUESTED:
        raise ContactRequestDecided(state=found.state)
    return found


def _decide(wish: ContactRequest, state: State, by: User) -> None:
    wish.state, wish.decided_by, wish.decided_at = state, by, clock.now()
    wish.save(update_fields=["state", "decided_by", "decided_at"])
    trail.record(by, f"family.contacts-{state}", wish.guardian)
