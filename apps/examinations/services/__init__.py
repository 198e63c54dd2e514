"""Writes: grading scales, exam sessions and their papers."""

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
    "add_papers",
    "add_scale",
    "add_scale_version",
    "add_session",
    "change_paper",
    "change_session",
    "follow_class",
    "move_session",
    "remove_paper",
    "remove_session",
    "retire_scale",
    "seed_scales",
    "set_publication",
]
