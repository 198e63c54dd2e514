"""What the API of examinations takes and gives."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from apps.examinations.api.serializers.components import (
    MOST_COMPONENTS,
    ComponentMarkIn,
    ComponentMarkOut,
    ExamComponentOut,
    WrittenIn,
)
from apps.examinations.models import ExamSession, GradingScale, Mark, Moderation, ResultPolicy
from apps.institutions.models import Term
from apps.students.api.about import AboutStudentOut, OnRosterOut, PersonOut, StudentChangeOut
from schoolops import clock
from schoolops.api.fields import Day, Exact, ForAWhile, RowId

TERMS = Term.objects.select_related("year__institution")


class Moment(serializers.DateTimeField):
    """A moment that can be meant, with its zone; without one it is UTC."""

    default_error_messages = {"out_of_reach": f"A moment from {clock.FIRST_YEAR} to {clock.LAST_YEAR}."}

    def to_internal_value(self, value: Any) -> dt.datetime:
        try:
            found: dt.datetime = super().to_internal_value(value)
            at = found.astimezone(dt.UTC)
        except OverflowError:
            self.fail("out_of_reach")
        if not clock.in_reach(at.date()):
            self.fail("out_of_reach")
        return at


# --- scales -----------------------------------------------------------------------------------------------------------
class GradeBandIn(serializers.Serializer[object]):
    """A grade, from so many percent on to where the next one begins."""

    code = serializers.CharField(max_length=20, help_text="A*, 7, Pass, Secure.")
    name = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    lower = Exact(max_digits=6, decimal_places=3, min_value=0)
    points = Exact(max_digits=5, decimal_places=2, required=False, allow_null=True, default=None)
    passing = serializers.BooleanField(required=False, default=True)


class GradingScaleVersionIn(serializers.Serializer[object]):
    """What a new version of a scale says; its name stays."""

    kind = serializers.ChoiceField(choices=GradingScale.Kind.choices)
    decimals = serializers.IntegerField(
        min_value=0, max_value=3, required=False, default=0, help_text="Places a percentage is rounded to, half up."
    )
    bands = GradeBandIn(many=True, max_length=100)  # type: ignore[call-arg] # DRF's list takes it


class GradingScaleIn(GradingScaleVersionIn):
    """A scale to add."""

    name = serializers.CharField(max_length=80)


class GradeBandOut(GradeBandIn):
    """A band as it is: percentages of ``[lower, upper)``; the best one has no upper end."""

    upper = Exact(max_digits=6, decimal_places=3, allow_null=True)


class GradingScaleOut(serializers.Serializer[object]):
    """One version of a scale, with its bands from the best one down."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=GradingScale.Kind.choices)
    decimals = serializers.IntegerField()
    retired = serializers.BooleanField(help_text="No new paper is graded by it: a later version is, or none.")
    bands = GradeBandOut(many=True)


class GradeOut(serializers.Serializer[object]):
    """What a percentage is worth on a scale."""

    percent = Exact(max_digits=9, decimal_places=3, help_text="Rounded as the scale says.")
    code = serializers.CharField()
    name = serializers.CharField()
    points = Exact(max_digits=5, decimal_places=2, allow_null=True)
    passing = serializers.BooleanField()


# --- sessions ---------------------------------------------------------------------------------------------------------
class ExamSessionChangeIn(serializers.Serializer[object]):
    """What of a session can be changed."""

    name = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(choices=ExamSession.Kind.choices)
    weight = Exact(
        max_digits=5, decimal_places=2, min_value=0, required=False, help_text="Beside other sessions; 1 unless said."
    )


class ExamSessionIn(ExamSessionChangeIn):
    """A session to set up."""

    term_id = RowId(TERMS, source="term")


class ExamSessionOut(serializers.Serializer[object]):
    """An exam session."""

    id = serializers.UUIDField()
    term_id = serializers.UUIDField()
    term = serializers.CharField()
    institution_id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=ExamSession.Kind.choices)
    weight = Exact(max_digits=5, decimal_places=2)
    state = serializers.ChoiceField(choices=ExamSession.State.choices)
    timetable_published_at = serializers.DateTimeField(allow_null=True)
    results_published_at = serializers.DateTimeField(allow_null=True)
    cancelled_reason = serializers.CharField()
    version = serializers.IntegerField()


