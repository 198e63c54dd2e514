"""What the API of printed lists takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from apps.examinations.api.serializers import Moment
from apps.institutions.models import Section
from apps.reports.models import ReportCard
from apps.reports.services import KINDS
from apps.students.api.about import AboutStudentOut
from schoolops.api.fields import Day, RowId

SECTIONS = Section.objects.select_related("grade_level")


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


class ReportCardOut(serializers.Serializer[object]):
    """A report card as a student and their family see it: the latest version that is published."""

    id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    session = serializers.CharField()
    term_id = serializers.UUIDField()
    term = serializers.CharField()
    version = serializers.IntegerField()
    reason = serializers.CharField(help_text="Why there is this version; empty for the first.")
    published_at = serializers.DateTimeField()
    code = serializers.CharField(help_text="Printed on it: /verify/{code} says whether it is genuine.")
    sha256 = serializers.CharField(help_text="Of the PDF.")


class ReportCardsOut(serializers.Serializer[object]):
    """A student's report cards, newest first."""

    results = ReportCardOut(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null.")


class SessionCardOut(AboutStudentOut):
    """The latest version of a student's card of a session."""

    id = serializers.UUIDField()
    section_id = serializers.UUIDField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ReportCard.State.choices)
    reason = serializers.CharField()
    drafted_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True)
    sha256 = serializers.CharField(help_text="Of the PDF; empty until it is published.")


class CardsDraftIn(serializers.Serializer[object]):
    """Whose cards are drafted anew, or are proof-read as they are."""

    section_id = RowId(SECTIONS, source="section")
    proof_read = serializers.DateTimeField(
        required=False,
        help_text="Somebody has read the drafts: the latest `drafted_at` of those. Without it they are drafted anew.",
    )


class CardsOut(serializers.Serializer[object]):
    """How many cards it was about."""

    cards = serializers.IntegerField()


class CardsPublicationIn(serializers.Serializer[object]):
    """From when on families see the cards of a section that are proof-read."""

    section_id = RowId(SECTIONS, source="section")
    published_at = Moment()


class CardsPublicationOut(serializers.Serializer[object]):
    """A job prints and publishes them: which one stands in `touched`."""

    session_id = serializers.UUIDField()
    section_id = serializers.UUIDField()


class CardAmendIn(serializers.Serializer[object]):
    """Why a published card gets another version; it stands on that."""

    reason = serializers.CharField(max_length=200)


class CardAmendedOut(serializers.Serializer[object]):
    """The version that was drafted."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
