"""Cells: each a server of PostgreSQL with the Redis, web processes, workers and relay of its own schools.

A process works for one of them (``CELL``), and nothing it does for a school leaves it. What spans them is here:
operators' commands ask it, requests and jobs never do. With one server there is one cell, and nobody else to ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from schoolops.tenancy import direct, owner
from schoolops.tenancy.errors import SchoolElsewhere
from schoolops.tenancy.models import SchoolState

PATIENCE_S = 10.0
# What was moved away, and what is on its way here, is another cell's.
_SCHOOLS = """
SELECT s.slug, s.schema_name, s.state, coalesce(array_agg(d.domain::text ORDER BY NOT d.is_primary, d.domain)
                                                FILTER (WHERE d.domain IS NOT NULL), '{}')
  FROM public.tenancy_school s LEFT JOIN public.tenancy_domain d ON d.tenant_id = s.id
 WHERE s.database = %s AND s.state <> 'moved' GROUP BY s.id ORDER BY s.slug
"""
_MIGRATIONS = "SELECT app || '.' || name FROM public.django_migrations"


@dataclass(frozen=True, slots=True)
class Known:
    """A school as its cell's row has it; ``hosts``, the primary one first, are given up by what was deleted."""

    slug: str
    schema: str
    state: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What a cell says of itself."""

    cell: str
    schools: tuple[Known, ...]
    migrations: frozenset[str]


def names() -> list[str]:
    """Every cell, in order of name."""
    return sorted([settings.CELL, *settings.OTHER_CELLS])


def look(cell: str) -> Look:
    """Raises ``CellUnknown``; ``psycopg.Error``: it cannot be asked."""
    with direct.connect("cells", cell=cell, statement_s=PATIENCE_S) as asking:
        schools = tuple(
            Known(slug, schema, state, tuple(hosts)) for slug, schema, state, hosts in asking.execute(_SCHOOLS, [cell])
        )
        return Look(cell, schools, frozenset(name for (name,) in asking.execute(_MIGRATIONS)))


def hosts() -> list[tuple[str, str]]:
    """(host, cell) of every address that leads to a school, for the proxy. Raises ``psycopg.Error``."""
    return sorted(
        (host, cell)
        for cell in names()
        for school in look(cell).schools
        if school.state != SchoolState.DELETED
        for host in school.hosts
    )


def schemas_elsewhere() -> set[str]:
    """The schemas of all other cells' schools. Raises ``psycopg.Error``."""
    return {school.schema for cell in settings.OTHER_CELLS for school in look(cell).schools}


@contextmanager
def naming(*, slug: str = "", domains: Sequence[str] = ()) -> Iterator[None]:
    """In the block nobody else gives names; within this cell its database sees to that, so alone it costs nothing.

    Raises:
        SchoolElsewhere: another cell's school has one of them. psycopg.Error: one cannot be asked, so nobody knows.
    """
    if not settings.OTHER_CELLS:
        yield
        return
    with owner.one_at_a_time("names", cell=names()[0]):
        for cell in settings.OTHER_CELLS:
            for school in look(cell).schools:
                for what in ({slug} & {school.slug}) | ({each.lower() for each in domains} & set(school.hosts)):
                    raise SchoolElsewhere(what=what, cell=cell)
        yield