class ExamSessionStateIn(serializers.Serializer[object]):
    """What a session becomes; a cancelled one says why. Published it becomes by the moment of its results."""

    state = serializers.ChoiceField(choices=ExamSession.State.choices)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class PublicationIn(serializers.Serializer[object]):
    """From when on families see the timetable and the results; null: they do not."""

    timetable_published_at = Moment(allow_null=True)
    results_published_at = Moment(allow_null=True)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


# --- papers -----------------------------------------------------------------------------------------------------------
class ExamChangeIn(serializers.Serializer[object]):
    """What of a paper can be changed."""

    title = serializers.CharField(max_length=80, required=False, allow_blank=True, help_text="Such as Paper 2.")
    day = Day()
    starts_at = serializers.TimeField()
    ends_at = serializers.TimeField()
    room = serializers.CharField(max_length=60, required=False, allow_blank=True)
    invigilator_ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=50)
    max_marks = Exact(max_digits=7, decimal_places=2)
    pass_marks = Exact(max_digits=7, decimal_places=2, required=False, allow_null=True)
    scale_id = serializers.UUIDField()


class PaperIn(ExamChangeIn):
    """A paper of a class, or of a section in a course."""

    class_id = serializers.UUIDField(required=False, allow_null=True)
    section_id = serializers.UUIDField(required=False, allow_null=True)
    course_id = serializers.UUIDField(required=False, allow_null=True)


MOST_PAPERS = 500


class ExamsIn(serializers.Serializer[object]):
    """Papers of one session: all are set, or none."""

    session_id = serializers.UUIDField()
    papers = serializers.ListField(child=PaperIn(), min_length=1, max_length=MOST_PAPERS)


class InvigilatorOut(serializers.Serializer[object]):
    """A member of staff."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class FollowedExamOut(serializers.Serializer[object]):
    """A paper as a student and their family see it."""

    id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    session = serializers.CharField()
    kind = serializers.ChoiceField(choices=ExamSession.Kind.choices)
    course_id = serializers.UUIDField()
    course = serializers.CharField()
    title = serializers.CharField()
    day = Day()
    starts_at = serializers.TimeField()
    ends_at = serializers.TimeField()
    room = serializers.CharField()
    max_marks = Exact(max_digits=7, decimal_places=2)
    pass_marks = Exact(max_digits=7, decimal_places=2, allow_null=True)


class ExamOut(FollowedExamOut):
    """A paper."""

    institution_id = serializers.UUIDField()
    class_id = serializers.UUIDField(allow_null=True)
    section_id = serializers.UUIDField(allow_null=True, help_text="Of a class: the section it is taught to, if to one.")
    group = serializers.CharField(help_text="The class, or the section, in words.")
    scale_id = serializers.UUIDField()
    invigilators = InvigilatorOut(many=True)
    version = serializers.IntegerField()


class ExamsOut(serializers.Serializer[object]):
    """The papers that were set."""

    results = ExamOut(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null.")


# --- marks ------------------------------------------------------------------------------------------------------------
class ExamMarkIn(WrittenIn):
    """What was written of one student; of a paper with components, of each of them."""

    student_id = serializers.UUIDField()
    components = serializers.ListField(
        child=ComponentMarkIn(),
        required=False,
        default=list,
        max_length=MOST_COMPONENTS,
        help_text="Of a paper with components; without them a status is that of each.",
    )


class ExamMarksIn(serializers.Serializer[object]):
    """The marks of a whole paper: every student who sits it exactly once, and the version that was read."""

    version = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0)
    records = serializers.ListField(child=ExamMarkIn(), max_length=2000)


class ExamMarkOut(serializers.Serializer[object]):
    """A student's mark in a paper."""

    status = serializers.ChoiceField(choices=Mark.Status.choices)
    score = Exact(max_digits=7, decimal_places=2, allow_null=True)
    percent = Exact(max_digits=9, decimal_places=3, allow_null=True, help_text="Rounded half up, as the scale says.")
    grade = serializers.CharField(allow_null=True)
    passed = serializers.BooleanField(allow_null=True)


