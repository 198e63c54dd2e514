"""Redis gives the cheap first answer to "was this asked for already?", and is never believed against the ledger."""

from __future__ import annotations

import pytest
from django.db import transaction

from schoolops.context import inside
from schoolops.queues import FEES, Duplicate, Enqueued, task
from schoolops.queues.desk import requests
from schoolops.queues.ledger import seen
from schoolops.redis.connection import platform_redis
from tests.queues.ground import Ledger


@task(queue=FEES, name="test.invoice", once_per=("student_id",))
def invoice(*, student_id: int) -> None:
    """Once a day per student."""


@pytest.fixture(autouse=True)
def _redis_is_asked(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "_spared_until", 0.0)


def test_a_duplicate_is_known_without_asking_the_ledger(ledger: Ledger, query_count: object) -> None:
    job = ledger.enqueue(invoice, student_id=1)
    assert len(list(platform_redis().scan_iter("platform:jobs:seen:*"))) == 1
    with inside(ledger.school), query_count(0):  # type: ignore[operator]
        assert invoice.enqueue(student_id=1) == Duplicate(job)


def test_nothing_is_remembered_of_what_was_rolled_back(ledger: Ledger) -> None:
    with inside(ledger.school):
        with transaction.atomic():
            invoice.enqueue(student_id=1)
            assert list(platform_redis().scan_iter("platform:jobs:seen:*")) == []
            transaction.set_rollback(True)
        assert list(platform_redis().scan_iter("platform:jobs:seen:*")) == []
        assert isinstance(invoice.enqueue(student_id=1), Enqueued)


def test_a_redis_that_forgot_changes_nothing(ledger: Ledger) -> None:
    job = ledger.enqueue(invoice, student_id=1)
    platform_redis().flushdb()
    with inside(ledger.school):
        assert invoice.enqueue(student_id=1) == Duplicate(job)


def test_a_redis_that_is_away_changes_nothing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> object:
        raise seen.RedisUnavailable("away")

    monkeypatch.setattr(seen, "platform_redis", nobody)
    job = ledger.enqueue(invoice, student_id=1)
    with inside(ledger.school):
        assert invoice.enqueue(student_id=1) == Duplicate(job)


def test_what_redis_could_not_forget_is_forgotten_before_it_is_believed_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> object:
        raise seen.RedisUnavailable("away")

    job = ledger.enqueue(invoice, student_id=1)
    with monkeypatch.context() as away:
        away.setattr(seen, "platform_redis", nobody)
        away.setattr(seen, "_see_that_somebody_pays", lambda: None)
        with inside(ledger.school):
            requests.cancel(job, user=None)
        assert seen.settle(0) == 1
    with inside(ledger.school):
        assert isinstance(invoice.enqueue(student_id=1), Enqueued)
    assert seen.settle(0) == 0


def test_a_process_that_enqueues_no_more_lets_redis_forget_as_soon_as_it_answers(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([seen.RedisUnavailable("away")])
    there = seen.platform_redis

    def once_nobody() -> object:
        for refusal in calls:
            raise refusal
        return there()

    job = ledger.enqueue(invoice, student_id=1)
    monkeypatch.setattr(seen, "platform_redis", once_nobody)
    with inside(ledger.school):
        requests.cancel(job, user=None)
    assert seen.settle(30) == 0
    assert list(there().scan_iter("platform:jobs:seen:*")) == []
