"""Report cards of a session: by section drafted, proof-read, published and printed; one of them amended."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.access import selectors as access
from apps.examinations.models import ExamSession
from apps.examinations.selectors import results_seen
from apps.institutions.models import GradeLevel, Section
from apps.office.examinations.selectors import session_seen
from apps.office.shell.fields import MomentField, about, apart, posted, whole_number
from apps.office.shell.forms import DressedForm, add_refusal, dressed
from apps.office.shell.pages import actor, asked, office_page, render_page
from apps.office.shell.site import in_full
from apps.reports import selectors, services
from apps.reports.models import LONG_AGO, CardLayout, ReportCard
from schoolops import clock
from schoolops.api.viewsets import pdf_response
from schoolops.errors import SchoolOpsError
from schoolops.folding import composed
from schoolops.resilience.heavy import working

State, Block = ReportCard.State, CardLayout.Block
LONGEST_REASON = 200
STATES = {
    State.DRAFT: gettext_lazy("Draft"),
    State.PROOF_READ: gettext_lazy("Proof-read"),
    State.PUBLISHED: gettext_lazy("Published"),
}
BLOCKS = {
    Block.BRANDING: gettext_lazy("Head of the school’s paper"),
    Block.PHOTO: gettext_lazy("Photo, beside the name"),
    Block.MARKS: gettext_lazy("Marks"),
    Block.TERM: gettext_lazy("Result of the term: coursework and exams"),
    Block.ATTENDANCE: gettext_lazy("Attendance"),
    Block.REMARKS: gettext_lazy("Lines for remarks"),
    Block.LEGEND: gettext_lazy("What grades mean"),
    Block.SIGNATURES: gettext_lazy("Signatures"),
    Block.NEXT_TERM: gettext_lazy("Dates of the next term"),
}
LANGUAGES = {CardLayout.Language.ENGLISH: "English", CardLayout.Language.ARABIC: "العربيّة"}


class MomentForm(forms.Form):
    """From when on families see the cards of a section, by the clock of its campus."""

    moment = MomentField(label=gettext_lazy("Families see them from"))

    def __init__(self, session: ExamSession, section: Section, data: Any = None) -> None:
        chosen = max(filter(None, (session.results_published_at, clock.now())))
        self.section = section
        super().__init__(
            data, auto_id=f"%s-{section.pk:d}", initial={"moment": chosen.replace(second=0, microsecond=0)}
        )


def _cards(request: HttpRequest, session: ExamSession, section: int | None = None) -> list[ReportCard]:
    rows: Any = selectors.cards_of(session, by=actor(request))
    if section is not None:
        rows = rows.filter(section=section)
    joined = rows.select_related("student", "section__grade_level", "session__term__year__institution")
    return list(joined.order_by("section__grade_level__position", "section__name", "student__name_key", "student_id"))


@office_page(permission="marks.view", over="section")
def cards(request: HttpRequest, exam_session: UUID) -> HttpResponse:
    """The sections of a session with how far their cards are; what can be done with those of each."""
    found = session_seen(exam_session, by=actor(request))
    # What is written and typed here are moments of the campus.
    timezone.activate(ZoneInfo(found.term.year.institution.timezone))
    refusal = _done(request, found) if request.method == "POST" else None
    if isinstance(refusal, HttpResponse):
        return refusal
    refused = refusal if isinstance(refusal, MomentForm) else None
    there = _cards(request, found)
    by_section: dict[int, list[ReportCard]] = {}
    for card in there:
        by_section.setdefault(card.section_id, []).append(card)
    by, sections = actor(request), _sections(request, found)
    keys = [section.pk for section in sections]
    prepared, published = (
        access.keys_in_reach(by, code, "section", Section, keys) for code in ("cards.prepare", "cards.publish")
    )
    groups = [
        {
            "section": section,
            "prepares": section.pk in prepared,
            "publishes": section.pk in published,
            "publish": (refused if refused and refused.section == section else MomentForm(found, section))["moment"],
            "cards": [(card, STATES[State(card.state)]) for card in by_section.get(section.pk, [])],
            "states": _states(by_section.get(section.pk, [])),
            "drafted": max((card.drafted_at for card in by_section.get(section.pk, [])), default=clock.now()),
        }
        for section in sections
    ]
    context = {
        "session": found,
        "groups": groups,
        "lays_out": access.reaches_everything(by, "cards.publish"),
        "notice": refusal if isinstance(refusal, str) else "",
        "now": clock.now(),
    }
    title = _("Report cards of %(session)s") % {"session": apart(found.name)}
    return render_page(request, "office/examinations/cards.html", context, title=title, status=409 if refusal else 200)


def _sections(request: HttpRequest, session: ExamSession) -> list[Section]:
    """The sections with results of the session, of those in reach."""
    there = results_seen(session.sourced_id, by=actor(request)).values("section")
    rows = Section.objects.filter(pk__in=there).select_related("grade_level")
    return list(rows.order_by("grade_level__position", "name", "pk"))


def _states(cards: list[ReportCard]) -> list[tuple[Any, int]]:
    counted = Counter(card.state for card in cards)
    return [(words, counted[state]) for state, words in STATES.items() if counted[state]]


def _done(request: HttpRequest, session: ExamSession) -> HttpResponse | MomentForm | str:
    """Where to go next, or why not: in words, or on the form that was refused."""
    by = actor(request)
    key = whole_number(request.POST.get("section", ""))
    section = next((each for each in _sections(request, session) if each.pk == key), None)
    if section is None:
        raise Http404
    what = request.POST.get("what", "")
    try:
        if what == "draft":
            number = services.draft_cards(session=session, section=section, by=by)
            words = ngettext(
                "%(count)d card of %(name)s is drafted.", "%(count)d cards of %(name)s are drafted.", number
            )
        elif what == "proof-read":
            seen = _written_at(request.POST.get("seen", ""))
            number = services.proof_read_cards(session=session, section=section, seen=seen, by=by)
            words = ngettext(
                "%(count)d card of %(name)s is proof-read.", "%(count)d cards of %(name)s are proof-read.", number
            )
        elif what == "publish":
            form = MomentForm(session, section, request.POST)
            if not form.is_valid():
                return form
            said = form.cleaned_data["moment"]
            services.ask_to_publish(session=session, section=section, published_at=said, by=by)
            number, words = 0, _("The cards of %(name)s are printed now, and published as they are.")
        else:
            raise Http404
    except SchoolOpsError as error:
        if not error.code.startswith("reports:"):
            raise
        return in_full(error)
    messages.success(request, about(section, words, count=number))
    return HttpResponseRedirect(request.get_full_path())


def _written_at(said: str) -> dt.datetime:
    """A moment as the page itself wrote it; what is none is long ago."""
    try:
        moment = dt.datetime.fromisoformat(said)
    except ValueError:
        return LONG_AGO
    return moment if moment.tzinfo is not None else LONG_AGO


@office_page(permission="marks.view", over="section")
def card(request: HttpRequest, card: UUID) -> HttpResponse:
    """One card as a PDF: a published one as it was published, another as a draft."""
    found = selectors.card_seen(card, "marks.view", by=actor(request))
    with working():
        content = services.print_card(found)
    return pdf_response(f"card-{found.version}.pdf", content)


@office_page(permission="marks.view", over="section")
def print_section(request: HttpRequest, exam_session: UUID, section: int, form: str) -> HttpResponse:
    """The latest cards of a section: one PDF for the printer, or a ZIP with one for each."""
    found = session_seen(exam_session, by=actor(request))
    there = _cards(request, found, section)
    if not there or form not in {"pdf", "zip"}:
        raise Http404
    with working():
        content = services.print_cards(there) if form == "pdf" else services.pack_cards(there)
    answer = pdf_response(f"cards.{form}", content)
    if form == "zip":
        answer.headers["Content-Type"] = "application/zip"
        answer.headers["Content-Disposition"] = 'attachment; filename="cards.zip"'
    return answer


@office_page(permission="exams.follow", over="student")
def transcript(request: HttpRequest, student: UUID) -> HttpResponse:
    """What is published of a student over years, as a PDF in the language of the reader."""
    with working():
        content = services.print_transcript(student=student, by=actor(request))
    return pdf_response("transcript.pdf", content)


class ReasonForAmending(DressedForm):
    """Why a published card gets another version."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=LONGEST_REASON, help_text=gettext_lazy("It stands on the new card.")
    )


