"""Why something that a family asks for is refused."""

from __future__ import annotations

from schoolops.errors import Conflict, Forbidden, Invalid, NotFound


class ContactRequestUnknown(NotFound):
    """There is no such request."""

    code = "family:contact-request-unknown"


class ContactRequestDecided(Conflict):
    """This request is {state} already."""

    code = "family:contact-request-decided"


class NothingToCorrect(Invalid):
    """This is how the school reaches you already."""

    code = "family:nothing-to-correct"


class FeedUnknown(NotFound):
    """Nothing is read under this address, or no longer."""

    code = "family:feed-unknown"


class NotToBeSeenAs(Conflict):
    """{name} has no login of a guardian, so that nothing is there to be seen as them."""

    code = "family:not-to-be-seen-as"
    remedy = "Invite the guardian first."


class OnlyLooking(Forbidden):
    """Whoever looks as a guardian changes nothing for them."""

    code = "family:only-looking"
    remedy = "End looking first."
