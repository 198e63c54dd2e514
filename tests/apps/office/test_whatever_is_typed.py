"""Every form of the office × each of its fields × whatever can be sent: refused where it stands, and never a 500."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.messages import ERROR, get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.forms import BaseForm
from django.test import Client, override_settings

from apps.office.models import SavedFilter
from apps.office.shell.site import office as site
from schoolops import clock
from schoolops.context import inside, nowhere
from schoolops.tenancy.models import School
from tests.api.addresses import pages
from tests.api.ground import TODAY, Ground, lay_out
from tests.apps.office.forms import Form, forms_on
from tests.factories import people

# What is typed, or sent by who does not use our pages; of a list of texts all stand under one name.
TYPED: dict[str, list[str]] = {
    "a word": ["nope"],
    "nothing": [""],
    "NUL": ["a\0b"],
    "half a pair": ["a\ud800b"],
    "2⁶³": ["9223372036854775808"],
    "minus one": ["-1"],
    "400 digits": ["9" * 400],
    "300 kB": ["x" * 300_000],
    "many": ["nope", "7", "nope"],
    "a day of no month": ["2026-02-31"],
    "an id of nothing": ["00000000-0000-7000-8000-000000000007"],
    "a number of nothing": ["999999999"],
    "another school's": [],  # Its student's, once there is one.
}
# What nobody can choose, whatever there is to choose from, nor mean by a day, a time or a number.
CHOSEN = {"select", "select multiple", "date", "time", "number"}
NEVER_CHOSEN = ("a word", "NUL", "half a pair", "300 kB", "another school's", "an id of nothing")
# What differs from one row to the next.
NUMBERS = r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+"
# Of every run: one page in so many, since each has to be read first, and of what can be sent to it one in so many.
PAGES, VALUES = 4, 15
# Fields that tell a page how it was shown, and those that our pages fill in by themselves.
OURS = {"csrfmiddlewaretoken"}
ANONYMOUS = {"office/login/", "office/forgotten/", "redeem", "support", "office/logout/", "language/", ""}
# It asks the gateway for cards, which nobody does inside a transaction such as this walk is.
OUTSIDE = {"office/fees/cards/try/"}


@pytest.fixture(scope="module")
def ground(
    _schools: dict[str, School], django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    folder: Path = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=folder), transaction.atomic():
        made = lay_out(_schools["oak"], _schools["elm"])
        with inside(made.oak):
            saved = SavedFilter.objects.create(
                user=made.people["A"], listed="students.student", name="Mine", query="q=a"
            )
            made.rows["filter"] = saved
            made.client.force_login(made.people["A"], backend="apps.accounts.backends.LoginBackend")
        TYPED["another school's"] = [str(made.rows["at_elm"].sourced_id)]
        yield made
        transaction.set_rollback(True)


# --- which pages there are --------------------------------------------------------------------------------------------
def _rows(ground: Ground) -> dict[str, Any]:
    """What stands for ``<name>`` in a route: by the words before it, else by its name alone."""
    at, rows = ground.at, ground.rows
    return {
        "filters/<uuid:id>": rows["filter"].pk, "imports/<uuid:id>": at["import"], "roles/<uuid:id>": at["role"],
        "class/<uuid:group>": at["class"], "<uuid:group>": at["section"], "<uuid:section>": at["section"],
        "<uuid:student>": at["child"], "<uuid:entry>": at["entry"], "<uuid:period>": at["period"],
        "<uuid:exam_session>": at["exam_session"], "<uuid:paper>": at["marked_exam"],
        "<uuid:card>": at["card"], "<uuid:run>": at["invoice_run"], "<uuid:invoice>": at["invoice"],
        "<uuid:payment>": at["payment"],
        "<str:day>": TODAY, "<day:day>": TODAY, "<group:kind>": "section", "<str:whom>": "staff",
        "<str:month>": f"{TODAY:%Y-%m}", "<job:job>": at["printed"], "<str:listed>": "students.student",
    }  # fmt: skip


def _addresses(ground: Ground) -> Iterator[str]:
    """Every page that may have a form, with rows that are there in its address."""
    rows = _rows(ground)
    for route in pages():
        if route in ANONYMOUS or "object_id" in route or "(?P" in route:
            continue
        address = route
        for words, row in rows.items():
            address = address.replace(words, f"{words.rpartition('<')[0]}{row}")
        if "<" not in address:
            yield f"/{address}"
    for model, admin in site._registry.items():
        place = f"/office/{model._meta.app_label}/{model._meta.model_name}/"
        yield f"{place}add/"
        named = [row for row in ground.rows.values() if type(row) is model]
        row = named[0] if named else model._default_manager.order_by("-pk").first()
        if row is not None:
            acts = (f"act/{act.name}/" for act in admin.acts)  # type: ignore[attr-defined]
            yield from (f"{place}{row.pk}/{each}" for each in ("change/", "delete/", *acts))


def _forms(ground: Ground, *, pages: int = 1) -> list[tuple[str, Form]]:
    """(where it is sent, the form), each once; of one page in so many, the same in each run."""
    found: dict[tuple[str, tuple[str, ...]], tuple[str, Form]] = {}
    for address in _addresses(ground):
        if not _is_chosen(re.sub(NUMBERS, "#", address), pages):
            continue
        answer = _ask(ground, "get", address)
        if answer.streaming:
            # To the end, so that a file of ours is closed.
            list(answer.streaming_content)
        if answer.status_code != 200 or answer.streaming or "text/html" not in answer.headers["Content-Type"]:
            continue
        for form in forms_on(answer.content.decode()):
            to = form.action or address
            if to.startswith("/") and to.strip("/") not in {each.strip("/") for each in {*ANONYMOUS, *OUTSIDE}}:
                found.setdefault((to, tuple(form.kinds)), (to, form))
    return list(found.values())


def _is_chosen(what: str, one_in: int) -> bool:
    return zlib.crc32(what.encode()) % one_in == 0


def _ask(ground: Ground, method: str, address: str, body: Any = None, kind: str = "") -> Any:
    more = {"content_type": kind} if kind else {}
    with clock.frozen(people.SCHOOL_MOMENT), nowhere():
        client: Client = ground.client
        return getattr(client, method)(address, body, **more)


# --- what is sent -----------------------------------------------------------------------------------------------------
def _names(form: Form) -> list[str]:
    """The fields of a form, one of those that differ by a row's number alone."""
    alike: dict[str, str] = {}
    for name, kind in form.kinds.items():
        if name not in OURS and kind not in {"submit", "button"}:
            alike.setdefault(re.sub(NUMBERS, "#", name), name)
    return list(alike.values())


