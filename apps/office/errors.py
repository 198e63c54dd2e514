"""What the office's own pages refuse."""

from __future__ import annotations

from schoolops.errors import Invalid


class ListTooLong(Invalid):
    """This list would have {students} students; at most {most} are printed at once."""

    code = "office:list-too-long"
    remedy = "Choose some of the sections, and print the others after them."
