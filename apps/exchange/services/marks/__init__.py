"""Marks by spreadsheet: a sheet for each paper, filled in, and laid beside what was entered since."""

from apps.exchange.services.marks.applying import apply_marks, confirm_marks
from apps.exchange.services.marks.comparing import compare_marks
from apps.exchange.services.marks.receiving import receive_marks
from apps.exchange.services.marks.writing import write_mark_file

__all__ = ["apply_marks", "compare_marks", "confirm_marks", "receive_marks", "write_mark_file"]
