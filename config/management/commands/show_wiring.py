"""``manage.py show_wiring``: every event, who listens to it, and what they forget and enqueue."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand

from schoolops import events

VERBS = {
    "forget": "forgets",
    "forget_many": "forgets",
    "enqueue": "enqueues",
    "enqueue_many": "enqueues",
}


class Command(BaseCommand):
    help = "Event → subscriber → the cache entries it forgets and the tasks it enqueues, as its source says."
    requires_system_checks: tuple[str, ...] = ()

    def handle(self, *args: Any, **options: Any) -> None:
        wiring = events.wiring()
        for event in sorted(wiring, key=lambda each: (each.__module__, each.__qualname__)):
            self.stdout.write(f"{event.__module__}.{event.__qualname__}")
            for subscriber in wiring[event]:
                self.stdout.write(f"  → {subscriber.__module__}.{subscriber.__qualname__}")
                for line in consequences(subscriber):
                    self.stdout.write(f"      {line}")
        self.stdout.write(f"{len(wiring)} events, {sum(map(len, wiring.values()))} subscribers")


def consequences(subscriber: Callable[..., object]) -> list[str]:
    """``forgets DAILY_SHEET``, ``enqueues tell_guardians``: the calls that stand in the subscriber's own source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(subscriber))))
    found = [
        f"{VERBS[node.func.attr]} {ast.unparse(node.func.value).rsplit('.', 1)[-1]}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in VERBS
    ]
    return list(dict.fromkeys(found))
