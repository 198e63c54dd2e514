"""Two people edit the same row: the version they read decides, as ``If-Match`` or as ``version`` in the body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request

from schoolops.api.errors import refused

# Of an If-Match: an ETag of ours, its quotes left out or not, or any; HTTP lets go of the blanks around it. What is not
# ASCII comes as an empty text, and so would be taken for not said. Also what the API's description says of it.
PATTERN = r'^[ \t]*(\*|(W/)?"?[0-9]{1,18}"?)[ \t]*$'


def etag(version: int) -> str:
    """``"3"``, quotes included."""
    return f'"{version}"'


def expected(request: Request, body: Mapping[str, Any] | None = None, *, required: bool = True) -> int | None:
    """The version the client read. ``If-Match: "3"`` or ``{"version": 3}``; ``If-Match: *`` is ``None``: any.

    Raises:
        ValidationFailed: it is missing, unreadable, or the two disagree.
    """
    header = request.headers.get("If-Match")
    sent: Any = request.data if body is None else body
    said = sent.get("version") if isinstance(sent, Mapping) else None
    if header is not None:
        header = header.strip(" \t")
        if header == "*":
            return None
        number = header.removeprefix("W/").strip('"')
        if not re.search(PATTERN, header) or (said is not None and said != int(number)):
            raise refused(
                "version", "invalid", 'Send the ETag you were given, such as If-Match: "3", or `version`; not two.'
            )
        return int(number)
    if said is None and required:
        raise refused("version", "required", "Send the version you read, as If-Match or as `version`.")
    if said is not None and (not isinstance(said, int) or isinstance(said, bool) or said < 0):
        raise refused("version", "invalid", "A whole number.")
    return said
