"""What a user sees of a job, and what monitoring sees of the queues."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings

from apps.accounts.models import User
from apps.accounts.services.tokens import open_login
from schoolops import clock, context
from schoolops.context import inside
from schoolops.health import checks
from schoolops.observability import telemetry
from schoolops.queues import IMPORTS, broker, registry, task
from schoolops.queues.desk import overview, requests
from schoolops.queues.errors import JobNotFound
from schoolops.tenancy.models import School
from tests.queues.ground import Ledger


@task(queue=IMPORTS, tracked=True)
def read_sheet(*, rows: int) -> dict[str, int]:
    if rows < 0:
        raise ValueError("there are no rows")
    return {"rows": rows}


@task(queue=IMPORTS)
def forget_me(*, rows: int) -> None:
    """Not tracked."""


@task(queue=IMPORTS, tracked=True, acts_for="the school")
def follow_it(*, rows: int) -> None:
    """What a write has follow."""


@task(queue=IMPORTS, tracked=True, acts_for="imports.run over school", awaited=True)
def wait_for_me(*, rows: int) -> None:
    """One's own, and a row waits for it."""


class Person:
    """A user of the test's school with a token."""

    def __init__(self, school: School, browser: Client, name: str) -> None:
        self.browser = browser
        with inside(school):
            self.user = User.objects.create(username=name, password="!")
            self.headers = {"Authorization": f"Bearer {open_login(self.user, label='test').access_token}"}

    def get(self, path: str) -> HttpResponse:
        answer: HttpResponse = self.browser.get(path, headers=self.headers)
        return answer

    def post(self, path: str, **body: Any) -> HttpResponse:
        answer: HttpResponse = self.browser.post(path, body, content_type="application/json", headers=self.headers)
        return answer

    def enqueue(self, ledger: Ledger, declared: Any, **payload: Any) -> int:
        token = context.user_id.set(self.user.audit_id)
        try:
            return ledger.enqueue(declared, **payload)
        finally:
            context.user_id.reset(token)


@pytest.fixture
def _urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF="tests.queues.urls"):
        yield


@pytest.fixture
def bob(ledger: Ledger, client_for: Callable[[School], Client], _urls: None) -> Person:
    return Person(ledger.school, client_for(ledger.school), "bob")


@pytest.fixture
def carol(ledger: Ledger, client_for: Callable[[School], Client], _urls: None) -> Person:
    return Person(ledger.school, client_for(ledger.school), "carol")


def test_a_tracked_job_can_be_followed_to_its_result(ledger: Ledger, bob: Person) -> None:
    job = bob.enqueue(ledger, read_sheet, rows=3)
    assert bob.get(f"/api/v1/jobs/{job}").json()["state"] == "waiting"
    ledger.run(job)
    answer = bob.get(f"/api/v1/jobs/{job}").json()
    assert (answer["state"], answer["result"]) == ("done", {"rows": 3})


def test_a_failing_one_is_retrying_and_then_dead(ledger: Ledger, bob: Person) -> None:
    job = bob.enqueue(ledger, read_sheet, rows=-1)
    ledger.run(job)
    assert bob.get(f"/api/v1/jobs/{job}").json()["state"] == "retrying"
    ledger.make_due()
    ledger.run(job)
    answer = bob.get(f"/api/v1/jobs/{job}").json()
    assert (answer["state"], answer["error"]) == ("dead", "there are no rows")


def test_nobody_sees_anybody_elses_job(ledger: Ledger, bob: Person, carol: Person, elm: School) -> None:
    job = bob.enqueue(ledger, read_sheet, rows=3)
    answer = carol.get(f"/api/v1/jobs/{job}")
    assert (answer.status_code, answer.json()["code"]) == (404, "queues:job-not-found")
    assert carol.post(f"/api/v1/jobs/{job}/run-now").status_code == 404
    assert carol.browser.delete(f"/api/v1/jobs/{job}", headers=carol.headers).status_code == 404
    with inside(elm):
        for ask in (requests.status_of, requests.cancel, requests.run_now):
            with pytest.raises(JobNotFound):
                ask(job, user=None)


def test_what_is_under_way_is_listed_newest_first_and_page_by_page(ledger: Ledger, bob: Person, carol: Person) -> None:
    first, second, third = (bob.enqueue(ledger, read_sheet, rows=rows) for rows in (1, 2, 3))
    hers = carol.enqueue(ledger, read_sheet, rows=4)
    bob.enqueue(ledger, forget_me, rows=5)
    ledger.run(first)
    ledger.sql("UPDATE queues_job SET lease_until = now() + interval '1 minute' WHERE id = %s", second)
    with inside(ledger.school):
        own = requests.unfinished(user=bob.user.audit_id)
        assert [(each.job_id, each.state) for each in own] == [(third, "waiting"), (second, "running")]
        assert all(each.created_at for each in own)
        assert [each.job_id for each in requests.unfinished(user=None, most=2)] == [hers, third]
        assert [each.job_id for each in requests.unfinished(user=None, before=third)] == [second]
        everybodys = requests.unfinished(user=carol.user.audit_id, tasks=[read_sheet.name])
        assert [each.job_id for each in everybodys] == [hers, third, second]


