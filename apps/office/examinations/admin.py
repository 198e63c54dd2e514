"""Exam sessions and grading scales."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.examinations import selectors, services
from apps.examinations.models import ExamSession, GradeBand, GradingScale
from apps.examinations.services import NewBand
from apps.examinations.services.sessions import MOVES
from apps.office.shell.acts import Act
from apps.office.shell.base import ServiceAdmin
from apps.office.shell.fields import MomentField, about
from apps.office.shell.forms import ActForm, NoQuestions, ReasonForm, SeenForm, ServiceForm
from apps.office.shell.permitted import ReadOnlyInline
from apps.office.shell.site import actor, office
from schoolops import clock

State = ExamSession.State


# --- sessions ---------------------------------------------------------------------------------------------------------
class SessionForm(ServiceForm):
    """An exam session."""

    refusals: ClassVar[Any] = {"examinations:session-name-taken": "name"}


class NextForm(SeenForm):
    """What a session becomes next."""

    state = forms.ChoiceField(label=gettext_lazy("It becomes"), widget=forms.RadioSelect)

    def prepared(self, row: ExamSession, by: User) -> None:
        words = dict(State.choices)
        field: Any = self.fields["state"]
        field.choices = [(each, _(str(words[each]))) for each in MOVES[row.state] if each != State.CANCELLED]


class PublicationForm(SeenForm):
    """From which moment on families see the timetable, and the results; by the clock of the campus."""

    timetable_published_at = MomentField(label=gettext_lazy("Families see the timetable from"), required=False)
    results_published_at = MomentField(label=gettext_lazy("Families see the results from"), required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)

    def prepared(self, row: ExamSession, by: User) -> None:
        zone = ZoneInfo(row.term.year.institution.timezone)
        here = timezone.localtime(clock.now(), zone)
        for name in ("timetable_published_at", "results_published_at"):
            moment = getattr(row, name)
            self.initial[name] = f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}" if moment is not None else None
            self.fields[name].help_text = _("Empty: they do not. It is %(now)s there now.") % {"now": f"{here:%H:%M}"}

    def clean(self) -> dict[str, Any]:
        """Moments of the campus, for the form reads them in the time of the school."""
        said: dict[str, Any] = self.cleaned_data
        zone = ZoneInfo(self.row.term.year.institution.timezone)
        for name in ("timetable_published_at", "results_published_at"):
            if (moment := said.get(name)) is None:
                continue
            there = timezone.make_naive(moment)
            kept = getattr(self.row, name)
            said[name] = there.replace(tzinfo=zone).astimezone(dt.UTC)
            if not clock.in_reach(there.date()):
                self.add_error(name, forms.DateField.default_error_messages["invalid"])
            elif kept is not None and f"{kept.astimezone(zone):%Y-%m-%dT%H:%M}" == f"{there:%Y-%m-%dT%H:%M}":
                # As it was, to the second.
                said[name] = kept
        return said


class CancelForm(SeenForm, ReasonForm):
    """Why the session that was looked at is cancelled."""


def _add_session(said: dict[str, Any], by: User) -> Model:
    made: Model = services.add_session(term=said.pop("term"), values=said, by=by)
    return made


def _change_session(row: ExamSession, said: dict[str, Any], version: int | None, by: User) -> None:
    services.change_session(session=row.sourced_id, values=said, expected_version=version, by=by)


def _remove_session(row: ExamSession, by: User) -> None:
    services.remove_session(session=row.sourced_id, by=by)


def _move(row: ExamSession, said: dict[str, Any], by: User) -> str:
    moved = services.move_session(
        session=row.sourced_id, state=said["state"], expected_version=said["seen_version"], by=by
    )
    return _("%(session)s: %(state)s.") % {"session": row.name, "state": _(str(State(moved.state).label))}


def _cancel(row: ExamSession, said: dict[str, Any], by: User) -> str:
    seen, reason = said["seen_version"], said["reason"]
    services.move_session(session=row.sourced_id, state=State.CANCELLED, reason=reason, expected_version=seen, by=by)
    return about(row.name, _("%(name)s is cancelled."))


def _publish(row: ExamSession, said: dict[str, Any], by: User) -> str:
    seen = said.pop("seen_version")
    services.set_publication(session=row.sourced_id, **said, expected_version=seen, by=by)
    return about(row.name, _("What families see of %(name)s is set."))


@admin.register(ExamSession, site=office)
class SessionAdmin(ServiceAdmin):
    """Exam sessions: set up, moved on, published, cancelled. Their papers stand on a page of their own."""

    one, many = gettext_lazy("exam session"), gettext_lazy("exam sessions")
    none = gettext_lazy("There is no exam session yet. Add one; its papers come next.")
    words: ClassVar[Any] = {
        "term": gettext_lazy("term"),
        "weight": gettext_lazy("weight"),
        "timetable_published_at": gettext_lazy("timetable for families from"),
        "results_published_at": gettext_lazy("results for families from"),
    }
    sees, manages = "exams.view", "exams.manage"
    over = "section"
    joined = ("term__year__institution",)
    only_at_first = ("term",)
    form = SessionForm
    add = _add_session
    change = _change_session
    one_at_a_time = "A few a year, each with days and rules of its own."
    remove = _remove_session
    fields = ("term", "name", "kind", "weight")
    list_display = ("name", "term", "kind", "stands", "timetable_published_at", "results_published_at")
    list_filter = ("state", "kind")
    search_fields = ("name",)
    ordering = ("-term__starts_on", "-pk")
    acts = (
        Act(
            "move", gettext_lazy("Move on"), manages, _move, NextForm,
            applies=lambda row: row.state != State.CANCELLED,
            explanation=gettext_lazy("Marks are entered while it is held or marking; with moderation results follow."),
        ),
        Act(
            "publish", gettext_lazy("Publish"), "exams.publish", _publish, PublicationForm,
            applies=lambda row: row.state not in (State.DRAFT, State.CANCELLED),
            explanation=gettext_lazy("A moment may lie ahead. Before it nobody of a family is told anything."),
        ),
        Act(
            "cancel", gettext_lazy("Cancel this session"), manages, _cancel, CancelForm,
            applies=lambda row: row.state != State.CANCELLED,
            explanation=gettext_lazy("A cancelled session stays so. Its rooms and people are free again."),
        ),
    )  # fmt: skip

    def reached(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if not self._holds(request, self.sees):
            return rows.none()
        return rows.filter(pk__in=selectors.sessions_seen(by=actor(request)).values("pk"))

    @admin.display(description=gettext_lazy("where it stands"))
    def stands(self, row: ExamSession) -> str:
        return _(str(row.state_at(clock.now()).label))

    def ways_from(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        papers = reverse("office:exam-session", args=(row.sourced_id,))
        return [{"title": _("Papers and marks"), "address": papers}, *super().ways_from(request, row)]


# --- scales -----------------------------------------------------------------------------------------------------------
# Rows for bands in a form: those there are, and some more.
SPARE, MOST_BANDS = 4, 40
COLUMNS = (
    ("code", gettext_lazy("Grade"), 20),
    ("lower", gettext_lazy("From percent"), 10),
    ("name", gettext_lazy("In words"), 100),
    ("points", gettext_lazy("Grade points"), 10),
)


class BandsWidget(forms.Widget):
    """A table with a row for each band; rows without a grade are none."""

    use_fieldset = True

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[dict[str, str]]:
        return list(self._rows(data, name))

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return f"{name}-0-code" not in data

    def _rows(self, data: Mapping[str, Any], name: str) -> Iterator[dict[str, str]]:
        for number in range(MOST_BANDS):
            row = {column: str(data.get(f"{name}-{number}-{column}", "")).strip() for column, _, _ in COLUMNS}
            row["fails"] = str(data.get(f"{name}-{number}-fails", ""))
            if any(row.values()):
                yield row

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        given = [*(value or []), *[{}] * SPARE][:MOST_BANDS]
        has = attrs or {}
        where = has.get("id", "")
        head = format_html_join("", '<th scope="col">{}</th>', [(title,) for _, title, _ in COLUMNS])
        rows = []
        for number, row in enumerate(given):
            cells = format_html_join(
                "",
                '<td><input class="office-input office-wide" name="{}-{}-{}" value="{}" maxlength="{}"'
                ' dir="auto" aria-label="{} {}"></td>',
                [
                    (name, number, column, row.get(column, ""), most, title, number + 1)
                    for column, title, most in COLUMNS
                ],
            )
            fails = format_html(
                '<td><input type="checkbox" name="{}-{}-fails" value="1" aria-label="{} {}"{}></td>',
                name, number, _("Fails"), number + 1, SafeString(" checked") if row.get("fails") else "",
            )  # fmt: skip
            rows.append((cells, fails))
        body = format_html_join("", "<tr>{}{}</tr>", rows)
        described = format_html(' aria-describedby="{}_error"', where) if "aria-invalid" in has else ""
        return format_html(
            '<div class="office-scroll" role="group" aria-label="{}"{}><table class="office-table" id="{}"><thead>'
            '<tr>{}<th scope="col">{}</th></tr></thead><tbody>{}</tbody></table></div>',
            _("Bands"), described, where, head, _("Fails"), body,
        )  # fmt: skip


class BandsField(forms.Field):
    """The bands of a scale, as ``services.NewBand``."""

    def __init__(self, **more: Any) -> None:
        super().__init__(widget=BandsWidget, **more)

    def clean(self, value: list[dict[str, str]]) -> list[NewBand]:
        bands, wrong = [], []
        text = {column: forms.CharField(max_length=most, required=column == "code") for column, _, most in COLUMNS}
        for number, row in enumerate(value, start=1):
            try:
                code, name = text["code"].clean(row["code"]), text["name"].clean(row["name"])
                points = _number(row["points"], 2) if row["points"] else None
                lower = _number(row["lower"], 3)
            except forms.ValidationError as error:
                wrong += [_("Row %(number)d: %(what)s") % {"number": number, "what": each} for each in error.messages]
            else:
                bands.append(NewBand(code, lower, name, points, not row["fails"]))
        if wrong:
            raise forms.ValidationError(wrong)
        if not bands:
            raise forms.ValidationError(_("A scale has bands."))
        return bands


def _number(said: str, places: int) -> Decimal:
    """A number of at most three digits before its point, which may be a comma. Raises ``ValidationError``."""
    found: Decimal = forms.DecimalField(min_value=0, max_digits=3 + places, decimal_places=places).clean(
        selectors.plain(said)
    )
    return found


class ScaleForm(ServiceForm):
    """A scale with its bands."""

    bands = BandsField(label=gettext_lazy("Bands"), required=True)
    refusals: ClassVar[Any] = {"examinations:scale-name-taken": "name"}


class VersionForm(ActForm):
    """What the next version of a scale says."""

    kind = forms.ChoiceField(label=gettext_lazy("kind"))
    decimals = forms.IntegerField(label=gettext_lazy("Decimal places of a percentage"), min_value=0, max_value=3)
    bands = BandsField(label=gettext_lazy("Bands"))

    def prepared(self, row: GradingScale, by: User) -> None:
        kinds: Any = self.fields["kind"]
        kinds.choices = [(value, _(str(word))) for value, word in GradingScale.Kind.choices]
        bands = [_shown(band) for band in row.bands.all()]
        self.initial.update(kind=row.kind, decimals=row.decimals, bands=bands)


def _shown(band: GradeBand) -> dict[str, str]:
    plain = {"lower": band.lower, "points": band.points}
    numbers = {name: "" if value is None else f"{value.normalize():f}" for name, value in plain.items()}
    return {"code": band.code, "name": band.name, **numbers, "fails": "" if band.passing else "1"}


def _add_scale(said: dict[str, Any], by: User) -> Model:
    made: Model = services.add_scale(**said, by=by)
    return made


def _new_version(row: GradingScale, said: dict[str, Any], by: User) -> str:
    made = services.add_scale_version(scale=row.sourced_id, **said, by=by)
    return _("%(scale)s is at version %(version)d. Papers that are set keep theirs.") % {
        "scale": made.name,
        "version": made.version,
    }


def _retire(row: GradingScale, _said: dict[str, Any], by: User) -> str:
    services.retire_scale(scale=row.sourced_id, by=by)
    return about(row.name, _("No new paper is graded by %(name)s."))


class BandInline(ReadOnlyInline):
    """The bands of a version."""

    model = GradeBand
    sees = "exams.view"
    over = "everybody"
    fields = ("code", "lower", "name", "points", "passing")
    words: ClassVar[Any] = {**{column: title for column, title, _ in COLUMNS}, "passing": gettext_lazy("passes")}
    verbose_name_plural = gettext_lazy("bands")


@admin.register(GradingScale, site=office)
class ScaleAdmin(ServiceAdmin):
    """Grading scales in their versions; a change is another version."""

    one, many = gettext_lazy("grading scale"), gettext_lazy("grading scales")
    none = gettext_lazy("There is no grading scale yet. Without one marks are numbers; add one for letters or words.")
    words: ClassVar[Any] = {
        "version": gettext_lazy("version"),
        "decimals": gettext_lazy("decimal places of a percentage"),
    }
    sees, manages = "exams.view", "exams.configure"
    over = "everybody"
    form = ScaleForm
    add = _add_scale
    fields = ("name", "kind", "decimals")
    list_display = ("name", "version", "kind", "decimals", "retired")
    list_filter = ("retired", "kind")
    search_fields = ("name",)
    inlines = (BandInline,)
    acts = (
        Act(
            "version", gettext_lazy("New version"), manages, _new_version, VersionForm,
            applies=lambda row: not row.retired,
            explanation=gettext_lazy("The present version stays with the papers that are graded by it."),
        ),
        Act(
            "retire", gettext_lazy("Take out of use"), manages, _retire, NoQuestions,
            applies=lambda row: not row.retired,
        ),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj is not None else (*self.fields, "bands")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj is not None else ()
