"""``python -m benchmarks.schools [--schools N]``: what many schools cost one of them, and bringing all of them up.

A PostgreSQL of its own, one process, one connection. Rounds ask one school and all of them in turn, so that what else
runs on the machine hits both alike; figures are medians of rounds. A first touch of a school by a connection is told
apart, and ``create_seconds`` is the fastest of the last twenty, when the others let it be. Schools hold what a new one
holds, but for one, with a term of rolls, that is backed up, restored and moved to a second PostgreSQL. The last line is
``RESULT {…}``; exit code 1 when a goal is missed, but for those of ``--known``.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from pyrage import x25519

from config.env import BASE_DIR
from schoolops import launcher
from tests import floor
from tests.outside import refuse_base_url

ROUNDS, ASKED = 15, 120
GOALS = {
    "p95_ratio": 1.2,
    "cpu_ratio": 1.2,
    "create_seconds": 1.0,
    "migrate_noop_seconds": 10.0,
    "move_readonly_seconds": 5.0,
}
STUDENTS, DAYS = 200, 60
INDEX = "audit_by_object"


def p95(values: list[float]) -> float:
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measured(number: int) -> dict[str, Any]:
    """The figures of ``number`` schools."""
    from django.core.management import call_command
    from django.db import connection

    from schoolops.context import outside_schools
    from schoolops.tenancy import owner
    from schoolops.tenancy.models import School
    from tests.factories.schools import make_school

    def command(*arguments: str) -> float:
        with outside_schools():
            return seconds(lambda: call_command(*arguments, stdout=io.StringIO(), verbosity=0, skip_checks=True))

    command("migrate", "--shared-only")
    made: list[float] = []
    schools: list[School] = []
    for each in range(number):
        made.append(seconds(lambda slug=f"bench-{each}": schools.append(make_school(slug))))
        if each % 25 == 24:
            print(f"{each + 1} schools, the last in {made[-1]:.2f} s", flush=True)
    figures: dict[str, Any] = {"schools": number, "create_seconds": round(min(made[-20:]), 3)}
    figures |= asking(schools)
    connection.close()
    figures["migrate_noop_seconds"] = round(command("migrate_schools"), 2)
    with outside_schools():
        School.objects.filter(pk=schools[0].pk).update(brought_up_to="")
    figures["migrate_one_seconds"] = round(command("migrate_schools") - figures["migrate_noop_seconds"], 2)
    with owner.owner_connection() as owning:
        for school in schools:
            owning.execute(f"DROP INDEX {school.schema_name}.{INDEX}".encode())
        row = owning.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = %s::regnamespace", [schools[0].schema_name]
        ).fetchone()
    figures["index_all_seconds"] = round(command("indexes", "apply"), 2)
    figures["relations_per_school"] = row[0] if row else None
    command("demo_data", "--school", schools[-1].slug, "--students", str(STUDENTS), "--days", str(DAYS))
    return figures | going(schools[-1].slug)


def going(slug: str) -> dict[str, Any]:
    """A school out as a backup, back beside itself, and to another server; without starting a process for each."""
    from django.test import override_settings

    from schoolops.copies import moving, restoring, taking
    from tests.cells.north import North

    figures: dict[str, Any] = {}
    identity = x25519.Identity.generate()
    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as name, override_settings(MEDIA_ROOT=f"{name}/media"):
        began = time.perf_counter()
        taken = taking.back_up(slug=slug, folder=Path(name), recipients=[str(identity.to_public())])
        figures["backup_seconds"] = round(time.perf_counter() - began, 2)
        began = time.perf_counter()
        school = restoring.restore_beside(file=taken.path, keys=[identity], slug="bench-before", domains=[])
        figures["restore_seconds"] = round(time.perf_counter() - began, 2)
        restoring.clear(school)
        lock = launcher.hold_spare(floor.FOLDER.with_name("bench-north"))
        with launcher.start(floor.PROFILE, lock.folder, lock=lock) as servers:
            north = North(servers)
            migrate = [sys.executable, str(BASE_DIR / "manage.py"), "migrate", "--shared-only", "--verbosity=0"]
            subprocess.run(north.command(*migrate), check=True, cwd=BASE_DIR)
            with north.known():
                came = moving.move(slug=slug, to="north")
    print(f"{came.rows} rows moved, {came.copy_seconds:.1f} s to copy", flush=True)
    return figures | {"move_readonly_seconds": round(came.readonly_seconds, 2)}


def asking(schools: list[Any]) -> dict[str, Any]:
    """Latency and the backend's processor time of three indexed queries, of one school and of all in turn."""
    from django.db import connection

    from apps.attendance.models import AttendanceSession
    from apps.students.models import SectionMembership, Student
    from schoolops.context import inside, outside_schools

    def ask(school: Any) -> float:
        def queries() -> None:
            list(Student.objects.filter(merged_into=None).order_by("name_key", "id")[:50])
            list(SectionMembership.objects.filter(section_id=7).values_list("student_id")[:50])
            list(AttendanceSession.objects.filter(day="2026-11-30").values_list("section_id")[:50])

        with inside(school):
            return seconds(queries) * 1000

    connection.close()
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(cursor.fetchone()[0])

    def spent() -> float:
        times = backend.cpu_times()
        return float(times.user + times.system)

    cold = [ask(school) for school in schools]
    for school in schools:
        ask(school)
    ratios, cpu = [], []
    for round_ in range(ROUNDS):
        took: dict[bool, list[float]] = {}
        used: dict[bool, float] = {}
        # Which of the two is asked first changes with the round.
        for of_all in (True, False) if round_ % 2 else (False, True):
            before = spent()
            # The next so many of all, or one of them over and over.
            turn = range(round_ * ASKED, (round_ + 1) * ASKED)
            took[of_all] = [ask(schools[n % len(schools)] if of_all else schools[0]) for n in turn]
            used[of_all] = spent() - before
        ratios.append(p95(took[True]) / p95(took[False]))
        # The kernel counts in hundredths.
        cpu.append((used[True], used[False]))
    memory = next(
        int(line.split()[1]) for line in Path(f"/proc/{backend.pid}/status").read_text().splitlines()
        if line.startswith("RssAnon")
    )  # fmt: skip
    return {
        "p95_ratio": round(statistics.median(ratios), 2),
        "cpu_ratio": round(sum(many for many, _ in cpu) / max(sum(one for _, one in cpu), 0.01), 2),
        "cold_p95_ms": round(p95(cold), 2),
        "backend_mb": round(memory / 1024, 1),
    }


def main() -> int:
    refuse_base_url("bench-schools makes schools of its own by the dozen.")
    parser = argparse.ArgumentParser(prog="python -m benchmarks.schools", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--schools", type=int, default=int(os.environ.get("SCHOOLS", "50")))
    parser.add_argument(
        "--known",
        nargs="*",
        default=[],
        metavar="GOAL=MOST",
        help="goals that are missed as is known: red beyond MOST only",
    )
    options = parser.parse_args()
    most = GOALS | {name: float(bound) for name, _, bound in (each.partition("=") for each in options.known)}
    ground = floor.break_ground()
    try:
        floor.stake_out(ground, "main")
        import django

        django.setup()
        figures = measured(options.schools)
    finally:
        from django.db import connections

        connections.close_all()
        floor.clear(ground, "main")
        ground.close()
    for name, goal in GOALS.items():
        if figures[name] > goal:
            known = "as is known" if figures[name] <= most[name] else "anew"
            print(f"{name} is {figures[name]}, goal {goal}: missed {known}")
    print(f"RESULT {json.dumps(figures)}", flush=True)
    return 1 if any(figures[name] > bound for name, bound in most.items()) else 0


if __name__ == "__main__":
    sys.exit(main())
