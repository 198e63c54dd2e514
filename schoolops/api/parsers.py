"""JSON in: orjson, which refuses NaN, duplicate encodings and lone surrogates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request


class JsonParser(BaseParser):
    """``application/json`` in UTF-8. NUL characters are refused: PostgreSQL cannot store them."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            body = stream.read()
            if b"\\u0000" in body:
                raise ParseError("NUL characters cannot be stored.")
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(str(error)) from error


class PictureParser(BaseParser):
    """A picture as the whole body, whatever its type says: services look at the content. At most 1 MB is read."""

    media_type = "*/*"
    most = 1024 * 1024

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, bytes]:
        # One byte more, so that the service sees that it is too large.
        return {"content": stream.read(self.most + 1)}


def sent_picture(request: Request) -> bytes:
    """The bytes that ``PictureParser`` read."""
    content: bytes = dict(request.data).get("content", b"")
    return content
