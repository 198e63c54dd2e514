"""The operators' desk: dead letters, queues, waiting jobs. Outside schools; every act is written down with the act."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from schoolops import clock, context
from schoolops.audit.trail import Actor
from schoolops.errors import Invalid
from schoolops.queues import pipeline, registry
from schoolops.queues.errors import LetterNotFound
from schoolops.queues.ledger import seen
from schoolops.queues.models import Attempt, DeadLetter, OnceKey, OperatorAction, QueueState
from schoolops.rows import refuse_too_long
from schoolops.tenancy.models import SupportGrant

# Back into the ledger under the same id; a second press finds no letter, nor one whose key a discard set free.
# It has all its tries again, and their numbers go on. What took processes down comes back as a suspect, to run alone.
REVIVE = """
WITH letter AS (
    DELETE FROM public.queues_deadletter WHERE id = %(id)s AND discarded_at IS NULL RETURNING *),
job AS (
    INSERT INTO public.queues_job
           (id, school, queue, task, payload, meta, priority, attempts, spent, crashes, tracked, created_at)
    SELECT id, school, queue, task, payload, meta - '{deferred_since,deferred_by}'::text[], priority, attempts,
           attempts, least(crashes, 1), tracked, created_at FROM letter
    RETURNING id, school, queue, tracked),
forgotten AS (
    DELETE FROM public.queues_outcome WHERE job_id IN (SELECT id FROM job WHERE tracked)),
written AS (
    INSERT INTO public.queues_operatoraction (by, action, job_id, school, facts, reason)
    SELECT %(by)s, 'retried', id, school, jsonb_build_object('reason', reason, 'error', error_class), %(why)s
      FROM letter)
SELECT queue FROM job
"""


def _kept(words: str) -> str:
    """What somebody said, as its column holds it: no NUL. Raises ``TextTooLong``, for what would have to be cut."""
    said = words.replace("\0", "").strip()
    refuse_too_long(OperatorAction(reason=said), {"reason"})
    return said


class ReasonMissing(Invalid):
    """Discarding a dead letter needs a reason."""

    code = "queues:reason-missing"
    remedy = "Say in a few words why this job need not be done."


def letters(
    *,
    queue: str = "",
    school: str | None = None,
    task: str = "",
    error: str = "",
    reason: str = "",
    discarded: bool = False,
) -> QuerySet[DeadLetter]:
    """The dead letters that match, oldest first. ``error`` is looked for in class and text; no school (``""``) is the
    platform.
    """
    wanted = Q(discarded_at__isnull=not discarded)
    if queue:
        wanted &= Q(queue=queue)
    if school is not None:
        wanted &= Q(school=school)
    if task:
        wanted &= Q(task=task)
    if error:
        wanted &= Q(error_class__icontains=error) | Q(error__icontains=error)
    if reason:
        wanted &= Q(reason=reason)
    return DeadLetter.objects.filter(wanted).order_by("id")


def letter(letter_id: int) -> DeadLetter:
    """Raises ``LetterNotFound``."""
    dead = DeadLetter.objects.filter(pk=letter_id).first()
    if dead is None:
        raise LetterNotFound(id=letter_id)
    return dead


def reads_values(school: str, by: Any) -> bool:
    """Whether this operator may read what jobs of ``school`` carry: let in there now, for a reason the school reads.

    What the platform's own jobs carry (no school) is of no school's people.
    """
    if not school:
        return True
    now = clock.now()
    return SupportGrant.objects.filter(
        school__slug=school, operator_id=by.sourced_id, revoked_at=None, starts_at__lte=now, ends_at__gt=now
    ).exists()


def attempts_of(job_id: int) -> list[Attempt]:
    """Every failed try of one job, oldest first."""
    return list(Attempt.objects.filter(job_id=job_id).order_by("id"))


def retry(
    letter_ids: Iterable[int],
    *,
    by: Actor,
    why: str = "",
    rate: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Send dead letters back into the ledger, each in a transaction of its own; retrying twice is safe.

    Args:
        rate: at most so many a second.

    Returns how many went back. Raises ``TextTooLong``.
    """
    revived, why = 0, _kept(why)
    for letter_id in letter_ids:
        if revived and rate:
            sleep(1 / rate)
        pipeline.pause_here(pipeline.REVIVE)
        with connection.cursor() as cursor:
            cursor.execute(REVIVE, {"id": letter_id, "by": by.audit_name, "why": why})
            row = cursor.fetchone()
        if row is not None:
            revived += 1
            if (kept := context.kept.get()) is not None:
                # An operator's act has no line of a school's trail.
                transaction.on_commit(kept.note)
            pipeline.step(pipeline.REVIVE, row[0], job_id=letter_id)
    return revived


