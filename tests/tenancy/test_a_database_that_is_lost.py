"""A database that is lost is 503, wherever in a request it is found out; of a commit without an answer, and of what was
kept before an answer could be read, nobody says that nothing was changed."""

from __future__ import annotations

import datetime as dt
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation

from apps.accounts.api import authentication
from apps.accounts.models import User
from apps.students.api.views import students as views
from apps.students.models import Student
from schoolops import context
from schoolops.audit import trail
from schoolops.audit.models import AuditEntry
from schoolops.context import inside
from schoolops.errors import Conflict
from schoolops.tenancy import direct
from schoolops.tenancy.errors import CommitUnanswered, OutcomeUnknown, SchoolUnreachable, outage_of
from schoolops.tenancy.middleware import SchoolMiddleware
from schoolops.tenancy.models import School
from tests.factories import people
from tests.factories.talking import Talk


@pytest.mark.parametrize("path", ["/api/v1/guardians", "/api/v1/me"])
def test_it_is_found_out_who_asks_and_the_database_is_away(
    in_oak: School, client_for: Callable[[School], Client], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def lost(*_anything: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(authentication, "authenticate_token", lost)
    client = client_for(in_oak)
    client.raise_request_exception = False
    answer = client.get(path, headers={"Authorization": "Bearer somebody-who-was-let-in-before"})
    assert (answer.status_code, answer.json()["code"]) == (503, "schoolops:unavailable")
    assert answer.headers["Retry-After"]


def test_a_commit_without_an_answer_is_not_called_undone(fresh_school: Callable[..., School]) -> None:
    school = fresh_school()
    with inside(school), pytest.raises(CommitUnanswered) as lost:
        _write_and_lose_the_line()
    assert isinstance(outage_of(lost.value), OutcomeUnknown)
    with inside(school):
        assert not User.objects.filter(username="kept-or-not").exists()


def test_a_connection_that_cannot_be_made_anew_does_not_hide_the_commit() -> None:
    seen = OperationalError("connection refused")
    seen.__cause__ = psycopg.OperationalError("connection refused")
    seen.__cause__.__context__ = CommitUnanswered("lost")
    assert isinstance(outage_of(seen), OutcomeUnknown)


def test_what_is_told_of_an_outage() -> None:
    gone = OperationalError("gone")
    gone.__cause__ = psycopg.errors.UndefinedTable()
    assert isinstance(outage_of(gone), SchoolUnreachable)
    assert type(outage_of(OperationalError("lost"))).__name__ == "Unavailable"
    assert outage_of(DatabaseError("a mistake of ours")) is None
    assert outage_of(ValueError()) is None


@transaction.atomic
def _write_and_lose_the_line() -> None:
    User.objects.create(username="kept-or-not", password="!")
    line = socket.socket(fileno=os.dup(connection.connection.fileno()))
    line.shutdown(socket.SHUT_RDWR)
    line.close()


# --- the answer is lost, not the write --------------------------------------------------------------------------------
@contextmanager
def lost(*, kept: bool) -> Iterator[None]:
    """Somebody ends the backend: at the first statement after a line of the trail is kept, or before one is written."""
    lines = 0

    def ends(execute: Callable[..., Any], sql: str, params: Any, many: bool, more: dict[str, Any]) -> Any:
        nonlocal lines
        noted = AuditEntry._meta.db_table in sql
        if (lines and not connection.in_atomic_block) if kept else noted:
            lines = 0
            backend = connection.connection.info.backend_pid
            with direct.connect("a test", statement_s=30, lock_s=30) as other:
                other.execute("SELECT pg_terminate_backend(%s, 10000)", [backend])
        answer = execute(sql, params, many, more)
        lines += noted
        return answer

    with connection.execute_wrapper(ends):
        yield
    connection.close()


@pytest.fixture
def head(
    school_day: dt.date, fresh_school: Callable[..., School], client_for: Callable[[School], Client]
) -> Iterator[Talk]:
    """The head of a school with a section, of which the test stands inside."""
    school = fresh_school()
    with inside(school):
        yield Talk(client_for(school), people.a_user("head", role="administrator"))


def _said(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_what_is_kept_is_not_called_undone_where_its_answer_cannot_be_read(head: Talk) -> None:
    body = people.admission(people.a_school_year())
    with lost(kept=True):
        assert _said(head.post("students", body)) == (503, "tenancy:outcome-unknown")
    assert Student.objects.count() == 1
    # The next request of the same process has kept nothing.
    with lost(kept=False):
        assert _said(head.post("students", {**body, "admission_number": "N-2"})) == (503, "schoolops:unavailable")
    assert Student.objects.count() == 1


def test_nor_where_we_fail_to_answer(head: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    head.client.raise_request_exception = False
    body = people.admission(people.a_school_year())
    with monkeypatch.context() as broken:
        broken.setattr(views, "created", lambda *_: 1 // 0)
        assert _said(head.post("students", body)) == (500, "schoolops:kept-unanswered")
        assert Student.objects.count() == 1
        broken.setattr(views.services, "admit_student", lambda **_: 1 // 0)
        assert _said(head.post("students", {**body, "admission_number": "N-2"})) == (500, "schoolops:internal")


def test_under_a_key_it_is_all_or_nothing_and_taken_once_when_it_is_sent_again(head: Talk) -> None:
    body = people.admission(people.a_school_year())
    with lost(kept=False):
        assert _said(head("POST", "students", body, **KEY)) == (503, "schoolops:unavailable")
    assert not Student.objects.exists()
    for _ in range(2):
        assert head("POST", "students", body, **KEY).status_code == 201
    assert Student.objects.count() == 1


KEY = {"Idempotency-Key": "a-key-of-its-own"}


def test_a_login_that_the_server_refuses_is_not_called_unknown(head: Talk) -> None:
    def busy(execute: Callable[..., Any], sql: str, params: Any, many: bool, more: dict[str, Any]) -> Any:
        if AuditEntry._meta.db_table in sql:
            raise OperationalError("lock timeout") from psycopg.errors.LockNotAvailable()
        return execute(sql, params, many, more)

    with connection.execute_wrapper(busy):
        assert _said(head.log_in("head")) == (503, "schoolops:unavailable")


def test_what_is_taken_back_is_not_called_kept(fresh_school: Callable[..., School]) -> None:
    with inside(fresh_school()):
        user = people.a_user("head")
        kept = context.Kept()
        token = context.kept.set(kept)
        try:
            with transaction.atomic(), suppress(Conflict), transaction.atomic():
                trail.record(user, "accounts.changed", user)
                raise Conflict
            with suppress(Conflict), transaction.atomic():
                trail.record(user, "accounts.changed", user)
                raise Conflict
            assert not kept.anything
            assert type(outage_of(OperationalError("lost"))).__name__ == "Unavailable"
            with transaction.atomic():
                trail.record(user, "accounts.changed", user)
                assert not kept.anything
            assert isinstance(outage_of(OperationalError("lost")), OutcomeUnknown)
            # It is of no concern to what was no outage.
            assert outage_of(ValueError()) is None
        finally:
            context.kept.reset(token)


def test_a_page_says_so_too_in_its_readers_language(rf: RequestFactory) -> None:
    request = rf.post("/office/students/guardian/add/", headers={"Accept": "text/html"})
    kept = context.Kept()
    token = context.kept.set(kept)
    try:
        with translation.override("ar"):
            said = [_page(request)]
            kept.note()
            said.append(_page(request))
    finally:
        context.kept.reset(token)
    assert ["لم يتغيّر شيء" in each for each in said] == [True, False]
    assert "ربما نُفِّذ، وربما لم يُنفَّذ" in said[1]


def _page(request: HttpRequest) -> str:
    answer = SchoolMiddleware(lambda _: HttpResponse()).process_exception(request, OperationalError("lost"))
    assert isinstance(answer, HttpResponse)
    assert answer.status_code == 503
    return answer.content.decode()
