"""Reads: what a percentage is worth, and which sessions and papers somebody sees."""

from apps.examinations.selectors.grading import Band, Graded, Scale, band_of, rounded, scale_by, scale_of
from apps.examinations.selectors.timetable import (
    exams_followed,
    invigilators_of,
    papers_in_reach,
    papers_seen,
    sessions_seen,
    state_now,
)

__all__ = [
    "Band",
    "Graded",
    "Scale",
    "band_of",
    "exams_followed",
    "invigilators_of",
    "papers_in_reach",
    "papers_seen",
    "rounded",
    "scale_by",
    "scale_of",
    "sessions_seen",
    "state_now",
]
