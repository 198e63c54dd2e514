"""``manage.py show_wiring``: an operator reads where an event leads without opening a file."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
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


def test_everything_an_app_remembers_is_forgotten_by_some_subscriber() -> None:
    modules = [sys.modules[name] for name in sys.modules if name.startswith("apps.") and name.endswith(".caches")]
    remembered = {name for module in modules for name, value in vars(module).items() if isinstance(value, CacheEntry)}
    forgotten = {
        line for handlers in events.wiring().values() for handler in handlers for line in consequences(handler)
    }
    assert {"STUDENT_PROFILE", "RBAC_PERMISSIONS", "METADATA"} <= remembered
    assert {f"forgets {name}" for name in remembered} <= forgotten
