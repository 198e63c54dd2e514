"""The ledger. All of it stands in ``public``; a school's role reaches it through the functions in ``platform`` alone.

A row in ``Job`` is the obligation itself: finishing a job deletes its row in the transaction of its effect.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now  # noqa: TID251 - leases and ages go by the one clock all workers share

SLUG_LENGTH = 40


class Job(models.Model):
    """A job that is waiting, running or between two tries. ``school`` is a slug, empty outside schools.

    ``run_at`` is ``NULL`` once the job is due, so that waiting for a date costs ready jobs nothing. Of its
    ``attempts``, those ``spent`` were made before an operator sent it back; ``deliveries`` are fetches in vain.
    """

    school = models.CharField(max_length=SLUG_LENGTH, blank=True)
    queue = models.CharField(max_length=32)
    task = models.CharField(max_length=128)
    payload = models.JSONField(db_default={})
    meta = models.JSONField(db_default={})
    run_at = models.DateTimeField(null=True, blank=True)
    priority = models.SmallIntegerField(db_default=0)
    attempts = models.SmallIntegerField(db_default=0)
    spent = models.SmallIntegerField(db_default=0)
    crashes = models.SmallIntegerField(db_default=0)
    deliveries = models.SmallIntegerField(db_default=0)
    lease_token = models.IntegerField(db_default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    sending_at = models.DateTimeField(null=True, blank=True)
    tracked = models.BooleanField(db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"job {self.pk} {self.task} of {self.school or 'the platform'}"


class Reason(models.TextChoices):
    """Why a job lies on the operators' desk."""

    EXHAUSTED = "exhausted", "failed at every try"
    TIMEOUT = "timeout", "took too long at every try"
    POISON = "poison", "took its process down, several times"
    NO_OUTCOME = "no_outcome", "was fetched again and again and came to nothing"
    REFUSED = "refused", "was refused, and its task leaves that to a person"
    UNKNOWN_TASK = "unknown_task", "no code of this name"
    PAYLOAD_REFUSED = "payload_refused", "the task does not accept this payload"
    UNKNOWN_SCHOOL = "unknown_school", "its school was deleted"
    SCHOOL_SUSPENDED = "school_suspended", "its school is suspended"
    OUTCOME_UNKNOWN = "outcome_unknown", "somebody outside may or may not have done it"


class DeadLetter(models.Model):
    """A job that a person has to decide about. Its key is the job's; a job is in one of the two tables, never both."""

    id = models.BigIntegerField(primary_key=True)
    school = models.CharField(max_length=SLUG_LENGTH, blank=True)
    queue = models.CharField(max_length=32)
    task = models.CharField(max_length=128)
    payload = models.JSONField()
    meta = models.JSONField()
    priority = models.SmallIntegerField()
    attempts = models.SmallIntegerField()
    crashes = models.SmallIntegerField()
    tracked = models.BooleanField()
    created_at = models.DateTimeField()
    reason = models.CharField(max_length=32, choices=Reason.choices)
    error_class = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True)
    traceback = models.TextField(blank=True)
    dead_at = models.DateTimeField(db_default=Now())
    discarded_at = models.DateTimeField(null=True, blank=True)
    discarded_by = models.CharField(max_length=200, blank=True, db_default="")
    discard_reason = models.CharField(max_length=500, blank=True, db_default="")

    def __str__(self) -> str:
        return f"dead letter {self.pk} {self.task} of {self.school or 'the platform'}: {self.reason}"


class Attempt(models.Model):
    """A try that failed, or a refusal for which a job was discarded. Kept while the job or its letter exists."""

    class Outcome(models.TextChoices):
        FAILED = "failed"
        TIMED_OUT = "timed_out"
        CRASHED = "crashed"
        REFUSED = "refused"

    job_id = models.BigIntegerField()
    school = models.CharField(max_length=SLUG_LENGTH, blank=True)
    task = models.CharField(max_length=128)
    number = models.SmallIntegerField()
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    worker = models.CharField(max_length=200, blank=True)
    error_class = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True)
    traceback = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"try {self.number} of job {self.job_id}: {self.outcome}"


class OnceKey(models.Model):
    """What was enqueued lately: SHA-256 over school, queue, task and the arguments named by ``once_per``.

    ``expires_at`` is when the same may be enqueued again, except that a key held only while its job waits asks the job.
    """

    pk = models.CompositePrimaryKey("school", "queue", "key")
    school = models.CharField(max_length=SLUG_LENGTH, blank=True)
    queue = models.CharField(max_length=32)
    key = models.BinaryField(max_length=32)
    job_id = models.BigIntegerField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"key of job {self.job_id}"


class Outcome(models.Model):
    """What became of a tracked job, written with its effect and kept for 7 days; while it runs, how far it is."""

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        DISCARDED = "discarded"
        DEAD = "dead"
        CANCELLED = "cancelled"

    job_id = models.BigIntegerField(primary_key=True)
    school = models.CharField(max_length=SLUG_LENGTH, blank=True)
    queue = models.CharField(max_length=32)
    task = models.CharField(max_length=128)
    user_id = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=12, choices=State.choices)
    done = models.IntegerField(null=True)
    of = models.IntegerField(null=True)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True, db_default="")
    updated_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"job {self.job_id}: {self.state}"


class QueueState(models.Model):
    """What an operator set for one queue. No row: nothing special."""

    queue = models.CharField(max_length=32, primary_key=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.queue}: {'paused' if self.paused_at else 'running'}"


class Backlog(models.Model):
    """How many jobs each school has in the ledger (``*``: all schools), counted by the relay every few seconds."""

    school = models.CharField(max_length=SLUG_LENGTH, primary_key=True)
    jobs = models.IntegerField()
    full = models.BooleanField(db_default=False)
    counted_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.school or 'the platform'}: {self.jobs} jobs"


class Tick(models.Model):
    """The last moment a scheduled task was enqueued for: two beats agree on it, and a missed one is seen."""

    name = models.CharField(max_length=128, primary_key=True)
    slot = models.DateTimeField()
    job_id = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.name} for {self.slot:%Y-%m-%d %H:%M}"


class RememberedAnswer(models.Model):
    """The answer to an HTTP request that carried an ``Idempotency-Key``, written in that request's own transaction."""

    pk = models.CompositePrimaryKey("school", "user_id", "key")
    school = models.CharField(max_length=SLUG_LENGTH, blank=True)
    user_id = models.CharField(max_length=64, blank=True)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.SmallIntegerField(null=True)
    headers = models.JSONField(null=True)
    body = models.BinaryField(null=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"answer {self.status}"


class OperatorAction(models.Model):
    """What an operator did to jobs, letters and queues. Written with the act itself, never changed."""

    at = models.DateTimeField(db_default=Now())
    by = models.CharField(max_length=200)
    action = models.CharField(max_length=64)
    job_id = models.BigIntegerField(null=True)
    school = models.CharField(max_length=SLUG_LENGTH, blank=True)
    facts: models.JSONField[Any, Any] = models.JSONField(db_default={})
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ("-id",)

    def __str__(self) -> str:
        return f"{self.by} {self.action} {self.job_id or ''}"
