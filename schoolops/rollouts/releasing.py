"""A release on its way to every school: the canaries first, then the others, some at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from django.conf import settings

from schoolops.context import outside_schools
from schoolops.rollouts import course
from schoolops.rollouts.errors import NothingWaits, RolloutWaits, UnknownCanary
from schoolops.rollouts.models import Kind, Rollout, Stage, Step, StepState
from schoolops.tenancy import fleet
from schoolops.tenancy.models import School

LOOKED_AGAIN_S = 0.5
Say = Callable[[Step, int, int], None]


@dataclass(frozen=True, slots=True)
class Standing:
    """The fleet, before anything is done to it."""

    without_schema: list[School]
    lacking: list[fleet.Lack]
    unfinished: list[School]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. ``waits_for``: the canaries, when the others have not been begun and a person is to look."""

    behind: int
    failed: list[str]
    waits_for: list[str]


def standing() -> Standing:
    """Which schools are behind, and by what."""
    schools = fleet.made_schools()
    gone = fleet.without_schema(schools)
    there = [school for school in schools if school not in gone]
    return Standing(gone, list(fleet.lacking(there)), fleet.unfinished_schools())


def release(
    now: Standing, *, say: Say, canaries: list[str] | None = None, parallel: int = 1, go_on: bool = False
) -> Outcome:
    """Bring every school that is behind up to the code. One that refuses keeps none of the others waiting.

    Args:
        now: the fleet as ``standing`` found it.
        say: told of each step that ended, with how many have and how many there are.
        canaries: slugs of the schools that go first. When they have it, a person says whether the others follow.
        parallel: how many processes work at once.
        go_on: that person has looked.

    Raises:
        RolloutWaits, NothingWaits, UnknownCanary.
    """
    with outside_schools():
        rollout = _taken_up(now, canaries or [], go_on=go_on)
        if rollout is None:
            return Outcome(0, [], [])
        course.list_steps(rollout, [(lack.school.slug, "") for lack in now.lacking])
        stage = Stage.DONE
        for canary in (True, False):
            if not _left(rollout, canary=canary):
                continue
            if not canary and rollout.canaries:
                stage = Stage.WAITING
                break
            _work_through(rollout, canary=canary, parallel=parallel, say=say)
            if rollout.steps.filter(state=StepState.FAILED).exists():
                stage = Stage.FAILED
                break
        course.move_to(rollout, stage)
        failed = rollout.steps.filter(state=StepState.FAILED).order_by("school").values_list("school", flat=True)
        waits_for = rollout.canaries if stage is Stage.WAITING else []
        return Outcome(len(now.lacking), list(failed), waits_for)


def _taken_up(now: Standing, canaries: list[str], *, go_on: bool) -> Rollout | None:
    known = {school.slug for school in fleet.made_schools()}
    for slug in canaries:
        if slug not in known:
            raise UnknownCanary(school=slug)
    head, earlier = fleet.head(), course.open_rollout(Kind.RELEASE)
    waits = earlier is not None and earlier.target == head and earlier.stage == Stage.WAITING
    if go_on and not waits:
        raise NothingWaits
    if not now.lacking:
        if earlier is not None:
            course.move_to(earlier, Stage.DONE if earlier.target == head else Stage.SUPERSEDED)
        return None
    if earlier is not None and waits and not go_on:
        raise RolloutWaits(schools=", ".join(earlier.canaries))
    rollout = course.begin(Kind.RELEASE, target=head, canaries=canaries)
    if go_on:
        # However often it is begun again from here on: somebody has looked.
        rollout.canaries = []
        rollout.save(update_fields=["canaries"])
    course.move_to(rollout, Stage.RUNNING)
    return rollout


def _left(rollout: Rollout, *, canary: bool) -> bool:
    return rollout.steps.filter(state=StepState.PENDING, canary=canary).exists()


def _work_through(rollout: Rollout, *, canary: bool, parallel: int, say: Say) -> None:
    total = rollout.steps.filter(canary=canary).exclude(state=StepState.DONE).count()
    steps = _by_processes(rollout, canary=canary, parallel=parallel) if parallel > 1 else work(rollout, canary=canary)
    for done, step in enumerate(steps, start=1):
        say(step, done, total)


def work(rollout: Rollout, *, canary: bool) -> Iterator[Step]:
    """Do steps until none is left, and yield each when it has ended."""
    starter = os.getppid()
    # Without whoever started us nobody says what becomes of the others.
    while os.getppid() == starter and (step := course.claim(rollout, canary=canary)) is not None:
        try:
            fleet.bring_up(School.objects.get(slug=step.school))
        except Exception as refused:  # noqa: BLE001 - whatever it is, it is this school's
            course.end(step, failure=told(refused))
        else:
            course.end(step)
        yield step


def told(refused: Exception) -> str:
    """What was refused, and where."""
    where = "".join(f" ({note})" for note in getattr(refused, "__notes__", ()))
    return f"{type(refused).__name__}: {str(refused).strip()}{where}"


def _by_processes(rollout: Rollout, *, canary: bool, parallel: int) -> Iterator[Step]:
    """As ``work``, by processes: a thread would share Django's memory of content types with other schools."""
    seen = set(rollout.steps.exclude(state=StepState.PENDING).values_list("pk", flat=True))
    group = "--canaries" if canary else "--others"
    command = [
        sys.executable,
        str(settings.MANAGE),
        "migrate_schools",
        "--skip-checks",
        "--worker",
        str(rollout.pk),
        group,
    ]
    with ExitStack() as started:
        workers = [started.enter_context(subprocess.Popen(command)) for _ in range(parallel)]
        while True:
            ended = all(worker.poll() is not None for worker in workers)
            steps = rollout.steps.filter(canary=canary, state__in=(StepState.DONE, StepState.FAILED))
            for step in steps.exclude(pk__in=seen).order_by("ended_at"):
                seen.add(step.pk)
                yield step
            if ended:
                break
            time.sleep(LOOKED_AGAIN_S)
    left = rollout.steps.filter(canary=canary, state=StepState.RUNNING)
    for step in left:
        # Not tried again at once: whatever ended that process might end this one.
        course.end(step, failure="The process that was at it ended without a word.")
        yield step
    # Where all of them ended so, the others of this group wait for the next run.
    rollout.steps.filter(canary=canary, state=StepState.PENDING).update(
        state=StepState.FAILED, failure="No process was left to begin it."
    )
