"""Whose processor time it was: the load's, the web processes', the servers', everybody else's, nobody's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

CORES = len(os.sched_getaffinity(0))


def _tree(root: int) -> float:
    """Seconds of a process, its children, and those of its children that are gone."""
    process = psutil.Process(root)
    spent = 0.0
    for each in [process, *process.children(recursive=True)]:
        times = each.cpu_times()
        spent += times.user + times.system + times.children_user + times.children_system
    return spent


@dataclass(slots=True)
class Spent:
    """Processor seconds since it was made, of ``load`` (this program), each of ``stack`` (name → its first process),
    ``others``, ``idle``, and ``taken``: what the machine's other guests had of it."""

    stack: Mapping[str, int]
    at_first: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.at_first = self._now()

    def _now(self) -> dict[str, float]:
        machine = psutil.cpu_times()
        return {
            "load": sum(psutil.Process().cpu_times()[:2]),
            **{name: _tree(pid) for name, pid in self.stack.items()},
            "all": machine.user + machine.nice + machine.system + machine.irq + machine.softirq,
            "idle": machine.idle + machine.iowait,
            "taken": machine.steal,
        }

    def since(self) -> dict[str, float]:
        now = self._now()
        spent = {name: now[name] - then for name, then in self.at_first.items()}
        everybody = spent.pop("all")
        spent["others"] = max(0.0, everybody - spent["load"] - sum(spent[name] for name in self.stack))
        return spent
