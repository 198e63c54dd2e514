"""``/api/v1/jobs``: one's tracked jobs, how far one of them is, withdrawing it, and not waiting for its moment."""

from __future__ import annotations

from typing import Any

from django.urls import path, register_converter
from django.urls.converters import IntConverter
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from schoolops import context
from schoolops.api import cursors, parameters
from schoolops.api.viewsets import DEFAULT_LIMIT, PAGED, ApiView
from schoolops.queues.desk import requests

KINDS = {"limit": int, "cursor": str}


class ProgressOut(serializers.Serializer[Any]):
    done = serializers.IntegerField()
    of = serializers.IntegerField()


class JobOut(serializers.Serializer[Any]):
    """A job of the user who asks."""

    id = serializers.IntegerField(help_text="As given when it was asked for.")
    queue = serializers.CharField()
    task = serializers.CharField()
    state = serializers.ChoiceField(
        choices=["waiting", "scheduled", "retrying", "running", "done", "dead", "discarded", "cancelled"]
    )
    attempts = serializers.IntegerField(allow_null=True)
    runAt = serializers.DateTimeField(allow_null=True)  # noqa: N815 - as it stands in JSON
    progress = ProgressOut(allow_null=True)
    result = serializers.JSONField(allow_null=True, help_text="What the job left, once it is done.")
    error = serializers.CharField(allow_blank=True)


class JobPageOut(serializers.Serializer[Any]):
    results = JobOut(many=True)
    next = serializers.CharField(allow_null=True, help_text="`cursor` of the next page; null on the last one.")


def _as_json(status: requests.JobStatus) -> dict[str, Any]:
    return {
        "id": status.job_id,
        "queue": status.queue,
        "task": status.task,
        "state": status.state,
        "attempts": status.attempts,
        "runAt": status.run_at,
        "progress": None if status.done is None else {"done": status.done, "of": status.of},
        "result": status.result,
        "error": status.error,
    }


class JobsView(ApiView):
    """One's own tracked jobs that have not ended, newest first."""

    @extend_schema(
        operation_id="jobs_unfinished",
        summary="My jobs under way",
        parameters=[OpenApiParameter(name, kind, description=PAGED[name].about) for name, kind in KINDS.items()],
        responses=JobPageOut,
    )
    def get(self, request: Request) -> Response:
        """What one asked for and is waiting for; what has ended is found by its id, for 7 days."""
        asked = parameters.read(request._request.GET, PAGED)
        limit, place = asked.get("limit", DEFAULT_LIMIT), request.path
        before = cursors.read(asked["cursor"], place=place, length=1)[0] if "cursor" in asked else None
        found = requests.unfinished(user=context.user_id.get() or "", before=before, most=limit + 1)
        page = found[:limit]
        following = cursors.written([page[-1].job_id], place=place) if len(found) > limit else None
        return Response({"results": [_as_json(row) for row in page], "next": following})


class JobView(ApiView):
    """One tracked job. Any other is 404 once it is done, and so is another user's."""

    @extend_schema(responses=JobOut)
    def get(self, request: Request, job_id: int) -> Response:
        return Response(_as_json(requests.status_of(job_id, user=context.user_id.get() or "")))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, job_id: int) -> Response:
        """Withdraw a job of one's own that has not begun.

        404 too where it is not one's own work but follows from what was written (bills of a run, results, days), or
        where something waits for it: what is written stands, and so does what it leads to.
        """
        requests.cancel(job_id, user=context.user_id.get() or "")
        return Response(status=204)


class RunNowView(ApiView):
    """A scheduled job, or one between two tries, begins at once; 503 while the broker is away."""

    @extend_schema(request=None, responses={202: JobOut})
    def post(self, request: Request, job_id: int) -> Response:
        user = context.user_id.get() or ""
        requests.run_now(job_id, user=user)
        return Response(_as_json(requests.status_of(job_id, user=user)), status=202)


class JobNumber(IntConverter):
    """A number that the ledger could have given; a longer one is no address of anything."""

    regex = "[0-9]{1,18}"


register_converter(JobNumber, "job")
urlpatterns = [
    path("jobs", JobsView.as_view(), name="jobs"),
    path("jobs/<job:job_id>", JobView.as_view(), name="job"),
    path("jobs/<job:job_id>/run-now", RunNowView.as_view(), name="job-run-now"),
]
