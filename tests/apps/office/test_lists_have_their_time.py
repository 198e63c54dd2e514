"""Lists and searches of the office and of operators stop looking after a while, and keep nobody else waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.admin.sites import AdminSite
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.office.shell.base import ServiceAdmin
from apps.office.shell.site import office as school_site
from schoolops.context import outside_schools
from schoolops.lists import DeclaredList
from schoolops.queues.admin import operators
from schoolops.queues.desk import letters as desk
from schoolops.queues.models import DeadLetter
from schoolops.resilience import patience, route_groups
from tests.factories.people import Campus, a_teacher
from tests.factories.talking import Browser

SLOW = "abc"


def _looks_long(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.annotate(nap=RawSQL("pg_sleep(20)::text", ())).exclude(nap="x")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A search whose words are found in no time worth waiting for."""

    def slowed(looks: Callable[..., Any]) -> Callable[..., Any]:
        def search(admin: Any, request: Any, rows: QuerySet[Any], words: str) -> Any:
            found, repeated = looks(admin, request, rows, words)
            return (_looks_long(rows), repeated) if words == SLOW else (found, repeated)

        return search

    for lists in (DeclaredList, ServiceAdmin):
        monkeypatch.setattr(lists, "get_search_results", slowed(lists.get_search_results))
    settings.LIST_STATEMENT_TIMEOUT_SECONDS = 0.1


@pytest.fixture
def olga(db: None) -> Iterator[Browser]:
    with outside_schools():
        user = User.objects.create(username="olga", password="!")
        yield Browser(Client(raise_request_exception=False, headers={"host": "localhost"}), user)


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize(
    "where",
    [
        "/office/staff/staffmember/?q=abc",
        "/office/find/?q=abc",
        "/office/autocomplete/?app_label=staff&model_name=teachingassignment&field_name=staff&term=abc",
    ],
)
def test_a_search_that_takes_too_long_is_stopped_and_says_so(
    office: Callable[..., Browser], campus: Campus, erin: User, where: str
) -> None:
    a_teacher(of=campus.section)
    browser = office(erin)
    for _ in range(route_groups.LIMITS.failures + 1):
        page = browser.get(where)
        assert page.status_code == 422
        assert "Look for more letters" in page.content.decode()
    # One who looks for too much shuts the list for nobody.
    assert browser.get(where.replace("abc", "Baker")).status_code == 200


@pytest.mark.usefixtures("slow")
def test_so_it_is_for_operators(olga: Browser) -> None:
    DeadLetter.objects.create(id=1, **LETTER)
    page = olga.get("/operators/queues/deadletter/?q=abc")
    assert (page.status_code, "Look for more letters" in page.content.decode()) == (422, True)
    assert olga.get("/operators/queues/deadletter/?q=def").status_code == 200


LETTER: dict[str, Any] = {
    "school": "school_oak", "queue": "default", "task": "x", "payload": {}, "meta": {}, "priority": 0, "attempts": 1,
    "crashes": 0, "tracked": False, "created_at": "2026-11-04T10:00Z", "dead_at": "2026-11-04T10:00Z",
    "reason": "crashed",
}  # fmt: skip


@pytest.mark.usefixtures("slow")
def test_a_list_that_is_sent_to_has_its_time_as_well(
    office: Callable[..., Browser], campus: Campus, erin: User
) -> None:
    a_teacher(of=campus.section)
    assert office(erin).post("/office/staff/staffmember/?q=abc").status_code == 422


DISCARD = {"action": "discard", "_selected_action": "1", "index": "0", "reason": "x"}


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("across", ["0", "1"])
def test_so_has_looking_for_the_rows_of_an_act(olga: Browser, across: str) -> None:
    DeadLetter.objects.create(id=1, **LETTER)
    said = DISCARD | {"select_across": across}
    assert olga.post("/operators/queues/deadletter/?q=abc", said).status_code == 422
    assert DeadLetter.objects.get().discarded_at is None


@pytest.mark.parametrize("across", ["0", "1"])
def test_what_becomes_of_the_rows_has_the_time_of_a_write(
    olga: Browser, monkeypatch: pytest.MonkeyPatch, across: str
) -> None:
    DeadLetter.objects.create(id=1, **LETTER)
    hurried, discard = [], desk.discard

    def discarding(*arguments: Any, **more: Any) -> int:
        hurried.append(patience._short.get())
        return discard(*arguments, **more)

    monkeypatch.setattr(desk, "discard", discarding)
    assert olga.post("/operators/queues/deadletter/", DISCARD | {"select_across": across}).status_code == 302
    assert hurried == [False]
    assert DeadLetter.objects.get().discarded_at is not None


@pytest.mark.parametrize("ticked", ["abc", "", "9" * 400, "9223372036854775808", "-1", "1.5", "\0"])
def test_what_is_ticked_and_is_no_row_is_none(olga: Browser, ticked: str) -> None:
    DeadLetter.objects.create(id=1, **LETTER)
    assert olga.post("/operators/queues/deadletter/", DISCARD | {"_selected_action": ticked}).status_code < 400
    assert DeadLetter.objects.get().discarded_at is None
    both = DISCARD | {"_selected_action": [ticked, "1"]}
    assert olga.post("/operators/queues/deadletter/", both).status_code == 302
    assert DeadLetter.objects.get().discarded_at is not None


def _within_their_time(browser: Browser, site: AdminSite) -> int:
    """How many lists a site has; each says to the database how long it has, read or sent to."""
    for model in site._registry:
        where = f"/{site.name}/{model._meta.app_label}/{model._meta.model_name}/"
        for ask in (browser.get, browser.post):
            with CaptureQueriesContext(connection) as asked:
                assert ask(where).status_code == 200, where
            said = [each["sql"] for each in asked.captured_queries if "statement_timeout" in each["sql"]]
            assert said, where
            assert all("5000ms" in each for each in said), where
    return len(site._registry)


def test_every_list_of_the_office_has_its_time(office: Callable[..., Browser], erin: User) -> None:
    assert _within_their_time(office(erin), school_site) > 20


def test_every_list_of_operators_has_its_time(olga: Browser) -> None:
    assert _within_their_time(olga, operators) == 7
