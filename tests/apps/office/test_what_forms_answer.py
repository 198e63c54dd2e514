"""Every form of the office: what is refused of a field stands at it, and what was done is said in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.forms import BaseForm, BaseFormSet

from schoolops.context import inside
from tests.api.ground import Ground
from tests.apps.office.test_whatever_is_typed import NUMBERS, PAGES, Found, _forms, _names, _send, found, ground

__all__ = ["found", "ground"]
# What nobody can mean, by the kind of field; others are sent empty.
CHOSEN = ("select", "select multiple", "date", "time", "datetime-local", "number", "email", "radio")


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


def _sentences(ground: Ground, found: Found) -> tuple[int, list[str]]:
    """How many forms were taken as they stand, by each of their buttons, and which of them said nothing then."""
    silent, taken = [], 0
    for to, form in found:
        for name, value in form.buttons or [("", "")]:
            answer = _send(ground, to, form, {name: [value]} if name else {})
            if answer.status_code in {302, 303}:
                taken += 1
                if not list(get_messages(answer.wsgi_request)):
                    silent.append(f"{re.sub(NUMBERS, '#', to)} {name}={value}".rstrip(" ="))
    return taken, silent


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
def test_whatever_is_written_is_said(ground: Ground, found: Found) -> None:
    with inside(ground.oak):
        taken, silent = _sentences(ground, found)
    assert silent == []
    assert taken > 50
