"""Public ids: UUIDv7 (RFC 9562), so that they sort by time of creation and index well."""

from __future__ import annotations

import uuid

import uuid_utils.compat


def uuid7() -> uuid.UUID:
    """A new public id."""
    return uuid_utils.compat.uuid7()
