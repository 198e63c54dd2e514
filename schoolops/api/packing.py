"""Pages travel packed, where the browser takes that: a list of the office is a fifth of itself.

Pages alone. An answer of the API is read by programs beside us more often than over a slow line, and what is downloaded
is packed already. Django adds random bytes, so that the length of a page does not tell a secret on it (BREACH).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


_NAMED = re.compile(r"\bgzip\b", re.IGNORECASE)
# RFC 9110, 12.5.3: a weight of 0 is a no, which Django takes for a yes.
_REFUSED = re.compile(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)", re.IGNORECASE)


def takes_packed(request: HttpRequest) -> bool:
    """Whether whoever asks says that they read gzip."""
    said = request.headers.get("Accept-Encoding", "")
    return bool(_NAMED.search(said)) and not _REFUSED.search(said)


class PackedPagesMiddleware(GZipMiddleware):
    """Django's, for ``text/html`` only."""

    def process_response(self, request: HttpRequest, response: Any) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            answer: HttpResponseBase = response
            return answer
        if not takes_packed(request):
            patch_vary_headers(response, ("Accept-Encoding",))
            return response  # type: ignore[no-any-return]
        return super().process_response(request, response)
