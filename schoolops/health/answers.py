"""How health answers: JSON that nobody keeps."""

from __future__ import annotations

import orjson
from django.http import HttpResponse


def as_json(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(
        orjson.dumps(body), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
