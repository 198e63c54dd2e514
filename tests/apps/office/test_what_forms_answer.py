"""Every form of the office: what is refused of a field stands at it; what was done is said, and with whom or what."""

from __future__ import annotations

import ast
import datetime as dt
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.contrib.messages import get_messages
from django.db import transaction
from django.db.models import ForeignKey, Model
from django.forms import BaseForm, BaseFormSet
from django.utils.formats import date_format

from schoolops.audit.models import AuditEntry
from schoolops.context import inside
from tests.api.ground import TODAY, Ground
from tests.apps.office.forms import Form
from tests.apps.office.test_whatever_is_typed import NUMBERS, PAGES, Found, _ask, _forms, _names, _send, found, ground

__all__ = ["found", "ground"]
# What is written into a field that stands empty, by its kind.
FILLED = {
    "text": "Seven", "textarea": "Seven", "email": "seven@example.org", "number": "7", "date": f"{TODAY}",
    "time": "09:00", "tel": "+441632960007", "search": "Seven",
}  # fmt: skip
# Sentences that name nothing: why.
NAMELESS = {
    "Your password is set. Log in with it.": "one's own",
    "If this login exists and has an e-mail address, a link is on its way to it.": "nobody learns here who has a login",
    "Your password is changed. Every other login of yours has ended.": "one's own",
    "Support has ended. The school reads in its trail who was here.": "the session that has just ended",
    "Everything outgoing is held.": "everything is what it is about",
    "Hours and limits are saved.": "there is one of it",
    "What families see is saved. It holds from the next click of every family.": "there is one of it",
    "Results are made so from now on. What was computed or published stays.": "there is one of it",
}
# What nobody can mean, by the kind of field; others are sent empty.
CHOSEN = ("select", "select multiple", "date", "time", "datetime-local", "number", "email", "radio")
# What else people know a row by.
CALLED = ("name", "full_name", "title", "file_name", "address")
# Forms whose sentence names something else than what the trail hangs on: what.
OTHERWISE = {
    "/office/exams/#/remarks/#/": "the section; the trail is the session's",
    "/office/exams/papers/#/remarks/": "the paper; the trail is the session's",
}


