"""Several people at one school at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.factories.people import SCHOOL_MOMENT


def at_once(school: School, works: list[Callable[[], Any]], *, answer: type[Exception] | tuple[()] = ()) -> list[Any]:
    """Run all of ``works`` in threads of their own, begun together; a refusal that is an ``answer`` is given back."""
    ready = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            with inside(school), clock.frozen(SCHOOL_MOMENT):
                connection.ensure_connection()
                ready.wait(timeout=60)
                try:
                    return work()
                except answer as refused:
                    return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
