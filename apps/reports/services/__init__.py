"""Printing: lists, at once or by a worker and fetched; and report cards."""

from __future__ import annotations

from apps.reports.services.absences import absence_columns, absences_on_paper, absences_to_take
from apps.reports.services.absences import in_order as absences_in_order
from apps.reports.services.cards import (
    amend_card,
    ask_to_publish,
    draft_cards,
    grouped,
    pack_cards,
    preview_layout,
    print_card,
    print_cards,
    proof_read_cards,
    publish_cards,
    set_layout,
)
from apps.reports.services.lists import KINDS
from apps.reports.services.printing import (
    Kept,
    ask_for_list,
    clear_printed_lists,
    is_long,
    kept_list,
    print_and_keep,
    print_list,
)
from apps.reports.services.telling import tell_of_cards
from apps.reports.services.transcripts import print_transcript

__all__ = [
    "KINDS",
    "Kept",
    "absence_columns",
    "absences_in_order",
    "absences_on_paper",
    "absences_to_take",
    "amend_card",
    "ask_for_list",
    "ask_to_publish",
    "clear_printed_lists",
    "draft_cards",
    "grouped",
    "is_long",
    "kept_list",
    "pack_cards",
    "preview_layout",
    "print_and_keep",
    "print_card",
    "print_cards",
    "print_list",
    "print_transcript",
    "proof_read_cards",
    "publish_cards",
    "set_layout",
    "tell_of_cards",
]  # fmt: skip
