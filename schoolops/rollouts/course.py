"""The course of a rollout: begun or taken up again, step by step claimed and ended. All of it outside schools.

A step is claimed by one process at a time (``SKIP LOCKED``), so that several may work on one rollout.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from schoolops import clock
from schoolops.rollouts.models import OPEN, Kind, Rollout, Stage, Step, StepState

# What PostgreSQL says can quote a whole statement.
LONGEST_FAILURE = 2000


def open_rollout(kind: Kind) -> Rollout | None:
    """The rollout of ``kind`` that has not come to its end."""
    rollout: Rollout | None = Rollout.objects.filter(kind=kind, stage__in=OPEN).first()
    return rollout


@transaction.atomic
def begin(kind: Kind, *, target: str, canaries: list[str]) -> Rollout:
    """The open rollout to ``target``, taken up again where it was left; a new one where there is none.

    The caller is the only one who begins any (``owner.one_at_a_time``). ``canaries`` stay those named at first, unless
    others are named.
    """
    rollout = open_rollout(kind)
    if rollout is not None and rollout.target != target:
        _end(rollout, Stage.SUPERSEDED)
        rollout = None
    if rollout is None:
        return Rollout.objects.create(kind=kind, target=target, canaries=canaries, began_at=clock.machine())
    if rollout.stage == Stage.FAILED:
        rollout.stage = Stage.RUNNING
    rollout.canaries = canaries or rollout.canaries
    rollout.save(update_fields=["stage", "canaries"])
    return rollout


@transaction.atomic
def list_steps(rollout: Rollout, wanted: Iterable[tuple[str, str]]) -> None:
    """Make the steps to be done exactly ``wanted``: (school's slug, item). What was left begun is to be done again."""
    wanted = list(wanted)
    keys = set(wanted)
    unended = rollout.steps.exclude(state=StepState.DONE)
    # A step whose work is found done needs no doing, whoever did it.
    unended.filter(pk__in=[step.pk for step in unended if (step.school, step.item) not in keys]).update(
        state=StepState.DONE, ended_at=clock.machine(), failure=""
    )
    Step.objects.bulk_create(
        [Step(rollout=rollout, school=school, item=item) for school, item in wanted], ignore_conflicts=True
    )
    again = [step.pk for step in rollout.steps.all() if (step.school, step.item) in keys]
    rollout.steps.filter(pk__in=again).update(state=StepState.PENDING, ended_at=None)
    rollout.steps.update(canary=False)
    rollout.steps.filter(school__in=rollout.canaries).update(canary=True)


def claim(rollout: Rollout, *, canary: bool) -> Step | None:
    """The next step that nobody is at, as begun by us; ``None`` when there is none left."""
    with transaction.atomic():
        waiting = rollout.steps.select_for_update(skip_locked=True).filter(state=StepState.PENDING, canary=canary)
        step: Step | None = waiting.order_by("school", "pk").first()
        if step is not None:
            step.state, step.began_at, step.attempts = StepState.RUNNING, clock.machine(), step.attempts + 1
            step.save(update_fields=["state", "began_at", "attempts"])
    return step


def end(step: Step, *, failure: str = "") -> None:
    """Write down how ``step`` ended."""
    step.state = StepState.FAILED if failure else StepState.DONE
    step.ended_at, step.failure = clock.machine(), failure[:LONGEST_FAILURE]
    step.save(update_fields=["state", "ended_at", "failure"])


def put_back(step: Step) -> None:
    """Nothing came of ``step``: it is to be done."""
    step.state = StepState.PENDING
    step.save(update_fields=["state"])


def move_to(rollout: Rollout, stage: Stage) -> None:
    """Write down how far ``rollout`` is."""
    if stage in OPEN:
        rollout.stage = stage
        rollout.save(update_fields=["stage"])
    else:
        _end(rollout, stage)


def _end(rollout: Rollout, stage: Stage) -> None:
    rollout.stage, rollout.ended_at = stage, clock.machine()
    rollout.save(update_fields=["stage", "ended_at"])
