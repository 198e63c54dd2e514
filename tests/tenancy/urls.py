"""Addresses for the tests of the wall: views that say which school they found themselves in."""

from __future__ import annotations

import asyncio

from asgiref.sync import sync_to_async
from django.contrib.auth import authenticate
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

from schoolops import clock
from schoolops.audit.models import AuditEntry
from tests.tenancy.markers import whose

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


def write(request: HttpRequest) -> JsonResponse:
    """One line in the trail of the school."""
    AuditEntry(at=clock.now(), actor_name="Alice", action="tests.wrote", object_type="x", object_id="1").save()
    return JsonResponse({})


def log_in(request: HttpRequest) -> JsonResponse:
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    return JsonResponse({"user": user.get_username() if user else None}, status=200 if user else 401)


urlpatterns = [
    path("where", where),
    path("where-async", where_async),
    path("write", write),
    path("log-in", log_in),
]
