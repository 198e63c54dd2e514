"""Views of two apps that ask the database to sleep, beside the school's own addresses."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import handler400, handler403, handler404, handler500, urlpatterns
from schoolops import problem
from schoolops.api.errors import as_ours

__all__ = ["handler400", "handler403", "handler404", "handler500"]


def report(request: HttpRequest, seconds: str) -> HttpResponse:
    """Heavy: the statement takes ``seconds``, twice; the first failure is swallowed."""
    for _ in range(2):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(%s)", [float(seconds)])
        except Exception as failure:  # noqa: BLE001 - what the API does with it
            refusal = as_ours(failure)
    return HttpResponse("a report") if float(seconds) < 0.02 else problem.response(refusal)  # type: ignore[arg-type]


def roll(request: HttpRequest) -> HttpResponse:
    """Light, of another app."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("a roll")


report.__module__, roll.__module__ = "apps.reports.api.views", "apps.attendance.api.views.rolls"
urlpatterns = [path("report/<str:seconds>", report), path("roll", roll), *urlpatterns]
