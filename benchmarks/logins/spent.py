"""Whose processor time it was: the hash's, the load's, the web processes', the servers', everybody else's, nobody's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

from schoolops.resilience.gently import NICENESS

CORES = len(os.sched_getaffinity(0))


def _tree(root: int) -> list[psutil.Process]:
    process = psutil.Process(root)
    return [process, *process.children(recursive=True)]


def _seconds(processes: list[psutil.Process]) -> float:
    """Of all of them, and of children of theirs that are gone."""
    times = [each.cpu_times() for each in processes]
    return sum(each.user + each.system + each.children_user + each.children_system for each in times)


def _gently(processes: list[psutil.Process]) -> float:
    """Of those of their threads that give way to all others, which do nothing but hash."""
    threads = (thread for each in processes for thread in each.threads())
    return sum(
        each.user_time + each.system_time for each in threads if os.getpriority(os.PRIO_PROCESS, each.id) >= NICENESS
    )


@dataclass(slots=True)
class Spent:
    """Processor seconds since it was made, of ``load`` (this program), each of ``stack`` (name → its first process),
    ``others``, ``idle``, and ``taken``: what the machine's other guests had of it. What of ``web`` hashes is ``hash``.
    """

    stack: Mapping[str, int]
    at_first: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.at_first = self._now()

    def _now(self) -> dict[str, float]:
        machine = psutil.cpu_times()
        trees = {name: _tree(pid) for name, pid in self.stack.items()}
        hashed = _gently(trees.get("web", []))
        spent = {name: _seconds(tree) for name, tree in trees.items()}
        return {
            **spent,
            "hash": hashed,
            "web": spent.get("web", 0.0) - hashed,
            "load": sum(psutil.Process().cpu_times()[:2]),
            "others": machine.user + machine.nice + machine.system + machine.irq + machine.softirq,
            "idle": machine.idle + machine.iowait,
            "taken": machine.steal,
        }

    def since(self) -> dict[str, float]:
        spent = {name: now - self.at_first[name] for name, now in self._now().items()}
        spent["others"] -= sum(spent[name] for name in {*self.stack, "web", "hash", "load"})
        return spent
