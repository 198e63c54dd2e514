"""Report cards: drafted, proof-read, published for good, amended by another version."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import secrets
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.access import services as access
from apps.accounts.models import User
from apps.accounts.selectors import user_by_id
from apps.examinations.models import ExamSession, Gradebook
from apps.institutions.models import GradeLevel, Section
from apps.reports import selectors
from apps.reports.errors import (
    BlocksRefused,
    CardBeingAmended,
    CardNotPublished,
    CardsBeforeResults,
    CardsBeforeTermResults,
    CardsDraftedMeanwhile,
    CardsNotProofRead,
    NoCardsToPublish,
    NoResultsYet,
)
from apps.reports.events import CardsToPublish
from apps.reports.models import CardLayout, ReportCard
from schoolops import clock, events, files, queues
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.pdf import isolated, typeset
from schoolops.pictures import Picture, PictureRefused, checked_picture
from schoolops.resilience.heavy import working

State = ReportCard.State
TEMPLATE = Path(__file__).with_name("card.typ")
# Blocks with a picture, and the column of the card's own copy: 400 pixels on the 34 mm of a photo are 300 to an inch.
PICTURES = {CardLayout.Block.BRANDING: "logo", CardLayout.Block.PHOTO: "photo"}
PRINTED_SIDE = 400
# No letter that reads as another; 80 bits.
LETTERS, CODE_LENGTH, GROUP = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 16, 4


@transaction.atomic
def draft_cards(*, session: ExamSession, section: Section, by: User) -> int:
    """Draft the cards of a section anew, from what its marks come to by now; returns how many.

    Who has a published card keeps it, unless it is being amended.

    Raises:
        PermissionMissing, OutOfReach, NoResultsYet.
    """
    access.require_row(by, "cards.prepare", "section", section)
    # Of two who draft at once the second finds the first one's.
    _held(session)
    results = selectors.students_in(session, section)
    if not results:
        raise NoResultsYet(session=session.name, section=section)
    cards = ReportCard.objects.select_for_update(no_key=True, of=("self",)).filter(
        session=session, student__in=[row.student_id for row in results]
    )
    there: dict[int, ReportCard] = {}
    for card in cards.order_by("version"):
        there[card.student_id] = card
    wanted = [
        row for row in results
        if row.student_id not in there or there[row.student_id].state != State.PUBLISHED
    ]  # fmt: skip
    said = selectors.drafted(session, section, wanted, selectors.layout_of(section))
    new: list[ReportCard] = []
    changed: list[ReportCard] = []
    drawn: dict[str, Picture | None] = {}
    for row in wanted:
        card = there.get(row.student_id) or _new(session, section, row.student_id)
        _say(card, said[row.student_id], drawn)
        card.state, card.section = State.DRAFT, section
        card.drafted_at, card.publish_at = clock.now(), None
        (changed if card.pk else new).append(card)
    ReportCard.objects.bulk_create(new)
    ReportCard.objects.bulk_update(
        changed,
        ["data", "says_books", "says_sessions", *PICTURES.values(), "state", "section", "drafted_at", "publish_at"],
    )
    trail.record(by, "reports.cards-drafted", section, after={"session": session.name, "cards": len(wanted)})
    return len(wanted)


def _say(card: ReportCard, said: dict[str, Any], drawn: dict[str, Picture | None]) -> None:
    """Let ``card`` say this, with copies of its own of the pictures; those that it has already stay.

    ``drawn``: what was made smaller for other cards, by the name of the file.
    """
    before = {each["kind"]: each["picture"] for each in (card.data or {}).get("blocks", ()) if "picture" in each}
    blocks = {each["kind"]: each for each in said["blocks"]}
    for kind, column in PICTURES.items():
        block, there = blocks.get(kind, {}), before.get(kind, {})
        own: FieldFile = getattr(card, column)
        of = block.pop("picture", {}).get("of")
        if of and of == there.get("of"):
            block["picture"] = there
        elif of and (picture := _reduced(own, of, drawn)):
            files.keep(own, picture.content, suffix=picture.suffix)
            block["picture"] = {"of": of, "sha256": picture.sha256}
        elif own:
            files.forget(own)
    says = said.pop("says")
    card.says_books, card.says_sessions = says["books"], says["sessions"]
    card.data = said


def _reduced(own: FieldFile, name: str, drawn: dict[str, Picture | None]) -> Picture | None:
    """A stored picture in the size of print; ``None`` where it is not stored any more, or is none."""
    if name not in drawn:
        try:
            with own.storage.open(name) as file, working():
                drawn[name] = checked_picture(file.read(), side=PRINTED_SIDE)
        except (FileNotFoundError, PictureRefused):
            drawn[name] = None
    return drawn[name]


def _held(session: ExamSession | int) -> ExamSession:
    """A session before its cards, always in this order: who does something to them comes one after the other."""
    key = session if isinstance(session, int) else session.pk
    return ExamSession.objects.select_for_update(no_key=True).get(pk=key)


def _new(session: ExamSession, section: Section, student: int, *, version: int = 1, reason: str = "") -> ReportCard:
    code = "".join(secrets.choice(LETTERS) for _each in range(CODE_LENGTH))
    return ReportCard(
        session=session, section=section, student_id=student, version=version, code=code, reason=reason,
        drafted_at=clock.now(),
    )  # fmt: skip


@transaction.atomic
def proof_read_cards(*, session: ExamSession, section: Section, seen: dt.datetime, by: User) -> int:
    """Say that somebody has read the drafts of a section; returns how many.

    Args:
        seen: when the youngest of the drafts that were read was drafted.

    Raises:
        PermissionMissing, OutOfReach, CardsDraftedMeanwhile.
    """
    access.require_row(by, "cards.prepare", "section", section)
    _held(session)
    drafts = ReportCard.objects.filter(session=session, section=section, state=State.DRAFT)
    # A moment to come says of no draft that it was read.
    unread = drafts if seen > clock.now() else drafts.filter(drafted_at__gt=seen)
    if newer := unread.count():
        raise CardsDraftedMeanwhile(number=newer)
    number = drafts.update(state=State.PROOF_READ)
    trail.record(by, "reports.cards-proof-read", section, after={"session": session.name, "cards": number})
    return number


@transaction.atomic
def ask_to_publish(*, session: ExamSession, section: Section, published_at: dt.datetime, by: User) -> None:
    """Let a worker print and publish the cards of a section that are proof-read, for families from a moment on.

    Asked again with another moment before that is done, they are published for that one.

    Raises:
        PermissionMissing, OutOfReach, CardsNotProofRead, NoCardsToPublish, CardsBeforeResults, CardsBeforeTermResults.
    """
    access.require_row(by, "cards.publish", "section", section)
    held = _held(session)
    open_cards = ReportCard.objects.filter(session=session, section=section).exclude(state=State.PUBLISHED)
    cards = list(open_cards.only("state", "says_books", "says_sessions"))
    states = [card.state for card in cards]
    if drafts := states.count(State.DRAFT):
        raise CardsNotProofRead(number=drafts)
    if not states:
        raise NoCardsToPublish
    # A card is not older than its publication.
    moment = max(published_at, clock.now())
    _refuse_before_results(held, moment, cards)
    open_cards.update(publish_at=moment)
    events.publish(CardsToPublish(session.pk, section.pk, moment, by.sourced_id))


def _refuse_before_results(session: ExamSession, moment: dt.datetime, cards: Iterable[ReportCard]) -> None:
    public_at = session.results_published_at
    if public_at is None or public_at > moment:
        raise CardsBeforeResults(session=session.name)
    said = list(cards)
    books = Gradebook.objects.filter(pk__in={key for card in said for key in card.says_books})
    sessions = ExamSession.objects.filter(pk__in={key for card in said for key in card.says_sessions})
    hidden = [
        *books.exclude(published_at__lte=moment).select_related("course", "course_class", "section__grade_level")[:1],
        *sessions.exclude(results_published_at__lte=moment)[:1],
    ]
    if hidden:
        raise CardsBeforeTermResults(what=hidden[0])


def publish_cards(*, session: int, section: int, published_at: dt.datetime, by_id: UUID) -> int:
    """Print each card that waits for ``published_at`` and publish it; returns how many. Doing it twice publishes none
    twice.

    Raises:
        PermissionMissing, OutOfReach, CardsBeforeResults, CardsBeforeTermResults.
    """
    by = user_by_id(by_id)
    group = Section.objects.select_related("grade_level").get(pk=section)
    access.require_row(by, "cards.publish", "section", group)
    cards = list(
        ReportCard.objects.filter(session=session, section=group, publish_at=published_at)
        .select_related("session__term__year__institution")
        .order_by("student__name_key", "student_id")
    )
    printed = {}
    for number, card in enumerate(cards, start=1):
        printed[card.pk] = published_form(card, published_at)
        queues.progress(number, len(cards))
    with queues.finishing():
        found = _held(session)
        _refuse_before_results(found, published_at, cards)
        # What was drafted anew meanwhile is not what was read, and what was asked for another moment waits for that.
        held = ReportCard.objects.select_for_update(no_key=True).filter(pk__in=printed, publish_at=published_at)
        fresh = {card.pk: card for card in held}
        done = [card for card in cards if card.pk in fresh and fresh[card.pk].data == card.data]
        for card in done:
            card.data, content = printed[card.pk]
            card.state, card.publish_at, card.published_at, card.published_by = State.PUBLISHED, None, published_at, by
            card.sha256 = hashlib.sha256(content).hexdigest()
            files.keep(card.pdf, content, suffix=".pdf")
            card.save(update_fields=["data", "state", "publish_at", "published_at", "published_by", "sha256", "pdf"])
        told = {"session": found.name, "cards": len(done), "published_at": published_at}
        trail.record(by, "reports.cards-published", group, after=told)
    return len(done)


@transaction.atomic
def amend_card(*, card: ReportCard, reason: str, by: User) -> ReportCard:
    """Draft another version of a published card, from what its marks come to by now. The present one stays public.

    Raises:
        PermissionMissing, OutOfReach, CardNotPublished, CardBeingAmended, NoResultsYet.
    """
    access.require_row(by, "cards.prepare", "section", card.section)
    _held(card.session_id)
    if card.state != State.PUBLISHED:
        raise CardNotPublished(state=card.state)
    results = [row for row in selectors.students_in(card.session, card.section) if row.student_id == card.student_id]
    if not results:
        raise NoResultsYet(session=card.session.name, section=card.section)
    last = ReportCard.objects.filter(session=card.session, student=card.student_id).order_by("-version")[0]
    made = _new(card.session, card.section, card.student_id, version=last.version + 1, reason=reason)
    said = selectors.drafted(card.session, card.section, results, selectors.layout_of(card.section))
    _say(made, said[card.student_id], {})
    with explains({"report_card_one_open": CardBeingAmended, "report_card_version_once": CardBeingAmended}):
        made.save(force_insert=True)
    trail.record(by, "reports.card-amended", card.student, after={"version": made.version}, reason=reason)
    return made


@transaction.atomic
def set_layout(*, grade_level: GradeLevel | None, values: Mapping[str, Any], by: User) -> CardLayout:
    """Say what stands on the cards of a grade level, or of all others. What is published stays as it is.

    Raises:
        PermissionMissing, OutOfReach, BlocksRefused.
    """
    _require_layout(values, by)
    # Of two who begin it at once the second changes the first one's.
    CardLayout.objects.get_or_create(grade_level=grade_level)
    layout = CardLayout.objects.select_for_update(no_key=True).get(grade_level=grade_level)
    before, after = trail.changed(layout, values)
    for name, value in values.items():
        setattr(layout, name, value)
    layout.save()
    trail.record(by, "reports.layout-set", layout, before=before, after=after)
    return layout


def _require_layout(values: Mapping[str, Any], by: User) -> None:
    access.require_everywhere(by, "cards.publish")
    blocks = list(values["blocks"])
    if len(set(blocks)) != len(blocks) or CardLayout.Block.MARKS not in blocks:
        raise BlocksRefused


def preview_layout(*, grade_level: GradeLevel | None, values: Mapping[str, Any], by: User) -> bytes:
    """The PDF of a card that a layout would make of a child who is nobody. Nothing is kept.

    Raises:
        PermissionMissing, OutOfReach, BlocksRefused.
    """
    _require_layout(values, by)
    layout, pictures = CardLayout(grade_level=grade_level, **values), {}
    said = selectors.sample_card(layout, grade_level, day=access.today(by))
    for block in said["blocks"]:
        of = block.pop("picture", {}).get("of")
        if of and (picture := _reduced(ReportCard().logo, of, {})):
            pictures[picture.sha256] = picture.content
            block["picture"] = {"sha256": picture.sha256}
    if CardLayout.Block.PHOTO in layout.blocks:
        pictures["nobody"] = _nobody()
        said["blocks"].append({"kind": CardLayout.Block.PHOTO, "picture": {"sha256": "nobody"}})
    with translation.override(layout.language):
        said |= {"imprint": _("Draft, version %(version)s") % {"version": 1}, "reason": ""}
    return _printed([said], clock.now(), pictures)


def _nobody() -> bytes:
    """A grey picture in the place of a photo."""
    from PIL import Image

    drawn = io.BytesIO()
    Image.new("L", (54, 68), 210).save(drawn, "PNG")
    return drawn.getvalue()


# --- paper ------------------------------------------------------------------------------------------------------------
def published_form(card: ReportCard, moment: dt.datetime) -> tuple[dict[str, Any], bytes]:
    """What a card says once it is published, with its day, version and code; and its PDF. The same gives the same."""
    said = {**card.data, **_imprint(card, selectors.day_of(card.session, moment))}
    return said, _printed([said], moment, _pictures([card]))


def _imprint(card: ReportCard, day: dt.date) -> dict[str, Any]:
    """The line at the foot: when, which version, and the code that proves it."""
    rtl, language = card.data["rtl"], card.data["language"]
    with translation.override(language):
        parts = {
            "day": isolated(date_format(day, _("l, j F Y")), rtl=rtl),
            "version": isolated(str(card.version), rtl=rtl),
            "code": isolated(grouped(card.code), rtl=rtl),
        }
        line = _("%(day)s · version %(version)s · to be verified with %(code)s") % parts
        return {"imprint": line, "reason": isolated(card.reason, rtl=rtl) and _amended(card, rtl)}


def _amended(card: ReportCard, rtl: bool) -> str:  # noqa: FBT001 - a direction
    return _("Amended: %(reason)s") % {"reason": isolated(card.reason, rtl=rtl)}


def grouped(code: str) -> str:
    """A code as people copy it: ABCD-EFGH-…"""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def print_card(card: ReportCard) -> bytes:
    """The PDF of a card: of a published one the very file that was published, of another a draft that says so."""
    if card.state == State.PUBLISHED:
        with card.pdf.open("rb") as file:
            return bytes(file.read())
    return _printed([_draft(card)], clock.now(), _pictures([card]))


def print_cards(cards: Sequence[ReportCard]) -> bytes:
    """All of them in one PDF, for the printer: each begins a sheet of its own."""
    said = [card.data if card.state == State.PUBLISHED else _draft(card) for card in cards]
    moment = max((card.published_at for card in cards if card.published_at), default=clock.now())
    return _printed(said, moment, _pictures(cards))


def pack_cards(cards: Sequence[ReportCard]) -> bytes:
    """A ZIP with a PDF for each, by admission number; names of people stand in none of the files' names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for card in cards:
            number = "".join(each for each in card.student.admission_number if each.isalnum() or each in "-_")
            archive.writestr(f"{number or card.sourced_id}-{card.version}.pdf", print_card(card))
    return packed.getvalue()


def _draft(card: ReportCard) -> dict[str, Any]:
    with translation.override(card.data["language"]):
        return {**card.data, "imprint": _("Draft, version %(version)s") % {"version": card.version}, "reason": ""}


def _pictures(cards: Sequence[ReportCard]) -> dict[str, bytes]:
    """What is printed on these cards beside words, by digest: a logo once for all."""
    found: dict[str, bytes] = {}
    for card in cards:
        for block in card.data["blocks"]:
            if "picture" in block and (digest := block["picture"]["sha256"]) not in found:
                with getattr(card, PICTURES[block["kind"]]).open("rb") as file:
                    found[digest] = file.read()
    return found


def _printed(cards: Sequence[Mapping[str, Any]], moment: dt.datetime, pictures: Mapping[str, bytes]) -> bytes:
    first = cards[0]
    school = next((block["school"] for block in first["blocks"] if block["kind"] == CardLayout.Block.BRANDING), "")
    data = {"name": first["title"], "author": school, "cards": list(cards)}
    return typeset(TEMPLATE.read_bytes(), data, dated=moment, pictures=pictures)