class _Said(HTMLParser):
    """What a page says of its fields: name → ids of what describes those that are wrong; and all ids that it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.wrong: dict[str, set[str]] = {}
        self.ids: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        self.ids.add(has.get("id", ""))
        if has.get("aria-invalid") == "true":
            self.wrong.setdefault(has.get("name", ""), set()).update(has.get("aria-describedby", "").split())


def _asked(answer: Any) -> list[BaseForm]:
    """Every form that the page has read, wherever its view keeps it."""
    asked: dict[int, BaseForm] = {}

    def look(value: Any) -> None:
        if isinstance(value, BaseForm):
            asked[id(value)] = value
        elif isinstance(value, BaseFormSet):
            look(value.forms)
        elif isinstance(value, list | tuple):
            for each in value:
                look(each)
        elif isinstance(value, dict):
            look(list(value.values()))

    for context in answer.context or ():
        for values in context:
            for name, value in dict(values).items():
                look(value.form if name == "adminform" else value)
    return [each for each in asked.values() if each.is_bound]


def _amiss(answer: Any) -> Iterator[str]:
    """What is wrong with the page that refuses."""
    if "text/html" not in answer.headers["Content-Type"] or answer.status_code in {302, 303, 403, 404}:
        return
    said, asked = _Said(answer.content.decode()), _asked(answer)
    for form in asked:
        for field in (form[name] for name in form.errors if name in form.fields):
            at = f"{field.auto_id}_error"
            if field.is_hidden:
                continue
            if at not in said.ids:
                yield f"{field.html_name}: its refusal stands elsewhere"
            elif not field.use_fieldset and at not in said.wrong.get(field.html_name, ()):
                yield f"{field.html_name} does not say that its refusal describes it"
    if answer.status_code == 422 and not said.wrong and not any(form.errors for form in asked):
        yield "no field says that it is wrong"


def _refusals(ground: Ground, found: Found) -> tuple[int, list[str]]:
    wrong, sent = [], 0
    for to, form in found:
        kinds = {name: form.kinds[name] for name in _names(form) if form.kinds[name] != "hidden"}
        for typed in (
            {name: ["nope" if kind in CHOSEN else ""] for name, kind in kinds.items()},
            {name: [""] for name in kinds},
        ):
            sent += 1
            answer = _send(ground, to, form, typed)
            wrong += [f"{re.sub(NUMBERS, '#', to)}: {each}" for each in _amiss(answer)]
    return sent, wrong


def _filled(form: Form) -> dict[str, list[str]]:
    """The form with something in each field that stood empty."""
    said = {**form.said}
    for name, kind in form.kinds.items():
        if not any(said.get(name, ())):
            offered = form.offered.get(name, [])[:1]
            if value := offered or ([FILLED[kind]] if kind in FILLED else []):
                said[name] = value
    return said


def _plain(text: object) -> str:
    return re.sub("[\u2066-\u2069]", "", str(text)).casefold()


def _names_of(row: Model) -> Iterator[str]:
    """What ``row`` is called, and what it is of."""
    yield from str(row).split(" · ")
    yield from (
        str(getattr(row, name)) for name in ("name", "full_name", "title", "file_name", "address") if hasattr(row, name)
    )
    for field in row._meta.concrete_fields:
        if isinstance(field, ForeignKey) and not field.name.endswith("by") and getattr(row, field.attname) is not None:
            yield from str(getattr(row, field.name)).split(" · ")


def _called(entry: AuditEntry) -> set[str]:
    """What people call that of which a line of the trail tells, as far as it is there now."""
    model = apps.get_model(entry.object_type)
    key = "sourced_id" if any(field.name == "sourced_id" for field in model._meta.fields) else "pk"
    names = [str(value) for value in {**(entry.before or {}), **(entry.after or {})}.values() if isinstance(value, str)]
    names += [date_format(dt.date.fromisoformat(name)) for name in names if re.fullmatch(r"\d{4}-\d\d-\d\d", name)]
    for row in model._default_manager.filter(**{key: entry.object_id}):
        names += _names_of(row)
    return {_plain(name) for name in names if len(name) > 1}


def _said_of(ground: Ground, to: str, said: dict[str, list[str]]) -> tuple[bool, list[str], set[str]]:
    """Whether the form was taken; what was said then; and what the first things are called that were written."""
    pairs = [(name, each) for name, values in said.items() for each in values]
    with transaction.atomic():
        last = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        answer = _ask(ground, "post", to, urlencode(pairs), "application/x-www-form-urlencoded")
        taken = answer.status_code in {302, 303}
        # Of this answer alone: what was said before stands in the browser still.
        told = [_plain(each) for each in get_messages(answer.wsgi_request)._queued_messages]  # type: ignore[attr-defined]
        written = list(AuditEntry.objects.filter(pk__gt=last).order_by("pk")[:5]) if taken else []
        names = {name for entry in written for name in _called(entry)}
        transaction.set_rollback(True)
    # What was removed is there again.
    return taken, told, names | {name for entry in written for name in _called(entry)}


def _sentences(ground: Ground, found: Found) -> tuple[int, list[str], list[str]]:
    """How many forms were taken, by each of their buttons; which said nothing then, and which not of whom or what."""
    silent, nameless, taken = [], [], 0
    excused = {_plain(each) for each in NAMELESS}
    for to, form in found:
        for name, value in form.buttons or [("", "")]:
            for said in (form.said, _filled(form)):
                done, told, names = _said_of(ground, to, {**said, **({name: [value]} if name else {})})
                what = f"{re.sub(NUMBERS, '#', to)} {name}={value}".rstrip(" =")
                taken += done
                if done and not told:
                    silent.append(what)
                elif names and what not in OTHERWISE and not any(each in text for text in told for each in names):
                    nameless += [f"{what}: {text}" for text in told if text not in excused]
    return taken, sorted({*silent}), sorted({*nameless})


def test_a_refusal_stands_at_its_field(ground: Ground) -> None:
    with inside(ground.oak):
        sent, wrong = _refusals(ground, _forms(ground, pages=PAGES))
    assert wrong == []
    assert sent > 40


@pytest.mark.proof
def test_every_refusal_stands_at_its_field(ground: Ground, found: Found) -> None:
    with inside(ground.oak):
        sent, wrong = _refusals(ground, found)
    assert wrong == []
    assert sent > 200


@pytest.mark.proof
def test_whatever_is_written_is_said_and_of_whom_or_what(ground: Ground, found: Found) -> None:
    with inside(ground.oak):
        taken, silent, nameless = _sentences(ground, found)
    assert silent == []
    assert not nameless, "\n".join(nameless)
    assert taken > 100


def _worded(told: ast.AST, function: ast.AST) -> Iterator[str]:
    """The sentences that may be said there, also by a name that the function gives them."""
    for node in ast.walk(told):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"_", "gettext", "ngettext"}:
            yield from (
                each.value for each in node.args if isinstance(each, ast.Constant) and str(each.value).endswith(".")
            )
        if isinstance(node, ast.Name):
            for given in ast.walk(function):
                if isinstance(given, ast.Assign) and any(getattr(to, "id", "") == node.id for to in given.targets):
                    yield from _worded(given.value, ast.Pass())


def test_each_sentence_about_a_write_has_a_place_for_a_name() -> None:
    said = set()
    for path in Path("apps/office").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in {"messages.success", "about"}:
                    said.update(_worded(node.args[1], function))
    assert len(said) > 60
    assert {each for each in said if not re.search(r"%\((name|names|email|student|school)\)s", each)} == {*NAMELESS}
