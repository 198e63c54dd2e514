"""Request ids and W3C trace context: accepted only when well-formed, minted otherwise."""

from __future__ import annotations

import re
import secrets
import uuid

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def request_id_from(header: str | None) -> str:
    """``header`` when it is a UUID (anything else could forge log lines), else a new UUIDv4."""
    if header and len(header) == 36:
        try:
            return str(uuid.UUID(header))
        except ValueError:
            pass
    return str(uuid.uuid4())


def traceparent_from(header: str | None) -> str:
    """The trace context of this request: the caller's trace with a span of our own, or a new trace.

    Source: https://www.w3.org/TR/trace-context/ (version 00; an all-zero id is invalid).
    """
    found = _TRACEPARENT.fullmatch(header.strip()) if header else None
    span = secrets.token_hex(8)
    if found and found.group(1) != "0" * 32 and found.group(2) != "0" * 16:
        return f"00-{found.group(1)}-{span}-{found.group(3)}"
    return f"00-{secrets.token_hex(16)}-{span}-01"
