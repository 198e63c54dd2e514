"""The queues' pages of docs/reference."""

from __future__ import annotations

from collections.abc import Iterator

from schoolops import reference
from schoolops.queues import pipeline, registry, schedule
from schoolops.queues.models import Reason


def _queues() -> Iterator[tuple[object, ...]]:
    for queue in registry.QUEUES.values():
        pool = (
            f"threads, {queue.connections} connections" if queue.pool == "threads" else f"{queue.processes} processes"
        )
        waits = f"{queue.backoff_s:g} s, doubling, at most 300 s"
        yield (
            f"`{queue.name}`", queue.in_flight, queue.ahead, queue.window, f"{queue.timeout_s} s", queue.tries, waits,
            pool, queue.reason,
        )  # fmt: skip


def _tasks() -> Iterator[tuple[object, ...]]:
    for task in registry.tasks():
        if not task.origin.startswith(("apps.", "schoolops.")):
            continue
        once = (
            ", ".join(task.once_per) + (" while it waits" if task.while_waiting else " in 24 h")
            if task.once_per
            else ""
        )
        mode = f"leased, outside: {task.outside}" if task.outside else "leased" if task.leased else "one transaction"
        refused = "a person decides" if task.refused == "person" else "discarded"
        yield f"`{task.name}`", task.queue.name, mode, once, refused, "yes" if task.tracked else ""


reference.declare(
    reference.Table(
        name="queues",
        title="Queues",
        introduction="Declared in `schoolops/queues/registry.py`. In flight is how many messages a worker "
        "has begun at most, and ahead how many it fetches besides; one carries one job, or up to eight short ones "
        "where many wait. The window is how many jobs the relay lets be outstanding in the broker and the workers, "
        "shared evenly by the schools that wait.",
        columns=("Queue", "In flight", "Ahead", "Window", "Timeout", "Tries", "Waits between tries", "Pool", "Why"),
        rows=_queues,
    )
)
reference.declare(
    reference.Table(
        name="tasks",
        title="Tasks",
        introduction="Declared with `@task` in each app's `tasks.py`. A name is kept for good: the ledger uses it.",
        columns=("Task", "Queue", "How it ends", "Once per", "When it is refused", "Tracked"),
        rows=_tasks,
    )
)
reference.declare(
    reference.Table(
        name="job-life",
        title="A job's life",
        introduction="The arrows of `schoolops/queues/pipeline.py`: each is counted and logged, and the chaos test "
        "kills inside each of them.",
        columns=("Arrow", "What happened"),
        rows=lambda: ((f"`{arrow.name}`", arrow.meaning) for arrow in pipeline.ARROWS),
    )
)
reference.declare(
    reference.Table(
        name="dead-letter-reasons",
        title="Reasons of dead letters",
        introduction="Why a job lies on the operators' desk; see [what to do](../how-to/dead-letters.md).",
        columns=("Reason", "Meaning"),
        rows=lambda: ((f"`{reason.value}`", reason.label) for reason in Reason),
    )
)
reference.declare(
    reference.Table(
        name="schedules",
        title="Scheduled work",
        introduction="Declared with `schedule(…)`. Each tick is put into the ledger once, however many beats run.",
        columns=("Name", "Every", "For each school", "Spread over"),
        rows=lambda: (
            (
                f"`{plan.name}`",
                plan.every,
                "yes" if plan.each_school else "",
                f"{plan.spread_s:g} s" if plan.each_school else "",
            )
            for plan in schedule.schedules()
        ),
    )
)
