"""Today decides who may look, whatever day is asked for: everything with a day in it × who left and who stands in.

Everybody here has taught 7 B, or will, and teaches nobody today. Its students are called by one name that no answer may
hold, and nothing that is written may change its rolls.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.handlers import wsgi
from django.db import transaction
from django.http import QueryDict
from django.test import Client, override_settings

from apps.access import selectors as access
from apps.accounts.models import User
from apps.accounts.services import open_login
from apps.attendance.models import AttendanceChange, AttendanceSession
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from apps.students.models import Student
from schoolops import clock
from schoolops.context import inside, nowhere
from schoolops.tenancy.models import School
from tests.api.addresses import pages
from tests.api.ground import LATER, LONG_AGO, TODAY, TOMORROW, YESTERDAY, Ground, lay_out
from tests.api.test_who_may_do_what import BODIES, ROWS
from tests.factories import people
from tests.factories.people import students_in

# In the family name of everybody in 7 B, and nowhere else.
MARK = "Qvexley"
DAYS = (LONG_AGO, YESTERDAY, TODAY, TOMORROW, LATER)
ANY_DAY = frozenset(map(str, DAYS))
ASKED = ("as_of", "day")
PEOPLE = ("left today", "assigned until today", "assigned from tomorrow", "stood in yesterday", "stands in tomorrow")
_DAY = re.compile(r"\{(day|yesterday|long_ago)\}")


def _somebody(ground: Ground, which: str) -> User:
    section, taught = ground.rows["section"], ground.rows["class"]
    user = people.a_teacher(which.replace(" ", "-"), institution=section.institution)
    staff = StaffMember.objects.get(user=user)
    for group in ({"section": section}, {"course_class": taught}):
        match which:
            case "left today":
                TeachingAssignment.objects.create(staff=staff, starts_on=people.FIRST_DAY, **group)
                StaffMember.objects.filter(pk=staff.pk).update(ends_on=TODAY)
            case "assigned until today":
                TeachingAssignment.objects.create(staff=staff, starts_on=people.FIRST_DAY, ends_on=TODAY, **group)
            case "assigned from tomorrow":
                TeachingAssignment.objects.create(staff=staff, starts_on=TOMORROW, **group)
            case "stood in yesterday":
                Substitution.objects.create(staff=staff, day=YESTERDAY, **group)
            case "stands in tomorrow":
                Substitution.objects.create(staff=staff, day=TOMORROW, **group)
    return user


@pytest.fixture(scope="module")
def ground(
    _schools: dict[str, School], django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """Laid out once, in one transaction that is undone afterwards."""
    folder: Path = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=folder), transaction.atomic():
        made = lay_out(_schools["oak"], _schools["elm"])
        made.at["tomorrow"] = TOMORROW
        with inside(made.oak), clock.frozen(people.SCHOOL_MOMENT):
            there = [each.pk for each in students_in(made.rows["section"])]
            Student.objects.filter(pk__in=there).update(family_name=MARK)
            for which in PEOPLE:
                made.people[which] = _somebody(made, which)
                made.tokens[which] = open_login(made.people[which], label="test").access_token
        yield made
        transaction.set_rollback(True)


class Noted(QueryDict):
    """What is asked for behind an address. It knows which names somebody has looked up, in the last of its kind."""

    looked_up: ClassVar[set[str]] = set()

    def __init__(self, *said: Any, **more: Any) -> None:
        super().__init__(*said, **more)
        # Filling it looks, too.
        Noted.looked_up.clear()

    def __getitem__(self, name: str) -> Any:
        Noted.looked_up.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        Noted.looked_up.add(str(name))
        return super().__contains__(name)

    def _getlist(self, name: str, *more: Any, **others: Any) -> Any:
        Noted.looked_up.add(name)
        return super()._getlist(name, *more, **others)

    def lists(self) -> Any:
        Noted.looked_up.update(ASKED)
        return super().lists()


@pytest.fixture(scope="module", autouse=True)
def _noted() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wsgi, "QueryDict", Noted)
        yield


def _that_tell(ask: Callable[[str], str], addresses: Iterable[str]) -> list[str]:
    """Those in whose answer somebody is called. A day that nobody has looked up may as well be another."""
    found: list[str] = []
    whichever_day: dict[str, bool] = {}
    for address in addresses:
        asked, _, day = address.rpartition("=")
        told = whichever_day.get(asked)
        if told is None:
            Noted.looked_up.clear()
            told = MARK in ask(address)
            if day in ANY_DAY and re.split("[?&]", asked)[-1] not in Noted.looked_up:
                whichever_day[asked] = told
        if told:
            found.append(address)
    return found


def _with_days(address: str) -> Iterator[str]:
    """``address`` of each day: in its path, where one stands there, else asked for behind it by each name."""
    for day in DAYS:
        if _DAY.search(address):
            yield _DAY.sub(str(day), address)
            continue
        joined = "&" if "?" in address else "?"
        yield from (f"{address}{joined}{name}={day}" for name in ASKED)


def _asked(ground: Ground, who: str, method: str, address: str, body: Any = None) -> str:
    with inside(ground.oak), transaction.atomic():
        answer = ground.ask(who, method, address, body)
        said = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return f"{answer.status_code} {said.decode(errors='replace')}"


@pytest.fixture(scope="module")
def shown(ground: Ground) -> list[str]:
    """Every address of the API, with each day in it, that shows one of them to who teaches them today."""
    reads = [
        filled
        for row in ROWS
        if row.method == "GET"
        for filled in dict.fromkeys(each.format(**ground.at) for each in _with_days(row.address))
    ]
    assert len(reads) > 600
    return _that_tell(lambda address: _asked(ground, "T", "GET", address), reads)


@pytest.mark.parametrize("who", PEOPLE)
def test_no_day_in_an_address_shows_anybody(ground: Ground, shown: list[str], who: str) -> None:
    assert len({address.partition("?")[0] for address in shown}) > 15
    assert _that_tell(lambda address: _asked(ground, who, "GET", address), shown) == []


def _of_the_roll() -> tuple[int, int]:
    return AttendanceChange.objects.count(), sum(AttendanceSession.objects.values_list("version", flat=True))


@pytest.mark.parametrize("who", PEOPLE)
def test_no_day_in_an_address_can_be_written(ground: Ground, who: str) -> None:
    writes = [row for row in ROWS if row.method != "GET" and (_DAY.search(row.address) or row.name in WITH_A_DAY)]
    assert len(writes) > 15
    for row, day in itertools.product(writes, DAYS):
        with inside(ground.oak), transaction.atomic():
            before = _of_the_roll()
            body = BODIES.get(row.name, lambda g, u: None)(ground, ground.people[who])  # noqa: ARG005
            if isinstance(body, dict):
                body = {name: str(day) if name in A_DAY else said for name, said in body.items()}
            answer = ground.ask(who, row.method, _DAY.sub(str(day), row.address).format(**ground.at), body)
            assert answer.status_code in {403, 404}, (row.name, day, answer.content[:300])
            assert _of_the_roll() == before
            transaction.set_rollback(True)


A_DAY = {"day", "starts_on", "ends_on", "entered_on", "exited_on"}
# Those whose body has a day in it.
WITH_A_DAY = {
    "POST desk", "POST leaves", "POST substitutions", "POST assignments", "POST students/{child}/withdraw",
    "POST students/{child}/move-section", "POST classes/{class}/students",
    "POST classes/{class}/students/{child}/leave", "POST rolls/{roll}/lock", "POST rolls/{locked_roll}/reopen",
}  # fmt: skip


# --- the same over the pages ------------------------------------------------------------------------------------------
def _filled(route: str, ground: Ground, day: dt.date) -> str | None:
    """``route`` with the section, the class, a student and ``day`` in it; ``None`` for what names something else."""
    values = {
        "group": ground.id("section"), "section": ground.id("section"), "student": ground.id("child"),
        "period": ground.id("period"), "kind": "section", "day": str(day), "month": f"{day:%Y-%m}",
    }  # fmt: skip
    if "office/lists/" in route:
        values["kind"] = "contacts"
    if "/class/" in route:
        values["group"] = ground.id("class")
    parts = re.findall(r"<(?:\w+:)?(\w+)>", route)
    if "(?P" in route or any(each not in values for each in parts):
        return None
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: values[match[1]], route)


def _page_addresses(ground: Ground) -> list[str]:
    plain = ("office/logout/", "language/", "office/support/end/")
    found = []
    for route, day in itertools.product(pages(), DAYS):
        if route in plain or (filled := _filled(route, ground, day)) is None:
            continue
        found += [filled] if "<" in route and str(day) in filled else [f"{filled}?{name}={day}" for name in ASKED]
        if "month" in route:
            found += [filled.replace(f"{day:%Y-%m}", f"{each:%Y-%m}") for each in DAYS]
    return list(dict.fromkeys(found))


def _browser(ground: Ground, who: str) -> Client:
    browser = Client(raise_request_exception=False, headers={"host": "oak.localhost"})
    browser.force_login(ground.people[who], backend="apps.accounts.backends.LoginBackend")
    return browser


def _pages_that_tell(ground: Ground, who: str, addresses: list[str]) -> list[str]:
    with inside(ground.oak), clock.frozen(people.SCHOOL_MOMENT):
        browser = _browser(ground, who)

        def told(address: str) -> str:
            with transaction.atomic(), nowhere():
                answer = browser.get(address)
                said = b"".join(answer.streaming_content) if answer.streaming else answer.content
                transaction.set_rollback(True)
            return said.decode(errors="replace")

        return _that_tell(told, addresses)


@pytest.fixture(scope="module")
def shown_on_pages(ground: Ground) -> list[str]:
    """The same of pages."""
    return _pages_that_tell(ground, "T", _page_addresses(ground))


@pytest.mark.parametrize("who", PEOPLE)
def test_no_day_in_a_page_shows_anybody(ground: Ground, shown_on_pages: list[str], who: str) -> None:
    assert len(shown_on_pages) > 20
    assert _pages_that_tell(ground, who, shown_on_pages) == []


def test_the_walk_finds_a_scope_that_believes_the_day_it_is_asked_for(
    ground: Ground, shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was: who taught them on some day reaches them as of that day."""
    monkeypatch.setattr(access, "_as_of_today", lambda scope, user, day: scope(user, day or TODAY))

    def keys_in_reach(
        user: User, permission: str, kind: Any, rows: Any, keys: Any, *, day: Any = None, at_work: bool = False
    ) -> frozenset[int]:
        reach = access.rows_in_reach(user, permission, kind, day=day, at_work=at_work)
        return frozenset(rows.objects.filter(reach, pk__in=keys).values_list("pk", flat=True))

    monkeypatch.setattr(access, "keys_in_reach", keys_in_reach)
    told = [address for address in shown if MARK in _asked(ground, "left today", "GET", address)]
    assert any(address.startswith("students?as_of=") for address in told)
    assert len(told) > 10
