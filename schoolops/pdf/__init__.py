"""Printed pages: a named template of ours, filled with data, becomes a tagged PDF of names in many scripts.

``Paper`` is for lists; ``typeset`` for whatever brings a template of its own.
"""

from __future__ import annotations

from schoolops.pdf.engine import typeset, uncovered
from schoolops.pdf.paper import Align, Column, Heading, Paper
from schoolops.pdf.words import isolated, reads_from_the_right, unbroken

__all__ = [
    "Align", "Column", "Heading", "Paper", "isolated", "reads_from_the_right", "typeset", "unbroken", "uncovered",
]  # fmt: skip
