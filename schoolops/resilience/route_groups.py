"""A circuit before the database for each group of routes: what makes one report time out must not hold every thread.

A route group is the app a route belongs to (in the office, the app of the model). Five requests of a group that the
database failed within 30 s open the group's circuit: its routes answer 503 at once, while one request at a time tries
whether it is over. Other groups never notice.

Only requests are watched. Jobs have queues, timeouts and retries of their own.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import psycopg
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponseBase

from schoolops import problem
from schoolops.errors import Unavailable
from schoolops.resilience.breaker import Breaker, BreakerOpen, Limits

# A probe may wait as long as the longest statement of a request, and then some.
LIMITS: Final = Limits(failures=5, window_s=30.0, reset_s=5.0, reset_cap_s=30.0, probe_s=30.0)
# Without one of these the server has answered, if only that somebody else holds a lock.
_FAILING: Final = frozenset({"08", "53", "57", "58"})
# A wait for a lock as long as this is a failure as well: a thread was held for it.
SLOW_S: Final = 1.0


class GroupUnavailable(Unavailable):
    """The database has not been answering this part of SchoolOps. The other parts work."""

    code = "resilience:group-unavailable"
    remedy = "Try again after the seconds in `Retry-After`. Nothing was changed."


class DatabaseFailed(Exception):
    """What a group's circuit counts. Never raised: a request reports it when it is over."""


_breakers: dict[str, Breaker] = {}
_lock = threading.Lock()


def breaker_of(group: str) -> Breaker:
    """The circuit of a route group, named ``database:attendance``."""
    found = _breakers.get(group)
    if found is None:
        with _lock:
            found = _breakers.get(group)
            if found is None:
                found = _breakers[group] = Breaker(f"database:{group}", counts=(DatabaseFailed,), limits=LIMITS)
    return found


class _Watch:
    """One request: its group's circuit, and whether the database failed it. One strike, however many statements."""

    __slots__ = ("breaker", "failed", "ticket")

    def __init__(self) -> None:
        self.breaker: Breaker | None = None
        self.ticket: object | None = None
        self.failed = False

    def report(self) -> None:
        if self.breaker is None:
            return
        if self.failed:
            self.breaker.failed(self.ticket)
        elif self.ticket is not None:
            self.breaker.passed(self.ticket)


_watch: ContextVar[_Watch | None] = ContextVar("schoolops_route_group", default=None)


def strike() -> None:
    """The database failed the request under way, if there is one."""
    watch = _watch.get()
    if watch is not None:
        watch.failed = True


def is_failure(failure: BaseException, took_s: float) -> bool:
    """Whether the database failed, rather than refused: timeouts, lost connections, a server that is full or stops."""
    cause = failure.__cause__ if isinstance(failure.__cause__, psycopg.Error) else failure
    state = getattr(cause, "sqlstate", None)
    return state is None or state[:2] in _FAILING or took_s >= SLOW_S


def watched(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001
    """Django's execute wrapper."""
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    except OperationalError as failure:
        if is_failure(failure, time.perf_counter() - began):
            strike()
        raise


@contextmanager
def watched_connecting() -> Iterator[None]:
    """Around the making of a connection, which is no statement."""
    try:
        yield
    except psycopg.OperationalError:
        strike()
        raise


def _watch_connection(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if watched not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, watched)


def install() -> None:
    """Watch the statements of every connection opened from now on."""
    connection_created.connect(_watch_connection, dispatch_uid="schoolops.resilience.route_groups")


def group_of(request: HttpRequest, view: Callable[..., Any]) -> str:
    """The route group of a view: ``attendance`` for ``apps.attendance``, ``office-students`` in the office."""
    match = request.resolver_match
    if match is not None and "admin" in match.app_names:
        return f"office-{(match.url_name or '').partition('_')[0] or 'start'}"
    owner = getattr(view, "cls", None) or getattr(view, "view_class", None) or view
    parts = str(getattr(owner, "__module__", "")).split(".")
    return parts[1] if len(parts) > 1 and parts[0] in {"apps", "schoolops"} else parts[0] or "other"


class RouteGroupMiddleware:
    """Stands outside of whatever else calls the view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        watch = _Watch()
        token = _watch.set(watch)
        try:
            return self.get_response(request)
        finally:
            _watch.reset(token)
            watch.report()

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        watch = _watch.get()
        if watch is None:
            return None
        breaker = breaker_of(group_of(request, view))
        try:
            watch.ticket = breaker.admit()
        except BreakerOpen as refusal:
            answer = problem.response(GroupUnavailable(retry_after=max(1, math.ceil(refusal.retry_after_s))))
            answer._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's mark
            return answer
        watch.breaker = breaker
        return None
