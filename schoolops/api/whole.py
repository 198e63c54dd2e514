"""Lists that are worked out whole before a page of them is given: who is behind, how an account came to its balance."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Never

from django.http import HttpResponseBase
from rest_framework.request import Request

from schoolops.api import cursors, exports
from schoolops.api.parameters import read
from schoolops.api.viewsets import DEFAULT_LIMIT, Columns, RowViewSet
from schoolops.resilience.heavy import heavy


class WholeViewSet(RowViewSet):
    """A list whose rows no one query gives, with the pages, the fields and the files of any other.

    ``columns`` says what a row holds, ``told`` gives the rows. A cursor is a place in the list as it stands by then.
    """

    columns: ClassVar[Columns] = {}

    @abstractmethod
    def told(self) -> Sequence[dict[str, Any]]:
        """The rows that are in the user's reach, in their order: constant queries for any number."""

    def rows(self) -> Never:
        raise TypeError("These rows are worked out, and not read.")

    def list(self, request: Request, **_address: Any) -> HttpResponseBase:
        self.asked = asked = read(request._request.GET, self.parameters())
        chosen = [*self._chosen(asked)]
        if "as" in asked:
            exports.check(request.user)
            return heavy(exports.FORMATS[asked["as"]])(self.export_name, chosen, [self.told()])
        place, limit = self._place(request, asked), asked.get("limit", DEFAULT_LIMIT)
        first = int(cursors.read(asked["cursor"], place=place, length=1)[0]) if "cursor" in asked else 0
        rows, until = self.told(), first + limit
        page = [{name: row[name] for name in chosen} for row in rows[first:until]]
        return self._listed(request, asked, page, [until] if len(rows) > until else None)
