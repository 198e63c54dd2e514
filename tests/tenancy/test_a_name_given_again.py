"""A short name can be given again: nothing of the school that had it runs or shows in the one that has it now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.accounts import services, tasks
from apps.accounts.errors import LinkNotValid
from apps.accounts.models import User
from schoolops import clock
from schoolops.context import inside, nowhere, outside_schools
from schoolops.queues.endings import _KEPT
from schoolops.queues.worker.runner import Runner
from schoolops.tenancy import lifecycle
from schoolops.tenancy.errors import DataNotKept, DomainTaken, SchoolNotFound, WrongState
from schoolops.tenancy.models import School, SchoolState

Fresh = Callable[..., School]
DAY = dt.timedelta(days=1)
NEW = "a new and rather long one"


TRACES = [
    """INSERT INTO queues_deadletter (id, school, queue, task, payload, meta, priority, attempts, crashes, tracked,
       created_at, reason, error_class, error, traceback)
       SELECT -id, school, queue, task, payload, meta, 0, 1, 0, false, now(), 'exhausted', '', '', ''
       FROM queues_job WHERE id = %s""",
    """INSERT INTO queues_attempt (job_id, school, task, number, outcome, worker, error_class, error, traceback)
       SELECT id, school, task, 1, 'failed', '', '', '', '' FROM queues_job WHERE id = %s""",
    """INSERT INTO queues_outcome (job_id, school, queue, task, user_id, state, expires_at)
       SELECT id, school, queue, task, '', 'running', now() + interval '7 days' FROM queues_job WHERE id = %s""",
    """INSERT INTO queues_rememberedanswer (school, user_id, key, fingerprint, expires_at)
       SELECT school, 'u', 'k', ''::bytea, now() + interval '1 day' FROM queues_job WHERE id = %s""",
    """INSERT INTO queues_backlog (school, jobs) SELECT school, 1 FROM queues_job WHERE id = %s
       ON CONFLICT DO NOTHING""",
]


def run(*command: str) -> str:
    out = StringIO()
    with nowhere():
        call_command(*command, stdout=out)
    return out.getvalue()


def kept_under(slug: str) -> dict[str, int]:
    with outside_schools(), connection.cursor() as cursor:
        counts = {}
        for table in _KEPT:
            cursor.execute(f"SELECT count(*) FROM queues_{table} WHERE school = %s", [slug])
            counts[table] = cursor.fetchone()[0]
        return counts


def leave_traces(school: School) -> int:
    """A row of every kind under the school's short name; returns a job of it."""
    with inside(school):
        job = tasks.mail_reset_link.enqueue(login="nobody").job_id
    with outside_schools(), connection.cursor() as cursor:
        for statement in TRACES:
            cursor.execute(statement, [job])
    assert all(kept_under(school.slug).values())
    return job


def purge(school: School) -> None:
    lifecycle.suspend_school(slug=school.slug, reason="left")
    lifecycle.delete_school(slug=school.slug, typed=school.slug, reason="left")
    with clock.frozen(clock.now() + 31 * DAY):
        assert lifecycle.purge_deleted_schools() == ([school.slug], {})


def test_a_purge_leaves_nothing_under_the_name_and_other_schools_theirs(fresh_school: Fresh) -> None:
    school, other = fresh_school(), fresh_school()
    leave_traces(school)
    leave_traces(other)
    purge(school)
    assert not any(kept_under(school.slug).values())
    assert all(kept_under(other.slug).values())


def test_what_an_earlier_school_of_the_name_left_never_runs_in_the_new_one(fresh_school: Fresh) -> None:
    school = fresh_school()
    job = leave_traces(school)
    with outside_schools():
        # As a release left it that purged without looking.
        School.objects.filter(pk=school.pk).update(slug="was-called-otherwise")
        School.objects.filter(pk=school.pk).delete()
    again = fresh_school(school.slug)
    assert again.pk != school.pk
    assert not any(kept_under(school.slug).values())
    Runner(patience_s=0).run([job], 30)
    assert not any(kept_under(school.slug).values())


