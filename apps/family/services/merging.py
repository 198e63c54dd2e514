"""What of the family's pages goes along when two records of one guardian become one."""

from __future__ import annotations

from apps.family.models import ContactRequest
from apps.students.models import Guardian
from apps.students.services import moves_with_guardian
from apps.students.services.merging import Moved


@moves_with_guardian("contact_requests")
def move_contact_requests(duplicate: Guardian, kept: Guardian) -> Moved:
    """What was asked for moves; where both wish for something now, the duplicate's wish is refused."""
    theirs = ContactRequest.objects.filter(guardian=duplicate)
    open_one = ContactRequest.objects.filter(guardian=kept, state=ContactRequest.State.REQUESTED)
    if open_one.exists():
        theirs.filter(state=ContactRequest.State.REQUESTED).update(state=ContactRequest.State.REFUSED)
    return Moved(theirs.update(guardian=kept), 0)
