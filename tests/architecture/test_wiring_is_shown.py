"""``manage.py show_wiring``: an operator reads where an event leads without opening a file."""

from __future__ import annotations

import ast
import inspect
import io
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import pytest
from django.core.management import call_command

from config.management.commands.show_wiring import consequences
from schoolops import events
from schoolops.cache import CacheEntry

DAILY_SHEET: Any = None
tell_guardians: Any = None


@dataclass(frozen=True)
class BellRang:
    period_id: int


def ring(event: BellRang) -> None:
    """Never called: its source is what is read."""
    DAILY_SHEET.forget(event.period_id)
    for student in (1, 2):
        DAILY_SHEET.forget(student)
    tell_guardians.enqueue_many([{"student_id": 1}], run_at=None)


def say_nothing(_event: BellRang) -> None:
    """Never called either, and reads nothing of the event."""


def test_the_consequences_of_a_subscriber_are_read_from_its_source() -> None:
    assert consequences(ring) == ["forgets DAILY_SHEET", "enqueues tell_guardians"]


def test_every_event_is_listed_with_its_subscribers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_subscribers", {BellRang: [ring]})
    out = io.StringIO()
    call_command("show_wiring", stdout=out)
    here = "tests.architecture.test_wiring_is_shown"
    assert out.getvalue().splitlines() == [
        f"{here}.BellRang",
        f"  → {here}.ring",
        "      forgets DAILY_SHEET",
        "      enqueues tell_guardians",
        "1 events, 1 subscribers",
    ]


def _read(handler: Any) -> set[str]:
    """Fields of its event that a subscriber reads; ``*`` where it hands the event on as it is."""
    function = ast.parse(textwrap.dedent(inspect.getsource(handler))).body[0]
    assert isinstance(function, ast.FunctionDef)
    event = function.args.args[0].arg
    fields = {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == event
    }
    named = sum(isinstance(node, ast.Name) and node.id == event for node in ast.walk(function))
    read = sum(
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == event
        for node in ast.walk(function)
    )
    return fields if named == read else {*fields, "*"}


def unread(wiring: Mapping[type, tuple[Any, ...]]) -> set[str]:
    """Fields of events that no subscriber reads."""
    found = set()
    for event, handlers in wiring.items():
        known = set().union(*map(_read, handlers))
        told = {each.name for each in fields(event)}
        found |= set() if "*" in known else {f"{event.__name__}.{name}" for name in told - known}
    return found


def test_every_field_of_an_event_is_read_by_some_subscriber() -> None:
    assert unread({event: heard for event, heard in events.wiring().items() if heard}) == set()
    assert unread({BellRang: (say_nothing,)}) == {"BellRang.period_id"}
    assert unread({BellRang: (say_nothing, ring)}) == set()


def test_everything_an_app_remembers_is_forgotten_by_some_subscriber() -> None:
    modules = [sys.modules[name] for name in sys.modules if name.startswith("apps.") and name.endswith(".caches")]
    remembered = {name for module in modules for name, value in vars(module).items() if isinstance(value, CacheEntry)}
    forgotten = {
        line for handlers in events.wiring().values() for handler in handlers for line in consequences(handler)
    }
    assert {"STUDENT_PROFILE", "RBAC_PERMISSIONS", "METADATA"} <= remembered
    assert {f"forgets {name}" for name in remembered} <= forgotten