def test_what_was_enqueued_once_in_the_old_school_is_enqueued_in_the_new_one() -> None:
    def key_of(pk: int) -> bytes:
        with inside(School(pk=pk, slug="oak", schema_name="school_oak", role_name="r")):
            return tasks.mail_reset_link.once_key('{"login": "bob"}')

    assert key_of(1) != key_of(2)


def test_a_deletion_is_taken_back_within_thirty_days(fresh_school: Fresh, client_for: Any) -> None:
    school = fresh_school()
    with inside(school):
        User.objects.create(username="alice")
    lifecycle.suspend_school(slug=school.slug, reason="left")
    lifecycle.delete_school(slug=school.slug, typed=school.slug, reason="left")
    with clock.frozen(clock.now() + 29 * DAY):
        said = run("undelete_school", school.slug, "--domain", f"{school.slug.upper()}.localhost")
    assert "suspended again" in said
    assert lifecycle.get_school(school.slug).state == SchoolState.SUSPENDED
    assert client_for(school).get("/api/v1/me").status_code == 403
    run("resume_school", school.slug)
    assert client_for(school).get("/api/v1/me").status_code == 401
    with inside(school):
        assert User.objects.get().username == "alice"


def test_no_deletion_is_taken_back_that_was_none_or_is_too_old_or_whose_address_is_taken(fresh_school: Fresh) -> None:
    school, other = fresh_school(), fresh_school()
    with pytest.raises(WrongState):
        lifecycle.undelete_school(slug=school.slug, domains=["a.localhost"])
    with pytest.raises(SchoolNotFound):
        lifecycle.undelete_school(slug="nobody", domains=["a.localhost"])
    lifecycle.suspend_school(slug=school.slug, reason="left")
    lifecycle.delete_school(slug=school.slug, typed=school.slug, reason="left")
    with pytest.raises(DomainTaken):
        lifecycle.undelete_school(slug=school.slug, domains=[f"{other.slug}.localhost"])
    with clock.frozen(clock.now() + 31 * DAY), pytest.raises(DataNotKept):
        lifecycle.undelete_school(slug=school.slug, domains=["a.localhost"])
    assert lifecycle.get_school(school.slug).state == SchoolState.DELETED


# --- the first login --------------------------------------------------------------------------------------------------
def link_in(said: str) -> str:
    return next(line for line in said.splitlines() if "/redeem#" in line).split("#")[1]


def test_a_new_school_has_a_first_login_whose_link_is_printed(real_commits: None, fresh_school: Fresh) -> None:
    slug = fresh_school().slug
    command = ("create_school", slug, "--administrator", "erin", "--email", "erin@example.org")
    first, second = run(*command), run(*command)
    school = lifecycle.get_school(slug)
    with inside(school):
        with pytest.raises(LinkNotValid):
            services.redeem_link(token=link_in(first), password=NEW)
        erin = services.redeem_link(token=link_in(second), password=NEW)
        assert (erin.username, erin.email) == ("erin", "erin@example.org")
        assert services.prove_identity(login="erin", password=NEW) == erin
    assert "already" in run(*command)
    with inside(school):
        assert services.prove_identity(login="erin", password=NEW) == erin
    with pytest.raises(CommandError, match="has an administrator"):
        run("create_school", slug, "--administrator", "mallory")
    with inside(school):
        assert list(User.objects.values_list("username", flat=True)) == ["erin"]


def test_one_command_makes_the_school_and_its_first_login(fresh_school: Fresh) -> None:
    # Made and taken away, so that the name is free and what the command makes is taken away after the test.
    slug = fresh_school().slug
    with outside_schools():
        School.objects.filter(slug=slug).update(state=SchoolState.CREATING)
    said = run("create_school", slug, "--name", "Elder", "--domain", f"{slug}.localhost", "--administrator", "erin")
    assert "is active at" in said
    with inside(lifecycle.get_school(slug)):
        assert services.redeem_link(token=link_in(said), password=NEW).username == "erin"


def test_what_a_command_is_not_told_it_asks_for(real_commits: None) -> None:
    for said in (["--name", "Elder"], ["--email", "erin@example.org"], []):
        with pytest.raises(CommandError):
            run("create_school", "never-made", *said)
