"""Whether a message may go now: asked as it is handed over, for many at once, in a constant number of queries."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation

from apps.accounts.selectors import language_of, supported_language
from apps.institutions.models import Institution
from apps.institutions.selectors import school_timezone
from apps.notifications.models import Channel, Message, Outgoing, Preference
from apps.notifications.services import wording
from apps.notifications.services.facts import Fact, Told, facts
from apps.students.models import StudentGuardian
from schoolops import clock
from schoolops.context import school_or_none
from schoolops.tenancy.resolution import web_address

State, Reason = Message.State, Message.Reason


@dataclass(slots=True)
class Letter:
    """Messages that go as one, and how: the first stands for all."""

    messages: list[Message]
    address: str
    language: str
    subject: str
    text: str
    link: str
    state: Message.State = State.SENDING
    reason: str = ""
    answer: str = ""
    reference: str = ""
    bounced: bool = False
    # When it was claimed, and then when it was called out: by it what is written later is known to be about this try.
    handed_at: dt.datetime | None = None
    again_at: dt.datetime | None = None

    @property
    def first(self) -> Message:
        return self.messages[0]

    def wait(self, reason: Message.Reason, after: dt.timedelta) -> None:
        """It was not taken, and is tried again."""
        self.state, self.reason, self.again_at = State.DEFERRED, reason, clock.now() + after


@dataclass(slots=True)
class Judged:
    """What goes now, and what does not and why: by reason, and until when where it only waits."""

    letters: list[Letter] = field(default_factory=list)
    suppressed: dict[Message.Reason, list[Message]] = field(default_factory=lambda: defaultdict(list))
    deferred: dict[tuple[Message.Reason, dt.datetime], list[Message]] = field(default_factory=lambda: defaultdict(list))


def quiet_until(outgoing: Outgoing, timezone: str, moment: dt.datetime) -> dt.datetime | None:
    """When the quiet hours are over that ``moment`` lies in, by the clocks of ``timezone``; ``None``: it lies in none.

    Of an hour that clocks skip, or go through twice, the end is the moment at which they first say so.
    """
    starts, ends = outgoing.quiet_from, outgoing.quiet_until
    if starts == ends:
        return None
    zone = ZoneInfo(timezone)
    here = moment.astimezone(zone)
    now = here.time()
    within = starts <= now < ends if starts < ends else now >= starts or now < ends
    if not within:
        return None
    day = here.date() if now < ends else here.date() + dt.timedelta(days=1)
    # Through UTC, so that an hour that was skipped becomes the one that clocks show instead.
    over = dt.datetime.combine(day, ends, zone).astimezone(dt.UTC)
    return max(over, moment + dt.timedelta(minutes=1))


def e164(number: str) -> str:
    """``number`` as the whole world dials it; empty where nobody can."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, settings.SMS_REGION or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def address_of(message: Message) -> str:
    """Where a message on its channel goes to; empty where there is nowhere."""
    guardian = message.guardian
    match message.channel:
        case Channel.EMAIL if guardian is not None:
            return guardian.email or (guardian.user.email if guardian.user is not None else "")
        case Channel.EMAIL:
            return message.recipient.email
        case Channel.SMS:
            return e164(guardian.phone) if guardian is not None else ""
        case _:
            return "inbox"


def language_for(message: Message, locale: str) -> str:
    """The language that a recipient is written to in: their own, else that of the campus."""
    guardian = message.guardian
    if guardian is None:
        return language_of(message.recipient)  # type: ignore[arg-type]
    own = [guardian.user.language if guardian.user else "", guardian.language]
    spoken = (supported_language(tag) for tag in (*own, locale))
    return next((language for language in spoken if language), str(settings.LANGUAGE_CODE))


