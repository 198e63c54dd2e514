"""What a stack holds, looked at twice: it must not have grown; and what others took of the machine meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import redis

from config import demo

# What the servers keep is what was written; it grows with each roll that is taken.
SERVERS = {"postgres", "valkey"}


@dataclass(slots=True)
class Held:
    """Memory, open files, connections to the servers, and files beside the servers' own, of a stack that we started."""

    up: demo.Stack
    at_first: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.at_first = self.now()

    def now(self) -> dict[str, float]:
        memory = files = 0.0
        for each in psutil.Process().children(recursive=True):
            try:
                memory, files = memory + each.memory_full_info().uss, files + each.num_fds()
            except psutil.Error:
                continue
        return {"memory": memory, "descriptors": files, "connections": self._connections(), "disk": self._disk()}

    def _connections(self) -> int:
        values = self.up.addresses.values
        with psycopg.connect(values["DATABASE_ADMIN_URL"].replace("postgres://", "postgresql://", 1)) as asking:
            (sessions,) = asking.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL"
            ).fetchone() or (0,)
        with redis.Redis.from_url(values["REDIS_URL"]) as client:
            return int(sessions) + len(client.client_list())

    def _disk(self) -> int:
        servers = self.up.addresses.servers
        if servers is None:
            return 1
        return sum(
            path.stat().st_size
            for path in Path(servers.folder).rglob("*")
            if path.is_file() and not SERVERS & set(path.relative_to(servers.folder).parts)
        )

    def growth(self) -> dict[str, float]:
        """Now ÷ at first, of each."""
        return {f"{name}_growth": round(now / max(1.0, self.at_first[name]), 2) for name, now in self.now().items()}


@dataclass(slots=True)
class Others:
    """The share of all processors that went to nobody of ours: the stack, the load and this program are ours."""

    at_first: tuple[float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        self.at_first = self._now()

    def _now(self) -> tuple[float, float, float]:
        ours = 0.0
        me = psutil.Process()
        for each in [me, *me.children(recursive=True)]:
            try:
                times = each.cpu_times()
            except psutil.Error:
                continue
            ours += times.user + times.system + times.children_user + times.children_system
        machine = psutil.cpu_times()
        busy = machine.user + machine.nice + machine.system + machine.irq + machine.softirq
        return ours, busy, busy + machine.idle + machine.iowait

    def share(self) -> float:
        ours, busy, all_of_it = (now - then for now, then in zip(self._now(), self.at_first, strict=True))
        return round(max(0.0, busy - ours) / max(0.001, all_of_it), 2)