def test_one_lists_ones_own_page_by_page(ledger: Ledger, bob: Person, carol: Person) -> None:
    jobs = [bob.enqueue(ledger, read_sheet, rows=rows) for rows in (1, 2, 3)]
    carol.enqueue(ledger, read_sheet, rows=4)
    first = bob.get("/api/v1/jobs?limit=2").json()
    assert [each["id"] for each in first["results"]] == [jobs[2], jobs[1]]
    assert first["results"][0]["state"] == "waiting"
    second = bob.get(f"/api/v1/jobs?limit=2&cursor={first['next']}").json()
    assert ([each["id"] for each in second["results"]], second["next"]) == ([jobs[0]], None)
    ledger.run(*jobs)
    assert bob.get("/api/v1/jobs").json() == {"results": [], "next": None}
    for wrong in ("cursor=1", "limit=201", "all=true"):
        assert bob.get(f"/api/v1/jobs?{wrong}").status_code == 422


def test_what_is_under_way_at_one_school_is_not_listed_at_another(ledger: Ledger, bob: Person, elm: School) -> None:
    bob.enqueue(ledger, read_sheet, rows=3)
    with inside(elm):
        assert requests.unfinished(user=None) == []
        assert requests.unfinished(user=bob.user.audit_id, tasks=[read_sheet.name]) == []


def test_a_job_that_is_done_and_was_not_tracked_is_forgotten(ledger: Ledger, bob: Person) -> None:
    job = bob.enqueue(ledger, forget_me, rows=3)
    ledger.run(job)
    assert bob.get(f"/api/v1/jobs/{job}").status_code == 404


def test_a_job_that_has_not_begun_can_be_withdrawn(ledger: Ledger, bob: Person) -> None:
    job = bob.enqueue(ledger, read_sheet, rows=3)
    assert bob.browser.delete(f"/api/v1/jobs/{job}", headers=bob.headers).status_code == 204
    assert ledger.jobs() == []
    assert bob.get(f"/api/v1/jobs/{job}").json()["state"] == "cancelled"


def test_what_follows_a_write_is_not_withdrawn_by_whoever_wrote(ledger: Ledger, bob: Person) -> None:
    jobs = [bob.enqueue(ledger, each, rows=3) for each in (forget_me, follow_it, wait_for_me)]
    for job in jobs:
        refused = bob.browser.delete(f"/api/v1/jobs/{job}", headers=bob.headers)
        assert (refused.status_code, refused.json()["code"]) == (404, "queues:job-not-found")
    assert len(ledger.jobs()) == 3
    with inside(ledger.school):
        for job in jobs:
            requests.cancel(job, user=None)
    assert ledger.jobs() == [], "an operator may"


def test_only_what_is_tracked_need_not_wait_for_its_moment(ledger: Ledger, bob: Person) -> None:
    later = clock.now() + dt.timedelta(days=300)
    forgotten, followed = (bob.enqueue(ledger, each, rows=3, run_at=later) for each in (forget_me, follow_it))
    assert bob.post(f"/api/v1/jobs/{forgotten}/run-now").status_code == 404
    assert bob.post(f"/api/v1/jobs/{followed}/run-now").status_code == 202
    assert {job.id: job.run_at is None for job in ledger.jobs()} == {forgotten: False, followed: True}


def test_only_these_are_withdrawn_by_whoever_asked_for_them() -> None:
    """A tracked task is one of them unless it says otherwise: is there a way on for what waits for it?"""
    ours = [each for each in registry.tasks() if each.origin.startswith(("apps.", "schoolops."))]
    assert {each.name for each in ours if each.withdrawable} == {
        # Their files say that they stopped, and are gone on with or sent again.
        "apps.exchange.read_import", "apps.exchange.apply_import", "apps.exchange.undo_import",
        "apps.exchange.compare_marks", "apps.exchange.apply_marks", "apps.exchange.read_bank_statement",
        # Nothing is begun before they begin: they are asked for again.
        "apps.staff.invite_staff", "apps.staff.invite_chosen_staff",
        "apps.students.invite_guardians", "apps.students.invite_chosen_guardians",
        "apps.reports.print_list", "apps.reports.publish_cards",
    }  # fmt: skip


def test_a_job_that_runs_cannot_be_withdrawn(ledger: Ledger, bob: Person) -> None:
    job = bob.enqueue(ledger, read_sheet, rows=3)
    ledger.sql("UPDATE queues_job SET lease_until = now() + interval '1 minute'")
    assert bob.get(f"/api/v1/jobs/{job}").json()["state"] == "running"
    answer = bob.browser.delete(f"/api/v1/jobs/{job}", headers=bob.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "queues:job-running")


def test_run_now_does_not_wait_for_the_moment(ledger: Ledger, bob: Person) -> None:
    job = bob.enqueue(ledger, read_sheet, rows=3, run_at=clock.now() + dt.timedelta(days=300))
    assert bob.get(f"/api/v1/jobs/{job}").json()["state"] == "scheduled"
    assert bob.post(f"/api/v1/jobs/{job}/run-now").status_code == 202
    assert ledger.jobs()[0].run_at is None


