"""Grading scales, exam sessions of a term, the papers in them and their components, the marks, and their results."""

from apps.examinations.models.components import ComponentMark, ExamComponent
from apps.examinations.models.exams import (
    Exam,
    ExamSession,
    GradeBand,
    GradingScale,
    Invigilation,
    Mark,
    MarkChange,
    Moderation,
    Remark,
    RemarkPhrase,
    ResultPolicy,
    SessionResult,
)
from apps.examinations.models.gradebooks import Assessment, AssessmentCategory, AssessmentMark, Gradebook

__all__ = [
    "Assessment",
    "AssessmentCategory",
    "AssessmentMark",
    "ComponentMark",
    "Exam",
    "ExamComponent",
    "ExamSession",
    "GradeBand",
    "Gradebook",
    "GradingScale",
    "Invigilation",
    "Mark",
    "MarkChange",
    "Moderation",
    "Remark",
    "RemarkPhrase",
    "ResultPolicy",
    "SessionResult",
]
