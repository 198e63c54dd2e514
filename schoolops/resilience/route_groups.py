"""Circuits before the database: one for each group of routes at each school, and one for the server itself.

A route group is the app a route belongs to (in the office, the app of the model). Five requests of a group at one
school that the database failed within 30 s open that circuit: there its routes answer 503 at once, while one request at
a time tries whether it is over. Other groups, and the same group at other schools, never notice. What is wrong for
everybody, a server that is lost or full, opens the circuit of the server after five such requests without an answer in
between.

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
from psycopg_pool import PoolTimeout, TooManyRequests

from schoolops import context, problem
from schoolops.errors import Unavailable
from schoolops.resilience import patience
from schoolops.resilience.breaker import Breaker, BreakerOpen, Limits, State, forget

# A probe may wait as long as the longest statement of a request, and then some.
LIMITS: Final = Limits(failures=5, window_s=30.0, reset_s=5.0, reset_cap_s=30.0, probe_s=30.0)
# One answer in between forgets them all: a server that answers anybody is not lost.
SERVER_LIMITS: Final = Limits(failures=5, reset_s=1.0, reset_cap_s=10.0, probe_s=10.0)
# Lost connections, a full server, one that stops, one whose disk fails.
_SERVER_FAILS: Final = ("08", "53", "57P", "58")
_CANCELLED: Final = "57014"
# A wait for a lock as long as this is a failure as well, of whose lock it is: a thread was held for it.
SLOW_S: Final = 1.0
# Circuits are kept while they have something to remember; so many at most, should all schools be in trouble.
MOST_KEPT: Final = 500


class GroupUnavailable(Unavailable):
    """The database has not been answering this part of SchoolOps. The other parts work."""

    code = "resilience:group-unavailable"
    remedy = "Try again after the seconds in `Retry-After`. Nothing was changed."


class DatabaseFailed(Exception):
    """What these circuits count. Never raised: a request reports it when it is over."""


Key = tuple[str, str]
_breakers: dict[Key, Breaker] = {}
_lock = threading.Lock()
server: Final = Breaker("database", counts=(DatabaseFailed,), limits=SERVER_LIMITS)


def breaker_of(key: Key) -> Breaker:
    """The circuit of (route group, school's slug), made when it first has to count: ``database:attendance:oak``."""
    with _lock:
        found = _breakers.get(key)
        if found is None:
            if len(_breakers) >= MOST_KEPT:
                for quiet in [each for each, kept in _breakers.items() if kept.state is State.CLOSED]:
                    forget(_breakers.pop(quiet))
            group, school = key
            name = f"database:{group}:{school}" if school else f"database:{group}"
            found = _breakers[key] = Breaker(name, counts=(DatabaseFailed,), limits=LIMITS)
    return found


class _Watch:
    """One request: its circuits, and whether the database failed it. One strike, however many statements."""

    __slots__ = ("answered", "failed", "key", "lost", "server_ticket", "ticket")

    def __init__(self) -> None:
        self.key: Key | None = None
        self.ticket: object | None = None
        self.server_ticket: object | None = None
        self.answered = self.failed = self.lost = False

    def report(self) -> None:
        if self.lost:
            server.failed(self.server_ticket)
        elif self.answered:
            server.passed(self.server_ticket)
        if self.key is None:
            return
        if self.failed:
            breaker_of(self.key).failed(self.ticket)
        elif self.ticket is not None and not self.lost:
            breaker_of(self.key).passed(self.ticket)


_watch: ContextVar[_Watch | None] = ContextVar("schoolops_route_group", default=None)


def strike(failure: BaseException, took_s: float = 0.0) -> None:
    """A statement or a connection of the request under way failed, if there is one."""
    watch = _watch.get()
    if watch is None:
        return
    if server_failed(failure):
        watch.lost = True
    elif group_failed(failure, took_s):
        watch.failed = True
    else:
        watch.answered = True


def _state_of(failure: BaseException) -> str:
    cause = failure.__cause__ if isinstance(failure.__cause__, psycopg.Error) else failure
    return str(getattr(cause, "sqlstate", None) or "")


def server_failed(failure: BaseException) -> bool:
    """Whether the server itself is lost or full. That all connections of our own pool are busy is no such thing."""
    if isinstance(failure, PoolTimeout | TooManyRequests) or isinstance(
        failure.__cause__, PoolTimeout | TooManyRequests
    ):
        return False
    state = _state_of(failure)
    return not state or state.startswith(_SERVER_FAILS)


def group_failed(failure: BaseException, took_s: float) -> bool:
    """Whether this school's data was not to be had: a statement that ran too long, a lock that was waited for."""
    state = _state_of(failure)
    return not state or state == _CANCELLED or took_s >= SLOW_S


def watched(execute: Callable[..., Any], sql: Any, params: Any, many: bool, more: dict[str, Any]) -> Any:  # noqa: FBT001
    """Django's execute wrapper."""
    began = time.perf_counter()
    try:
        result = execute(sql, params, many, more)
    except OperationalError as failure:
        if not patience.was_stopped(failure):
            strike(failure, time.perf_counter() - began)
        raise
    if (watch := _watch.get()) is not None:
        watch.answered = True
    return result


@contextmanager
def watched_connecting() -> Iterator[None]:
    """Around the making of a connection, which is no statement."""
    try:
        yield
    except psycopg.OperationalError as failure:
        strike(failure)
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
        school = context.school_or_none()
        key = group_of(request, view), school.slug if school is not None else ""
        try:
            watch.server_ticket = server.admit()
            # Who tries for everybody whether the server is back asks nobody else.
            if watch.server_ticket is None and (known := _breakers.get(key)) is not None:
                watch.ticket = known.admit()
        except BreakerOpen as refusal:
            answer = problem.answer(request, GroupUnavailable(retry_after=max(1, math.ceil(refusal.retry_after_s))))
            answer._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's mark
            return answer
        watch.key = key
        return None
