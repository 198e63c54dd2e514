"""Handing messages over, a few at a time: written down as being sent, called out, and what became of them written down.

What is found as being sent by a job that is gone was perhaps sent: a person decides, and nothing is sent twice.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from apps.institutions.selectors import school_timezone
from apps.notifications.events import MessagesDue
from apps.notifications.models import WAITING, Channel, Message, Outgoing
from apps.notifications.services.carrying import HANDS, Give
from apps.notifications.services.facts import facts
from apps.notifications.services.judging import Judged, Letter, judge
from apps.notifications.services.telling import outgoing, outgoing_held
from apps.notifications.services.wording import one_line
from schoolops import clock, events
from schoolops.queues.job import calling_outside, job_or_none
from schoolops.resilience import sms
from schoolops.resilience.mail import MailUnavailable

State, Reason = Message.State, Message.Reason
# For so many it is asked at once whether they may go.
ASKED = {Channel.EMAIL: 200, Channel.SMS: 50, Channel.INBOX: 200}
# In doubt where a worker is killed are those called out in a moment, a few at first. An inbox is a table of ours.
AT_FIRST = {Channel.EMAIL: 2, Channel.SMS: 1, Channel.INBOX: 200}
AT_MOST = {Channel.EMAIL: 25, Channel.SMS: 10, Channel.INBOX: 200}
A_MOMENT_S = 0.2
# What was asked so long ago is asked again, for fewer at once.
FRESH_S = 1.0
# Of a family there are a few, so that all that goes together is claimed together.
MOST_TOGETHER = 400
# A letter has an address from when it is called out on.
_NOT_CALLED_OUT: Mapping[str, Any] = {"address": ""}
# Being handed over for longer than any job lasts.
LOST_AFTER = dt.timedelta(minutes=15)
# A job ends before its time is up, and leaves the rest to another.
LONG_ENOUGH_S = 15.0
PEOPLE = ("guardian__user", "user", "student", "announcement")

Away = MailUnavailable | sms.GatewayUnavailable


def deliver(channel: str) -> int:
    """Hand over what is due on a channel; returns how many letters were. Critical ones alone while everything is held.

    Raises:
        MailUnavailable, GatewayUnavailable: the channel is away. What was not handed over waits.
    """
    job = job_or_none()
    if job is not None:
        give_up(Message.objects.filter(state=State.SENDING, channel=channel, job=job))
    done, began = 0, time.monotonic()
    batch, letters, pace = Batch(ASKED[Channel(channel)]), list[Letter](), Pace(Channel(channel))
    with HANDS[Channel(channel)]() as give:
        while time.monotonic() - began < LONG_ENOUGH_S:
            letters, batch = _next(channel, job, letters, batch, pace)
            if not letters:
                return done
            with calling_outside(), pace.kept():
                away = _handed(give, letters)
            done += sum(letter.state in {State.SENT, State.DELIVERED} for letter in letters)
            if away is not None:
                for left in batch.letters:
                    left.wait(Reason.OUTAGE, dt.timedelta(seconds=away.retry_after or 60))
                with transaction.atomic():
                    _settle([*letters, *batch.letters])
                raise away
    with transaction.atomic():
        _settle(letters)
        _let_go(batch.letters)
        events.publish(MessagesDue(channel, clock.now()))
    return done


@dataclass(slots=True)
class Batch:
    """Letters that may go, and when that was asked; claimed, and not yet called out. ``size``: for how many to ask."""

    size: int
    letters: list[Letter] = field(default_factory=list)
    asked_at: float = 0.0


class Pace:
    """How many are called out at once: as many as take a moment."""

    def __init__(self, channel: Channel) -> None:
        self.number, self._most = AT_FIRST[channel], AT_MOST[channel]

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        if took < A_MOMENT_S / 2:
            self.number = min(2 * self.number, self._most)
        elif took > A_MOMENT_S:
            self.number = max(self.number // 2, 1)


def _next(
    channel: str, job: int | None, before: Sequence[Letter], batch: Batch, pace: Pace
) -> tuple[list[Letter], Batch]:
    """Write down what became of the letters before, and that the next are being sent: none when nothing is due."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # A message does not come back when the database falls over: that it is being sent is on the disk before.
            cursor.execute("SET LOCAL synchronous_commit = on")
        _settle(before)
        number, size = pace.number, min(2 * batch.size, ASKED[Channel(channel)])
        if batch.letters and time.monotonic() - batch.asked_at > FRESH_S:
            _let_go(batch.letters)
            size = max(number, batch.size // 2)
            batch = Batch(size)
        letters: list[Letter] = []
        while not letters:
            if not batch.letters:
                batch = _asked(channel, job, size)
            if not batch.letters:
                break
            letters, batch.letters = batch.letters[:number], batch.letters[number:]
            letters = _begun(letters)
    return letters, batch


def _asked(channel: str, job: int | None, size: int) -> Batch:
    """The next letters that are due and may go, claimed. A few statements, whatever their number."""
    said = outgoing()
    while found := _claimed(channel, said, size):
        judged = judge(found, said)
        _put_aside(judged)
        if letters := _within_limits(channel, judged.letters, said):
            claimed = Message.objects.filter(pk__in=[message.pk for letter in letters for message in letter.messages])
            moment = clock.now()
            claimed.update(state=State.SENDING, job=job, handed_at=moment, **_NOT_CALLED_OUT)
            for letter in letters:
                letter.handed_at = moment
            return Batch(size, letters, time.monotonic())
    return Batch(size)


def _let_go(letters: Sequence[Letter]) -> None:
    """Let others, or the next batch, have what was claimed and not called out."""
    if letters:
        take_back(Message.objects.filter(pk__in=[message.pk for letter in letters for message in letter.messages]))


def take_back(rows: QuerySet[Message]) -> int:
    """Let what was claimed of ``rows`` and is not called out wait again: whoever claimed it finds that out in time."""
    return rows.filter(state=State.SENDING, **_NOT_CALLED_OUT).update(
        state=State.QUEUED, reason="", job=None, handed_at=None
    )


def _claimed(channel: str, said: Outgoing, size: int) -> list[Message]:
    """The next messages that are due, with those of the same families that go with them, locked."""
    due = Q(channel=channel, state__in=WAITING, due_at__lte=clock.now())
    if said.held_at is not None:
        due &= Q(fact__in=[code for code, fact in facts().items() if fact.critical])
    rows = Message.objects.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(due)
    first = list(rows.order_by("due_at", "pk").values_list("pk", "guardian", "student", "fact", "key")[:size])
    with_them = Q(pk__in=[pk for pk, *_ in first])
    for guardian, fact, key in {(each[1], *each[3:]) for each in first if each[1] and each[2]}:
        with_them |= Q(guardian=guardian, fact=fact, key=key)
    if not first:
        return []
    return list(rows.filter(with_them).select_related(*PEOPLE).order_by("due_at", "pk")[:MOST_TOGETHER])


def _put_aside(judged: Judged) -> None:
    """What is not sent, and what waits."""
    for reason, messages in judged.suppressed.items():
        Message.objects.filter(pk__in=[each.pk for each in messages]).update(
            state=State.SUPPRESSED, reason=reason, settled_at=clock.now()
        )
    for (reason, until), messages in judged.deferred.items():
        _defer(messages, reason, until)


def _defer(messages: Sequence[Message], reason: Message.Reason, until: dt.datetime) -> None:
    rows = Message.objects.filter(pk__in=[each.pk for each in messages])
    rows.update(state=State.DEFERRED, reason=reason, due_at=until)
    events.publish(MessagesDue(messages[0].channel, until))


def _within_limits(channel: str, letters: list[Letter], said: Outgoing) -> list[Letter]:
    """Those that the school still sends today; the others wait for tomorrow."""
    limit = {Channel.EMAIL: said.emails_a_day, Channel.SMS: said.texts_a_day}.get(Channel(channel), 0)
    critical = [each for each in letters if facts()[each.first.fact].critical]
    others = [each for each in letters if each not in critical]
    if not limit or not others:
        return letters
    # One school's workers count one after the other.
    outgoing_held()
    left = max(0, limit - sent_today(channel))
    if over := [message for letter in others[left:] for message in letter.messages]:
        _defer(over, Reason.DAILY_LIMIT, day_of_school(1))
    return critical + others[:left]


def day_of_school(ahead: int = 0) -> dt.datetime:
    """When the school's present day began, or the one so many days ahead begins."""
    zone = ZoneInfo(school_timezone())
    day = clock.now().astimezone(zone).date() + dt.timedelta(days=ahead)
    return dt.datetime.combine(day, dt.time(), zone)


def sent_today(channel: str) -> int:
    """How many letters were handed over on a channel on this day of the school, or may have been. One query."""
    rows = Message.objects.filter(channel=channel, handed_at__gte=day_of_school(), part_of__isnull=True)
    return rows.exclude(state__in=(*WAITING, State.SUPPRESSED)).count()


# One statement each, whatever their number; the ORM's own for rows that differ costs more than the mail server.
# A claim is known by its moment: what somebody took back meanwhile, or another worker has since, is not called out.
_BEGIN = """
    UPDATE notifications_message m
       SET reason = '', handed_at = %s, address = r.address, language = r.language,
           subject = r.subject, text = r.text, part_of_id = r.part_of
      FROM jsonb_to_recordset(%s::jsonb) AS r(
           id bigint, address text, language text, subject text, text text, part_of bigint, claimed_at timestamptz)
     WHERE m.id = r.id AND m.state = 'sending' AND m.address = '' AND m.handed_at = r.claimed_at
 RETURNING m.id
"""
# What a report said meanwhile, or a person, stands. That nobody answered, or that it was not called out, is no try.
_SETTLE = """
    UPDATE notifications_message m
       SET state = r.state, reason = r.reason, answer = r.answer, reference = r.reference,
           due_at = COALESCE(r.again_at, m.due_at), settled_at = %s,
           tries = m.tries + CASE WHEN r.state = 'deferred' AND r.answer = '' THEN 0 ELSE 1 END,
           bounced_at = CASE WHEN r.bounced THEN %s ELSE m.bounced_at END
      FROM jsonb_to_recordset(%s::jsonb) AS r(
           id bigint, state text, reason text, answer text, reference text, again_at timestamptz, bounced boolean,
           handed_at timestamptz)
     WHERE m.id = r.id AND m.state = 'sending' AND m.handed_at = r.handed_at
"""


def _begun(letters: Sequence[Letter]) -> list[Letter]:
    """Write down that these are called out; those of which all was still ours to call out. The others wait again."""
    rows = [
        {
            "id": message.pk,
            "address": letter.address,
            "language": letter.language,
            "subject": letter.subject,
            "text": letter.text,
            "part_of": None if message is letter.first else letter.first.pk,
            "claimed_at": letter.handed_at,
        }
        for letter in letters
        for message in letter.messages
    ]
    moment = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [moment, orjson.dumps(rows).decode()])
        ours = {pk for (pk,) in cursor.fetchall()}
    found = [letter for letter in letters if all(message.pk in ours for message in letter.messages)]
    for letter in found:
        letter.handed_at = moment
        ours -= {message.pk for message in letter.messages}
    if ours:
        # Of brothers and sisters one was taken back: the letter is written anew.
        Message.objects.filter(pk__in=ours).update(address="")
        take_back(Message.objects.filter(pk__in=ours))
    return found


