"""Statements that go past psycopg's cursors fail, and survive failures, as those of a cursor do."""

from __future__ import annotations

import pytest
from django.db import DataError, OperationalError, ProgrammingError, connection, transaction

from schoolops.context import inside, outside_schools
from schoolops.queues import ATTENDANCE, task
from schoolops.queues.worker.deadline import Watchdog
from schoolops.tenancy import direct, prepared
from tests.queues.ground import Ledger

ECHO = "SELECT %s::int, %s::text, pg_backend_pid()"


@task(queue=ATTENDANCE, name="test.straight")
def straight(*, text: str) -> None:
    """Carries a text."""


def test_a_row_has_the_types_of_its_columns(real_commits: None) -> None:
    with outside_schools():
        assert prepared.fetch_one(ECHO, (7, "Ñandú ' \\ %s"))[:2] == (7, "Ñandú ' \\ %s")  # type: ignore[index]
        assert prepared.fetch_one("SELECT 1 WHERE %s::int = 2", (1,)) is None


def test_a_failure_is_djangos_and_the_connection_goes_on(real_commits: None) -> None:
    with outside_schools():
        for _ in range(2):
            # The second time it is prepared already.
            with pytest.raises(DataError, match="division by zero"):
                prepared.fetch_one("SELECT 1 / %s::int", (0,))
        with pytest.raises(ProgrammingError, match="no_such_table"):
            prepared.fetch_one("SELECT %s::int FROM no_such_table", (1,))
        with pytest.raises(DataError, match="NUL"):
            prepared.fetch_one(ECHO, (1, "a\0b"))
        assert prepared.fetch_one(ECHO, (1, "a"))[:2] == (1, "a")  # type: ignore[index]


def test_one_that_waits_is_ended_by_a_deadline_and_fails_as_any_other(real_commits: None) -> None:
    waits = prepared.Statement("SELECT 6 / %(by)s::int, pg_sleep(%(seconds)s::float8)::text", waits=True)
    with outside_schools():
        assert waits.rows(by=2, seconds=0) == [(3, "")]
        with pytest.raises(DataError, match="division by zero"):
            waits.rows(by=0, seconds=0)
        # Asked in the watchdog's own thread, where Django has another connection, or none.
        ours = connection.connection
        ended = pytest.raises(OperationalError, match="canceling statement due to user request")
        with ended, Watchdog(0).watching(0.2, connection=lambda: ours):
            waits.rows(by=1, seconds=60)
        connection.close()
        assert waits.rows(by=3, seconds=0) == [(2, "")]


def _loses_it() -> None:
    with transaction.atomic():
        prepared.fetch_one(ECHO, (1, "first"))
        prepared.fetch_one("SELECT 1 / %s::int", (0,))


def test_in_a_transaction_a_failure_loses_it_and_what_was_prepared_outlives_that(real_commits: None) -> None:
    with outside_schools():
        with pytest.raises(DataError):
            _loses_it()
        found = prepared.fetch_one(ECHO, (2, "second"))
    assert found is not None
    assert found[:2] == (2, "second")


def test_the_first_statement_of_a_transaction_begins_it(ledger: Ledger) -> None:
    with inside(ledger.school):
        connection.close()
        connection.ensure_connection()
        with transaction.atomic():
            straight.enqueue(text="undone")
            assert connection.connection.info.transaction_status.name == "INTRANS"
            transaction.set_rollback(True)
    assert ledger.jobs() == []


def test_a_lost_connection_is_told_and_made_anew(ledger: Ledger) -> None:
    with inside(ledger.school):
        (_, _, backend) = prepared.fetch_one(ECHO, (1, "a"))  # type: ignore[misc]
        with direct.connect("a test", statement_s=30, lock_s=30) as other:
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [backend])
        with pytest.raises(OperationalError):
            straight.enqueue(text="a")
        connection.close_if_unusable_or_obsolete()
        straight.enqueue(text="b")
    assert [job.payload for job in ledger.jobs()] == [{"text": "b"}]
