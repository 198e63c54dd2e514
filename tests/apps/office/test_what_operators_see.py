"""Operators at their own address: schools with state and size, suspended and resumed, and support with a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from apps.accounts.models import User
from schoolops import clock
from schoolops.audit.models import AuditEntry
from schoolops.audit.trail import SYSTEM
from schoolops.context import inside, outside_schools
from schoolops.queues.admin import operators
from schoolops.queues.desk import letters as desk
from schoolops.queues.models import DeadLetter, Job, Outcome, QueueState
from schoolops.queues.registry import QUEUES
from schoolops.tenancy.models import School, SupportGrant
from tests.factories.crawled import pages_of_admins
from tests.factories.marked import RAW, SHOWN, marked
from tests.factories.talking import Browser

Counting = Callable[..., AbstractContextManager[Any]]


@pytest.fixture
def olga(db: None) -> Iterator[Browser]:
    with outside_schools():
        user = User.objects.create(username="olga", password="!")
        yield Browser(Client(raise_request_exception=False, headers={"host": "localhost"}), user)


def test_they_see_every_school_with_state_and_size(olga: Browser, oak: School) -> None:
    page = olga.get("/operators/tenancy/school/").content.decode()
    assert "oak" in page
    assert "elm" in page
    assert "MB" in page or "KB" in page
    detail = olga.get(f"/operators/tenancy/school/{oak.pk}/change/").content.decode()
    assert "0 students" in detail
    assert "PostgreSQL" in detail


def test_where_a_school_stands_is_a_column_once_there_are_two_servers(
    olga: Browser, oak: School, settings: LazySettings
) -> None:
    """And on its own page in any case."""
    assert "column-cell" not in olga.get("/operators/tenancy/school/").content.decode()
    assert "home" in olga.get(f"/operators/tenancy/school/{oak.pk}/change/").content.decode()
    settings.OTHER_CELLS = {"north": settings.DATABASES}
    listed = olga.get("/operators/tenancy/school/").content.decode()
    assert "column-cell" in listed
    assert ">home<" in listed.replace("\n", "").replace(" ", "")


def test_the_start_page_says_how_many_jobs_wait_and_where_everything_is(olga: Browser) -> None:
    page = olga.get("/operators/").content.decode()
    for queue in QUEUES:
        assert f'<th scope="row">{queue}' in page
    menu = page[page.index('id="nav-sidebar-apps"') : page.index('id="main"')]
    assert 'href="/operators/" aria-current="page"' in menu
    for address in ("/operators/queues/deadletter/", "/operators/tenancy/school/"):
        assert f'href="{address}"' in menu


def test_the_list_costs_the_same_for_any_number_of_schools(olga: Browser, query_count: Counting) -> None:
    olga.get("/operators/tenancy/school/")
    with query_count() as two:
        olga.get("/operators/tenancy/school/")
    assert not [each for each in two.statements if "pg_total_relation_size" in each][1:]


def test_support_is_let_in_with_a_reason_and_the_school_reads_it(olga: Browser, oak: School) -> None:
    address = f"/operators/tenancy/school/{oak.pk}/act/support/"
    assert olga.post(address, {"reason": "", "minutes": 30}).status_code == 422
    let_in = olga.post(address, {"reason": "ticket 4711", "minutes": 30})
    assert let_in.status_code == 200
    assert "support-olga" in let_in.content.decode()
    with inside(oak):
        assert AuditEntry.objects.filter(action="access.support-let-in", reason="ticket 4711").exists()
    ended = olga.post(f"/operators/tenancy/school/{oak.pk}/act/support-end/", {"operator": "olga", "reason": "done"})
    assert ended.status_code == 302
    with outside_schools():
        assert SupportGrant.objects.get(operator="olga").revoked_at is not None


def test_support_is_ended_where_somebody_was_let_in(olga: Browser, oak: School) -> None:
    page, address = f"/operators/tenancy/school/{oak.pk}/change/", f"/operators/tenancy/school/{oak.pk}/act/"
    assert "act/support-end/" not in olga.get(page).content.decode()
    olga.post(f"{address}support/", {"reason": "ticket 4711", "minutes": 30})
    assert "act/support-end/" in olga.get(page).content.decode()
    assert 'value="olga"' in olga.get(f"{address}support-end/").content.decode()


def test_lists_of_jobs_say_what_stands_in_them_also_when_that_is_nothing(olga: Browser) -> None:
    with outside_schools():
        Outcome.objects.create(
            job_id=7, school="oak", queue="imports", task="exchange.apply_import", state="done",
            result={"name": "Zoë"}, expires_at=clock.now() + dt.timedelta(days=7),
        )  # fmt: skip
        QueueState.objects.create(queue="fees", reason="was paused once")
    page = {name: olga.get(f"/operators/queues/{name}/").content.decode() for name in ("job", "outcome", "queuestate")}
    assert "with nothing to do this list is empty" in page["job"]
    assert "exchange.apply_import" in page["outcome"]
    assert "Zoë" not in page["outcome"] + olga.get("/operators/queues/outcome/7/change/").content.decode()
    assert "None here means that all of them run" in page["queuestate"]
    assert "was paused once" not in page["queuestate"]


def test_a_school_is_suspended_for_a_reason_and_resumed(olga: Browser, oak: School) -> None:
    address = f"/operators/tenancy/school/{oak.pk}/act/"
    assert olga.post(f"{address}suspend/", {"reason": "not paid"}).status_code == 302
    at_oak = Client(headers={"host": "oak.localhost"})
    assert at_oak.get("/office/login/").status_code == 403
    assert "not paid" in olga.get(f"/operators/tenancy/school/{oak.pk}/change/").content.decode()
    assert olga.post(f"{address}resume/").status_code == 302
    assert olga.get("/operators/tenancy/school/").status_code == 200
    with outside_schools():
        actions = set(AuditEntry.objects.filter(object_type="tenancy.school").values_list("action", flat=True))
    assert {"tenancy.suspended", "tenancy.resumed"} <= actions


MAKE = "/operators/tenancy/school/add/"
BIRCH = {"name": "Birch School", "slug": "birch", "domain": "birch.localhost", "administrator": "ada"}


def test_nobody_deletes_a_school_here_and_no_stranger_makes_one(olga: Browser, oak: School) -> None:
    assert olga.post(f"/operators/tenancy/school/{oak.pk}/delete/", {"post": "yes"}).status_code == 403
    stranger = Browser(Client(headers={"host": "localhost"}))
    assert stranger.post(MAKE, BIRCH).status_code == 302
    assert Browser(Client(headers={"host": "oak.localhost"})).get(MAKE).status_code == 404
    assert not School.objects.filter(slug="birch").exists()


def test_what_cannot_be_a_school_is_refused_at_its_field(olga: Browser, oak: School) -> None:
    assert olga.get(MAKE).status_code == 200
    for wrong, words in (
        ({"domain": "oak localhost"}, "no host name"),
        ({"domain": "localhost"}, "no host name"),
        ({"by_mail": "on"}, "Where does the link go?"),
        ({"administrator": ""}, "This field is required."),
    ):
        refused = olga.post(MAKE, {**BIRCH, **wrong})
        assert refused.status_code == 422
        assert words in refused.content.decode()


@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")
def test_where_there_is_no_provisioning_login_the_page_writes_the_command(olga: Browser, settings: Any) -> None:
    settings.DATABASES = {name: each for name, each in settings.DATABASES.items() if name != "admin"}
    page = olga.post(MAKE, {**BIRCH, "email": "ada@example.org", "by_mail": "on"}).content.decode()
    assert "manage.py create_school birch --name &#x27;Birch School&#x27; --domain birch.localhost" in page
    assert "--administrator ada --email ada@example.org --mail" in page
    assert not School.objects.filter(slug="birch").exists()


def test_what_schools_and_jobs_say_is_text(olga: Browser, oak: School) -> None:
    """What a school is called, why a job failed, and why somebody acted."""
    said = {"school": "oak", "queue": "fees", "task": "x", "payload": {}, "meta": {}, "created_at": clock.now()}
    DeadLetter.objects.create(
        id=1, **said, priority=0, attempts=1, crashes=0, tracked=False, reason="crashed", error="no", traceback="no"
    )
    Job.objects.create(**said)
    desk.pause("fees", by=SYSTEM, reason="no")
    # Names of ours: of queues, of jobs, of a schema and its role, of a server.
    ours = ("queue", "task", "user_id", "schema_name", "role_name", "database", "brought_up_to")
    kinds = (School, DeadLetter, QueueState)
    columns = marked(kinds, but={f"{kind._meta.label}.{name}" for kind in kinds for name in ours})
    found = {each: olga.get(each) for each in ("/operators/", *pages_of_admins(operators))}
    # What is not offered leads on; what is shown, the last line says.
    assert {each: answer.status_code for each, answer in found.items() if answer.status_code >= 500} == {}
    read = {each: answer.content.decode() for each, answer in found.items()}
    raw = {each: RAW.findall(page) for each, page in read.items() if RAW.search(page)}
    assert raw == {}
    seen = {int(number) for page in read.values() for number in SHOWN.findall(page)}
    assert {columns[each] for each in columns.keys() - seen} == set()
