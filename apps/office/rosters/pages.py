"""Rosters in and out: a file is sent, what it would change is looked at, and then it is done, or taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from apps.access import selectors as access_selectors
from apps.exchange import selectors, services
from apps.exchange.errors import SheetsSeveral
from apps.exchange.models import Import, ImportRow
from apps.exchange.selectors.stops import RUNNING, stop_of
from apps.exchange.services.reading import notes
from apps.exchange.services.reading.books import SHEETS
from apps.exchange.services.reading.sheets import TEMPLATES
from apps.office.shell.fields import whole_number
from apps.office.shell.files import file_of
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full, translated
from apps.office.shell.words import FIELDS
from schoolops.errors import SchoolOpsError
from schoolops.resilience.heavy import heavy

VIEW, RUN, TAKE = selectors.VIEW, "imports.run", "exports.roster"
LATEST = 30
# In which a file may be read in another way.
CHANGEABLE = frozenset({Import.State.VALIDATED, Import.State.FAILED})

KINDS = {
    "institution": gettext_lazy("Campuses"),
    "year": gettext_lazy("Years"),
    "term": gettext_lazy("Terms"),
    "grade-level": gettext_lazy("Grades"),
    "homeroom-course": gettext_lazy("Homeroom courses"),
    "course": gettext_lazy("Courses"),
    "section": gettext_lazy("Sections"),
    "class": gettext_lazy("Classes"),
    "staff": gettext_lazy("Staff"),
    "student": gettext_lazy("Students"),
    "guardian": gettext_lazy("Guardians"),
    "guardian-link": gettext_lazy("Who is whose guardian"),
    "assignment": gettext_lazy("Who teaches what"),
    "place": gettext_lazy("Who is in which section and class"),
}
SOURCES = {
    Import.Source.ONEROSTER: gettext_lazy("OneRoster bundle"),
    Import.Source.STUDENTS: gettext_lazy("Students"),
    Import.Source.GUARDIANS: gettext_lazy("Guardians"),
    Import.Source.STAFF: gettext_lazy("Staff"),
    Import.Source.SECTIONS: gettext_lazy("Sections"),
}
# Kind of row → the page that invites such people, and what it is called.
INVITES = {
    "staff": ("staff", gettext_lazy("Invite staff without a login")),
    "guardian": ("guardians", gettext_lazy("Invite guardians without a login")),
}
ACTIONS = {
    "create": gettext_lazy("New"),
    "update": gettext_lazy("Changed"),
    "unchanged": gettext_lazy("Unchanged"),
    "error": gettext_lazy("Wrong"),
    "skip": gettext_lazy("Left alone"),
}
STATES = {
    Import.State.RECEIVED: gettext_lazy("Being read"),
    Import.State.VALIDATED: gettext_lazy("Waits for you to look at it"),
    Import.State.APPLYING: gettext_lazy("Being applied"),
    Import.State.APPLIED: gettext_lazy("Applied"),
    Import.State.FAILED: gettext_lazy("Could not be read"),
    Import.State.UNDOING: gettext_lazy("Being taken back"),
    Import.State.UNDONE: gettext_lazy("Taken back"),
    Import.State.STOPPED: gettext_lazy("Stopped half-way"),
    Import.State.EXPIRED: gettext_lazy("Nobody confirmed it in time"),
}
# What it was at, where nobody is at it any more; then why.
STOPPED = {
    Import.State.RECEIVED: gettext_lazy("Reading the file stopped"),
    Import.State.APPLYING: gettext_lazy("Stopped half-way"),
    Import.State.UNDOING: gettext_lazy("Taking it back stopped"),
}
WHY = {
    "dead": gettext_lazy("Its job failed at every try; the operators of SchoolOps see why."),
    "discarded": gettext_lazy("Its job was refused."),
    "cancelled": gettext_lazy("Its job was withdrawn."),
    "gone": gettext_lazy("It was broken off."),
}


class UploadForm(DressedForm):
    """A file, and what it is where it does not say."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("OneRoster or School Data Sync (ZIP), or a list as XLSX, ODS, XLS or CSV."),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("What it holds"),
        required=False,
        choices=[("", gettext_lazy("as the file says")), *SOURCES.items()],
    )


