"""A database that is lost is 503, wherever in a request it is found out; of a commit without an answer nobody says that
nothing was changed."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client

from apps.accounts.api import authentication
from apps.accounts.models import User
from schoolops.context import inside
from schoolops.tenancy.errors import CommitUnanswered, OutcomeUnknown, SchoolUnreachable, outage_of
from schoolops.tenancy.models import School


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
