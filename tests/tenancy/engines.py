"""Another database engine for the ``default`` alias, in this thread and in those started meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connection, connections

REAL = "schoolops.tenancy.backend"
UNREPORTED = "tests.tenancy.backends.unreported"
LEAKY = "tests.tenancy.backends.leaky"

T = TypeVar("T")


@contextmanager
def engine(path: str = REAL, *, pool: int = 0, **entries: Any) -> Iterator[None]:
    """Use the engine ``path`` (with a pool of ``pool`` connections) instead of the installed one."""
    usual = connections.settings["default"]
    connections["default"].close()
    kept = connections["default"]
    options = {key: value for key, value in usual["OPTIONS"].items() if key != "pool"}
    if pool:
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 60}
    connections.settings["default"] = {
        **usual,
        **entries,
        "ENGINE": path,
        "OPTIONS": options,
        "CONN_MAX_AGE": 0 if pool else None,
    }
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        if pool:
            connections["default"].close_pool()  # type: ignore[attr-defined]
        connections.settings["default"] = usual
        connections["default"] = kept


def in_a_thread(work: Callable[[], T]) -> T:
    """Run ``work`` in a new thread, as a bare thread would run it, and close its connection."""

    def closing() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as executor:
        return executor.submit(closing).result()


def schema() -> str | None:
    """The schema the database finds unqualified names in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        row = cursor.fetchone()
    return str(row[0]) if row and row[0] else None


def role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])
