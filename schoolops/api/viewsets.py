"""The base of every view: declared lists read as rows, keyset pages, exports, and little between SQL and JSON.

Reads never build a model or run a serializer; serializers validate what comes in and document what goes out. What that
costs beside a function with psycopg that answers the same, ``make bench-pages`` says.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.urls import URLPattern, path
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSetMixin

from schoolops import events
from schoolops.api import cursors, exports, plain, versions
from schoolops.api.errors import refused
from schoolops.api.fields import of_another_kind
from schoolops.api.parameters import Parameter, one_of, read
from schoolops.api.renderers import JsonRenderer, as_json
from schoolops.context import current_school, inside
from schoolops.errors import NotFound
from schoolops.privacy import refuse_private
from schoolops.resilience.heavy import heavy
from schoolops.tenancy.compiled import Compiled, by_shape

DEFAULT_LIMIT, MOST = 50, 200
EXPORT_PAGE = 1000
JSON = "application/json"
_RENDERER = JsonRenderer()
Columns = Mapping[str, str | Combinable]
# In a class with a method `list`, that word no longer means a type.
Rows = list[dict[str, Any]]
Selected = list[str | Combinable]


def _limit(value: str) -> int:
    """From 1 to 200."""
    if not value.isdecimal() or not 1 <= int(value) <= MOST:
        raise ValueError(f"A whole number from 1 to {MOST}.")
    return int(value)


# What every list takes, whatever it is a list of.
PAGED = {
    "limit": Parameter(_limit, about=f"Rows per page, 1 to {MOST}; {DEFAULT_LIMIT} unless said."),
    "cursor": Parameter(str, about="`next` of the page before."),
}


def answer(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """``data`` as JSON, without DRF's negotiation and late rendering.

    The answer to a write also says what else it touched, where it did.
    """
    if touched := events.followed():
        data = {**data, "touched": [asdict(each) for each in touched]}
    return HttpResponse(as_json(data), status=status, content_type=JSON, headers=dict(headers or {}))


def with_version(row: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """One row, its ``version`` as ETag."""
    return answer(row, status=status, headers={"ETag": versions.etag(row["version"])})


def created(request: Request, row: Mapping[str, Any], *, at: str | None = None) -> HttpResponse:
    """201 with ``Location``: ``at``, or the row's ``id`` below the address that was posted to."""
    headers = {"Location": at or f"{request.path.rstrip('/')}/{row['id']}"}
    if "version" in row:
        headers["ETag"] = versions.etag(row["version"])
    return answer(row, status=201, headers=headers)


