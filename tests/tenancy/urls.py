"""Addresses for the tests of the wall: views that say which school they found themselves in."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import sync_to_async
from django.contrib.auth import authenticate
from django.db import ProgrammingError, connection, connections
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.urls import path

from schoolops import clock
from schoolops.audit.models import AuditEntry
from schoolops.context import current_school, inside
from schoolops.errors import NoCurrentSchool
from tests.tenancy.markers import whose, whose_by_hand, whose_compiled

handler500 = "schoolops.api.errors.server_error"
handler404 = "schoolops.api.errors.page_not_found"


def where(request: HttpRequest) -> JsonResponse:
    """The school as the database sees it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_user")
        schema, role = cursor.fetchone()
    return JsonResponse({"schema": schema, "role": role, "marker": whose()})


async def where_async(request: HttpRequest) -> JsonResponse:
    """The same from an async view, through the async ORM and through a thread, with others running in between."""
    first = await sync_to_async(whose)()
    await asyncio.sleep(0)
    second = await AuditEntry.objects.order_by("-id").afirst()
    return JsonResponse({"marker": first, "again": second.object_id if second else ""})


def prepared(request: HttpRequest) -> JsonResponse:
    """The same by statements that were prepared in another school's turn, or in this one's."""
    return JsonResponse({"marker": whose_by_hand(), "again": whose_compiled()})


async def prepared_async(request: HttpRequest) -> JsonResponse:
    """The same from an async view, with others running in between."""
    first = await sync_to_async(whose_by_hand)()
    await asyncio.sleep(0)
    return JsonResponse({"marker": first, "again": await sync_to_async(whose_compiled)()})


def prepared_forgetfully(request: HttpRequest) -> JsonResponse:
    """The bug of ``handed_over_forgetfully``, with statements that the bare thread's connection has prepared."""
    try:
        return JsonResponse({"marker": helpers().submit(whose_by_hand).result()})
    except NoCurrentSchool:
        return JsonResponse({"refused": True})


def prepared_and_handed_over(request: HttpRequest) -> JsonResponse:
    """The same as it should be."""
    ours = contextvars.copy_context()
    return JsonResponse({"marker": helpers().submit(ours.run, whose_by_hand).result()})


def write(request: HttpRequest) -> JsonResponse:
    """One line in the trail of the school."""
    AuditEntry(at=clock.now(), actor_name="Alice", action="tests.wrote", object_type="x", object_id="1").save()
    return JsonResponse({})


def log_in(request: HttpRequest) -> JsonResponse:
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    return JsonResponse({"user": user.get_username() if user else None}, status=200 if user else 401)


def handed_over(request: HttpRequest) -> JsonResponse:
    """Work handed to another thread together with its school, as it should be."""
    ours = contextvars.copy_context()
    return JsonResponse({"marker": helpers().submit(ours.run, whose).result()})


def handed_over_forgetfully(request: HttpRequest) -> JsonResponse:
    """The bug: work handed to a bare thread, whose connection may still stand where its last work was done."""
    try:
        return JsonResponse({"marker": helpers().submit(whose).result()})
    except NoCurrentSchool:
        return JsonResponse({"refused": True})


_last_schema = ""


def by_remembered_name(request: HttpRequest) -> JsonResponse:
    """The bug: the name of a school's table remembered by the process, where the next school finds it."""
    global _last_schema
    remembered, _last_schema = _last_schema, current_school().schema_name
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT object_id FROM {remembered or _last_schema}.audit_auditentry ORDER BY id DESC LIMIT 1"
            )
            return JsonResponse({"marker": cursor.fetchone()[0]})
    except ProgrammingError:
        return JsonResponse({"refused": True})


_helpers: ThreadPoolExecutor | None = None
HELPERS = 2


def helpers() -> ThreadPoolExecutor:
    """Threads that outlive a request, each with a connection of its own."""
    global _helpers
    if _helpers is None:
        _helpers = ThreadPoolExecutor(HELPERS)
    return _helpers


def dismiss_helpers() -> None:
    """Close their connections and let them go."""
    global _helpers
    if _helpers is not None:
        together = threading.Barrier(HELPERS)

        def close() -> None:
            connections.close_all()
            together.wait()

        for _ in range(HELPERS):
            _helpers.submit(close)
        _helpers.shutdown()
        _helpers = None


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    """Rows read while the answer is sent, when the request has left its school."""
    return StreamingHttpResponse(whose() for _ in range(1))


def streamed_properly(request: HttpRequest) -> StreamingHttpResponse:
    """The same, with the school taken along."""
    school = current_school()

    def rows() -> Iterator[str]:
        with inside(school):
            yield whose()

    return StreamingHttpResponse(rows())


urlpatterns = [
    path("streamed", streamed),
    path("streamed-properly", streamed_properly),
    path("handed-over", handed_over),
    path("handed-over-forgetfully", handed_over_forgetfully),
    path("by-remembered-name", by_remembered_name),
    path("where", where),
    path("where-async", where_async),
    path("prepared", prepared),
    path("prepared-async", prepared_async),
    path("prepared-forgetfully", prepared_forgetfully),
    path("prepared-and-handed-over", prepared_and_handed_over),
    path("write", write),
    path("log-in", log_in),
]
