"""Querysets that are compiled to SQL once per process, and executed prepared from then on.

Building and compiling a queryset costs a request more than its SQL does: 37 calls of ``filter()`` for one roll were
100,000 function calls. ``Compiled`` takes a function that builds a queryset from ``Parameter`` expressions, asks it
once, and keeps the SQL. What comes out is what iterating the queryset would give: rows, dicts or models.

Only what a lookup takes as an expression can be a parameter: values compared with fields, ``any_of`` for a list. What
changes the shape of the SQL (a filter that is there or not) makes another ``Compiled``: ``by_shape`` keeps one of each.

``CompiledQ`` is a condition, part of whatever queryset asks for it: only its subqueries are compiled once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import (
    BigIntegerField,
    BooleanField,
    DateField,
    DateTimeField,
    Expression,
    Field,
    Func,
    Q,
    QuerySet,
    TextField,
    UUIDField,
)
from django.db.models.expressions import BaseExpression
from django.db.models.sql.compiler import SQLCompiler

from schoolops.context import nowhere
from schoolops.tenancy.prepared import Row, fetch_all, sent

Found = TypeVar("Found")
# By the names that our selectors use.
KEY, DAY, PUBLIC_ID, TEXT, MOMENT = BigIntegerField(), DateField(), UUIDField(), TextField(), DateTimeField()


class Parameter(Expression):
    """A value that is said when the statement is asked, by name."""

    def __init__(self, name: str, kind: Field[Any, Any], *, many: bool = False) -> None:
        super().__init__(output_field=kind)
        self.name = name
        self._many = many

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        kind = str(self.output_field.db_type(connection)).partition("(")[0]
        return f"%s::{kind}{'[]' if self._many else ''}", [self]


class _AnyOf(Func):
    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def any_of(column: str, name: str, kind: Field[Any, Any] = KEY) -> Expression:
    """The rows whose ``column`` is one of the list that is said as ``name``."""
    return _AnyOf(column, Parameter(name, kind, many=True))


_every: WeakSet[Compiled[Any]] = WeakSet()


class Compiled(Generic[Found]):
    """A queryset, compiled when it is first asked, outside every school: a question to one would be kept for all.

    ``waits``: it may wait for somebody's lock.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Found]], *, waits: bool = False) -> None:
        self._build = build
        self._waits = waits
        self._ready: tuple[str, tuple[str, ...], QuerySet[Any, Found], _Known] | None = None
        _every.add(self)

    def all(self, **values: Any) -> list[Found]:
        """Every row of it, with these values for its parameters."""
        try:
            statement, names, queryset, known = self._ready or self._compile()
        except EmptyResultSet:
            # Django knows without asking that there are none.
            return []
        rows = fetch_all(statement, [sent(values[name]) for name in names], waits=self._waits)
        iterable: Any = queryset._iterable_class  # noqa: SLF001 - nothing else iterates
        found: list[Found] = list(iterable(_Asking(queryset, _Answered(queryset.query, known, rows))))
        return found

    def first(self, **values: Any) -> Found | None:
        """The first of them; the queryset says how many there can be."""
        return next(iter(self.all(**values)), None)

    def _compile(self) -> tuple[str, tuple[str, ...], QuerySet[Any, Found], _Known]:
        with nowhere():
            queryset = self._build()
        if queryset._prefetch_related_lookups:  # type: ignore[attr-defined]  # noqa: SLF001
            raise ValueError("A compiled queryset brings no others with it.")
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        text, names = _only_parameters(sql, parameters)
        self._ready = (text, names, queryset, _Known(compiler))
        return self._ready


def forget_compiled() -> None:
    """Let everything be compiled anew. For tests that change what it is made of."""
    for each in _every:
        each._ready = None  # noqa: SLF001 - our own


def _only_parameters(sql: str, given: Sequence[Any]) -> tuple[str, tuple[str, ...]]:
    """``sql`` with places for parameters alone, and their names in order."""
    connection: Any = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        parts, names = sql.split("%s"), []
        text = parts[0]
        for part, each in zip(parts[1:], given, strict=True):
            if isinstance(each, Parameter):
                names.append(each.name)
                text += f"%s{part}"
            else:
                # What is the same for everybody stands in the SQL: the planner knows it, and it needs no type.
                text += cursor.mogrify("%s", [each]).replace("%", "%%") + part
    return text, tuple(names)


