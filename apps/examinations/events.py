"""What happened to exams, as facts made of ids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MarksEntered:
    """Marks of a session changed: entered, corrected, or moved to another record of the child."""

    session_id: int


@dataclass(frozen=True, slots=True)
class PapersChanged:
    """A session's papers are others now, or count otherwise."""

    session_id: int


@dataclass(frozen=True, slots=True)
class ResultsDue:
    """A session's results are to be computed from the start."""

    session_id: int


@dataclass(frozen=True, slots=True)
class ModerationBegun:
    """A session's marks are in, and somebody looks at what they come to."""

    session_id: int


@dataclass(frozen=True, slots=True)
class MarksMissing:
    """Marks of papers are missing, and it is time that this user is told."""

    user_id: int
    exam_ids: tuple[int, ...]
