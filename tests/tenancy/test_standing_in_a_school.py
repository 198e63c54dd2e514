"""Wherever work goes, threads, tasks, transactions that fail, every statement runs in the school that was chosen."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.asgi import get_asgi_application
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from schoolops import clock
from schoolops.audit.models import AuditEntry
from schoolops.context import inside, nowhere, outside_schools
from schoolops.errors import NoCurrentSchool
from schoolops.tenancy.models import School
from tests.tenancy import asgi, engines
from tests.tenancy.engines import in_a_thread, role, schema
from tests.tenancy.markers import mark


@pytest.fixture(params=[engines.REAL, engines.UNREPORTED], ids=["postgres-18", "postgres-16"])
def any_engine(request: pytest.FixtureRequest, real_commits: None) -> Iterator[None]:
    """The engine with and without the server's word on where the connection stands."""
    with engines.engine(request.param):
        yield


class Mishap(Exception):
    pass


def test_each_school_has_its_own_schema_and_role(any_engine: None, oak: School, elm: School) -> None:
    for school in (oak, elm, oak):
        with inside(school):
            assert (schema(), role()) == (school.schema_name, school.role_name)


def test_an_inner_school_gives_way_to_the_outer_one(any_engine: None, oak: School, elm: School) -> None:
    with inside(oak):
        with inside(elm):
            assert schema() == elm.schema_name
            with outside_schools():
                assert schema() == "public"
            assert schema() == elm.schema_name
        assert schema() == oak.schema_name


def test_a_cursor_kept_across_a_change_follows_the_school(any_engine: None, oak: School, elm: School) -> None:
    with inside(oak), connection.cursor() as kept:
        with inside(elm):
            assert schema() == elm.schema_name
        kept.execute("SELECT current_schema()")
        assert kept.fetchone() == (oak.schema_name,)
        with inside(elm):
            kept.execute("SELECT current_schema()")
            assert kept.fetchone() == (elm.schema_name,)
        with nowhere(), pytest.raises(NoCurrentSchool):
            kept.execute("SELECT 1")


def test_a_rolled_back_transaction_leaves_the_right_school(any_engine: None, oak: School, elm: School) -> None:
    with inside(oak):
        assert schema() == oak.schema_name
    with inside(elm):
        with suppress(Mishap), transaction.atomic():
            assert schema() == elm.schema_name
            raise Mishap
        assert schema() == elm.schema_name
    with inside(oak):
        assert schema() == oak.schema_name


def test_a_rolled_back_savepoint_leaves_the_right_school(any_engine: None, oak: School, elm: School) -> None:
    with inside(oak), transaction.atomic():
        assert schema() == oak.schema_name
        with suppress(Mishap), transaction.atomic(), inside(elm):
            assert schema() == elm.schema_name
            raise Mishap
        # PostgreSQL stands in Oak again: Elm must be entered anew.
        with inside(elm):
            assert schema() == elm.schema_name
        assert schema() == oak.schema_name


def test_an_error_in_another_school_can_be_rolled_back_from_this_one(
    any_engine: None, oak: School, elm: School
) -> None:
    with inside(oak), transaction.atomic():
        assert schema() == oak.schema_name
        with suppress(DatabaseError), transaction.atomic(), inside(elm), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        assert schema() == oak.schema_name


def test_a_commit_after_a_swallowed_error_is_refused_and_leaves_the_right_school(
    any_engine: None, oak: School, elm: School
) -> None:
    def swallow() -> None:
        with transaction.atomic():
            assert schema() == oak.schema_name
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")

    with inside(elm):
        assert schema() == elm.schema_name
    with inside(oak):
        # PostgreSQL would answer COMMIT with ROLLBACK, and nobody would know.
        with pytest.raises(transaction.TransactionManagementError, match="swallowed"):
            swallow()
        # It stands in Elm again, and we do not.
        assert schema() == oak.schema_name


def test_a_lost_connection_begins_in_the_right_school(any_engine: None, oak: School, elm: School) -> None:
    with inside(oak):
        assert schema() == oak.schema_name
        connection.close()
        assert (schema(), role()) == (oak.schema_name, oak.role_name)


def test_atomic_without_a_school_reads_nothing(any_engine: None, oak: School) -> None:
    with transaction.atomic(), transaction.atomic(), pytest.raises(NoCurrentSchool):
        AuditEntry.objects.exists()