@office_page(permission="cards.prepare", over="section")
def amend(request: HttpRequest, card: UUID) -> HttpResponse:
    """Another version of a published card."""
    by = actor(request)
    found = selectors.card_seen(card, "cards.prepare", by=by)
    back = reverse("office:cards", args=(found.session.sourced_id,))
    form = ReasonForAmending(posted(request))

    def do() -> str:
        services.amend_card(card=found, reason=form.cleaned_data["reason"], by=by)
        words = _("Another version for %(name)s is drafted. The present one stays public until it is published.")
        return about(found.student.full_name, words)

    title = _("Amend the card of %(student)s") % {"student": apart(found.student.full_name)}
    return asked(request, form, do, title=title, action=_("Draft another version"), back=back)


# --- what stands on cards ---------------------------------------------------------------------------------------------
class LinesField(forms.Field):
    """Up to so many lines, each as long as its column."""

    def __init__(self, *, most: int, longest: int, **more: Any) -> None:
        super().__init__(widget=forms.Textarea, **more)
        self.most, self.line = most, forms.CharField(max_length=longest)

    def clean(self, value: Any) -> list[str]:
        lines = [self.line.clean(composed(line)) for line in str(value or "").splitlines() if line.strip()]
        if len(lines) > self.most:
            raise forms.ValidationError(_("At most %d lines.") % self.most)
        return lines


