"""Pages travel packed, where the browser takes that: a list of the office is a fifth of itself.

Pages alone. An answer of the API is read by programs beside us more often than over a slow line, and what is downloaded
is packed already. Django adds random bytes, so that the length of a page does not tell a secret on it (BREACH).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.middleware.gzip import GZipMiddleware

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class PackedPagesMiddleware(GZipMiddleware):
    """Django's, for ``text/html`` only."""

    def process_response(self, request: HttpRequest, response: Any) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            answer: HttpResponseBase = response
            return answer
        return super().process_response(request, response)
