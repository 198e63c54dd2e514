"""Lists as files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import Http404

from schoolops.api import exports
from schoolops.context import current_school, inside


def file_of(form: str, name: str, columns: Sequence[str], pages: Iterable[Any]) -> Any:
    """``pages`` of rows (column → value) as a file of one of ``exports.FORMATS``, read as they are sent.

    Whoever calls asks ``exports.check`` before, or for a permission of its own. Raises ``Http404``: no such form.
    """
    if form not in exports.FORMATS:
        raise Http404
    return exports.FORMATS[form](name, columns, _inside(iter(pages)))


def _inside(pages: Iterator[Any]) -> Iterator[Any]:
    school = current_school()

    def there() -> Iterator[Any]:
        while True:
            # The middleware has left the school by the time it is read.
            with inside(school):
                page = next(pages, None)
            if page is None:
                return
            yield page

    return there()
