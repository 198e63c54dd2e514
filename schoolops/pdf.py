"""Printed pages: a heading on each, tables that run over pages, names in many scripts, in either direction."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, TextMode, XPos, YPos
from fpdf.fonts import TTFFont

# Noto Sans under the SIL Open Font License 1.1, read from the package that ships it; only used letters are embedded.
FONTS = "manimgx_fonts"
MAIN = "NotoSans[wght].ttf"
# Asked in this order for a letter that Noto Sans does not have.
SCRIPTS = (
    "Arabic", "Hebrew", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Tamil", "Telugu", "Kannada", "Malayalam",
    "Sinhala", "Thai", "Lao", "Khmer", "Myanmar", "Ethiopic", "Armenian", "Georgian",
)  # fmt: skip
RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
MARGIN = 14.0
LINE = 5.0
# Hebrew; what stands before it (Latin, Greek, Cyrillic, Armenian) is placed letter by letter.
FIRST_JOINED = 0x590
MISSING = "\N{REPLACEMENT CHARACTER}"

Align = Literal["start", "centre", "end"]


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


@cache
def _folder() -> Path:
    return Path(str(resources.files(FONTS)))


def reads_from_the_right(language: str) -> bool:
    """Whether ``language`` (``ar``, ``ar-eg``) is written from right to left."""
    return language.lower().partition("-")[0] in RIGHT_TO_LEFT


class Paper(FPDF):
    """A4 sheets in one language: ``part()`` begins a page, ``rows()`` fills it and the following ones."""

    def __init__(self, heading: Heading, *, language: str, printed_at: dt.datetime) -> None:
        super().__init__(format="A4")
        self.heading = heading
        self.rtl = reads_from_the_right(language)
        self._part = ""
        self._known: dict[int, bool] = {}
        self.set_margin(MARGIN)
        self.set_auto_page_break(auto=True, margin=MARGIN + 6)
        self.set_title(f"{heading.title} – {heading.school}")
        self.set_author(heading.school)
        self.set_lang(language)
        self.set_creation_date(printed_at)
        self.add_font("main", fname=_folder() / MAIN)
        for script in SCRIPTS:
            self.add_font(script, fname=_folder() / f"NotoSans{script}[wght].ttf")
        self.set_fallback_fonts(list(SCRIPTS))
        self.set_font("main", size=10)
        self.set_draw_color(150)

    # --- what stands on every page ------------------------------------------------------------------------------------
    def header(self) -> None:
        """The school and the day at the two ends, below them what this is."""
        self.set_font("main", size=9)
        self._line_of(self.heading.school, self.heading.day)
        title = f"{self.heading.title} – {self._part}" if self._part else self.heading.title
        self._strong(title, size=15, height=9)
        self.line(self.l_margin, self.get_y() + 1, self.w - self.r_margin, self.get_y() + 1)
        self.ln(4)
        self.set_font("main", size=10)

    def footer(self) -> None:
        """Which page of how many."""
        self.set_y(-MARGIN)
        self.set_font("main", size=8)
        self._joined(self.heading.pages)
        words = self.heading.pages.format(page=self.page_no(), of=self.str_alias_nb_pages)
        self.cell(0, LINE, words, align="C")

    def _line_of(self, start: str, end: str) -> None:
        left, right = (end, start) if self.rtl else (start, end)
        half = self.epw / 2
        self._joined(left + right)
        self.cell(half, LINE, self._fitted(left, half), align="L")
        self.cell(half, LINE, self._fitted(right, half), align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _strong(self, text: str, *, size: float, height: float) -> None:
        # The fonts vary in weight, and cutting a bold one takes two seconds: an outline does.
        with self.local_context(text_mode=TextMode.FILL_STROKE, line_width=0.12, draw_color=0):
            self.set_font("main", size=size)
            self._joined(text)
            self.cell(0, height, text, align=self._side("start"), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font("main", size=10)

    # --- what a list is made of ---------------------------------------------------------------------------------------
    def part(self, title: str = "") -> None:
        """A new page, with ``title`` (a section's name) after the heading's."""
        self._part = title
        self.add_page()

    def note(self, text: str) -> None:
        """A paragraph."""
        text = self._printable(text)
        self._joined(text)
        self.multi_cell(0, LINE, text, align=self._side("start"), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1)

    def rows(self, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, height: float = 7.0) -> None:
        """Rows of at least ``height`` mm; the titles are repeated on every page that the table runs to."""
        whole = sum(column.share for column in columns)
        widths = [self.epw * column.share / whole for column in columns]
        self._titles(columns, widths)
        for row in rows:
            lines = [self._lines(text, width) for text, width in zip(row, widths, strict=True)]
            tall = max(height, LINE * max(map(len, lines)) + 2)
            if self.get_y() + tall > self.page_break_trigger:
                self.add_page()
                self._titles(columns, widths)
            self._row(columns, widths, lines, tall)

    def _titles(self, columns: Sequence[Column], widths: Sequence[float]) -> None:
        self.set_fill_color(236)
        lines = [self._lines(column.title, width) for column, width in zip(columns, widths, strict=True)]
        self._row(columns, widths, lines, LINE * max(map(len, lines)) + 2, fill=True)

    def _row(
        self,
        columns: Sequence[Column],
        widths: Sequence[float],
        lines: Sequence[Sequence[str]],
        tall: float,
        *,
        fill: bool = False,
    ) -> None:
        top, x = self.get_y(), self.l_margin
        cells = list(zip(columns, widths, lines, strict=True))
        for column, width, texts in reversed(cells) if self.rtl else cells:
            self.rect(x, top, width, tall, style="DF" if fill else "D")
            first = top + (tall - LINE * len(texts)) / 2
            for number, text in enumerate(texts):
                if text:
                    self.set_xy(x, first + number * LINE)
                    self._joined(text)
                    self.cell(width, LINE, text, align=self._side(column.align))
            x += width
        self.set_xy(self.l_margin, top + tall)

    def _lines(self, text: str, width: float) -> list[str]:
        text = self._printable(text)
        self._joined(text)
        if "\n" not in text and (not text or self.get_string_width(text) <= width - 2 * self.c_margin):
            return [text]
        found = self.multi_cell(width, LINE, text, align="L", dry_run=True, output=MethodReturnValue.LINES)
        return found if isinstance(found, list) else [text]

    def _printable(self, text: str) -> str:
        """``text`` with a sign in the place of each letter that no font has: a gap would be taken for no name."""
        text = unicodedata.normalize("NFC", text)
        if text.isascii():
            return text
        return "".join(each if each.isspace() or self._has(ord(each)) else MISSING for each in text)

    def _has(self, letter: int) -> bool:
        known = self._known.get(letter)
        if known is None:
            known = self._known[letter] = any(
                isinstance(font, TTFFont) and letter in font.cmap for font in self.fonts.values()
            )
        return known

    def _joined(self, text: str) -> None:
        # Joining letters costs five times as much as placing them: only for scripts that need it.
        needed = any(ord(each) >= FIRST_JOINED or unicodedata.combining(each) for each in text)
        self.set_text_shaping(use_shaping_engine=needed)

    def _fitted(self, text: str, width: float) -> str:
        while len(text) > 1 and self.get_string_width(text) > width:
            text = text[:-2].rstrip() + "…"
        return text

    def _side(self, align: Align) -> str:
        if align == "centre":
            return "C"
        return "R" if (align == "start") == self.rtl else "L"

    def as_bytes(self) -> bytes:
        """The finished file."""
        return bytes(self.output())
