"""What is planted: each changes this process so that it does one thing wrong, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

LATE_S = 0.4
# Names a fault for the programs of a stack.
VARIABLE = "PLANTED"


def late() -> None:
    """Every answer of the API is late."""
    from schoolops.api.idempotency import IdempotencyMiddleware

    real = IdempotencyMiddleware.__call__

    def waits(self: Any, request: Any) -> Any:
        if request.path.startswith("/api/"):
            time.sleep(LATE_S)
        return real(self, request)

    IdempotencyMiddleware.__call__ = waits  # type: ignore[method-assign]


def lost_write() -> None:
    """A write is acknowledged, and none of it is kept."""
    _forget("POST", "/guardians")


def lost_mark() -> None:
    """Marks are acknowledged, and none of them is kept."""
    _forget("PUT", "/marks")


def _forget(method: str, ending: str) -> None:
    from django.db import transaction

    from schoolops.api.idempotency import IdempotencyMiddleware

    real = IdempotencyMiddleware.__call__

    def forgets(self: Any, request: Any) -> Any:
        if request.method != method or not request.path.endswith(ending):
            return real(self, request)
        with transaction.atomic():
            answer = real(self, request)
            transaction.set_rollback(True)
        return answer

    IdempotencyMiddleware.__call__ = forgets  # type: ignore[method-assign]


def dropped_job() -> None:
    """A job is taken, and never written into the ledger."""
    from django.db import transaction

    from schoolops.queues.ledger.task import Task

    real = Task.enqueue

    def drops(self: Task, **said: Any) -> Any:
        with transaction.atomic():
            taken = real(self, **said)
            transaction.set_rollback(True)
        return taken

    Task.enqueue = drops  # type: ignore[method-assign]


def swallowed_exception() -> None:
    """Whoever runs a job takes an exception of it for an outcome."""
    from contextlib import suppress

    from schoolops.queues.worker import claims

    real = claims.prepare

    def prepare(claimed: Any) -> Any:
        from dataclasses import replace

        task, arguments = real(claimed)

        def swallows(**said: Any) -> None:
            with suppress(Exception):
                task.function(**said)

        return replace(task, function=swallows), arguments

    claims.prepare = prepare


def disabled_breaker() -> None:
    """No circuit counts a failure, so that none opens."""
    from schoolops.resilience.breaker import Breaker

    def forgets(self: Breaker, ticket: object | None) -> None:
        del self, ticket

    Breaker.failed = forgets  # type: ignore[method-assign]


def leaked_school() -> None:
    """A token that is unknown here is looked for in all other schools."""
    from apps.accounts.api import authentication
    from apps.accounts.errors import TokenUnknown
    from apps.accounts.services import authenticate_token
    from schoolops.context import inside, outside_schools
    from schoolops.tenancy.models import School

    real = authenticate_token

    def anywhere(token: str) -> Any:
        try:
            return real(token)
        except TokenUnknown:
            with outside_schools():
                schools = list(School.objects.all())
            for school in schools:
                with inside(school):
                    try:
                        return real(token)
                    except TokenUnknown:
                        continue
            raise

    vars(authentication).update(authenticate_token=anywhere)


FAULTS: dict[str, Callable[[], None]] = {
    plant.__name__: plant
    for plant in (late, lost_write, lost_mark, dropped_job, swallowed_exception, disabled_breaker, leaked_school)
}
