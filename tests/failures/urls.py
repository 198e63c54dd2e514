"""The site's own addresses, and one that wants a job of the matrix."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import urls
from tests.failures.tasks import TASKS

handler404 = urls.handler404
handler500 = urls.handler500


class JobView(APIView):
    def post(self, request: Request, kind: str, n: int) -> Response:
        return Response({"job": TASKS[kind].enqueue(n=n).job_id}, status=201)


urlpatterns: list[Any] = [path("failures/<str:kind>/<int:n>", JobView.as_view()), path("", include(urls.urlpatterns))]