@pytest.fixture
def broker_down() -> Iterator[None]:
    broker.client.cache_clear()
    with override_settings(QUEUES_BROKER_URL="redis://127.0.0.1:1/0"):
        yield
    broker.client.cache_clear()
    overview.forget()


def test_with_the_broker_away_jobs_are_accepted_and_monitoring_is_told(
    ledger: Ledger, bob: Person, broker_down: None, client_for: Callable[[School], Client]
) -> None:
    job = bob.enqueue(ledger, read_sheet, rows=3)
    answer = client_for(ledger.school).get("/health/queues")
    assert answer.status_code == 503
    assert answer.json()["queues"]["imports"]["ready"] == 1
    refused = bob.post(f"/api/v1/jobs/{job}/run-now")
    assert (refused.status_code, refused.json()["code"]) == (503, "queues:broker-down")
    assert refused.headers["Retry-After"]
    assert len(ledger.jobs()) == 1


@pytest.mark.parametrize("whose", ["its own", "*"])
def test_a_full_ledger_is_a_503_that_says_when_to_come_back_and_nothing_was_written(
    ledger: Ledger, bob: Person, whose: str
) -> None:
    school = ledger.school.slug if whose == "its own" else whose
    ledger.sql('INSERT INTO queues_backlog (school, jobs, "full") VALUES (%s, 1, true)', school)
    refused = bob.post("/tell", n=1)
    assert (refused.status_code, refused.headers["Content-Type"]) == (503, "application/problem+json")
    assert (refused.json()["code"], refused.headers["Retry-After"]) == ("queues:ledger-full", "60")
    assert ledger.effects() == ledger.jobs() == []
    ledger.sql("DELETE FROM queues_backlog")
    assert bob.post("/tell", n=1).status_code == 202
    assert (ledger.effects(), len(ledger.jobs())) == ([1], 1)


def test_health_counts_what_is_ready_scheduled_retrying_and_dead(
    ledger: Ledger, client_for: Callable[[School], Client]
) -> None:
    ledger.enqueue(read_sheet, rows=1)
    ledger.enqueue(read_sheet, rows=1, run_at=clock.now() + dt.timedelta(days=300))
    ledger.run(ledger.enqueue(read_sheet, rows=-1))
    ledger.sql("INSERT INTO queues_queuestate (queue, paused_at, paused_by, reason) VALUES ('fees', now(), '', '')")
    overview.forget()
    answer = client_for(ledger.school).get("/health/queues")
    imports = answer.json()["queues"]["imports"]
    assert answer.status_code == 200
    assert (imports["ready"], imports["scheduled"], imports["retrying"], imports["dead"]) == (1, 1, 1, 0)
    assert answer.json()["queues"]["fees"]["paused"] is True
    assert answer.json()["status"] == "degraded", "no relay leads"


def test_health_finds_the_oldest_job_wherever_it_stands_in_the_line(ledger: Ledger) -> None:
    """The line is fair to schools, so not by age: who waits longest may be behind a hundred others."""
    for rows in range(101):
        last = ledger.enqueue(read_sheet, rows=rows)
    ledger.sql("UPDATE queues_job SET created_at = created_at - interval '2 hours' WHERE id = %s", last)
    overview.forget()
    assert 7200 <= overview.overview()["queues"]["imports"]["oldestSeconds"] < 7300


def test_health_shows_what_came_and_went_in_the_last_minute_and_how_old_the_oldest_letter_is(
    ledger: Ledger, client_for: Callable[[School], Client]
) -> None:
    telemetry._rolling.clear()
    ledger.run(ledger.enqueue(read_sheet, rows=1))
    ledger.enqueue(read_sheet, rows=-1)
    for _ in range(IMPORTS.tries):
        ledger.make_due()
        ledger.run()
    ledger.sql("UPDATE queues_deadletter SET dead_at = dead_at - interval '2 hours'")
    overview.forget()
    answer = client_for(ledger.school).get("/health/queues").json()
    imports = answer["queues"]["imports"]
    assert imports["perMinute"] == {"enqueued": 2, "finished": 1, "dead": 1}
    assert 7200 <= imports["oldestDeadSeconds"] < 7300
    assert answer["ratesOf"] == "installation"


def test_monitoring_shows_its_token(ledger: Ledger, client_for: Callable[[School], Client]) -> None:
    browser = client_for(ledger.school)
    with override_settings(PLATFORM_TOKEN="t" * 40):
        assert browser.get("/health/queues").status_code == 401
        answer = browser.get("/health/queues", headers={"Authorization": f"Bearer {'t' * 40}"})
        assert answer.status_code == 200


def test_readiness_is_degraded_without_a_relay_and_never_unavailable(ledger: Ledger) -> None:
    checks.forget()
    answer = checks.readiness()
    assert answer["checks"]["queues"]["status"] == "degraded"
    assert answer["status"] == "degraded"
    checks.forget()