def test_a_server_side_cursor_stays_where_it_was_opened(in_oak: School, elm: School) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(at=clock.now(), actor_name="Bob", action="tests.wrote", object_type="oak", object_id=str(number))
        for number in range(7)
    )
    seen = []
    for entry in AuditEntry.objects.order_by("id").iterator(chunk_size=2):
        with inside(elm):
            assert AuditEntry.objects.count() == 0
        seen.append(entry.object_id)
    assert seen == [str(number) for number in range(7)]


def test_a_new_thread_stands_nowhere(real_commits: None, oak: School) -> None:
    with inside(oak), pytest.raises(NoCurrentSchool):
        in_a_thread(schema)


def test_a_thread_given_our_context_stands_in_our_school(real_commits: None, oak: School) -> None:
    with inside(oak):
        ours = contextvars.copy_context()
    assert in_a_thread(lambda: ours.run(schema)) == oak.schema_name


def test_threads_in_different_schools_do_not_meet(real_commits: None, oak: School, elm: School) -> None:
    def visit(school: School) -> set[str | None]:
        try:
            with inside(school):
                return {schema() for _ in range(50)}
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as executor:
        found = list(executor.map(visit, [oak, elm, oak, elm]))
    assert found == [{oak.schema_name}, {elm.schema_name}] * 2


def test_tasks_in_different_schools_do_not_meet(db: None, oak: School, elm: School) -> None:
    async def visit(school: School) -> set[str | None]:
        with inside(school):
            found = set()
            for _ in range(10):
                await asyncio.sleep(0)
                found.add(await sync_to_async(schema)())
            return found

    async def both() -> list[set[str | None]]:
        return list(await asyncio.gather(visit(oak), visit(elm), visit(oak)))

    assert async_to_sync(both)() == [{oak.schema_name}, {elm.schema_name}, {oak.schema_name}]


def test_sync_to_async_in_a_thread_of_its_own_keeps_the_school(real_commits: None, oak: School) -> None:
    def ask() -> str | None:
        try:
            return schema()
        finally:
            connections.close_all()

    async def visit() -> str | None:
        with inside(oak):
            return await sync_to_async(ask, thread_sensitive=False)()

    assert async_to_sync(visit)() == oak.schema_name


def test_a_task_that_chose_nothing_is_refused(db: None, oak: School) -> None:
    async def visit() -> str | None:
        return await sync_to_async(schema)()

    with pytest.raises(NoCurrentSchool):
        async_to_sync(visit)()


@pytest.mark.urls("tests.tenancy.urls")
def test_async_views_answer_for_their_own_school(fresh_school: Callable[..., School]) -> None:
    schools = [fresh_school(), fresh_school()]
    for school in schools:
        mark(school)
    application = get_asgi_application()

    async def everybody() -> list[Any]:
        asking = [asgi.get(application, f"{school.slug}.localhost", "/where-async") for school in schools * 5]
        return [body for _, body in await asyncio.gather(*asking)]

    expected = [{"marker": school.slug, "again": school.slug} for school in schools]
    # The handler gives each request a thread of its own, so only a pool keeps the number of connections down.
    with engines.engine(pool=3):
        assert async_to_sync(everybody)() == expected * 5


@pytest.mark.urls("tests.tenancy.urls")
def test_an_answer_sent_after_the_request_takes_its_school_along_or_fails(
    in_oak: School, client_for: Callable[[School], Client]
) -> None:
    mark(in_oak)
    with nowhere():
        assert client_for(in_oak).get("/streamed-properly").getvalue() == b"oak"
        forgetful = client_for(in_oak).get("/streamed")
        with pytest.raises(NoCurrentSchool):
            forgetful.getvalue()


def test_a_pooled_connection_forgets_its_last_school(real_commits: None, oak: School, elm: School) -> None:
    with engines.engine(pool=1):
        for school in (oak, elm, oak):
            with inside(school):
                assert (schema(), role()) == (school.schema_name, school.role_name)
            # Back to the pool, still standing in that school.
            connection.close()
        with outside_schools():
            assert role() == connection.settings_dict["USER"]
        connection.close()
        with pytest.raises(NoCurrentSchool):
            schema()


def test_a_pool_of_two_serves_eight_threads_without_a_mistake(real_commits: None, oak: School, elm: School) -> None:
    def visit(number: int) -> bool:
        school = (oak, elm)[number % 2]
        try:
            with inside(school):
                return schema() == school.schema_name
        finally:
            connections.close_all()

    with engines.engine(pool=2), ThreadPoolExecutor(8) as executor:
        assert all(executor.map(visit, range(200)))