class ExamRecordOut(OnRosterOut, ExamMarkOut):
    """A student who sits a paper, or has a mark in it."""

    components = ComponentMarkOut(many=True, help_text="Of a paper with components: of each, in their order.")

    counted = Exact(
        max_digits=7, decimal_places=2, allow_null=True, help_text="What counts of the score once it is moderated."
    )
    on_roster = serializers.BooleanField(help_text="False: marked, and by now not in the class on the paper's day.")


class ExamMarksHeadOut(serializers.Serializer[object]):
    """The marks of a paper without its records."""

    exam_id = serializers.UUIDField()
    version = serializers.IntegerField(help_text="0 until somebody enters marks. Send it back with PUT.")
    open = serializers.BooleanField(help_text="Whether marks may be entered now.")
    reopened_until = serializers.DateTimeField(allow_null=True)
    max_marks = Exact(max_digits=7, decimal_places=2)
    pass_marks = Exact(max_digits=7, decimal_places=2, allow_null=True)
    factor = Exact(max_digits=6, decimal_places=4, help_text="1, or as the moderation says that is applied.")
    shift = Exact(max_digits=7, decimal_places=2, help_text="0, or as the moderation says that is applied.")
    components = ExamComponentOut(many=True, help_text="What the paper is made of; nothing: it has one mark.")
    marked_by = PersonOut(allow_null=True)
    marked_at = serializers.DateTimeField(allow_null=True)


class ExamMarksOut(ExamMarksHeadOut):
    """The marks of a paper."""

    records = ExamRecordOut(many=True)


class PaperToMarkOut(serializers.Serializer[object]):
    """A paper that was sat and that marks are missing of."""

    exam_id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    session = serializers.CharField()
    name = serializers.CharField(help_text="Course and title.")
    group = serializers.CharField()
    day = Day()
    students = serializers.IntegerField()
    missing = serializers.IntegerField(help_text="Of how many nothing is entered.")
    closes_on = Day(allow_null=True, help_text="The last day on which marks of its term are entered.")


class MarksReopenIn(ForAWhile):
    """Why marks may be entered again, and for how long."""

    hours = serializers.FloatField(default=24, help_text="At most 336.")


class MarkChangeOut(StudentChangeOut):
    """One line of the history of a paper's marks."""

    after = serializers.JSONField(allow_null=True, help_text="Null: the mark went to the record this one became.")


class FollowedMarkOut(ExamMarkOut):
    """A published mark as a student and their family see it."""

    exam_id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    session = serializers.CharField()
    kind = serializers.ChoiceField(choices=ExamSession.Kind.choices)
    course_id = serializers.UUIDField()
    course = serializers.CharField()
    title = serializers.CharField()
    day = Day()
    max_marks = Exact(max_digits=7, decimal_places=2)
    pass_marks = Exact(max_digits=7, decimal_places=2, allow_null=True)


# --- moderation -------------------------------------------------------------------------------------------------------
class ModerationIn(serializers.Serializer[object]):
    """What is proposed to become of each score: `score × factor + shift`, within 0 and the paper's marks."""

    factor = Exact(max_digits=6, decimal_places=4, required=False, default=Decimal(1), help_text="From 0 to 10.")
    shift = Exact(max_digits=7, decimal_places=2, required=False, default=Decimal(0), help_text="In marks.")
    reason = serializers.CharField(max_length=200)


class SpreadOut(serializers.Serializer[object]):
    """How the percentages of a paper are spread."""

    entered = serializers.IntegerField(help_text="How many have a score.")
    mean = Exact(max_digits=7, decimal_places=2, allow_null=True)
    lowest = Exact(max_digits=7, decimal_places=2, allow_null=True)
    highest = Exact(max_digits=7, decimal_places=2, allow_null=True)
    passed = serializers.IntegerField()
    deciles = serializers.ListField(child=serializers.IntegerField(), help_text="[0, 10) … [90, 100].")


