"""Everything that is done with a roster: received, read, compared, applied, undone, and written out again."""

from __future__ import annotations

from apps.exchange.services.applying import apply, confirm
from apps.exchange.services.bank import map_statement, read_statement, receive_statement
from apps.exchange.services.clearing import clear_old_bank_files, clear_old_imports, clear_old_marks
from apps.exchange.services.exporting.bundle import bundle_file, export_bundle
from apps.exchange.services.exporting.templates import template_headers, template_pages
from apps.exchange.services.marks import apply_marks, compare_marks, confirm_marks, receive_marks, write_mark_file
from apps.exchange.services.receiving import map_headers, receive
from apps.exchange.services.resuming import go_on
from apps.exchange.services.staging import read_and_validate
from apps.exchange.services.undoing import begin_undo, undo

__all__ = [
    "apply",
    "apply_marks",
    "begin_undo",
    "bundle_file",
    "clear_old_bank_files",
    "clear_old_imports",
    "clear_old_marks",
    "compare_marks",
    "confirm",
    "confirm_marks",
    "export_bundle",
    "go_on",
    "map_headers",
    "map_statement",
    "read_and_validate",
    "read_statement",
    "receive",
    "receive_marks",
    "receive_statement",
    "template_headers",
    "template_pages",
    "undo",
    "write_mark_file",
]
