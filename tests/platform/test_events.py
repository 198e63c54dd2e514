"""Consequences run at once, in order, inside the publisher's transaction and school."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction

from schoolops import context, events
from schoolops.audit import trail
from schoolops.audit.models import AuditEntry
from schoolops.tenancy.models import School


@dataclass(frozen=True)
class BellRang:
    number: int


@pytest.fixture
def heard() -> Iterator[list[str]]:
    found: list[str] = []

    @events.subscribe(BellRang)
    def first(event: BellRang) -> None:
        found.append(f"first {event.number}")

    @events.subscribe(BellRang)
    def second(event: BellRang) -> None:
        found.append(f"second {event.number}")

    yield found
    events._subscribers.pop(BellRang, None)


def test_subscribers_run_in_order_of_declaration(heard: list[str]) -> None:
    events.publish(BellRang(3))
    assert heard == ["first 3", "second 3"]
    assert [handler.__name__ for handler in events.wiring()[BellRang]] == ["first", "second"]


def test_subscribing_twice_subscribes_once(heard: list[str]) -> None:
    for handler in list(events.wiring()[BellRang]):
        events.subscribe(BellRang)(handler)
    events.publish(BellRang(1))
    assert heard == ["first 1", "second 1"]


def test_an_event_nobody_waits_for_is_no_mistake() -> None:
    @dataclass(frozen=True)
    class LeafFell:
        pass

    events.publish(LeafFell())
    assert LeafFell not in events.wiring()


def test_only_frozen_dataclasses_are_events() -> None:
    class Loose:
        pass

    @dataclass
    class Changeable:
        number: int

    for kind in (Loose, Changeable):
        with pytest.raises(TypeError, match="frozen dataclass"):
            events.subscribe(kind)


def test_a_consequence_is_undone_with_the_deed(in_oak: School, heard: list[str]) -> None:
    @events.subscribe(BellRang)
    def write_it_down(event: BellRang) -> None:
        assert context.current_school() == in_oak
        trail.record(trail.SYSTEM, "tests.rang", in_oak)

    @events.subscribe(BellRang)
    def fail(event: BellRang) -> None:
        assert AuditEntry.objects.filter(action="tests.rang").exists()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        events.publish(BellRang(1))
    assert not AuditEntry.objects.filter(action="tests.rang").exists()


def test_every_event_is_heard_by_somebody() -> None:
    declared = {
        each
        for name, module in sys.modules.items()
        if name.startswith("apps.") and name.endswith(".events")
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == name
    }
    assert len(declared) > 20
    # What is common to several is itself no event.
    common = {base for each in declared for base in each.__mro__[1:]}
    assert {each for each in declared - common if not events.wiring().get(each)} == set()
