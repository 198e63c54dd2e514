"""What the SMS gateway and the mail provider report later: that something arrived, or that it did not."""

from __future__ import annotations

import datetime as dt
import hmac
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from apps.notifications.errors import ReportRefused
from apps.notifications.events import MessagesDue
from apps.notifications.models import WAITING, Channel, Message
from apps.notifications.services.carrying import AGAIN_AFTER, MOST_TRIES
from apps.notifications.services.wording import one_line
from schoolops import clock, events

State = Message.State
# What a report may still change: nothing that is known for good, so that one that comes twice, or late, says nothing.
_OPEN = (State.SENDING, State.SENT, State.OUTCOME_UNKNOWN)
# What is known for good besides, of what was called out and is to go again: it does not.
_GOES_AGAIN = (*_OPEN, *WAITING)
# A provider's clock is not ours, and may know whole seconds only. Tries are further apart.
_CLOCKS_DIFFER = dt.timedelta(minutes=1)

# Before what is said of a reader who complained.
COMPLAINED = "complained"


def expect_gateway(secret: str) -> None:
    """Nothing, when whoever says so is the gateway. Raises ``ReportRefused``; also where no secret is set."""
    known = settings.SMS_WEBHOOK_SECRET
    if not known or not hmac.compare_digest(secret.encode(), known.encode()):
        raise ReportRefused


@transaction.atomic
def report(*, secret: str, key: UUID | None = None, reference: str = "", outcome: str, words: str = "") -> int:
    """Note what became of a text, named by our key or the gateway's number; returns how many messages it was about.

    ``outcome``: ``delivered``, ``bounced`` (nobody has this number) or ``failed``.

    Raises:
        ReportRefused: whoever says so does not know the secret, or none is set.
    """
    expect_gateway(secret)
    if key is None and not reference:
        return 0
    named = Q(sourced_id=key) if key is not None else Q(reference=reference)
    first = Message.objects.filter(named, channel=Channel.SMS, handed_at__isnull=False).first()
    if first is None:
        return 0
    moment, state = clock.now(), State(outcome)
    known = _OPEN if state == State.FAILED else _GOES_AGAIN
    rows = Message.objects.filter(Q(pk=first.pk) | Q(part_of=first.pk), state__in=known)
    return rows.update(
        state=state,
        reason="",
        answer=one_line(words)[:200],
        settled_at=moment,
        bounced_at=moment if state == State.BOUNCED else None,
    )


@transaction.atomic
def report_letter(*, key: UUID, outcome: str, words: str = "", at: dt.datetime | None = None) -> int:
    """Note what became of a letter; returns how many messages it was about. Whoever calls has asked who says so.

    ``outcome``: ``delivered``, ``bounced``, ``failed``; ``complained``: its reader called it unwanted, and nothing
    more is written to the address; or ``came-back``, for now: it goes again, later each time, as one that a mail server
    does not take now. One that came back did not arrive, whichever is reported first; the first of its kind counts, so
    that what a person clears stays cleared. While it waits to go again, what is known for good ends it. ``at``: when
    that was, where it is known; what came back of an earlier try, or failed, says nothing.
    """
    first = Message.objects.filter(sourced_id=key, channel=Channel.EMAIL, handed_at__isnull=False).first()
    if first is None:
        return 0
    moment = clock.now()
    said = {"answer": one_line(words)[:200], "settled_at": moment, "reason": ""}
    rows = Message.objects.filter(Q(pk=first.pk) | Q(part_of=first.pk))
    match outcome:
        case "delivered":
            return rows.filter(state__in=_GOES_AGAIN).update(state=State.DELIVERED, settled_at=moment, reason="")
        case "complained":
            known = rows.filter(state__in=(*_GOES_AGAIN, State.DELIVERED)).exclude(answer__startswith=COMPLAINED)
            said["answer"] = f"{COMPLAINED}: {said['answer']}"[:200]
            return known.update(state=State.DELIVERED, bounced_at=moment, **said)
        case "bounced":
            return rows.filter(state__in=(*_GOES_AGAIN, State.DELIVERED)).update(
                state=State.BOUNCED, bounced_at=moment, **said
            )
        case _ if at is not None and first.handed_at is not None and at < first.handed_at - _CLOCKS_DIFFER:
            return 0
        case "came-back" if first.tries < MOST_TRIES:
            return _again(first, rows) if first.state in _OPEN else 0
        case _:
            return rows.filter(state__in=_OPEN).update(state=State.FAILED, **said)


def _again(first: Message, rows: QuerySet[Message]) -> int:
    due = clock.now() + AGAIN_AFTER * 2**first.tries
    number = rows.filter(state__in=_OPEN).update(
        state=State.DEFERRED, reason=Message.Reason.OUTAGE, due_at=due, settled_at=None
    )
    events.publish(MessagesDue(Channel.EMAIL, due))
    return number
