"""What a school's role may ask of the ledger: its own jobs and answers, through every function there is."""

from __future__ import annotations

from typing import Any

from django.db import connection

from schoolops.context import inside
from schoolops.queues import FEES, task
from schoolops.tenancy.models import School
from tests.queues.ground import Ledger

# Function → how one would ask it about Oak's job and keys, and what Elm is told.
ASKED: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "job_status": ("SELECT * FROM platform.job_status(%(job)s, NULL)", []),
    "jobs_unfinished": ("SELECT * FROM platform.jobs_unfinished(NULL, ARRAY[%(task)s], NULL, 100)", []),
    "job_once_keys": ("SELECT * FROM platform.job_once_keys(%(job)s)", []),
    "job_run_now": ("SELECT platform.job_run_now(%(job)s, NULL)", [(None,)]),
    "job_cancel": ("SELECT platform.job_cancel(%(job)s, NULL)", [(None,)]),
    "answer_begin": ("SELECT state, body FROM platform.answer_begin('bob', 'k-1', '\\x01')", [("new", None)]),
    "answer_keep": ("SELECT platform.answer_keep('bob', 'k-1', 200::smallint, '{}', 'elm')", [("",)]),
}
# They only add, under the name of the school that calls: ``calling_school`` says which.
ADDING = {"calling_school", "jobs_enqueue", "jobs_enqueue_many", "jobs_enqueue_once", "jobs_refuse_when_full"}


@task(queue=FEES, name="test.doors.charge", tracked=True, once_per=("amount",))
def charge(*, amount: int) -> None:
    """Declared for its ledger row; never run here."""


def asked(school: School, statement: str, **facts: Any) -> list[tuple[Any, ...]]:
    with inside(school), connection.cursor() as cursor:
        cursor.execute(statement, facts)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def open_to(school: School) -> set[str]:
    return {
        name
        for (name,) in asked(
            school,
            "SELECT p.proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace"
            " WHERE n.nspname = 'platform' AND has_function_privilege(current_user, p.oid, 'EXECUTE')",
        )
    }


def test_every_door_is_tried_from_the_wrong_side(ledger: Ledger) -> None:
    assert open_to(ledger.school) == ASKED.keys() | ADDING


def test_whatever_another_school_asks_it_learns_and_changes_nothing(ledger: Ledger, elm: School) -> None:
    job = ledger.enqueue(charge, amount=5)
    asked(ledger.school, "SELECT state FROM platform.answer_begin('bob', 'k-1', '\\x01')")
    asked(ledger.school, "SELECT platform.answer_keep('bob', 'k-1', 201::smallint, '{}', 'oak')")
    facts = {"job": job, "task": charge.name}
    before = ledger.jobs()
    assert {name: asked(elm, statement, **facts) for name, (statement, _) in ASKED.items()} == {
        name: told for name, (_, told) in ASKED.items()
    }
    assert [row.pk for row in ledger.jobs()] == [row.pk for row in before] == [job]
    assert ledger.sql("SELECT status FROM queues_rememberedanswer WHERE school = %s", ledger.school.slug) == [(201,)]
    # Oak itself is told all of it, so the questions are the right ones.
    own = {name: asked(ledger.school, statement, **facts) for name, (statement, _) in ASKED.items()}
    assert own["job_run_now"] == own["job_cancel"] == [(True,)]
    assert own["answer_begin"][0][0] == "again"
    assert [len(own[name]) for name in ("job_status", "jobs_unfinished", "job_once_keys")] == [1, 1, 1]
