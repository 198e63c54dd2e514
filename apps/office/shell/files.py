"""Lists as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import Http404

from schoolops.api import exports
from schoolops.context import staying


def file_of(form: str, name: str, columns: Sequence[str], pages: Iterable[Any]) -> Any:
    """``pages`` of rows (column → value) as a file of one of ``exports.FORMATS``, read as they are sent.

    Whoever calls asks ``exports.check`` before, or for a permission of its own. Raises ``Http404``: no such form.
    """
    if form not in exports.FORMATS:
        raise Http404
    return exports.FORMATS[form](name, columns, staying(iter(pages)))