def _send(ground: Ground, to: str, form: Form, typed: dict[str, list[str]]) -> Any:
    """The form as it stands but for what is ``typed``; whatever was written is undone."""
    said = {**form.said, **typed}
    pairs = [(name, each) for name, values in said.items() for each in values]
    with inside(ground.oak), transaction.atomic():
        answer = _ask(ground, "post", to, urlencode(pairs, errors="surrogatepass"), "application/x-www-form-urlencoded")
        transaction.set_rollback(True)
    return answer


def _wrong(answer: Any, name: str, form: Form, what: str) -> str:
    """What is wrong with the answer to ``what`` in the field ``name``; nothing where it is taken or refused."""
    if answer.status_code >= 500:
        return str(answer.status_code)
    if form.kinds.get(name) not in CHOSEN or what not in NEVER_CHOSEN:
        return ""
    if answer.status_code == 302:
        if any(each.level >= ERROR for each in get_messages(answer.wsgi_request)):
            return ""
        told = " ".join(str(each) for each in getattr(answer, "context", None) or ())
        return "" if "login" in answer["Location"] else f"is taken: {told[:200]}"
    asked = [each for each in _bound(answer) if name in {each.add_prefix(known) for known in each.fields}]
    if asked and not any(each.errors.get(name.removeprefix(f"{each.prefix}-")) for each in asked):
        return "is refused elsewhere"
    return ""


def _bound(answer: Any) -> list[BaseForm]:
    context = answer.context or {}
    given = [context.get("form"), getattr(context.get("adminform"), "form", None)]
    return [each for each in given if isinstance(each, BaseForm) and each.is_bound]


Found = list[tuple[str, Form]]


@pytest.fixture(scope="module")
def found(ground: Ground) -> Found:
    with inside(ground.oak):
        return _forms(ground)


def _walk(ground: Ground, found: Found, *, values: int = 1) -> tuple[Counter[str], list[str]]:
    """How often was sent what, one in so many, the same in each run; and what was wrong."""
    sent: Counter[str] = Counter()
    wrong = []
    for to, form in found:
        for name in _names(form):
            for what, typed in TYPED.items():
                if _is_chosen(f"{to.split('/')[2:4]} {name} {what}", values):
                    sent[what] += 1
                    if why := _wrong(_send(ground, to, form, {name: typed}), name, form, what):
                        wrong.append(f"{to}: {what} in {name} ({form.kinds[name]}) {why}")
    return sent, wrong


def test_whatever_is_typed_is_taken_or_refused_where_it_stands(ground: Ground) -> None:
    with inside(ground.oak):
        found = _forms(ground, pages=PAGES)
    sent, wrong = _walk(ground, found, values=VALUES)
    assert wrong == []
    assert sent.total() > 100


@pytest.mark.proof
def test_whatever_is_typed_anywhere_is_taken_or_refused_where_it_stands(ground: Ground, found: Found) -> None:
    sent, wrong = _walk(ground, found)
    assert wrong == []
    assert sent.total() > 3_000


FILES = {
    "no picture": b"\0" * 200,
    "half a picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\xff" * 40,
    "no sheet": b"PK\x03\x04" + b"\0" * 60,
    "nothing": b"",
}


@pytest.mark.proof
def test_whatever_file_is_sent_is_refused(ground: Ground, found: Found) -> None:
    doors = [(to, form, name) for to, form in found for name, kind in form.kinds.items() if kind == "file"]
    assert len(doors) >= 3
    for to, form, name in doors:
        for what, content in FILES.items():
            for called in ("x.png", "x.xlsx", "x" * 300 + ".csv", "../../x\u202e.zip"):
                with SimpleUploadedFile(called, content) as file, inside(ground.oak), transaction.atomic():
                    answer = _ask(ground, "post", to, {**form.said, name: file})
                    transaction.set_rollback(True)
                assert answer.status_code < 500, (to, what, called)


def test_a_page_that_breaks_is_found(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the version of a role is read as if it were a number."""
    with inside(ground.oak):
        to = f"/office/roles/{ground.at['role']}/"
        (form,) = (each for each in forms_on(_ask(ground, "get", to).content.decode()) if "version" in each.kinds)
    for what in ("a word", "half a pair"):
        assert _wrong(_send(ground, to, form, {"version": TYPED[what]}), "version", form, what) == ""
    monkeypatch.setattr("apps.office.access.pages.roles.whole_number", int)
    assert _wrong(_send(ground, to, form, {"version": ["nope"]}), "version", form, "a word") == "500"