def _settle(letters: Sequence[Letter]) -> None:
    if not letters:
        return
    rows = [
        {
            "id": message.pk,
            "state": letter.state,
            "reason": letter.reason,
            "answer": letter.answer,
            "reference": letter.reference,
            "again_at": letter.again_at,
            "bounced": letter.bounced,
            "handed_at": letter.handed_at,
        }
        for letter in letters
        for message in letter.messages
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [clock.now(), clock.now(), orjson.dumps(rows).decode()])
    later = [(letter.again_at, letter.first.channel) for letter in letters if letter.again_at is not None]
    for at, channel in sorted(set(later)):
        events.publish(MessagesDue(channel, at))


def _handed(give: Give, letters: Sequence[Letter]) -> Away | None:
    """Call each out, once; what was raised when the channel is away, with whatever was not called out to wait."""
    began = time.monotonic()
    for number, letter in enumerate(letters):
        try:
            give(letter, letters[number + 1] if number + 1 < len(letters) else None)
        except (MailUnavailable, sms.GatewayUnavailable) as away:
            if away.sent == "unknown":
                letter.state, letter.answer = State.OUTCOME_UNKNOWN, one_line(str(away.__cause__ or away))[:200]
                if time.monotonic() - began < LONG_ENOUGH_S:
                    continue
                number += 1  # noqa: PLW2901 - this one was called out
            for left in letters[number:]:
                left.wait(Reason.OUTAGE, dt.timedelta(seconds=away.retry_after or 60))
            return away
    return None


def give_up(rows: QuerySet[Message]) -> int:
    """Whether these were sent nobody knows: a person is asked. Returns how many they are.

    What was claimed only, and not called out, waits again. So does what is for the inbox: a table of ours, that has it
    or not.
    """
    rows.filter(state=State.SENDING, channel=Channel.INBOX).update(address="")
    take_back(rows)
    return rows.update(state=State.OUTCOME_UNKNOWN, settled_at=clock.now())


def look_after() -> int:
    """Let what is due be handed over, whoever forgot it; how many were being handed over by nobody any more."""
    moment = clock.now()
    found = give_up(Message.objects.filter(state=State.SENDING, handed_at__lt=moment - LOST_AFTER))
    waiting = Message.objects.filter(state__in=WAITING, due_at__lte=moment)
    for channel in waiting.order_by("channel").values_list("channel", flat=True).distinct():
        events.publish(MessagesDue(channel, moment))
    return found