class ModerationOut(serializers.Serializer[object]):
    """A moderation, with how the marks of now are spread before and after it."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Moderation.State.choices)
    factor = Exact(max_digits=6, decimal_places=4)
    shift = Exact(max_digits=7, decimal_places=2)
    reason = serializers.CharField()
    proposed_by = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    applied_by = serializers.CharField(allow_null=True)
    applied_at = serializers.DateTimeField(allow_null=True)
    reverted_by = serializers.CharField(allow_null=True)
    reverted_at = serializers.DateTimeField(allow_null=True)
    before = SpreadOut()
    after = SpreadOut()


# --- remarks ----------------------------------------------------------------------------------------------------------
class RemarkIn(serializers.Serializer[object]):
    """What is said of a student; empty: nothing any more."""

    student_id = serializers.UUIDField()
    text = serializers.CharField(max_length=500, allow_blank=True, help_text="`{name}` is the student's.")
    was = serializers.CharField(
        max_length=500,
        allow_blank=True,
        allow_null=True,
        required=False,
        default=None,
        help_text="As it was read; where it is another by now, 409.",
    )


class RemarksIn(serializers.Serializer[object]):
    """Remarks about some of a class; those of others stay."""

    records = serializers.ListField(child=RemarkIn(), min_length=1, max_length=2000)


class RemarkOut(AboutStudentOut):
    """What is said of a student."""

    text = serializers.CharField(allow_blank=True)
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)


class PhraseIn(serializers.Serializer[object]):
    """A phrase for the school's bank."""

    text = serializers.CharField(max_length=500, help_text="`{name}` is the student's.")


class PhraseOut(PhraseIn):
    """A phrase of the school's bank."""

    id = serializers.UUIDField()


# --- results ----------------------------------------------------------------------------------------------------------
class ResultPolicyIn(serializers.Serializer[object]):
    """How results are made of marks."""

    absent = serializers.ChoiceField(
        choices=ResultPolicy.Counts.choices, help_text="Counts with no marks, or leaves the denominator."
    )
    malpractice = serializers.ChoiceField(choices=ResultPolicy.Counts.choices, help_text="The same.")
    ranks = serializers.ChoiceField(
        choices=ResultPolicy.Ranks.choices, help_text="dense: 1, 2, 2, 3; competition: 1, 2, 2, 4; or none."
    )
    ranked_within = serializers.ChoiceField(choices=ResultPolicy.Within.choices)
    coursework = Exact(
        max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False,
        help_text="Of a course's result in a term, what its gradebook is, in percent; exams are the rest.",
    )  # fmt: skip
    extra_up_to = Exact(
        max_digits=5, decimal_places=2, min_value=100, required=False,
        help_text="What a gradebook comes to at most, in percent, however much is extra.",
    )  # fmt: skip


class ResultPolicyOut(ResultPolicyIn):
    """One version of how results are made; 0 where they are the defaults."""

    version = serializers.IntegerField()


class ResultOut(serializers.Serializer[object]):
    """What papers come to."""

    total = Exact(max_digits=9, decimal_places=2)
    out_of = Exact(max_digits=9, decimal_places=2, help_text="Without what is exempt or left out.")
    percent = Exact(
        max_digits=7, decimal_places=2, allow_null=True, help_text="Rounded half up; null where nothing counts."
    )
    complete = serializers.BooleanField(help_text="False: a paper is without a mark.")
    rank = serializers.IntegerField(allow_null=True)
    ranked = serializers.IntegerField(allow_null=True, help_text="Among how many.")


class SessionResultOut(AboutStudentOut, ResultOut):
    """A student's result in a session."""

    section_id = serializers.UUIDField(allow_null=True)


class ResultsAskedOut(serializers.Serializer[object]):
    """A session whose results a job computes: which job stands in `touched`."""

    session_id = serializers.UUIDField()
    policy_version = serializers.IntegerField()


class FollowedResultOut(ResultOut):
    """A published result as a student and their family see it."""

    session_id = serializers.UUIDField()
    session = serializers.CharField()
    kind = serializers.ChoiceField(choices=ExamSession.Kind.choices)
    weight = Exact(max_digits=5, decimal_places=2)
    term_id = serializers.UUIDField()
    term = serializers.CharField()


class TermAverageOut(serializers.Serializer[object]):
    """The average of a term's published sessions, by their weights."""

    term_id = serializers.UUIDField()
    term = serializers.CharField()
    percent = Exact(max_digits=7, decimal_places=2)


class FollowedResultsOut(serializers.Serializer[object]):
    """A student's published results."""

    results = FollowedResultOut(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null.")
    terms = TermAverageOut(many=True)
