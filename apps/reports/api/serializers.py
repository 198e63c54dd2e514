"""What the API of printed lists takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from apps.reports.services import KINDS
from schoolops.api.fields import Day


class PrintedListIn(serializers.Serializer[object]):
    """Which list."""

    kind = serializers.ChoiceField(choices=list(KINDS))
    day = Day(required=False, help_text="Who is in a section on that day; today unless said.")
    section_ids = serializers.ListField(
        child=serializers.UUIDField(), default=list, max_length=1_000, source="sections",
        help_text="Those of them that you reach; none for all that you do.",
    )  # fmt: skip


class PrintedListOut(serializers.Serializer[object]):
    """The job that prints it."""

    job_id = serializers.IntegerField(
        help_text="For `/api/v1/jobs/{id}`, and once it is done `/api/v1/printed-lists/{id}`."
    )
