"""From the request's host to its school, and back out again when the answer is ready."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation

from schoolops import problem
from schoolops.context import SchoolLike, inside, outside_schools
from schoolops.errors import SchoolOpsError, Unavailable
from schoolops.tenancy import resolution
from schoolops.tenancy.errors import (
    SchoolMoved,
    SchoolNotReady,
    SchoolSuspended,
    SchoolUnreachable,
    UnknownHost,
    schema_is_gone,
    takes_no_writes,
)
from schoolops.tenancy.models import School, SchoolState

log = logging.getLogger(__name__)
UNEXPECTED = 500
Handler = Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def _said(request: HttpRequest, refusal: SchoolOpsError) -> HttpResponseBase:
    """To whoever is at no school yet, in the language that their browser asks for."""
    with translation.override(translation.get_language_from_request(request)):
        return problem.answer(request, refusal)


class SchoolMiddleware:
    """Sync and async. Sets ``request.school`` (``None`` on the operators' hosts) and the urlconf.

    Every path below it runs inside exactly one school, or explicitly outside all of them.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self._later(request) if self.is_async else self._now(request)

    def _now(self, request: HttpRequest) -> HttpResponseBase:
        answer = cast(Callable[[HttpRequest], HttpResponseBase], self.get_response)
        try:
            school = self._enter(request)
        except SchoolOpsError as refusal:
            return _said(request, refusal)
        if school is None:
            with outside_schools():
                return answer(request)
        with inside(cast(SchoolLike, school)):
            return answer(request)

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        answer = cast(Callable[[HttpRequest], Awaitable[HttpResponseBase]], self.get_response)
        try:
            school = await sync_to_async(self._enter)(request)
        except SchoolOpsError as refusal:
            return _said(request, refusal)
        if school is None:
            with outside_schools():
                return await answer(request)
        with inside(cast(SchoolLike, school)):
            return await answer(request)

    def _enter(self, request: HttpRequest) -> School | None:
        """The school of the request's host; ``None`` on an operators' host.

        Raises:
            UnknownHost, SchoolMoved, SchoolSuspended, SchoolNotReady, SchoolUnreachable.
        """
        try:
            host = request.get_host().rsplit(":", 1)[0].lower().rstrip(".")
        except DisallowedHost:
            raise UnknownHost(host="this address") from None
        if host in settings.PUBLIC_HOSTS:
            request.school = None  # type: ignore[attr-defined]
            request.urlconf = settings.PUBLIC_SCHEMA_URLCONF
            return None
        try:
            school = resolution.school_at(host)
        except OperationalError as gone:
            raise SchoolUnreachable from gone
        if school is None:
            raise UnknownHost(host=host)
        if school.state == SchoolState.CREATING:
            raise SchoolNotReady
        if school.state == SchoolState.MOVED:
            raise SchoolMoved
        if school.state != SchoolState.ACTIVE:
            raise SchoolSuspended
        request.school = school  # type: ignore[attr-defined]
        return school

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """A school whose schema or role is gone answers 503, whichever view found out; so does a lost database."""
        if isinstance(exception, ProgrammingError | OperationalError) and schema_is_gone(exception):
            refusal: SchoolOpsError = SchoolUnreachable()
        elif isinstance(exception, OperationalError) or takes_no_writes(exception):
            refusal = Unavailable()
        elif isinstance(exception, SchoolOpsError) and problem.status_of(exception)[0] != UNEXPECTED:
            refusal = exception
        else:
            return None
        if isinstance(refusal, Unavailable):
            log.error("%s", refusal.code, exc_info=exception)
        return problem.answer(request, refusal)