@office_page(permission=VIEW, over="school")
def rosters(request: HttpRequest) -> HttpResponse:
    """Send a file, and see what became of the others."""
    user = actor(request)
    may_run = _may(user, RUN)
    form = UploadForm(request.POST or None, request.FILES or None) if may_run else None
    if form is not None and request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            run = services.receive(
                file=sent.file, name=sent.name, source=form.cleaned_data["kind"], by=user, in_background=True
            )
        except SchoolOpsError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("“%(name)s” has come in and is read now.") % {"name": sent.name})
            return HttpResponseRedirect(_address(run.sourced_id))
    context = {
        "form": form,
        "imports": [(run, SOURCES.get(run.source, ""), _state_of(run)) for run in selectors.imports_for(user)[:LATEST]],
        "templates": [(source, SOURCES[Import.Source(source)]) for source in TEMPLATES],
        "may_take": _may(user, TAKE),
    }
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "office/rosters/rosters.html", context, title=_("Rosters in and out"), status=status)


def _state_of(run: Any) -> Any:
    """What the import is at, in words, as ``selectors.imports_for`` found it."""
    return STOPPED.get(run.state, STATES[Import.State.STOPPED]) if run.why else STATES[Import.State(run.state)]


def _may(user: Any, permission: str) -> bool:
    return permission in access_selectors.permissions_of(user)


def _address(id: UUID) -> str:  # noqa: A002 - the address's word
    return reverse("office:roster", args=[id])


