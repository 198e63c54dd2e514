"""What the audit trail does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The trail says that they changed, not what they say: it is read by more people than they are.
_PRIVATE = frozenset({"medical_note", "restriction_note"})


def without_private(fields: Mapping[str, Any]) -> dict[str, Any]:
    """``fields`` as the audit trail may show them."""
    return {name: "not shown here" if name in _PRIVATE and value else value for name, value in fields.items()}
