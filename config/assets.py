"""Scripts and styles, where no proxy serves them: the demo, development, tests.

As production's proxy serves them: by names that change with what is in a file, packed, and kept by browsers for a year.
A name without its mark is served too, and looked at anew each time.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import mimetypes
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.urls import URLPattern, path
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

from schoolops.api.packing import takes_packed

# Twelve digits before the ending, as `ManifestStaticFilesStorage` writes them.
_MARKED = re.compile(r"^(?P<stem>.+)\.(?P<mark>[0-9a-f]{12})(?P<ending>\.[^./]+)$")
PACKED = frozenset({".css", ".js", ".svg", ".json", ".html", ".map", ".txt"})
WORTH_PACKING = 256


@functools.lru_cache(maxsize=512)
def _read(file: str, changed_ns: int) -> tuple[str, bytes, bytes]:  # noqa: ARG001 - a file that changed is read anew
    """Mark, content and packed content (empty: not worth it) of ``file``."""
    content = Path(file).read_bytes()
    mark = hashlib.md5(content, usedforsecurity=False).hexdigest()[:12]
    packs = Path(file).suffix in PACKED and len(content) >= WORTH_PACKING
    return mark, content, gzip.compress(content, 9, mtime=0) if packs else b""


def _found(name: str) -> tuple[str, bytes, bytes] | None:
    try:
        file = finders.find(name)
    except SuspiciousFileOperation:
        # A way out of the folders.
        return None
    return _read(str(file), Path(file).stat().st_mtime_ns) if file and Path(file).is_file() else None


class MarkedStaticFiles(StaticFilesStorage):
    """Names files by what is in them, without collecting them first."""

    def url(self, name: str | None, *arguments: Any, **more: Any) -> str:
        address = str(super().url(name, *arguments, **more))
        found = _found(name) if name and not settings.DEBUG else None
        stem, dot, ending = address.rpartition(".")
        return f"{stem}.{found[0]}{dot}{ending}" if found else address


def serve(request: HttpRequest, name: str) -> HttpResponse:
    """A file of the apps' own folders, at its name with or without the mark of what is in it."""
    marked = _MARKED.match(name)
    found = _found(marked["stem"] + marked["ending"]) if marked else None
    if found is None or (marked and marked["mark"] != found[0]):
        marked, found = None, _found(name)
    if found is None:
        raise Http404
    mark, content, packed = found
    tag = f'"{mark}"'
    # Weakly, as RFC 9110 (13.1.2) compares them: what repacks an answer on its way marks its tag as weak.
    if tag in {each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", ""))}:
        return HttpResponseNotModified(headers={"ETag": tag})
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    takes = bool(packed) and takes_packed(request)
    answer = HttpResponse(packed if takes else content, content_type=kind, headers={"ETag": tag})
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if marked else "no-cache"
    if takes:
        answer.headers["Content-Encoding"] = "gzip"
    if packed:
        patch_vary_headers(answer, ("Accept-Encoding",))
    return answer


def assets() -> list[URLPattern]:
    """``/static/…`` from the apps' own folders; nothing in production."""
    if not settings.SERVE_STATIC:
        return []
    return [path(f"{settings.STATIC_URL.strip('/')}/<path:name>", serve)]
