"""Reads: what a percentage is worth, which sessions and papers somebody sees, and their marks."""

from apps.examinations.selectors.entry import is_marking, must_be_marking, paper_of, sitting
from apps.examinations.selectors.grading import Band, Graded, Scale, band_of, rounded, scale_by, scale_of
from apps.examinations.selectors.reading import read_score
from apps.examinations.selectors.results import (
    result_policy,
    results_followed,
    results_seen,
    session_with_results,
)
from apps.examinations.selectors.sheet import (
    head_of_marks,
    mark_changes,
    marks_followed,
    marks_sheet,
    marks_since,
    sheet_of,
)
from apps.examinations.selectors.timetable import (
    asked_papers,
    exams_followed,
    invigilators_of,
    papers_in_reach,
    papers_seen,
    sat_by,
    sessions_seen,
    state_now,
    student_followed,
)

__all__ = [
    "Band",
    "Graded",
    "Scale",
    "asked_papers",
    "band_of",
    "exams_followed",
    "head_of_marks",
    "invigilators_of",
    "is_marking",
    "mark_changes",
    "marks_followed",
    "marks_sheet",
    "marks_since",
    "must_be_marking",
    "paper_of",
    "papers_in_reach",
    "papers_seen",
    "read_score",
    "result_policy",
    "results_followed",
    "results_seen",
    "rounded",
    "sat_by",
    "scale_by",
    "scale_of",
    "session_with_results",
    "sessions_seen",
    "sheet_of",
    "sitting",
    "state_now",
    "student_followed",
]
