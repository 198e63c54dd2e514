"""JSON out: orjson, which knows UUID, date and datetime."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    # Lazy translations and anything else that reads as text.
    return str(value)


def as_json(data: Any) -> bytes:
    """``data`` as UTF-8 JSON."""
    return orjson.dumps(data, default=_default, option=orjson.OPT_NON_STR_KEYS)


class JsonRenderer(BaseRenderer):
    """``application/json``, UTF-8, decimals as strings."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else as_json(data)
