"""``POST /intend``: one business row and one job in one transaction, as every service of ours does it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from schoolops import clock
from schoolops.context import current_school
from tests.chaos.tasks import TASKS


class IntendView(APIView):
    idempotency_key_required = True

    def post(self, request: Request) -> Response:
        n, kind = int(request.data["n"]), str(request.data["kind"])
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO chaos_business (n) VALUES (%s)", [n])
            if settings.CHAOS_ENGINE == "celery":
                from tests.chaos import plain

                school = current_school().slug
                transaction.on_commit(lambda: plain.publish(school, n, kind))
                return Response({"n": n}, status=201)
            later = {"cancel": dt.timedelta(hours=1), "later": dt.timedelta(seconds=2)}.get(kind)
            chosen = TASKS[int(request.data["task"]) % len(TASKS)]
            answer = chosen.enqueue(n=n, kind=kind, run_at=clock.now() + later if later else None)
        return Response({"n": n, "job": answer.job_id}, status=201)


urlpatterns: list[Any] = [path("intend", IntendView.as_view())]