def pdf_response(file_name: str, content: bytes) -> HttpResponse:
    """A paper about people: shown where it was asked for, and kept by no cache."""
    headers = {"Content-Disposition": f'inline; filename="{file_name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def gone() -> HttpResponse:
    """204."""
    return HttpResponse(status=204)


def file_response(content: bytes, media_type: str) -> HttpResponse:
    """What somebody sent in, to be kept and not run: no browser opens it in this site's name."""
    headers = {"Content-Disposition": "attachment", "Cache-Control": "private, no-store"}
    return HttpResponse(content, content_type=media_type, headers=headers)


def valid(serializer: type[BaseSerializer[Any]], data: Any, **options: Any) -> Any:
    """What ``serializer`` makes of ``data``; with ``many=True`` each refusal names its row, ``3.code``.

    Raises DRF's ``ValidationError``, which becomes 422 with a list of fields.
    """
    if not options and (found := plain.read(serializer, data)) is not plain.NOT_PLAIN:
        return found
    checked = serializer(data=data, **options)
    # A form knows texts alone.
    if not isinstance(data, QueryDict) and (found := of_another_kind(checked, data)):
        raise ValidationError(found)
    checked.is_valid(raise_exception=True)
    return checked.validated_data


class ApiView(APIView):
    """DRF's view, without what an API of one format does not need."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """DRF's, without its versions and its throttles: every request was counted on its way here."""
        self.format_kwarg = self.get_format_suffix(**kwargs)
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        request.version, request.versioning_scheme = None, None
        self.perform_authentication(request)
        self.check_permissions(request)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:  # noqa: FBT001, FBT002 - DRF's signature
        if force or request.META.get("HTTP_ACCEPT", "*/*") in ("*/*", JSON):
            return _RENDERER, JSON
        return super().perform_content_negotiation(request, force)


class ApiViewSet(ViewSetMixin, ApiView):
    """The same for several methods in one class.

    ``asks``: action → the permission that it needs and over what it is held, as in ``"students.view over student"``.
    For the reader and a test: what each action's service asks. A test refuses an action that does not say, and one that
    asks for something else.
    """

    asks: ClassVar[Mapping[str, str]] = {}

    @property
    def permission(self) -> str:
        """What the action that is asked for needs: whoever may do it is answered what it did, and needs no other."""
        return self.asks[self.action].partition(" ")[0]

    @property
    def sees(self) -> tuple[str, str]:
        """By what rows are seen: by what reading them asks for and by ``permission``, each as far as it reaches."""
        reads = self.asks.get("retrieve", self.asks.get("list", ""))
        return reads.partition(" ")[0], self.permission

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """DRF's, while what consequences say is collected for the answer."""
        with events.following():
            return super().dispatch(request, *args, **kwargs)

    def asked_for(self, request: Request, **parameters: Parameter) -> dict[str, Any]:
        """The query string of a view that is no list. Raises ``ValidationFailed`` for whatever is not declared."""
        return read(request._request.GET, parameters)


@dataclass(frozen=True, slots=True)
class Usual:
    """The rows of a list as it is mostly asked for, compiled once for each ``shape`` (``schoolops.tenancy.compiled``).

    ``rows`` builds them of parameters that have their ``values`` here; what it looks at besides is part of the shape.
    """

    shape: Hashable
    rows: Callable[[], QuerySet[Any]]
    values: Mapping[str, Any]


class RowViewSet(ApiViewSet, ABC):
    """A list and its rows, declared.

    ``columns``: JSON name → ORM path or expression. ``sorts``: name → keyset (ORM paths that are never NULL and end in
    a unique one, best ``id``); the first is the default, ``-`` before a path turns it round. ``filters``: parameters.
    ``rows()`` is the only place that says which rows there are: it must apply the user's reach.
    """

    columns: ClassVar[Columns] = {}
    # Only in the answer for one row.
    detail_columns: ClassVar[Columns] = {}
    # What a row looks like, for the documentation: `list` and `retrieve`, and whatever else does not say.
    out: ClassVar[type[BaseSerializer[Any]] | None] = None
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"id": ("id",)}
    filters: ClassVar[Mapping[str, Parameter]] = {}
    lookup: ClassVar[str] = "sourced_id"
    not_visible: ClassVar[type[NotFound]] = NotFound
    export_name: ClassVar[str] = "list"
    asked: Mapping[str, Any]

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "rows" in cls.__dict__ and "usual" not in cls.__dict__:
            # Who says anew which rows there are says anew how they are mostly read, or they are built anew.
            cls.usual = RowViewSet.usual  # type: ignore[method-assign]
        # `columns_here` shows a private column to whom it is; no list has it by itself, is ordered or asked by it.
        shown = [*cls.columns.values(), *cls.detail_columns.values()]
        asked = [each.where for each in cls.filters.values()]
        refuse_private(cls.__qualname__, [*shown, *asked, *(path for sort in cls.sorts.values() for path in sort)])

    @abstractmethod
    def rows(self) -> QuerySet[Any]:
        """The rows this user reaches here. ``self.request``, ``self.kwargs`` and ``self.asked`` say who and what."""

    # Parameters under which `usual` still says the rows.
    usually_asked: ClassVar[frozenset[str]] = frozenset()

    def usual(self) -> Usual | None:
        """The same rows for the first page of the list, compiled. ``None``: they are built anew."""
        return None

    def columns_here(self) -> Columns:
        """The columns this user may see: leave one out and it is absent, not null."""
        return self.columns

    def finished(self, page: Rows) -> Rows:
        """A place to add what one more query for the whole page brings. Must not query per row."""
        return page

    # --- the list -------------------------------------------------------------------------------------------------
    def list(self, request: Request, **_address: Any) -> HttpResponseBase:
        """A page of rows."""
        self.asked = asked = read(request._request.GET, self.parameters())
        chosen = self._chosen(asked)
        sort = self.sorts[asked.get("sort") or next(iter(self.sorts))]
        if asked.get("limit", DEFAULT_LIMIT) == DEFAULT_LIMIT and asked.keys() - self.usually_asked <= {"limit"}:
            usual = self.usual()
            if usual is not None:
                return self._listed(request, asked, *self._usual_page(usual, chosen, sort))
        queryset = self._filtered(asked).order_by(*sort)
        if "as" in asked:
            return heavy(self._exported)(queryset, chosen, sort, asked["as"])
        if "cursor" in asked:
            place = self._place(request, asked)
            queryset = queryset.filter(
                cursors.after(sort, cursors.read(asked["cursor"], place=place, length=len(sort)))
            )
        return self._listed(request, asked, *self._page(queryset, chosen, sort, asked.get("limit", DEFAULT_LIMIT)))

    def _listed(
        self, request: Request, asked: Mapping[str, Any], page: Rows, last: Sequence[Any] | None
    ) -> HttpResponse:
        next_cursor = None if last is None else cursors.written(last, place=self._place(request, asked))
        return answer({"results": page, "next": next_cursor})

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """Every parameter of the list, the common ones included."""
        known = _PARAMETERS.get(cls)
        if known is None:
            known = _PARAMETERS[cls] = {
                **cls.filters,
                **PAGED,
                "fields": Parameter(lambda value: value.split(","), about="Only these fields, comma separated."),
                "as": Parameter(one_of(tuple(exports.FORMATS)), about="The whole list as a file."),
            }
            if len(cls.sorts) > 1:
                known["sort"] = Parameter(
                    one_of(tuple(cls.sorts)), about=f"Order; {next(iter(cls.sorts))} unless said."
                )
        return known

    def _chosen(self, asked: Mapping[str, Any]) -> Columns:
        columns = self.columns_here()
        if "fields" not in asked:
            return columns
        if unknown := [name for name in asked["fields"] if name not in columns]:
            possible = ", ".join(columns)
            raise refused("fields", "unknown-field", f"Not a field here: {', '.join(unknown)}. Possible: {possible}.")
        return {name: columns[name] for name in asked["fields"]}

    def _filtered(self, asked: Mapping[str, Any]) -> QuerySet[Any]:
        queryset = self.rows()
        conditions = [self.filters[name].condition(value) for name, value in asked.items() if name in self.filters]
        wanted = [condition for condition in conditions if condition is not None]
        # Each step copies the queryset, which a list of 50 rows notices.
        return queryset.filter(*wanted) if wanted else queryset

    @staticmethod
    def _place(request: Request, asked: Mapping[str, Any]) -> str:
        filters = sorted((name, str(value)) for name, value in asked.items() if name not in _NOT_A_FILTER)
        return f"{request.path}|{filters}" if filters else request.path

    def _page(
        self, queryset: QuerySet[Any], chosen: Columns, sort: Sequence[str], limit: int
    ) -> tuple[Rows, Sequence[Any] | None]:
        """At most ``limit`` rows, and the sort key of the last when there are more."""
        names = self._selected(chosen, sort)
        return self._paged(list(queryset.values_list(*names)[: limit + 1]), names, chosen, sort, limit)

    def _usual_page(self, usual: Usual, chosen: Columns, sort: Sequence[str]) -> tuple[Rows, Sequence[Any] | None]:
        """The same of the first page, by a statement that is there already."""
        names = self._selected(chosen, sort)
        compiled: Compiled[tuple[Any, ...]] = by_shape(
            (type(self), usual.shape, tuple(chosen)),
            lambda: usual.rows().order_by(*sort).values_list(*names)[: DEFAULT_LIMIT + 1],
        )
        return self._paged(compiled.all(**usual.values), names, chosen, sort, DEFAULT_LIMIT)

    @staticmethod
    def _selected(chosen: Columns, sort: Sequence[str]) -> Selected:
        """What is read of a row: the columns, and what they are sorted by."""
        paths = [*chosen.values()]
        return [*paths, *(key for each in sort if (key := each.lstrip("-")) not in paths)]

    def _paged(
        self, rows: Sequence[tuple[Any, ...]], names: Selected, chosen: Columns, sort: Sequence[str], limit: int
    ) -> tuple[Rows, Sequence[Any] | None]:
        last = None
        if len(rows) > limit:
            rows = rows[:limit]
            where = {each: number for number, each in enumerate(names) if isinstance(each, str)}
            last = [rows[-1][where[key.lstrip("-")]] for key in sort]
        return self.finished([dict(zip(chosen, row, strict=False)) for row in rows]), last

    def _exported(self, queryset: QuerySet[Any], chosen: Columns, sort: Sequence[str], kind: str) -> HttpResponseBase:
        exports.check(self.request.user)
        school = current_school()

        def pages() -> Iterator[Rows]:
            # Page by page rather than one cursor: no connection is held while a slow client reads.
            rest, last = queryset, None
            while True:
                # The middleware has left the school by the time a stream is read.
                with inside(school):
                    page, last = self._page(rest, chosen, sort, EXPORT_PAGE)
                yield page
                if last is None:
                    return
                rest = queryset.filter(cursors.after(sort, last))

        return exports.FORMATS[kind](self.export_name, list(chosen), pages())

    # --- one row ----------------------------------------------------------------------------------------------------
    def retrieve(self, request: Request, id: uuid.UUID, **_address: Any) -> HttpResponseBase:
        """One row, with its version as ETag where it has one."""
        self.asked = self.asked_for(request)
        row = self.row(Q(**{self.lookup: id}))
        return with_version(row) if "version" in row else answer(row)

    def row(self, condition: Q) -> dict[str, Any]:
        """The one row of ``rows()`` for which ``condition`` holds, with its detail columns.

        Raises ``not_visible``, whether it is not there or not in reach.
        """
        columns = {**self.columns_here(), **self.detail_columns}
        found = self.rows().filter(condition).order_by().values_list(*columns.values())[:1]
        if not found:
            raise self.not_visible
        return self.finished([dict(zip(columns, found[0], strict=True))])[0]


_PARAMETERS: dict[type[RowViewSet], dict[str, Parameter]] = {}
_NOT_A_FILTER = frozenset({"cursor", "limit", "fields", "as"})


# What a collection and a row of it answer, where the view has the method.
_COLLECTION = {"get": "list", "post": "create"}
_ROW = {"get": "retrieve", "put": "replace", "patch": "change", "delete": "remove"}


def routes(address: str, view: type[ApiViewSet]) -> list[URLPattern]:
    """``address`` and ``address/<id>``, each with the methods that ``view`` implements."""
    found = []
    for where, methods in ((address, _COLLECTION), (f"{address}/<uuid:id>", _ROW)):
        actions: dict[str, Any] = {method: name for method, name in methods.items() if hasattr(view, name)}
        if actions:
            found.append(path(where, view.as_view(actions)))
    return found
