"""What a stack holds, looked at again and again: it must not grow; and what others took of the machine meanwhile."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import redis

from config import demo
from schoolops import launcher
from schoolops.launcher.supervisor import PROGRAM

EVERY_S = 30.0
# A third of fewer looks would be one of them.
FEWEST = 6
# What the servers keep is what was written, and is told for each row; files are those beside theirs.
SERVERS = {"postgres", "valkey"}
SERVED_BY = {"postgres": "PostgreSQL", "valkey-server": "Valkey"}
GROWING = ("memory", "descriptors", "connections", "disk", "valkey")
# A program of many hides in their sum. Alone it goes up and down more, and by less than this it may.
OF_ONE, MAY_BY = 1.2, {"memory": 16 * 2**20, "descriptors": 64}
# By less than this nobody wants to hear of it.
WORTH_TELLING = {"memory": 2**20, "descriptors": 8}
BYTES = ("memory", "disk", "valkey", "database", "WAL")
Look = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Slope:
    """How ``name`` went, from the mean of the first third of the looks to that of the last."""

    name: str
    first: float
    last: float
    minutes: float

    def is_one(self, least: Mapping[str, int]) -> bool:
        """Whether it is of one program, and has changed by at least what ``least`` says."""
        what, of, _ = self.name.partition(" of ")
        return bool(of) and abs(self.last - self.first) >= least.get(what, 1)

    @property
    def growth(self) -> float:
        return round(self.last / self.first, 2) if self.first else 1.0 + (self.last > 0)

    def cells(self) -> str:
        unit = 2**20 if self.name.startswith(BYTES) else 1
        said = "{:.1f} MiB" if unit > 1 else "{:.0f}"
        a_minute = (self.last - self.first) / unit / self.minutes
        return " | ".join(
            (self.name, said.format(self.first / unit), said.format(self.last / unit), f"{a_minute:+.2f}")
        )


def slopes(looks: Sequence[Look], every_s: float) -> dict[str, Slope]:
    """Of everything that was seen; what was not there in a look was nothing then."""
    third = len(looks) // 3
    if not third:
        raise launcher.LauncherError(f"What the stack holds was looked at {len(looks)} times; a slope takes three.")
    minutes = (len(looks) - third) * every_s / 60
    found = {}
    for name in sorted({name for look in looks for name in look}):
        first, last = (sum(each.get(name, 0.0) for each in some) / third for some in (looks[:third], looks[-third:]))
        found[name] = Slope(name, first, last, minutes)
    return found


def verdict(found: Mapping[str, Slope]) -> dict[str, object]:
    """The figures of ``RESULT``; ``grows`` names the programs that do, and how much."""
    rows, data = found["rows"], found["database"]
    grows = [each for each in found.values() if each.is_one(MAY_BY) and each.growth > OF_ONE]
    return {
        **{f"{name}_growth": found[name].growth for name in GROWING if name in found},
        "programs_that_grow": len(grows),
        "grows": [f"{each.name} {each.growth}" for each in grows],
        "database_bytes_per_row": round(max(0.0, data.last - data.first) / max(1.0, rows.last - rows.first)),
        "rows_written": round(rows.last - rows.first),
    }


def table(found: Mapping[str, Slope], looks: int) -> list[str]:
    """Of all together, and of each program of which there is something to tell."""
    told = [each for each in found.values() if " of " not in each.name or each.is_one(WORTH_TELLING)]
    head = [f"| held, by {looks} looks | first third | last third | a minute |", "| --- | --- | --- | --- |"]
    return [*head, *(f"| {each.cells()} |" for each in told)]


@dataclass(slots=True)
class Held:
    """Memory, open files, connections, Valkey's memory, files beside the servers' own, and data by the rows that were
    written, of a stack that we started; memory and open files also of each of its programs."""

    up: demo.Stack
    every_s: float = EVERY_S
    looks: list[tuple[float, Look]] = field(default_factory=list)
    # Looks that could not be taken: a thread tells nobody.
    broke: list[Exception] = field(default_factory=list)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look every ``every_s`` while the block goes on."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(self.every_s):
                try:
                    self.looks.append((time.monotonic(), self.now()))
                except Exception as broken:  # noqa: BLE001 - whatever it is, `of_the_last` says it
                    self.broke.append(broken)

        watching = threading.Thread(target=watch, name="what is held", daemon=True)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()

    def of_the_last(self, seconds: float) -> list[Look]:
        """The looks of so long before the last one: while people are still being let in, what is held must grow.

        Raises ``LauncherError`` where one could not be taken, or some never were.
        """
        found = [look for at, look in self.looks if at >= self.looks[-1][0] - seconds]
        if self.broke:
            raise launcher.LauncherError(f"What the stack holds could not be looked at: {self.broke[0]!r}")
        # One may fall before them, or be late.
        if len(found) < FEWEST - 1:
            raise launcher.LauncherError(f"What the stack holds was looked at {len(found)} times, not {FEWEST}.")
        return found

    def now(self) -> Look:
        seen: Counter[str] = Counter()
        for each in psutil.Process().children(recursive=True):
            try:
                # Locust is a child of ours as well, and no part of the stack.
                if not (name := SERVED_BY.get(each.name()) or each.environ().get(PROGRAM, "").rpartition(":")[2]):
                    continue
                memory, files = each.memory_full_info().uss, each.num_fds()
            except psutil.Error:
                continue
            for what, number in {"memory": memory, "descriptors": files}.items():
                seen.update({what: number, f"{what} of {name}": number})
        seen.update(self._of_postgres())
        seen.update(self._of_valkey())
        seen.update({"disk": self._disk()})
        return seen

    def _of_postgres(self) -> dict[str, int]:
        servers = self.up.addresses.servers
        url = servers.superuser_url if servers else self.up.addresses.values["DATABASE_ADMIN_URL"]
        with psycopg.connect(url.replace("postgres://", "postgresql://", 1)) as asking:
            sessions, data, rows = asking.execute(
                "SELECT sum(numbackends), pg_database_size(%(name)s::name),"
                " sum(tup_inserted + tup_updated) FILTER (WHERE datname = %(name)s) FROM pg_stat_database",
                {"name": self.up.addresses.values["DATABASE_URL"].rpartition("/")[2].partition("?")[0]},
            ).fetchone() or (0, 0, 0)
            # Used again and again, up to a limit of its own: nothing to be judged by the row.
            wal = asking.execute("SELECT sum(size) FROM pg_ls_waldir()").fetchone() if servers else None
        found = {"connections": sessions, "connections of PostgreSQL": sessions, "database": data, "rows": rows}
        return {name: int(number) for name, number in (found | ({"WAL": wal[0]} if wal else {})).items()}

    def _of_valkey(self) -> dict[str, int]:
        with redis.Redis.from_url(self.up.addresses.values["REDIS_URL"]) as client:
            clients, memory = len(client.client_list()), client.info("memory")["used_memory"]
        return {"connections": clients, "connections of Valkey": clients, "valkey": int(memory)}

    def _disk(self) -> int:
        servers = self.up.addresses.servers
        if servers is None:
            return 1
        size = 0
        for place, folders, files in os.walk(servers.folder):
            folders[:] = set(folders) - SERVERS
            for name in files:
                # It may go while we look.
                with suppress(FileNotFoundError):
                    size += Path(place, name).stat().st_size
        return size


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
