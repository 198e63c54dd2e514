"""What a paper is made of, and what was entered of each part."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.examinations.models.exams import Exam, Scored, scored
from apps.students.models import Student
from schoolops import folding
from schoolops.privacy import Held, Kept
from schoolops.rows import PublicRow, called


class ExamComponent(PublicRow):
    """A part of a paper with marks of its own, such as a practical. ``weight`` is beside that of the others."""

    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, db_index=False, related_name="components")
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    max_marks = models.DecimalField(max_digits=7, decimal_places=2)
    weight = models.DecimalField(max_digits=7, decimal_places=2)

    class Meta:
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint("exam", folding.Fold("name"), name="exam_component_name_once"),
            # The target of the marks' composite foreign key.
            models.UniqueConstraint(fields=("id", "max_marks"), name="exam_component_id_max_marks"),
            models.CheckConstraint(condition=Q(max_marks__gt=0), name="exam_component_has_marks"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="exam_component_has_weight"),
        )

    def __str__(self) -> str:
        return self.name


class ComponentMark(Scored):
    """What was entered of one student in one component; the paper's ``Mark`` is made of them."""

    component = models.ForeignKey(
        ExamComponent, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="marks"
    )
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="component_marks")

    held: ClassVar[Held] = {"student": Kept(law="marks", since=("component__exam__day",))}

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("component", "student"), name="component_mark_once"),
            *scored("component_mark"),
        )

    def __str__(self) -> str:
        return called(self.student, self.component)
