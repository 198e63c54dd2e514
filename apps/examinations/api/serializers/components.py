"""What the API of a paper's components takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from apps.examinations.models import Mark, ResultPolicy
from schoolops.api.fields import Exact

MOST_COMPONENTS = 12


class WrittenIn(serializers.Serializer[object]):
    """A score, or a status; neither is not entered."""

    score = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        default=None,
        max_length=100,
        help_text="As people write it: 7.5 or 7,5, in the digits of any script; as text.",
    )
    status = serializers.ChoiceField(choices=Mark.Status.choices, required=False, allow_null=True, default=None)


class ComponentMarkIn(WrittenIn):
    """What was written of one student in one component."""

    component_id = serializers.UUIDField()


class ComponentMarkOut(serializers.Serializer[object]):
    """What is entered of one student in one component."""

    component_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Mark.Status.choices)
    score = Exact(max_digits=7, decimal_places=2, allow_null=True)


class ExamComponentIn(serializers.Serializer[object]):
    """A part of a paper with marks of its own."""

    id = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Of one that there is.")
    name = serializers.CharField(max_length=80)
    max_marks = Exact(max_digits=7, decimal_places=2)
    weight = Exact(
        max_digits=7, decimal_places=2, required=False, allow_null=True, default=None,
        help_text="Beside the others'; its marks, unless said.",
    )  # fmt: skip


class ExamComponentsIn(serializers.Serializer[object]):
    """What a paper is made of, in order; nothing: it has one mark."""

    components = serializers.ListField(child=ExamComponentIn(), max_length=MOST_COMPONENTS)
    absent = serializers.ChoiceField(
        choices=ResultPolicy.Counts.choices, required=False, allow_null=True, default=None,
        help_text="What an absence in one component does; as the school's policy says, unless said.",
    )  # fmt: skip


class ExamComponentOut(serializers.Serializer[object]):
    """A component."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    max_marks = Exact(max_digits=7, decimal_places=2)
    weight = Exact(max_digits=7, decimal_places=2)


class ComponentOutcomeOut(ExamComponentOut):
    """A component, and how it went."""

    entered = serializers.IntegerField(help_text="How many have a score.")
    absent = serializers.IntegerField()
    mean = Exact(max_digits=7, decimal_places=2, allow_null=True, help_text="Of the scores, in percent.")
    lowest = Exact(max_digits=7, decimal_places=2, allow_null=True)
    highest = Exact(max_digits=7, decimal_places=2, allow_null=True)


class ExamComponentsOut(serializers.Serializer[object]):
    """What a paper is made of."""

    exam_id = serializers.UUIDField()
    version = serializers.IntegerField(help_text="Of the paper.")
    absent = serializers.ChoiceField(choices=ResultPolicy.Counts.choices)
    components = ComponentOutcomeOut(many=True)
