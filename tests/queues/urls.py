"""Views of no school, for what middleware does around any view."""

from __future__ import annotations

import threading
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.urls import include, path
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from schoolops.api import jobs
from schoolops.errors import Conflict, Unavailable
from schoolops.queues import FEES, task

went_in = threading.Event()
go_on = threading.Event()


class SeatTaken(Conflict):
    """The seat is taken."""

    code = "test:seat-taken"


class PayView(APIView):
    """Writes one effect, then does what the body asks for."""

    idempotency_key_required = True

    def post(self, request: Request) -> Response:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO effect (n) VALUES (%s)", [request.data["n"]])
        match request.data.get("then"):
            case "conflict":
                raise SeatTaken
            case "unavailable":
                raise Unavailable
            case "crash":
                raise RuntimeError("the process died here, as far as the database knows")
            case "wait":
                went_in.set()
                go_on.wait(20)
        return Response({"paid": request.data["n"]}, status=201, headers={"Location": "/receipts/1"})


def note(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effect (n) VALUES (1)")
    return JsonResponse({"noted": True})


class HandInView(APIView):
    """One effect: how long the file is. Answers with the file, a piece at a time."""

    parser_classes = (MultiPartParser,)

    def post(self, request: Request) -> HttpResponseBase:
        content = request.data["file"].read()
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO effect (n) VALUES (%s)", [len(content)])
        return StreamingHttpResponse(iter([content, b"\n", request.data["by"].encode()]), content_type="text/plain")


class SecretView(APIView):
    """One effect, and an answer that is shown only once."""

    def post(self, request: Request) -> HttpResponse:
        note(request._request)
        return JsonResponse({"token": "so_r_oak_of-bob"}, status=201, headers={"Cache-Control": "no-store"})


@task(queue=FEES, name="test.urls.tell")
def tell(*, n: int) -> None:
    """Enqueued by a view."""


class TellView(APIView):
    """One effect and the job that follows from it."""

    def post(self, request: Request) -> Response:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO effect (n) VALUES (%s)", [request.data["n"]])
            job = tell.enqueue(n=request.data["n"])
        return Response({"job": job.job_id}, status=202)


urlpatterns: list[Any] = [
    path("tell", TellView.as_view()),
    path("pay", PayView.as_view()),
    path("note", note),
    path("hand-in", HandInView.as_view()),
    path("secret", SecretView.as_view()),
    path("api/v1/", include(jobs.urlpatterns)),
]
