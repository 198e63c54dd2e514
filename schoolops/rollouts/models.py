"""What is on its way to the schools. In ``public``: it tells of operators, and a school need not stand to be named."""

from __future__ import annotations

from django.db import models

SLUG_LENGTH = 40
IDENTIFIER_LENGTH = 63


class Kind(models.TextChoices):
    """What is rolled out."""

    RELEASE = "release", "migrations, indexes and first contents"
    INDEXES = "indexes", "indexes"


class Stage(models.TextChoices):
    """How far a rollout is."""

    RUNNING = "running", "on its way"
    WAITING = "waiting", "the canaries have it, a person looks at them"
    FAILED = "failed", "some schools refused it; run again, it goes on with those"
    DONE = "done", "every school has it"
    SUPERSEDED = "superseded", "another was begun instead"


OPEN = (Stage.RUNNING, Stage.WAITING, Stage.FAILED)


class Rollout(models.Model):
    """One change on its way to every school. ``target`` says to what: ``fleet.head`` of a release."""

    kind = models.CharField(max_length=16, choices=Kind.choices)
    target = models.CharField(max_length=64)
    stage = models.CharField(max_length=16, choices=Stage.choices, default=Stage.RUNNING)
    canaries = models.JSONField(default=list)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("kind",), condition=models.Q(stage__in=OPEN), name="rollout_one_open"),
        )

    def __str__(self) -> str:
        return f"rollout {self.pk} of {self.kind}: {self.stage}"


class StepState(models.TextChoices):
    """How far one school is with it."""

    PENDING = "pending", "to be done"
    RUNNING = "running", "being done"
    DONE = "done", "done"
    FAILED = "failed", "refused"


class Step(models.Model):
    """What a rollout has to do in one school: all of it, or the index named ``item``. ``school`` is a slug."""

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, db_index=False, related_name="steps")
    school = models.CharField(max_length=SLUG_LENGTH)
    item = models.CharField(max_length=IDENTIFIER_LENGTH, blank=True)
    canary = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=StepState.choices, default=StepState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("rollout", "school", "item"), name="rollout_step_once"),)

    def __str__(self) -> str:
        return f"{self.school}{f' {self.item}' if self.item else ''}: {self.state}"