class Bench:
    """What is needed to judge some messages, read once for all of them."""

    def __init__(self, messages: Sequence[Message], outgoing: Outgoing) -> None:
        self.moment = clock.now()
        self.outgoing = outgoing
        self.facts = facts()
        self.campuses = {
            each.pk: each
            for each in Institution.objects.filter(pk__in={message.institution_id for message in messages})
        }
        guardians = {each.guardian_id for each in messages if each.guardian_id is not None}
        self.links: dict[tuple[int, int], StudentGuardian] = {}
        self.wants: dict[tuple[int, int | None, str], bool] = {}
        if guardians:
            links = StudentGuardian.objects.filter(guardian__in=guardians)
            self.links = {(each.guardian_id, each.student_id): each for each in links}
            self.wants = {
                (each.guardian_id, each.link_id, each.channel): each.wanted
                for each in Preference.objects.filter(guardian__in=guardians)
            }
        self.so: dict[int, Told] = {}
        by_fact: dict[str, list[Message]] = defaultdict(list)
        for message in messages:
            by_fact[message.fact].append(message)
        for code, those in by_fact.items():
            if (fact := self.facts.get(code)) is not None:
                self.so.update(fact.read(those))
        self.wordings = dict(wording.wordings(by_fact))
        addresses = {address_of(message) for message in messages}
        bounced = Message.objects.filter(address__in=addresses, bounced_at__isnull=False)
        self.bounced = set(bounced.values_list("address", "channel"))
        school = school_or_none()
        self.link = f"{web_address(school)}/family/"
        self.school = getattr(school, "name", "SchoolOps")

    def may_know(self, message: Message, fact: Fact) -> bool:
        """Whether the recipient has access by now to whom it is about."""
        if message.user_id is not None:
            return message.user is not None and message.user.may_log_in(self.moment)
        # Kept for its history: what is theirs to know is told to the record that is kept.
        if message.guardian is not None and message.guardian.merged_into_id is not None:
            return False
        if message.student_id is None:
            return True
        link = self.links.get((message.guardian_id or 0, message.student_id))
        if fact.own:
            return link is None or not link.restriction_note
        return link is not None and link.may_see

    def wanted(self, message: Message, fact: Fact) -> bool:
        """Whether the recipient wants it on this channel: of the child, else of all, else as the office noted."""
        if fact.critical or message.guardian_id is None or message.channel == Channel.INBOX:
            return True
        link = self.links.get((message.guardian_id, message.student_id or 0))
        of_child = self.wants.get((message.guardian_id, link.pk, message.channel)) if link else None
        of_all = self.wants.get((message.guardian_id, None, message.channel))
        noted = not (link and link.channels) or message.channel in link.channels
        return next((each for each in (of_child, of_all) if each is not None), noted)

    def why_not(self, message: Message) -> Message.Reason | None:
        """Why it is not sent at all; ``None``: it is."""
        fact = self.facts.get(message.fact)
        if fact is None or message.pk not in self.so:
            return Reason.NO_LONGER_SO if fact is None else fact.missing
        if not self.may_know(message, fact):
            return Reason.NO_ACCESS
        if not self.wanted(message, fact):
            return Reason.NOT_WANTED
        if not (address := address_of(message)):
            return Reason.NO_ADDRESS
        return Reason.ADDRESS_BOUNCED if (address, message.channel) in self.bounced else None

    def waits_until(self, message: Message) -> dt.datetime | None:
        """When the quiet hours of its campus are over; ``None``: now is none of them, or it does not ask."""
        if message.channel == Channel.INBOX or self.facts[message.fact].critical:
            return None
        campus = self.campuses.get(message.institution_id or 0)
        timezone = campus.timezone if campus is not None else school_timezone()
        return quiet_until(self.outgoing, timezone, self.moment)

    def letter(self, messages: list[Message]) -> Letter:
        """Messages of one recipient, channel and fact as one letter, in the recipient's language."""
        first = messages[0]
        fact, channel = self.facts[first.fact], Channel(first.channel)
        campus = self.campuses.get(first.institution_id or 0)
        language = language_for(first, campus.locale if campus is not None else "")
        if (key := (fact.code, channel, language)) not in self.wordings:
            self.wordings[key] = wording.default(fact, channel, language)
        with translation.override(language):
            told: dict[str, object] = {**self.so[first.pk]}
            named = [
                str(self.so[each.pk].get("child") or each.student.full_name)
                for each in messages
                if each.student is not None
            ]
            whose = first.guardian.full_name if first.guardian is not None else str(first.user)
            told |= {"name": whose, "school": campus.name if campus else self.school, "link": self.link}
            if named:
                told["children"] = wording.joined(named)
            said = wording.worded(self.wordings[key], told)  # type: ignore[arg-type]
        text = wording.as_text_message(said.text) if channel == Channel.SMS else said.text
        return Letter(messages, address_of(first), language, said.subject, text, self.link)


def judge(messages: Sequence[Message], outgoing: Outgoing) -> Judged:
    """What of ``messages`` goes now. They come with their guardian and its user, their user and their student."""
    bench, found = Bench(messages, outgoing), Judged()
    together: dict[tuple[object, ...], list[Message]] = defaultdict(list)
    for message in messages:
        if (reason := bench.why_not(message)) is not None:
            found.suppressed[reason].append(message)
        elif (until := bench.waits_until(message)) is not None:
            found.deferred[Reason.QUIET_HOURS, until].append(message)
        else:
            # In an inbox each child's stays by itself: it goes when somebody is kept from that child.
            alone = message.pk if message.channel == Channel.INBOX else None
            together[message.guardian_id, message.user_id, message.fact, message.key, alone].append(message)
    found.letters = [bench.letter(those) for those in together.values()]
    return found
