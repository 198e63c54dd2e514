"""Lists on A4: parts, paragraphs, tables."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from schoolops.pdf.engine import typeset
from schoolops.pdf.words import FIRST_STRONG_ISOLATE, breakable, isolated, reads_from_the_right

Align = Literal["start", "centre", "end"]

WIDTH_MM = 182.0
# A line of text, and a letter of medium width.
LINE_MM = 4.0
LETTER_MM = 2.0
CELL_INSET_MM = 2.8
NUMBERS = {"page": None, "of": True}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``share`` of the width, beside the shares of the others."""

    title: str
    share: float
    align: Align = "start"


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands on every page. ``pages`` is a sentence with ``{page}`` and ``{of}``."""

    title: str
    school: str
    day: str
    pages: str


class Paper:
    """A4 sheets in one language: ``part()`` begins a page, ``rows()`` fills it and the following ones."""

    def __init__(self, heading: Heading, *, language: str, printed_at: dt.datetime) -> None:
        self.heading = heading
        self.language = language
        self.rtl = reads_from_the_right(language)
        self.printed_at = printed_at
        self._parts: list[dict[str, Any]] = []

    def isolated(self, text: str) -> str:
        """``text`` as a part of a longer line that keeps its own order, and leaves its neighbours theirs."""
        return isolated(text, rtl=self.rtl)

    def part(self, title: str = "") -> None:
        """A new page, with ``title`` (a section's name) after the heading's."""
        whole = f"{self.heading.title} – {self.isolated(title)}" if title else self.heading.title
        self._parts.append({"title": whole, "items": []})

    def note(self, text: str) -> None:
        """A paragraph."""
        self._parts[-1]["items"].append({"kind": "note", "text": text})

    def rows(self, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, height: float = 7.0) -> None:
        """Rows of at least ``height`` mm; the titles are repeated on every page that the table runs to.

        Each line of a cell keeps its own direction; of parts that a line joins, ``isolated`` keeps each one's.
        """
        whole = sum(column.share for column in columns)
        letters = [int((WIDTH_MM * column.share / whole - CELL_INSET_MM) / LETTER_MM) for column in columns]
        self._parts[-1]["items"].append(
            {
                "kind": "rows",
                "titles": [self.isolated(column.title) for column in columns],
                "shares": [column.share for column in columns],
                "sides": [column.align for column in columns],
                "inset": (height - LINE_MM) / 2,
                "rows": [
                    [
                        "\n".join(self._line(line, most) for line in cell.split("\n"))
                        for cell, most in zip(row, letters, strict=True)
                    ]
                    for row in rows
                ],
            }
        )

    def as_bytes(self) -> bytes:
        """The finished file."""
        heading = self.heading
        return typeset(
            "lists",
            {
                "name": f"{heading.title} – {heading.school}",
                "author": heading.school,
                "school": self.isolated(heading.school),
                "day": self.isolated(heading.day),
                "pages": [
                    NUMBERS[part[1:-1]] if part in ("{page}", "{of}") else part
                    for part in re.split(r"(\{page\}|\{of\})", heading.pages)
                ],
                "language": self.language.partition("-")[0],
                "rtl": self.rtl,
                "parts": self._parts,
            },
            dated=self.printed_at,
        )

    def _line(self, text: str, letters: int) -> str:
        return breakable(text if FIRST_STRONG_ISOLATE in text else self.isolated(text), letters)
