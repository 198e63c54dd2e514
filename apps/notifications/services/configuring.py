"""How a school sends: held or not, its hours and limits, which facts on which channels, and how they are worded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.institutions.models import GradeLevel
from apps.notifications.errors import (
    AlwaysSent,
    BracesAstray,
    FactUnknown,
    HeldAlready,
    LanguageUnknown,
    MessageUnknown,
    NothingHeld,
    OutcomeKnown,
    PlaceholdersUnknown,
    TextMissing,
)
from apps.notifications.events import MessagesDue
from apps.notifications.models import WAITING, Channel, Message, MessageTemplate, Outgoing, Rule
from apps.notifications.selectors.sent import messages_seen
from apps.notifications.services import wording
from apps.notifications.services.delivering import take_back
from apps.notifications.services.facts import Fact, facts
from apps.notifications.services.telling import outgoing_held
from apps.notifications.services.wording import Wording
from apps.students.models import Student
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.errors import FieldError

CONFIGURE = "messages.configure"
State, Reason = Message.State, Message.Reason


@transaction.atomic
def hold(*, reason: str, by: User) -> Outgoing:
    """Let nothing go out but what is critical, until it is released or discarded.

    Raises:
        PermissionMissing, OutOfReach; HeldAlready.
    """
    access.require_everywhere(by, CONFIGURE)
    found = outgoing_held()
    if found.held_at is not None:
        raise HeldAlready
    found.held_at, found.held_by, found.held_reason = clock.now(), by, reason
    found.save()
    # Whoever is at a row this moment calls it out, or lets it go.
    claimed = Message.objects.select_for_update(skip_locked=True, no_key=True).filter(state=State.SENDING, address="")
    take_back(Message.objects.filter(pk__in=list(claimed.exclude(fact__in=_critical()).values_list("pk", flat=True))))
    trail.record(by, "notifications.held", found, reason=reason)
    return found


@transaction.atomic
def release(*, by: User, discard: bool = False) -> int:
    """Let what is held go out, or never; returns how many messages those are. What is not so any more is not sent.

    Raises:
        PermissionMissing, OutOfReach; NothingHeld.
    """
    access.require_everywhere(by, CONFIGURE)
    found = outgoing_held()
    if found.held_at is None:
        raise NothingHeld
    waiting = waits()
    number: int = waiting.count()
    if discard:
        waiting.update(state=State.SUPPRESSED, reason=Reason.DISCARDED, settled_at=clock.now())
    found.held_at, found.held_by, found.held_reason = None, None, ""
    found.save()
    for channel in Channel:
        events.publish(MessagesDue(channel, clock.now()))
    trail.record(
        by, "notifications.discarded" if discard else "notifications.released", found, after={"number": number}
    )
    return number


def waits() -> Any:
    """What waits to be handed over, without what is critical."""
    return Message.objects.filter(state__in=WAITING).exclude(fact__in=_critical())


def _critical() -> list[str]:
    return [code for code, fact in facts().items() if fact.critical]


@transaction.atomic
def set_outgoing(*, by: User, **said: Any) -> Outgoing:
    """Change quiet hours, limits and windows. Raises ``PermissionMissing``, ``OutOfReach``."""
    access.require_everywhere(by, CONFIGURE)
    found = outgoing_held()
    before, after = trail.changed(found, said)
    for name, value in said.items():
        setattr(found, name, value)
    found.save()
    if after:
        trail.record(by, "notifications.outgoing-set", found, before=before, after=after)
    return found


def fact_called(code: str) -> Fact:
    """The fact with this code. Raises ``FactUnknown``."""
    found = facts().get(code)
    if found is None:
        raise FactUnknown
    return found


@transaction.atomic
def set_rule(
    *, fact: str, channel: Channel | str, sends: bool | None, grade_level: GradeLevel | None = None, by: User
) -> None:
    """Say whether a fact is sent on a channel, to families of a grade level or all others; ``None``: by default.

    Raises:
        PermissionMissing, OutOfReach; FactUnknown, AlwaysSent.
    """
    access.require_everywhere(by, CONFIGURE)
    found, channel = fact_called(fact), Channel(channel)
    if found.critical:
        raise AlwaysSent
    rows = Rule.objects.filter(fact=fact, channel=channel, grade_level=grade_level)
    if sends is None:
        rows.delete()
    elif not rows.update(sends=sends):
        Rule.objects.bulk_create(
            [Rule(fact=fact, channel=channel, grade_level=grade_level, sends=sends)], ignore_conflicts=True
        )
    subject = grade_level or outgoing_held()
    trail.record(by, "notifications.rule-set", subject, after={"fact": fact, "channel": channel, "sends": sends})


def _expect_wording(fact: Fact, channel: Channel, said: Wording) -> None:
    if not said.text.strip():
        raise TextMissing
    parts = {"subject": said.subject, "text": said.text} if channel != Channel.SMS else {"text": said.text}
    for name, part in parts.items():
        if wording.stray_braces(part):
            raise BracesAstray(errors=[FieldError(name, "braces", "A brace stands alone.")])
    unknown = {name: sorted(wording.placeholders_in(part) - fact.allowed.keys()) for name, part in parts.items()}
    if wrong := sorted({each for names in unknown.values() for each in names}):
        raise PlaceholdersUnknown(
            names=", ".join(wrong),
            errors=[
                FieldError(name, "unknown-placeholder", "These placeholders are not known here: {names}.", {
                    "names": ", ".join(names)
                })
                for name, names in unknown.items()
                if names
            ],
        )  # fmt: skip


@transaction.atomic
def set_template(*, fact: str, channel: Channel | str, language: str, subject: str, text: str, by: User) -> Wording:
    """Word a fact on a channel in a language. What waits is worded anew.

    Raises:
        PermissionMissing, OutOfReach; FactUnknown, LanguageUnknown, PlaceholdersUnknown, BracesAstray, TextMissing.
    """
    access.require_everywhere(by, CONFIGURE)
    found, channel = _named(fact, channel, language)
    said = Wording("" if channel == Channel.SMS else wording.one_line(subject), wording.without_controls(text))
    _expect_wording(found, channel, said)
    row, _made = MessageTemplate.objects.update_or_create(
        fact=fact, channel=channel, language=language, defaults={"subject": said.subject, "text": said.text}
    )
    trail.record(by, "notifications.template-set", row, after={"fact": fact, "channel": channel, "language": language})
    return said


@transaction.atomic
def reset_template(*, fact: str, channel: Channel | str, language: str, by: User) -> None:
    """Word it as the release does.

    Raises:
        PermissionMissing, OutOfReach; FactUnknown, LanguageUnknown.
    """
    access.require_everywhere(by, CONFIGURE)
    _named(fact, channel, language)
    for row in MessageTemplate.objects.filter(fact=fact, channel=channel, language=language):
        trail.record(by, "notifications.template-reset", row)
        row.delete()


def _named(fact: str, channel: str, language: str) -> tuple[Fact, Channel]:
    """The fact and the channel that are meant. Raises ``FactUnknown``, ``LanguageUnknown``."""
    if channel not in Channel.values:
        raise FactUnknown
    if language not in dict(settings.LANGUAGES):
        raise LanguageUnknown
    return fact_called(fact), Channel(channel)


@dataclass(frozen=True, slots=True)
class Template:
    """How a fact is worded by now; ``own``: by the school, and not by the release."""

    subject: str
    text: str
    own: bool


def template_of(*, fact: str, channel: str, language: str, by: User) -> Template:
    """How a fact is worded on a channel in a language. One query.

    Raises:
        PermissionMissing, OutOfReach; FactUnknown, LanguageUnknown.
    """
    access.require_everywhere(by, CONFIGURE)
    found, on = _named(fact, channel, language)
    own = wording.wordings([fact]).get((fact, channel, language))
    said = own or wording.default(found, on, language)
    return Template(said.subject, said.text, own is not None)


def wording_of(*, fact: str, channel: Channel | str, language: str) -> Wording:
    """How a fact is worded by now: by the school, else by the release. One query. Raises ``FactUnknown``."""
    found = fact_called(fact)
    own = wording.wordings([fact]).get((fact, channel, language))
    return own or wording.default(found, Channel(channel), language)


def preview_template(
    *, fact: str, channel: Channel | str, language: str, said: Wording, student: UUID, by: User
) -> Wording:
    """What a guardian of a real child would read; nothing is sent, and what nobody knows yet stands as its meaning.

    Raises:
        PermissionMissing, OutOfReach; FactUnknown, LanguageUnknown, PlaceholdersUnknown, BracesAstray, TextMissing.
    """
    access.require_everywhere(by, CONFIGURE)
    found, channel = _named(fact, channel, language)
    _expect_wording(found, channel, said)
    reached = Student.objects.filter(access.within_reach(by, "students.view", "student"), sourced_id=student)
    child = reached.select_related("institution").first()
    if child is None:
        raise OutOfReach
    link = child.guardian_links.select_related("guardian").order_by("contact_priority").first()
    with translation.override(language):
        told: dict[str, Any] = {name: f"[{translation.gettext(what)}]" for name, what in found.allowed.items()}
        told |= {"children": child.full_name, "school": child.institution.name}
        if link is not None:
            told["name"] = link.guardian.full_name
        return wording.worded(said, told)


@transaction.atomic
def resolve(*, message: UUID, sent: bool, by: User) -> Message:
    """Say of a message in doubt that it was sent, or let it be sent (again).

    Raises:
        PermissionMissing, MessageUnknown; OutcomeKnown.
    """
    found = messages_seen(by=by, permission=CONFIGURE).filter(sourced_id=message).first()
    if found is None:
        raise MessageUnknown
    rows = Message.objects.filter(Q(pk=found.pk) | Q(part_of=found.pk), state=State.OUTCOME_UNKNOWN)
    # What is in an inbox is delivered: nothing is on its way there.
    there = State.DELIVERED if found.channel == Channel.INBOX else State.SENT
    said = {"state": there} if sent else {"state": State.QUEUED, "due_at": clock.now()}
    if not rows.update(**said):
        raise OutcomeKnown
    if not sent:
        events.publish(MessagesDue(found.channel, clock.now()))
    trail.record(by, "notifications.outcome-said", found, after={"sent": sent})
    found.refresh_from_db()
    return found


@transaction.atomic
def clear_bounced(*, message: UUID, by: User) -> None:
    """Let messages go again to the address from which this one came back.

    Raises:
        PermissionMissing; MessageUnknown: it did not, or is another campus's.
    """
    rows = messages_seen(by=by, permission=CONFIGURE).filter(sourced_id=message, bounced_at__isnull=False)
    address = rows.values_list("address", flat=True).first()
    if address is None:
        raise MessageUnknown
    clear_address(address=address, by=by)


@transaction.atomic
def clear_address(*, address: str, by: User) -> int:
    """Let messages go to an address that bounced again; returns how many had. Raises ``PermissionMissing``.

    Whoever sees one of them clears all: an address is barred for the whole school, whichever campus's letter came back.
    """
    bounced = Message.objects.filter(address=address, bounced_at__isnull=False)
    seen = messages_seen(by=by, permission=CONFIGURE).filter(pk__in=bounced).order_by("pk").last()
    if seen is None:
        return 0
    trail.record(by, "notifications.address-cleared", seen)
    return bounced.update(bounced_at=None)
