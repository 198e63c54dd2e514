"""Addresses of rows by the hundred: reversed once for each kind, and each row's key put into it."""

from __future__ import annotations

from functools import cache
from html import escape
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString

# Stand for a key until there is one; no address has them of itself.
_NOBODY, _NONE = "00000000-0000-0000-0000-000000000000", "9000000000000000000"


@cache
def _around(name: str, stand_in: str) -> tuple[str, str]:
    before, _, after = reverse(name, args=(stand_in,)).partition(stand_in)
    return before, after


def address_of(name: str, key: UUID | int) -> str:
    """The address called ``name`` of the row with this key, its only argument."""
    before, after = _around(name, _NOBODY if isinstance(key, UUID) else _NONE)
    return f"{before}{key}{after}"


def link_to(name: str, key: UUID | int, said: str, *, heard: str = "") -> SafeString:
    """A link to that address which says ``said``; ``heard``: all of it, to who does not see what stands beside it."""
    label = f' aria-label="{escape(heard)}"' if heard else ""
    return SafeString(f'<a href="{address_of(name, key)}"{label}>{escape(said)}</a>')
