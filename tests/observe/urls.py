"""The site's own addresses, and one that enqueues a job of the rehearsal."""

from __future__ import annotations

import logging
from typing import Any

from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import urls
from tests.observe.tasks import TASKS

handler404 = urls.handler404
handler500 = urls.handler500
log = logging.getLogger("schoolops.observe")


class EnqueueView(APIView):
    def post(self, request: Request, kind: str) -> Response:
        log.info("a job is wanted")
        return Response({"job": TASKS[kind].enqueue(n=1).job_id}, status=201)


urlpatterns: list[Any] = [path("observe/<str:kind>", EnqueueView.as_view()), path("", include(urls.urlpatterns))]
