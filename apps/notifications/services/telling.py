"""Writing down what is to be told, to whom: a row for each recipient and channel, in the transaction of the fact."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q

from apps.notifications.events import MessagesDue
from apps.notifications.models import Channel, Message, Outgoing, Rule
from apps.notifications.services.facts import Fact, facts
from apps.students.models import Enrolment, StudentGuardian
from schoolops import clock, events
from schoolops.tenancy.compiled import Compiled

State, Reason = Message.State, Message.Reason
# Jobs of one school begin together, and siblings whose rolls are taken one after the other are told together.
TOGETHER = dt.timedelta(minutes=5)
# So long after a child's a sibling's message is still told with it.
FOR_SIBLINGS = dt.timedelta(minutes=15)
# Why something is not sent that may become so again.
_COMES_BACK = (Reason.NO_LONGER_SO,)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """One thing to be told.

    Args:
        key: which fact of its kind, such as a day or a public id.
        student, institution: keys. Without ``guardians`` it is told to those of the student who may see them.
        guardians, users: keys of whom else it is told to, and nobody besides.
        channel: the only one by which, where it is said.
    """

    key: str
    institution: int
    student: int | None = None
    guardians: Collection[int] | None = None
    users: Collection[int] = field(default=())
    channel: str = ""


_OUTGOING: Compiled[Outgoing] = Compiled(lambda: Outgoing.objects.order_by("pk"))


def outgoing() -> Outgoing:
    """What holds for everything the school sends. One query."""
    return _OUTGOING.first() or Outgoing()


def outgoing_held() -> Outgoing:
    """The same, locked until the transaction ends: one at a time changes it, or counts what it limits."""
    Outgoing.objects.bulk_create([Outgoing()], ignore_conflicts=True)
    return Outgoing.objects.select_for_update(no_key=True).get()


def channels_of(fact: Fact, levels: Collection[int | None]) -> Mapping[int | None, frozenset[Channel]]:
    """By grade level, on which channels the school sends ``fact``. One query."""
    said = {
        (row.channel, row.grade_level_id): row.sends
        for row in Rule.objects.filter(Q(grade_level=None) | Q(grade_level__in=[each for each in levels if each]))
        .filter(fact=fact.code)
        .only("channel", "grade_level_id", "sends")
    }
    return {
        level: frozenset(
            channel
            for channel in Channel
            if (fact.critical and channel in fact.on)
            or said.get((channel, level), said.get((channel, None), channel in fact.on))
        )
        for level in {*levels, None}
    }


@transaction.atomic
def tell(code: str, about: Sequence[About], *, due_at: dt.datetime | None = None) -> int:
    """Let the fact ``code`` be told, not before ``due_at``; returns how many messages were written.

    What was told already is not told again. Whom it is told to, and whether they still may and want to know it, is
    asked again as it is sent. A handful of queries, whatever ``about`` holds.
    """
    fact, moment = facts()[code], clock.now()
    if not about:
        return 0
    due = moment if due_at is None else _together(due_at)
    to = _recipients(fact, about)
    rows = [
        Message(
            fact=code,
            key=each.key,
            channel=channel,
            guardian_id=guardian,
            user_id=user,
            student_id=each.student,
            institution_id=each.institution,
            due_at=due,
            made_at=moment,
        )
        for each, channels in _with_channels(fact, about)
        for guardian, user in to[each]
        for channel in channels
    ]
    return written_down(rows)


def _with_channels(fact: Fact, about: Iterable[About]) -> list[tuple[About, list[Channel]]]:
    students = {each.student for each in about if each.student is not None}
    levels: dict[int | None, int | None] = {}
    if students:
        enrolled = Enrolment.objects.filter(student__in=students, primary=True).order_by("entered_on", "pk")
        levels = dict(enrolled.values_list("student", "grade_level"))
    sends = channels_of(fact, set(levels.values()))
    return [(each, sorted(by for by in sends[levels.get(each.student)] if each.channel in {"", by})) for each in about]


def _recipients(fact: Fact, about: Sequence[About]) -> dict[About, list[tuple[int | None, int | None]]]:
    """Guardian or user, by key, of each."""
    asked = {each.student for each in about if each.guardians is None and not each.users}
    linked: dict[int, list[int]] = defaultdict(list)
    if asked and fact.of_children:
        links = StudentGuardian.objects.filter(student__in=asked, data_access=True, restriction_note="")
        for student, guardian in links.order_by("contact_priority").values_list("student", "guardian"):
            linked[student].append(guardian)
    found: dict[About, list[tuple[int | None, int | None]]] = {}
    for each in about:
        guardians = each.guardians
        if guardians is None:
            guardians = linked.get(each.student, []) if each.student is not None and not each.users else []
        found[each] = [*((one, None) for one in guardians), *((None, one) for one in each.users)]
    return found


def written_down(rows: Sequence[Message]) -> int:
    """Keep messages that are not there yet, and let those that were overtaken be told after all; how many those are."""
    if not rows:
        return 0
    keys = {row.sourced_id for row in rows}
    Message.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2000)
    made = Message.objects.filter(sourced_id__in=keys).count()
    back = 0
    if made < len(rows):
        back = _back(rows)
    _wait_for_siblings(rows)
    if made or back:
        due: dict[str, dt.datetime] = {}
        for row in rows:
            due[row.channel] = min(due.get(row.channel, row.due_at), row.due_at)
        for channel, at in sorted(due.items()):
            events.publish(MessagesDue(channel, at))
    return made + back


def _wait_for_siblings(rows: Sequence[Message]) -> None:
    """Let what was written down a moment ago for the same guardians wait for these, so that they are told as one."""
    groups: dict[tuple[str, str, dt.datetime], set[int]] = defaultdict(set)
    for row in rows:
        if row.student_id is not None and row.guardian_id is not None and row.due_at > row.made_at:
            groups[row.fact, row.key, row.due_at].add(row.guardian_id)
    for (fact, key, due), guardians in groups.items():
        waiting = Message.objects.filter(fact=fact, key=key, guardian__in=guardians, state=State.QUEUED)
        waiting.filter(due_at__lt=due, made_at__gte=clock.now() - FOR_SIBLINGS).update(due_at=due)


def _back(rows: Sequence[Message]) -> int:
    """What was not so when it was to be sent, and is so again."""
    groups: dict[tuple[str, str, dt.datetime], set[int | None]] = defaultdict(set)
    for row in rows:
        groups[row.fact, row.key, row.due_at].add(row.student_id)
    moment = 0
    for (fact, key, due), students in groups.items():
        overtaken = Message.objects.filter(
            fact=fact, key=key, student__in=students, state=State.SUPPRESSED, reason__in=_COMES_BACK
        )
        moment += overtaken.update(state=State.QUEUED, reason="", due_at=due, settled_at=None)
    return moment


def _together(moment: dt.datetime) -> dt.datetime:
    """The next of the moments at which messages are sent."""
    epoch = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    return epoch - (epoch - moment) // TOGETHER * TOGETHER
