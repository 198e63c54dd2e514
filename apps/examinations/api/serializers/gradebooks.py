"""What the API of gradebooks takes and gives."""

from __future__ import annotations

from decimal import Decimal

from rest_framework import serializers

from apps.examinations.api.serializers.components import WrittenIn
from apps.examinations.api.serializers.exams import MarkChangeOut
from apps.examinations.models import Assessment, Mark
from apps.institutions.models import Course, CourseClass, Section, Term
from schoolops.api.fields import Day, Exact, RowId

MOST_CATEGORIES, MOST_ASSESSMENTS = 20, 200


class GradebookIn(serializers.Serializer[object]):
    """Whose gradebook, of which term: of a section in a course, or of a class."""

    term_id = RowId(Term.objects.select_related("year__institution"), source="term")
    section_id = RowId(Section, source="section", required=False, allow_null=True, default=None)
    class_id = RowId(
        CourseClass.objects.select_related("section", "course"), source="course_class", required=False,
        allow_null=True, default=None,
    )  # fmt: skip
    course_id = RowId(Course, source="course", required=False, allow_null=True, default=None)


class AssessmentCategoryIn(serializers.Serializer[object]):
    """A category, such as homework."""

    name = serializers.CharField(max_length=80)
    weight = Exact(max_digits=7, decimal_places=2, required=False, default=Decimal(1))
    drop_lowest = serializers.IntegerField(
        min_value=0, max_value=100, required=False, default=0,
        help_text="How many of the lowest shares are left out of numerator and denominator; one always counts.",
    )  # fmt: skip


class AssessmentIn(serializers.Serializer[object]):
    """Something that is marked; its category, and what it is a re-sit of, by name."""

    id = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Of one that there is.")
    name = serializers.CharField(max_length=80)
    category = serializers.CharField(max_length=80)
    day = Day(required=False, allow_null=True, default=None)
    max_marks = Exact(max_digits=7, decimal_places=2)
    weight = Exact(max_digits=7, decimal_places=2, required=False, default=Decimal(1))
    extra = serializers.BooleanField(
        required=False, default=False, help_text="What it earns is added; it is in no denominator."
    )
    resit_of = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    resit = serializers.ChoiceField(
        choices=Assessment.Resit.choices, required=False, allow_blank=True, default="",
        help_text="replaces: it counts instead; capped: the better of the first and of this, up to `cap`; averaged.",
    )  # fmt: skip
    cap = Exact(max_digits=5, decimal_places=2, required=False, allow_null=True, default=None, help_text="In percent.")


class GradebookSetIn(serializers.Serializer[object]):
    """What is assessed, in order."""

    categories = serializers.ListField(child=AssessmentCategoryIn(), max_length=MOST_CATEGORIES)
    assessments = serializers.ListField(child=AssessmentIn(), max_length=MOST_ASSESSMENTS)


class AssessmentMarkIn(WrittenIn):
    """What was written of one student in one assessment."""

    student_id = serializers.UUIDField()
    assessment_id = serializers.UUIDField()


class AssessmentMarksIn(serializers.Serializer[object]):
    """Cells of a gradebook; others stay."""

    marks_version = serializers.IntegerField(min_value=0, help_text="That was read.")
    records = serializers.ListField(child=AssessmentMarkIn(), min_length=1, max_length=5000)


class GradebookOut(serializers.Serializer[object]):
    """A gradebook without what stands in it."""

    id = serializers.UUIDField()
    term_id = serializers.UUIDField()
    term = serializers.CharField()
    section_id = serializers.UUIDField(allow_null=True)
    class_id = serializers.UUIDField(allow_null=True)
    course_id = serializers.UUIDField()
    course = serializers.CharField()
    group = serializers.CharField(help_text="The class, or the section, in words.")
    published_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()
    marks_version = serializers.IntegerField()


class AssessmentMarkOut(serializers.Serializer[object]):
    """What is entered of one student in one assessment."""

    assessment_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Mark.Status.choices)
    score = Exact(max_digits=7, decimal_places=2, allow_null=True)


class AssessmentChangeOut(MarkChangeOut):
    """One line of the history of a gradebook's marks; before and after name the assessment as it was called then."""

    assessment_id = serializers.UUIDField()


class GradebookRecordOut(serializers.Serializer[object]):
    """A student's marks, and what they come to by the policy of now."""

    student_id = serializers.UUIDField()
    name = serializers.CharField()
    admission_number = serializers.CharField()
    marks = AssessmentMarkOut(many=True)
    percent = Exact(
        max_digits=7, decimal_places=2, allow_null=True, help_text="Rounded half up once; null where nothing counts."
    )
    bounded = serializers.BooleanField(help_text="With what is extra it would be more than `extra_up_to`.")
    dropped = serializers.ListField(child=serializers.UUIDField(), help_text="The assessments that are left out.")


class AssessmentCategoryOut(serializers.Serializer[object]):
    """A category."""

    name = serializers.CharField()
    weight = Exact(max_digits=7, decimal_places=2)
    drop_lowest = serializers.IntegerField()


class AssessmentOut(serializers.Serializer[object]):
    """An assessment."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    category = serializers.CharField()
    day = Day(allow_null=True)
    max_marks = Exact(max_digits=7, decimal_places=2)
    weight = Exact(max_digits=7, decimal_places=2)
    extra = serializers.BooleanField()
    resit_of = serializers.CharField(allow_blank=True)
    resit = serializers.CharField(allow_blank=True)
    cap = Exact(max_digits=5, decimal_places=2, allow_null=True)


class GradebookSheetOut(GradebookOut):
    """A gradebook."""

    open = serializers.BooleanField(help_text="Whether marks may be entered now.")
    reopened_until = serializers.DateTimeField(allow_null=True)
    extra_up_to = Exact(
        max_digits=5, decimal_places=2, help_text="What it comes to at most, in percent, by the policy of now."
    )

    categories = AssessmentCategoryOut(many=True)
    assessments = AssessmentOut(many=True)
    records = GradebookRecordOut(many=True)


class TermResultOut(serializers.Serializer[object]):
    """A student's published result in a course and term."""

    term_id = serializers.UUIDField()
    term = serializers.CharField()
    course_id = serializers.UUIDField()
    course = serializers.CharField()
    coursework = Exact(max_digits=7, decimal_places=2, allow_null=True)
    exams = Exact(max_digits=7, decimal_places=2, allow_null=True, help_text="Of sessions whose results are public.")
    percent = Exact(max_digits=7, decimal_places=2, allow_null=True, help_text="Both, by the policy's weights.")