def discard(letter_ids: Iterable[int], *, by: Actor, reason: str) -> int:
    """Decide that these jobs need not be done. The letters stay, marked; what they were for may be enqueued again.

    Raises ``ReasonMissing``, ``TextTooLong``.
    """
    reason = _kept(reason)
    if not reason:
        raise ReasonMissing
    with transaction.atomic():
        waiting = DeadLetter.objects.filter(pk__in=list(letter_ids), discarded_at__isnull=True)
        # In the order of keys, so that two who discard the same letters cannot hold each other up.
        chosen = list(waiting.select_for_update().order_by("pk"))
        for dead in chosen:
            dead.discarded_at = clock.now()
            dead.discarded_by = by.audit_name
            dead.discard_reason = reason
            dead.save(update_fields=["discarded_at", "discarded_by", "discard_reason"])
        once_keys = OnceKey.objects.filter(job_id__in=[dead.pk for dead in chosen])
        keys = list(once_keys.values_list("key", flat=True))
        once_keys.delete()
        seen.forget_after_commit(*(bytes(key) for key in keys))
        OperatorAction.objects.bulk_create(
            OperatorAction(by=by.audit_name, action="discarded", job_id=dead.pk, school=dead.school, reason=reason)
            for dead in chosen
        )
    return len(chosen)


@transaction.atomic
def edit_payload(letter_id: int, *, payload: Mapping[str, Any], by: Actor, why: str = "") -> DeadLetter:
    """Change what a dead letter carries, checked against its task. School and task stay what they are.

    Raises:
        LetterNotFound, PayloadRefused, PayloadTooLarge, TextTooLong. Invalid: this code does not know the task.
    """
    dead = DeadLetter.objects.select_for_update().filter(pk=letter_id, discarded_at__isnull=True).first()
    if dead is None:
        raise LetterNotFound(id=letter_id)
    task = registry.find(dead.task)
    if task is None:
        raise Invalid(f"This code knows no task {dead.task}, so its payload cannot be checked.")
    task.serialise(payload)
    before, dead.payload = dead.payload, task.check(payload).model_dump(mode="json")
    dead.save(update_fields=["payload"])
    OperatorAction.objects.create(
        by=by.audit_name,
        action="payload edited",
        job_id=dead.pk,
        school=dead.school,
        # Which parts, and not what they said: the desk is read by operators whom this school has not let in.
        facts={"changed": sorted(name for name in dead.payload if before.get(name) != dead.payload[name])},
        reason=_kept(why),
    )
    return dead


@transaction.atomic
def pause(queue: str, *, by: Actor, reason: str) -> None:
    """Hand out no more jobs of this queue. What runs goes on; what comes waits. Raises ``TextTooLong``."""
    reason = _kept(reason)
    QueueState.objects.update_or_create(
        queue=registry.QUEUES[queue].name,
        defaults={"paused_at": clock.now(), "paused_by": by.audit_name, "reason": reason},
    )
    OperatorAction.objects.create(by=by.audit_name, action="paused", facts={"queue": queue}, reason=reason)


@transaction.atomic
def resume(queue: str, *, by: Actor) -> None:
    """Hand out jobs of this queue again."""
    QueueState.objects.filter(queue=queue).delete()
    OperatorAction.objects.create(by=by.audit_name, action="resumed", facts={"queue": queue})
