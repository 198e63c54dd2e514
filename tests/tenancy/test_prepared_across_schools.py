"""What was prepared in one school's turn reads the next one's rows in the next one's, on the same connection."""

from __future__ import annotations

import pytest
from django.db import connection

from apps.institutions.models import Institution
from schoolops.context import inside, nowhere
from schoolops.errors import NoCurrentSchool
from schoolops.tenancy.compiled import KEY, Compiled, any_of, by_shape
from schoolops.tenancy.models import School
from schoolops.tenancy.prepared import Statement
from tests.factories import people

BY_HAND = Statement(
    "SELECT name, pg_backend_pid(), current_user FROM institutions_institution WHERE id = ANY(%(keys)s)"
)
COMPILED: Compiled[Institution] = Compiled(lambda: Institution.objects.filter(any_of("pk", "keys", KEY)).order_by("pk"))


@pytest.fixture
def campuses(db: None, oak: School, elm: School) -> dict[str, tuple[School, list[int], str]]:
    """Slug → the school, and key and name of a campus of its own."""
    made = {}
    for school in (oak, elm):
        with inside(school):
            campus = people.a_school_year(name=f"Campus of {school.slug}").institution
            made[school.slug] = (school, [campus.pk], campus.name)
    return made


def test_each_turn_reads_the_school_it_stands_in(campuses: dict[str, tuple[School, list[int], str]]) -> None:
    backends = set()
    for slug in ("oak", "elm", "oak", "elm", "elm", "oak"):
        school, keys, name = campuses[slug]
        with inside(school):
            ((found, backend, role),) = BY_HAND.rows(keys=keys)
            assert (found, role) == (name, school.role_name)
            assert [each.name for each in COMPILED.all(keys=keys)] == [name]
            backends.add(backend)
    # Or else nothing was said about a connection that was another school's before.
    assert len(backends) == 1
    assert BY_HAND.sql in connection.connection._prepared_by_us.names


def test_nothing_chosen_is_refused(campuses: dict[str, tuple[School, list[int], str]]) -> None:
    school, keys, _ = campuses["oak"]
    with inside(school):
        COMPILED.all(keys=keys)
    with nowhere():
        with pytest.raises(NoCurrentSchool):
            COMPILED.all(keys=keys)
        with pytest.raises(NoCurrentSchool):
            BY_HAND.rows(keys=keys)


def test_it_gives_what_the_queryset_gives(campuses: dict[str, tuple[School, list[int], str]]) -> None:
    school, keys, _ = campuses["oak"]
    with inside(school):
        rows = Institution.objects.filter(any_of("pk", "keys", KEY))
        asked = {
            "dicts": by_shape("test.dicts", lambda: rows.values("name", "weekend")),
            "tuples": by_shape("test.tuples", lambda: rows.values_list("name", "timezone")),
            "flat": by_shape("test.flat", lambda: rows.filter(name__contains="100 %").values_list("pk", flat=True)),
        }
        here = Institution.objects.filter(pk__in=keys)
        assert asked["dicts"].all(keys=keys) == list(here.values("name", "weekend"))
        assert asked["tuples"].all(keys=keys) == list(here.values_list("name", "timezone"))
        assert asked["flat"].all(keys=keys) == []
        here.update(name="A 100 % campus")
        assert asked["flat"].all(keys=keys) == keys


def test_what_is_compiled_for_all_schools_may_ask_none(campuses: dict[str, tuple[School, list[int], str]]) -> None:
    """A value looked up while it is built would stand in the SQL of every other school."""
    school, keys, _ = campuses["oak"]
    looked_up: Compiled[Institution] = Compiled(
        lambda: Institution.objects.filter(any_of("pk", "keys", KEY), name=Institution.objects.earliest("pk").name)
    )
    with inside(school), pytest.raises(NoCurrentSchool):
        looked_up.all(keys=keys)
    with inside(school):
        assert [each.pk for each in COMPILED.all(keys=keys)] == keys