class LayoutForm(DressedForm):
    """What stands on the cards of a grade level, or of all that have no layout of their own."""

    language = forms.ChoiceField(label=gettext_lazy("Language"))
    signatures = LinesField(label=gettext_lazy("Who signs, a line each"), required=False, most=4, longest=80)

    def __init__(self, *arguments: Any, blocks: Sequence[str], **more: Any) -> None:
        """``blocks``: those of now, which the form begins with, in their order."""
        super().__init__(*arguments, **more)
        language: Any = self.fields["language"]
        language.choices = list(LANGUAGES.items())
        places = {str(each): number for number, each in enumerate(blocks, start=1)}
        for block in dict.fromkeys([*places, *map(str, Block)]):
            self.fields[f"place-{block}"] = dressed(
                forms.IntegerField(
                    label=_("Place of: %(block)s") % {"block": BLOCKS[Block(block)]},
                    min_value=1, max_value=99, required=False, initial=places.get(block),
                    help_text=_("Lowest first; empty: not on the card."),
                )
            )  # fmt: skip
        self.order_fields(["language", *(name for name in self.fields if name.startswith("place-")), "signatures"])

    def values(self) -> dict[str, Any]:
        """The layout that was said: blocks by their numbers, equal ones as they stand in the form."""
        said = {name.removeprefix("place-"): place for name, place in self.cleaned_data.items() if "place-" in name}
        chosen = sorted((block for block in said if said[block]), key=lambda block: said[block])
        return {"blocks": chosen, **{name: self.cleaned_data[name] for name in ("language", "signatures")}}


@office_page(permission="cards.publish", over="everybody")
def layout(request: HttpRequest) -> HttpResponse:
    """What stands on report cards, by grade level."""
    levels = list(GradeLevel.objects.order_by("position", "pk"))
    key = whole_number(request.GET.get("level", ""))
    level = next((each for each in levels if each.pk == key), None)
    if key is not None and level is None:
        raise Http404
    present = CardLayout.objects.filter(grade_level=level).first() or CardLayout(blocks=list(CardLayout.Block))
    shown = {"language": present.language, "signatures": "\n".join(present.signatures)}
    form = LayoutForm(posted(request), initial=shown, blocks=present.blocks)
    if form.is_valid():
        said: Any = {"grade_level": level, "values": form.values(), "by": actor(request)}
        try:
            if request.POST.get("what") == "preview":
                return pdf_response("preview.pdf", services.preview_layout(**said))
            services.set_layout(**said)
        except SchoolOpsError as refusal:
            add_refusal(form, refusal, on={"reports:blocks-refused": "place-marks"})
        else:
            words = _("What stands on report cards of %(name)s is set. Cards that are published stay as they are.")
            messages.success(request, about(level or _("all grade levels"), words))
            return HttpResponseRedirect(request.get_full_path())
    context = {"form": form, "levels": levels, "level": level}
    status = 422 if form.errors else 200
    return render_page(
        request, "office/examinations/layout.html", context, title=_("What stands on report cards"), status=status
    )
