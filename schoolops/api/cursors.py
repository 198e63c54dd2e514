"""Where a page ended: a signed cursor, good for the same school, address and filters only."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson
from django.core.signing import BadSignature, Signer
from django.db.models import F, Q
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from schoolops.api.errors import refused
from schoolops.context import school_or_none


def _signer(place: str) -> Signer:
    school = school_or_none()
    return Signer(salt=f"schoolops.api.cursor|{school.schema_name if school else 'public'}|{place}")


def written(last: Sequence[Any], *, place: str) -> str:
    """A cursor after the row whose sort key is ``last``. ``place`` is the address with its filters."""
    payload = base64.urlsafe_b64encode(orjson.dumps(last, default=str)).decode().rstrip("=")
    return _signer(place).sign(payload).replace(":", ".")


def read(cursor: str, *, place: str, length: int) -> list[Any]:
    """The sort key in ``cursor``.

    Raises:
        ValidationFailed: it was changed, or it belongs to another school, list or filter.
    """
    try:
        payload = _signer(place).unsign(cursor.replace(".", ":"))
        last: list[Any] = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (BadSignature, ValueError, binascii.Error):
        last = []
    if len(last) != length:
        raise refused("cursor", "invalid", "Use `next` of the page before, with the same filters and sort.")
    return last


def after(sort: Sequence[str], last: Sequence[Any]) -> Q:
    """The rows that come after ``last`` in the order ``sort`` (ORM paths, ``-`` for descending; no nullable ones)."""
    backwards = [key.startswith("-") for key in sort]
    if len(set(backwards)) == 1:
        # One row comparison: PostgreSQL enters the index at that very place.
        comparison = TupleLessThan if backwards[0] else TupleGreaterThan
        return Q(comparison(Tuple(*(F(key.lstrip("-")) for key in sort)), tuple(last)))
    beyond = Q(pk__in=[])
    same = Q()
    for key, value in zip(sort, last, strict=True):
        path = key.lstrip("-")
        beyond |= same & Q(**{f"{path}__{'lt' if key.startswith('-') else 'gt'}": value})
        same &= Q(**{path: value})
    return beyond
