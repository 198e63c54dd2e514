"""The floor of a read that nobody wrote one for: its own statements, as they were sent, prepared and fetched whole.

What it leaves out is everything but the SQL: no answer is made, and who may see what was asked in it is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import psycopg
from django.db import connection
from django.test.utils import CaptureQueriesContext

_READS = ("SELECT", "WITH", "(")


class Replayed:
    """A WSGI application that sends the same statements whatever it is asked."""

    def __init__(self, raw: psycopg.Connection[Any], ask: Callable[[], object]) -> None:
        with CaptureQueriesContext(connection) as sent:
            ask()
        self._raw = raw
        self._statements = [each["sql"] for each in sent if each["sql"].lstrip().startswith(_READS)]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._raw.cursor() as cursor:
            for statement in self._statements:
                cursor.execute(statement.encode(), prepare=True)
                cursor.fetchall()
        start_response("200 OK", [])
        return [b""]
