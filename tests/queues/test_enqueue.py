"""A job is written into the ledger in the transaction that made it necessary, and each school sees its own alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from schoolops import clock, context
from schoolops.context import inside, outside_schools
from schoolops.queues import NOTIFICATIONS, Duplicate, Enqueued, registry, task
from schoolops.queues.errors import LedgerFull, PayloadRefused, PayloadTooLarge
from schoolops.queues.models import Backlog, Job
from schoolops.redis.connection import platform_redis
from schoolops.tenancy.models import School

DAY = dt.date(2026, 9, 1)


@task(queue=NOTIFICATIONS, once_per=("student_id", "day"), while_waiting=True)
def tell_guardians(*, student_id: int, day: dt.date) -> None:
    """Declared for its ledger rows; never run here."""


@task(queue=NOTIFICATIONS, once_per=("student_id",))
def send_letter(*, student_id: int, text: str = "") -> None:
    """Once in 24 hours per student."""


@task(queue=NOTIFICATIONS)
def ring_bell(*, times: int = 1, note: str = "") -> None:
    """As often as one likes."""


@task(queue=NOTIFICATIONS)
def ring_all(
    *, note: str = "", number: int = 0, share: float = 0.5, marks: dict[str, list[float]] | None = None
) -> None:
    """With an argument of every kind."""


@pytest.fixture(autouse=True)
def _redis_knows_nothing() -> None:
    platform_redis().flushdb()


def rows() -> list[dict[str, Any]]:
    with outside_schools():
        return list(Job.objects.order_by("id").values())


def test_a_job_carries_school_payload_and_who_asked(in_oak: School) -> None:
    token = context.user_id.set("u-1")
    try:
        answer = tell_guardians.enqueue(student_id=7, day=DAY)
    finally:
        context.user_id.reset(token)
    [row] = rows()
    assert answer == Enqueued(row["id"])
    assert (row["school"], row["queue"], row["task"]) == (
        "oak",
        "notifications",
        "tests.queues.test_enqueue.tell_guardians",
    )
    assert row["payload"] == {"student_id": 7, "day": "2026-09-01"}
    assert row["meta"] == {"user": "u-1"}
    assert row["run_at"] is None


def test_it_rolls_back_with_the_write_it_follows(in_oak: School) -> None:
    def fail_after_enqueueing() -> None:
        with transaction.atomic():
            ring_bell.enqueue()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_enqueueing()
    assert rows() == []


def test_a_later_moment_is_kept_as_a_distance(in_oak: School) -> None:
    with clock.frozen(dt.datetime(2031, 1, 1, tzinfo=dt.UTC)):
        ring_bell.enqueue(run_at=dt.datetime(2031, 1, 1, 1, tzinfo=dt.UTC))
        ring_bell.enqueue(run_at=dt.datetime(2030, 12, 31, tzinfo=dt.UTC))
    later, at_once = rows()
    assert abs(later["run_at"] - clock.now() - dt.timedelta(hours=1)) < dt.timedelta(minutes=1)
    assert at_once["run_at"] is None


def test_a_second_notice_for_the_same_day_is_a_duplicate_and_no_error(in_oak: School) -> None:
    first = tell_guardians.enqueue(student_id=7, day=DAY)
    assert tell_guardians.enqueue(student_id=7, day=DAY) == Duplicate(first.job_id)
    assert isinstance(tell_guardians.enqueue(student_id=7, day=DAY + dt.timedelta(days=1)), Enqueued)
    assert len(rows()) == 2


def test_it_may_be_said_again_once_the_waiting_job_is_gone(in_oak: School) -> None:
    first = tell_guardians.enqueue(student_id=7, day=DAY)
    with outside_schools():
        Job.objects.all().delete()
    second = tell_guardians.enqueue(student_id=7, day=DAY)
    assert isinstance(second, Enqueued)
    assert second.job_id != first.job_id


def test_a_letter_goes_out_once_in_24_hours_even_when_its_job_is_done(in_oak: School) -> None:
    first = send_letter.enqueue(student_id=7, text="a")
    with outside_schools():
        Job.objects.all().delete()
    assert send_letter.enqueue(student_id=7, text="b") == Duplicate(first.job_id)
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute("UPDATE queues_oncekey SET expires_at = now() - interval '1 second'")
    assert isinstance(send_letter.enqueue(student_id=7, text="c"), Enqueued)


def test_a_whole_class_is_one_statement_and_duplicates_are_skipped(in_oak: School, query_count: Any) -> None:
    tell_guardians.enqueue(student_id=2, day=DAY)
    with query_count(1):
        answers = tell_guardians.enqueue_many([{"student_id": n, "day": DAY} for n in (1, 2, 3, 3)])
    assert [type(each).__name__ for each in answers] == ["Enqueued", "Duplicate", "Enqueued", "Duplicate"]
    assert answers[3].job_id == answers[2].job_id
    assert [row["payload"]["student_id"] for row in rows()] == [2, 1, 3]
    with query_count(1):
        assert len(ring_bell.enqueue_many([{"times": n} for n in range(500)])) == 500


def test_two_schools_never_share_a_key(in_oak: School, elm: School) -> None:
    assert isinstance(tell_guardians.enqueue(student_id=7, day=DAY), Enqueued)
    with inside(elm):
        assert isinstance(tell_guardians.enqueue(student_id=7, day=DAY), Enqueued)
    assert [row["school"] for row in rows()] == ["oak", "elm"]


def test_outside_schools_a_job_is_the_platforms(db: None) -> None:
    with outside_schools():
        ring_bell.enqueue()
    assert rows()[0]["school"] == ""


def test_a_payload_that_does_not_fit_is_refused_by_field(in_oak: School) -> None:
    with pytest.raises(PayloadRefused) as refused:
        tell_guardians.enqueue(student_id="seven", dya=DAY)
    assert {each.field for each in refused.value.errors} == {"student_id", "day", "dya"}
    with pytest.raises(PayloadTooLarge):
        ring_bell.enqueue(note="é" * 40_000)
    assert rows() == []


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"note": "a\0b"}, "note"),
        ({"note": "\ud800"}, "note"),
        ({"marks": {"7 B\0": [1.5]}}, "marks"),
        ({"number": 2**63}, "number"),
        ({"number": 10**400}, "number"),
        ({"share": float("nan")}, "share"),
        ({"share": float("inf")}, "share"),
    ],
)
def test_what_the_ledger_could_not_give_back_is_refused_by_field(
    in_oak: School, payload: dict[str, Any], field: str
) -> None:
    """Else it is a failure of the database, or a job that comes to nothing hours later."""
    for enqueue in (lambda: ring_all.enqueue(**payload), lambda: ring_all.enqueue_many([payload])):
        with pytest.raises(PayloadRefused) as refused:
            enqueue()
        assert {each.field.partition(".")[0] for each in refused.value.errors} == {field}
    assert rows() == []


def test_what_only_looks_odd_is_kept(in_oak: School) -> None:
    odd = {"note": "\\u0000 \x01 1234567890123456789012 é𝄞", "number": 2**63 - 1}
    ring_all.enqueue(**odd)
    [job] = rows()
    assert {name: job["payload"][name] for name in odd} == odd


def test_a_full_ledger_says_so_and_writes_nothing(in_oak: School, elm: School) -> None:
    with outside_schools():
        Backlog.objects.create(school="oak", jobs=1, full=True)
    with pytest.raises(LedgerFull) as full, transaction.atomic():
        ring_bell.enqueue()
    assert full.value.retry_after
    with inside(elm):
        assert isinstance(ring_bell.enqueue(), Enqueued)


def test_oaks_role_reads_no_row_of_the_ledger_and_writes_none(in_oak: School) -> None:
    ring_bell.enqueue()
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
    assert "queues_job" in tables
    for table in tables:
        for statement in (f'SELECT 1 FROM public."{table}"', f'DELETE FROM public."{table}"'):
            with (
                pytest.raises(DatabaseError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as c,
            ):
                c.execute(statement)


def test_a_role_cannot_speak_for_another_school(in_oak: School, elm: School) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT platform.calling_school()")
        assert cursor.fetchone() == ("oak",)
    with inside(elm), connection.cursor() as cursor:
        cursor.execute("SELECT platform.calling_school()")
        assert cursor.fetchone() == ("elm",)


def test_the_table_of_queues_is_the_customers() -> None:
    assert {(q.name, q.in_flight, q.timeout_s, q.tries) for q in registry.QUEUES.values()} == {
        ("attendance", 50, 30, 3),
        ("notifications", 20, 20, 3),
        ("examinations", 15, 60, 3),
        ("fees", 20, 30, 3),
        ("reports", 5, 120, 2),
        ("imports", 5, 120, 2),
        ("platform", 2, 120, 3),
    }


def test_a_task_is_declared_whole_or_not_at_all() -> None:
    with pytest.raises(TypeError, match="keyword-only"):

        @task(queue=NOTIFICATIONS)
        def positional(student_id: int) -> None: ...

    with pytest.raises(TypeError, match="once_per"):

        @task(queue=NOTIFICATIONS, once_per=("nobody",))
        def misspelt(*, student_id: int) -> None: ...

    with pytest.raises(registry.TaskNameTaken):

        @task(queue=NOTIFICATIONS, name=ring_bell.name)
        def other(*, student_id: int) -> None: ...