class _Known:
    """What an iterable of Django's asks a compiler after it was executed."""

    def __init__(self, compiler: SQLCompiler) -> None:
        self.select = compiler.select
        self.klass_info = compiler.klass_info
        self.annotation_col_map = compiler.annotation_col_map
        self.compiler = compiler
        self.converters = compiler.get_converters([each[0] for each in compiler.select or ()])


class _Asked:
    """A compiler that has its rows."""

    def __init__(self, known: _Known, rows: list[Row]) -> None:
        self.select, self.klass_info, self.annotation_col_map = known.select, known.klass_info, known.annotation_col_map
        self._known, self._rows = known, rows

    def execute_sql(self, *_: Any, **__: Any) -> list[Row]:
        return self._rows

    def results_iter(self, *_: Any, **__: Any) -> Iterator[Any]:
        if self._known.converters:
            return map(tuple, self._known.compiler.apply_converters(self._rows, self._known.converters))
        return iter(self._rows)


class _Asking:
    """What an iterable of Django's asks a queryset."""

    db = DEFAULT_DB_ALIAS

    def __init__(self, queryset: QuerySet[Any], query: _Answered) -> None:
        self.query, self.model = query, queryset.model
        self._known_related_objects = queryset._known_related_objects  # type: ignore[attr-defined]  # noqa: SLF001
        self._fields = queryset._fields  # type: ignore[attr-defined]


class _Answered:
    """A query whose compiler has its rows; what else is asked of it is the query's."""

    def __init__(self, query: Any, known: _Known, rows: list[Row]) -> None:
        self._query, self._known, self._rows = query, known, rows

    def get_compiler(self, *_: Any, **__: Any) -> _Asked:
        return _Asked(self._known, self._rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._query, name)


class CompiledQ:
    """A condition made of lookups: with parameters, with subqueries (``pk__in=…``), with what is always the same.

    It is built outside every school, and its subqueries are compiled, when it is first asked for.
    """

    def __init__(self, build: Callable[[], Q]) -> None:
        self._build = build
        self._ready: Q | None = None

    def __call__(self, **values: Any) -> Q:
        """The condition with these values for its parameters.

        Raises:
            TypeError: a part of it is no lookup.
            ValueError: a subquery does not say which column it gives.
        """
        if self._ready is None:
            with nowhere():
                condition = self._build()
            self._ready = _each_lookup(condition, _kept)
        return _each_lookup(self._ready, lambda value: _said(value, values))


def _each_lookup(condition: Q, change: Callable[[Any], Any]) -> Q:
    parts: list[Any] = []
    for part in condition.children:
        if isinstance(part, Q):
            parts.append(_each_lookup(part, change))
        elif isinstance(part, tuple):
            parts.append((part[0], change(part[1])))
        else:
            raise TypeError(f"A compiled condition is made of lookups, not of {part!r}.")
    changed: Q = Q.create(parts, condition.connector, condition.negated)
    return changed


def _kept(value: Any) -> Any:
    if not isinstance(value, QuerySet):
        return value
    query = value.query.chain()
    if not query.has_select_fields:
        raise ValueError("A subquery of a compiled condition says which column it gives.")
    query.clear_ordering(clear_default=True)
    try:
        return _Subquery(*_only_parameters(*query.get_compiler(DEFAULT_DB_ALIAS).as_sql()))
    except EmptyResultSet:
        return []


def _said(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, _Subquery):
        return _Subquery(value.sql, tuple(values[name] for name in value.given))
    return values[value.name] if isinstance(value, Parameter) else value


class _Subquery(BaseExpression):
    """SQL of a query that names nothing of the one around it, and what is given for its places: names, then values."""

    def __init__(self, sql: str, given: tuple[Any, ...]) -> None:
        super().__init__()
        self.sql, self.given = sql, given

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return f"({self.sql})", self.given

    def resolve_expression(self, *_: Any, **__: Any) -> _Subquery:
        return self

    def relabeled_clone(self, change_map: Any) -> _Subquery:
        return self

    def get_group_by_cols(self) -> list[Any]:
        return []


_shapes: dict[Hashable, Compiled[Any]] = {}
_adding = Lock()


def by_shape(shape: Hashable, build: Callable[[], QuerySet[Any, Found]]) -> Compiled[Found]:
    """The one of this shape, built where there is none: what the SQL depends on, and never a value of a request.

    Kept for ever, so shapes are as many as some table of ours has combinations, and never as many as a school has rows.
    """
    found = _shapes.get(shape)
    if found is None:
        with _adding:
            found = _shapes.setdefault(shape, Compiled(build))
    return found
