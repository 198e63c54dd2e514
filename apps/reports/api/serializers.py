"""What the API of printed lists takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from apps.examinations.api.serializers import Moment, ResultOut
from apps.examinations.models import ExamSession
from apps.institutions.models import Section
from apps.reports.models import ReportCard
from apps.reports.services import KINDS
from apps.students.api.about import AboutStudentOut
from schoolops.api.fields import Day, Exact, RowId

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


def _percent(words: str) -> Exact:
    return Exact(max_digits=7, decimal_places=2, allow_null=True, help_text=words)


class TranscriptStayOut(serializers.Serializer[object]):
    """In which grade level the student was, from when to before when (null: to the end of the year)."""

    grade_level = serializers.CharField()
    entered_on = Day()
    exited_on = Day(allow_null=True)


class TranscriptCourseOut(serializers.Serializer[object]):
    """What is published of a course in a term."""

    course_id = serializers.UUIDField()
    course = serializers.CharField()
    group = serializers.CharField(help_text="Whose gradebook, in words; empty where there are exams alone.")
    coursework = _percent("The gradebook's.")
    exams = _percent("The papers', by the weights of their sessions.")
    percent = _percent("Both, by the policy's weights.")
    grade = serializers.CharField(allow_null=True, help_text="By the scale of its papers, where they have one.")


class TranscriptSessionOut(ResultOut):
    """What a session's papers come to."""

    session_id = serializers.UUIDField()
    session = serializers.CharField()
    kind = serializers.ChoiceField(choices=ExamSession.Kind.choices)
    weight = Exact(max_digits=5, decimal_places=2)


class TranscriptTermOut(serializers.Serializer[object]):
    """A term: each course, each session, and the average of the sessions by their weights."""

    term_id = serializers.UUIDField()
    term = serializers.CharField()
    percent = _percent("Of the sessions; null where nothing counts.")
    courses = TranscriptCourseOut(many=True)
    sessions = TranscriptSessionOut(many=True)


class TranscriptYearOut(serializers.Serializer[object]):
    """A year at a campus of which something is published."""

    year_id = serializers.UUIDField()
    year = serializers.CharField()
    institution_id = serializers.UUIDField()
    institution = serializers.CharField()
    enrolments = TranscriptStayOut(many=True)
    terms = TranscriptTermOut(many=True)


class TranscriptOut(serializers.Serializer[object]):
    """What is published of a student over years, the first first."""

    student_id = serializers.UUIDField()
    name = serializers.CharField()
    admission_number = serializers.CharField()
    years = TranscriptYearOut(many=True)
