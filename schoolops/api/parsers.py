"""JSON in: orjson, which refuses NaN, duplicate encodings and lone surrogates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from schoolops import pictures, problem
from schoolops.errors import Invalid
from schoolops.folding import composed


class BodyTooLarge(Invalid):
    """The request's body is larger than {most} MB."""

    code = "api:body-too-large"
    remedy = "Send it in several requests."


problem.STATUS[BodyTooLarge] = (413, "Too large")


class LengthRequired(Invalid):
    """The request does not say how long its body is."""

    code = "api:length-required"
    remedy = "Send `Content-Length` instead of chunks."


problem.STATUS[LengthRequired] = (411, "How long is it?")


class JsonParser(BaseParser):
    """``application/json`` in UTF-8. NUL characters are refused: PostgreSQL cannot store them.

    Django's limit for bodies counts for ``request.body`` only; a stream that is read would let a stranger fill memory.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        try:
            body = stream.read(most + 1)
            if len(body) > most:
                raise BodyTooLarge(most=most // 2**20)
            if b"\\u0000" in body:
                raise ParseError("NUL characters cannot be stored.")
            return _composed(orjson.loads(body))
        except orjson.JSONDecodeError as error:
            raise ParseError(str(error)) from error


def _composed(said: Any, name: str = "") -> Any:
    """Every text in its composed form, but for passwords, which are what was typed."""
    if isinstance(said, str):
        return said if name.endswith("password") else composed(said)
    if isinstance(said, dict):
        return {key: _composed(each, key) for key, each in said.items()}
    return [_composed(each) for each in said] if isinstance(said, list) else said


class PictureParser(BaseParser):
    """A picture as the whole body, whatever its type says: services look at the content, and take no more."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, bytes]:
        # One byte more, so that the service sees that it is too large.
        return {"content": stream.read(pictures.LARGEST + 1)}


def sent_picture(request: Request) -> bytes:
    """The bytes that ``PictureParser`` read."""
    content: bytes = dict(request.data).get("content", b"")
    return content
