"""Printing: lists, at once or by a worker and fetched; and report cards."""

from __future__ import annotations

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
