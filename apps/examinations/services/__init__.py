"""Writes: grading scales, exam sessions, their papers and the marks."""

from apps.examinations.services.marks import Written, enter_marks, reopen_marks
from apps.examinations.services.merging import move_marks
from apps.examinations.services.papers import Paper, add_papers, change_paper, follow_class, remove_paper
from apps.examinations.services.scales import NewBand, add_scale, add_scale_version, retire_scale, seed_scales
from apps.examinations.services.sessions import (
    add_session,
    change_session,
    move_session,
    remove_session,
    set_publication,
)

__all__ = [
    "NewBand",
    "Paper",
    "Written",
    "add_papers",
    "add_scale",
    "add_scale_version",
    "add_session",
    "change_paper",
    "change_session",
    "enter_marks",
    "follow_class",
    "move_marks",
    "move_session",
    "remove_paper",
    "remove_session",
    "reopen_marks",
    "retire_scale",
    "seed_scales",
    "set_publication",
]