@require_GET
@office_page(permission=VIEW, over="school")
def roster(request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
    """One import: what it would change, field by field, or how far it is, or what it did."""
    user = actor(request)
    run = selectors.import_of(id, by=user)
    asked = _asked(request)
    rows, following = selectors.page_of(
        selectors.rows_of(run, kind=asked["kind"], action=asked["action"], kept=asked["kept"], said=asked["q"]),
        after=asked["after"],
    )
    said = {name: value for name, value in asked.items() if value and name != "after"}
    counts = selectors.counts_of(run)
    stop = stop_of(run)
    context = {
        "run": run,
        "state": _state_of(run),
        "running": run.state in RUNNING and stop is None,
        "stop": stop,
        "why": "" if stop is None else WHY[stop.why],
        "counts": [(kind, KINDS[kind], [(action, found[action]) for action in ACTIONS]) for kind, found in counts],
        "kinds": [(kind, KINDS[kind]) for kind, _found in counts],
        "actions": ACTIONS.items(),
        "asked": asked,
        "rows": [
            (row, KINDS[row.kind], ACTIONS.get(row.action, row.action), _in_words(row, run), _told(row.errors))
            for row in rows
        ],
        "problem": _told([run.problem])[0] if run.problem else "",
        "more": urlencode({**said, "after": following}) if following else "",
        "changes": (changes := run.total("create") + run.total("update")),
        "stays": not changes and selectors.rows_of(run, kept=True).exists(),
        "wrong": run.total("error"),
        "may_run": _may(user, RUN),
        "notes": [translated(note["said"], note["facts"]) for note in run.notes],
        "mapping": _mapping(run),
        "kinds_asked": [(source, SOURCES[Import.Source(source)]) for source in TEMPLATES]
        if _may_be_read_anew(run)
        else [],
        "sheets_asked": _sheets(run),
        "orders_asked": _orders(run),
        "by_hand": _by_hand(run) if _may_be_taken(run) else [],
        "alike": selectors.alike(run) if run.state in CHANGEABLE and run.total("error") else [],
        "invites": _invites(run) if run.state == Import.State.APPLIED and _may(user, "accounts.manage") else [],
    }
    return render_page(
        request, "office/rosters/roster.html", context, title=_("Import of %(file)s") % {"file": run.file_name}
    )


def _invites(run: Import) -> list[tuple[str, Any]]:
    """Pages that let people in, where the import brought some."""
    brought = [kind for kind in INVITES if run.counts.get(kind, {}).get("create")]
    return [(reverse("office:invite", args=[INVITES[kind][0]]), INVITES[kind][1]) for kind in brought]


def _in_words(row: ImportRow, run: Import) -> list[selectors.Difference]:
    """What a row changes, each field called what the office calls it; what is taken in all rows is not asked of one."""
    return [
        replace(
            difference,
            field=_field(difference.field),
            may_be_taken=difference.may_be_taken and run.takes.get(f"{row.kind}.{difference.name}") is not True,
        )
        for difference in selectors.differences(row)
    ]


def _field(name: str) -> str:
    return capfirst(str(FIELDS.get(name, name.replace("_", " "))))


def _told(kept: Iterable[Mapping[str, Any]]) -> list[str]:
    """What was wrong, one line each, in the reader's language."""
    return [
        "{column}{sentence} {remedy}".format(
            column=f"{each['column']}: " if each.get("column") else "",
            # Releases before kept the English sentence alone.
            sentence=translated(each.get("said") or each.get("message") or each["detail"], each.get("facts", {})),
            remedy=translated(each.get("remedy", ""), {}),
        ).strip()
        for each in kept
    ]


def _asked(request: HttpRequest) -> dict[str, Any]:
    after = request.GET.get("after", "")
    kind, action = request.GET.get("kind", ""), request.GET.get("action", "")
    return {
        "kind": kind if kind in KINDS else "",
        "action": action if action in ImportRow.Action.values else "",
        "kept": request.GET.get("kept", "") == "1",
        "q": request.GET.get("q", "").replace("\0", "").strip()[:100],
        "after": whole_number(after) or 0,
    }


def _mapping(run: Import) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """(header, field, fields it may hold) of a file that has not been applied."""
    if run.state not in CHANGEABLE or run.cleared_at is not None:
        return []
    return [(header, field, [*may.items()]) for header, field, may in selectors.columns_asked(run)]


def _may_be_taken(run: Import) -> bool:
    """Whether the file's values can still be asked for over what a person set."""
    return run.state == Import.State.VALIDATED and run.cleared_at is None


def _by_hand(run: Import) -> list[tuple[str, Any, str, int, bool]]:
    """(name of its box, kind, field in words, rows, whether the file's is taken in all) of what a person set."""
    return [
        (
            f"{each.kind}.{each.field}",
            KINDS[each.kind],
            _field(each.field),
            each.kept + each.taken,
            run.takes.get(f"{each.kind}.{each.field}") is True,
        )
        for each in selectors.set_by_hand(run)
    ]


def _may_be_read_anew(run: Import) -> bool:
    """Whether it is a list that may be one of other people or things than it was taken for."""
    return run.state in CHANGEABLE and run.cleared_at is None and run.source in TEMPLATES and bool(run.headers)


def _sheets(run: Import) -> list[str]:
    """The sheets of which one is meant, where that was asked."""
    problem = run.problem or {}
    several = problem.get("code") == SheetsSeveral.code and run.cleared_at is None
    return str(problem["facts"]["sheets"]).split(SHEETS) if several else []


def _orders(run: Import) -> list[tuple[str, Any]]:
    """How the file's days may be written, the one that was said first, where no day of it says."""
    silent = any(each["said"] in {notes.ORDER_ASKED, notes.ORDER_SAID} for each in run.notes)
    if not silent or run.state not in CHANGEABLE or run.cleared_at is not None:
        return []
    words = {"D/M": _("the day first: 31/12/2026"), "M/D": _("the month first: 12/31/2026")}
    said = next((each["facts"].get("order", "") for each in run.notes if each["said"] == notes.ORDER_SAID), "")
    return sorted(words.items(), key=lambda each: each[0] != said)


@require_POST
@office_page(permission=RUN, over="school")
def map_headers(request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
    """What each header means, for this file and the next ones; or what it holds after all, or which sheet is meant."""
    run = selectors.import_of(id, by=actor(request))
    headers = filter(None, run.headers)
    said = {
        header: given for at, header in enumerate(headers) if (given := request.POST.get(f"header-{at}")) is not None
    }
    # A refusal says what was sent.
    kind, sheet, order = (request.POST.get(name, "")[:100] for name in ("source", "sheet", "day_order"))
    same = {
        pk: request.POST[f"same-{pk}"] == "1" for pk, *_said in selectors.alike(run) if request.POST.get(f"same-{pk}")
    }
    again = _("“%(name)s” is read again.") % {"name": run.file_name}
    return _step(
        request,
        run,
        lambda: services.map_headers(
            run=run,
            mapping=said,
            source=kind,
            sheet=sheet,
            day_order=order,
            same=same,
            by=actor(request),
            in_background=True,
        ),
        again,
    )


@require_POST
@office_page(permission=RUN, over="school")
def take(request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
    """Take the file's values in columns, or in rows, where a person set ours; what is not ticked stays.

    Of rows that are on other pages of the list what was said before holds.
    """
    run = selectors.import_of(id, by=actor(request))
    wanted: dict[str, Any] = {
        of: [*where] for of, where in selectors.taken_in_rows(run, but=request.POST.getlist("shown")).items()
    }
    for cell in request.POST.getlist("cell"):
        pk, _colon, of = cell.partition(":")
        if (number := whole_number(pk)) is not None:
            wanted.setdefault(of, []).append(number)
    wanted |= dict.fromkeys(request.POST.getlist("column"), True)
    return _step(
        request,
        run,
        lambda: services.map_headers(run=run, mapping={}, take=wanted, by=actor(request), in_background=True),
        _("“%(name)s” is read again.") % {"name": run.file_name},
    )


@require_POST
@office_page(permission=RUN, over="school")
def confirm(request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
    """Let it be done."""
    run = selectors.import_of(id, by=actor(request))
    skip, seen = request.POST.get("skip_errors") == "1", whole_number(request.POST.get("reading", ""))
    # A form without it is of a page that nobody has looked at.
    reading = -1 if seen is None else seen
    return _step(
        request,
        run,
        lambda: services.confirm(run=run, reading=reading, skip_errors=skip, by=actor(request), in_background=True),
        _("The changes of “%(name)s” are made now.") % {"name": run.file_name},
    )


@require_POST
@office_page(permission=RUN, over="school")
def go_on(request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
    """Let it go on where it stopped."""
    run = selectors.import_of(id, by=actor(request))
    said = _("“%(name)s” goes on where it stopped.") % {"name": run.file_name}
    return _step(request, run, lambda: services.go_on(run=run, by=actor(request), in_background=True), said)


@require_POST
@office_page(permission=RUN, over="school")
def undo(request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
    """Take it back."""
    run = selectors.import_of(id, by=actor(request))
    said = _("What “%(name)s” changed is taken back now.") % {"name": run.file_name}
    return _step(request, run, lambda: services.begin_undo(run=run, by=actor(request), in_background=True), said)


def _step(request: HttpRequest, run: Import, step: Any, done: str) -> HttpResponse:
    try:
        step()
    except SchoolOpsError as error:
        messages.error(request, in_full(error))
    else:
        messages.success(request, done)
    return HttpResponseRedirect(_address(run.sourced_id))


@require_GET
@office_page(permission=VIEW, over="school")
@heavy
def errors(request: HttpRequest, id: UUID, form: str) -> HttpResponse:  # noqa: A002
    """What is wrong with which cell, as a file to send back to whoever made the roster."""
    run = selectors.import_of(id, by=actor(request))
    return cast("HttpResponse", file_of(form, "import-errors", selectors.ERROR_COLUMNS, selectors.errors_of(run)))


@require_GET
@office_page(permission=TAKE, over="school")
@heavy
def template(request: HttpRequest, kind: str, form: str) -> HttpResponse:
    """A template of ours; ``?empty=1`` without rows."""
    if kind not in TEMPLATES:
        raise Http404
    pages = services.template_pages(source=kind, by=actor(request))
    rows = iter(()) if request.GET.get("empty") else pages
    return cast("HttpResponse", file_of(form, kind, services.template_headers(kind), rows))


@require_GET
@office_page(permission=TAKE, over="school")
@heavy
def bundle(request: HttpRequest) -> Any:
    """The whole roster as a OneRoster 1.2 bundle."""
    file = services.bundle_file(by=actor(request))
    return FileResponse(file, as_attachment=True, filename="roster.zip", content_type="application/zip")
