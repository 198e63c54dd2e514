"""Lists have less time than other requests: what they look for is chosen by whoever asks, and may be anything.

A statement that takes longer is stopped and the page says so. It says nothing of the database, so no circuit counts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import psycopg
from django.conf import settings
from django.db import OperationalError, connection, transaction

from schoolops.errors import Invalid

_short: ContextVar[bool] = ContextVar("schoolops_short_statements", default=False)


class ListTakesTooLong(Invalid):
    """Looking for this would take longer than a list may take."""

    code = "resilience:list-takes-too-long"
    remedy = "Look for more letters or whole words, or set a filter first."


def was_stopped(failure: BaseException) -> bool:
    """Whether ``failure`` is that of a statement which had more to do than a list may."""
    return _short.get() and isinstance(failure.__cause__, psycopg.errors.QueryCanceled)


@contextmanager
def short_statements() -> Iterator[None]:
    """Statements within have ``LIST_STATEMENT_TIMEOUT_SECONDS`` each. For reads: it is one transaction.

    Raises:
        ListTakesTooLong.
    """
    token = _short.set(True)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                limit = f"{int(settings.LIST_STATEMENT_TIMEOUT_SECONDS * 1000)}ms"
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
            yield
    except OperationalError as failure:
        if was_stopped(failure):
            raise ListTakesTooLong from failure
        raise
    finally:
        _short.reset(token)
