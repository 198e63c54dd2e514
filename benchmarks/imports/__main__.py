"""``python -m benchmarks.imports``: a generated school of 4,000 students against bare COPY, and its memory beside a
quarter of it.

What is timed is all of it: reading the file into rows, comparing every row, and writing it through the services with
its line of the trail. Each import runs in a process of its own, whose peak memory is what the system says of it.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import json
import os
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import psycopg

from schoolops import launcher
from tests.outside import refuse_base_url

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".schoolops" / "bench-import"
GOALS = {"rows_per_second": (600.0, "at least"), "memory_growth": (1.2, "at most")}
# A homeroom and seven classes: 8 places for each student.
PLACES = 8
# So that a machine that hangs ends, and a slow one: no further round begins after this.
LONGEST_S = 900
ENOUGH_S = 120


def setup(settings: str = "config.settings.local") -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    import django

    django.setup()


def bundle(path: Path, students: int) -> Path:
    """A school of that size, as another system exports it."""
    from apps.demo.services.rosters import Wanted, write_roster

    write_roster(path, Wanted(students=students, seed=1, today=dt.date(2026, 11, 4), enrolments=PLACES))
    return path


def import_once(path: Path, slug: str) -> dict[str, Any]:
    """In this process: rows, seconds, and the peak of its memory in MB."""
    setup()
    from apps.access.models import Role, RoleAssignment
    from apps.accounts.models import User
    from apps.exchange import services
    from apps.exchange.models import ImportRow
    from schoolops.context import inside
    from schoolops.tenancy.provisioning import create_school

    school = create_school(slug=slug, name=slug, domains=[f"{slug}.localhost"])
    with inside(school):
        by = User.objects.create(username="bench", password="!")  # noqa: S106 - nobody logs in
        RoleAssignment.objects.create(user=by, role=Role.objects.get(code="administrator"))
        began = time.monotonic()
        with path.open("rb") as file:
            run = services.receive(file=file, name=path.name, by=by)
        run = services.read_and_validate(run=run)
        read_s = time.monotonic() - began
        services.confirm(run=run, reading=run.reading, by=by)
        run = services.apply(run=run)
        seconds = time.monotonic() - began
        rows = ImportRow.objects.filter(run=run).count()
    if run.total("error"):
        raise SystemExit(f"Rows are wrong: {run.counts}")
    return {
        "rows": rows,
        "seconds": seconds,
        "read_seconds": read_s,
        "peak_mb": peak_mb(),
    }


def peak_mb() -> float:
    """The peak of this process alone: ``ru_maxrss`` begins with what its parent held when it was started."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def in_a_process(path: Path, slug: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.imports", "--once", str(path), slug],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        timeout=LONGEST_S,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def copied(path: Path, admin_url: str) -> tuple[int, float]:
    """(rows, seconds) of COPY of the same rows into tables without keys, checks or trail."""
    count, seconds = 0, 0.0
    with psycopg.connect(admin_url.replace("postgres://", "postgresql://", 1), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS bare")
        with zipfile.ZipFile(path) as source:
            for entry in source.namelist():
                text = source.read(entry).decode("utf-8-sig")
                rows = list(csv.reader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ","))
                header, *rest = rows
                name = "bare." + entry.partition(".")[0].lower()
                connection.execute(f"DROP TABLE IF EXISTS {name}")
                connection.execute(f"CREATE TABLE {name} ({', '.join(f'c{n} text' for n in range(len(header)))})")
                began = time.monotonic()
                with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
                    for row in rest:
                        copy.write_row(row)
                seconds += time.monotonic() - began
                count += len(rest)
    return count, seconds


def main() -> int:
    refuse_base_url("bench-import reads the memory of processes that it starts, and fills schools of its own.")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--once", nargs=2, metavar=("PATH", "SLUG"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        print(json.dumps(import_once(Path(given.once[0]), given.once[1])))
        return 0
    launcher.remove(FOLDER)
    servers = launcher.start(launcher.DURABLE, FOLDER)
    try:
        os.environ.update(servers.environment())
        result = measured(given)
    finally:
        servers.stop()
        launcher.remove(FOLDER)
    print("RESULT " + json.dumps(result))
    return 0


def measured(given: argparse.Namespace) -> dict[str, Any]:
    setup()
    from django.core.management import call_command

    from schoolops.context import outside_schools

    with outside_schools():
        call_command("migrate", verbosity=0)
    quarter, whole = (bundle(FOLDER / f"{n}.zip", given.students * n // 4) for n in (1, 4))
    small = in_a_process(quarter, "bench-quarter")
    print(f"{small['rows']} rows in {small['seconds']:.1f} s; {small['peak_mb']:.0f} MB", flush=True)
    ours, bare = [], []
    began = time.monotonic()
    for number in range(given.rounds):
        if ours and time.monotonic() - began > ENOUGH_S:
            break
        # In turn, so that what else runs hits both.
        ours.append(in_a_process(whole, f"bench-{number}"))
        bare.append(copied(whole, os.environ["DATABASE_ADMIN_URL"]))
        found = ours[-1]
        print(
            f"{found['rows']} rows, {found['seconds']:.1f} s, {found['read_seconds']:.1f} s of them to compare;"
            f" {found['peak_mb']:.0f} MB; COPY {bare[-1][0] / bare[-1][1]:.0f} rows a second",
            flush=True,
        )
    rate = statistics.median(each["rows"] / each["seconds"] for each in ours)
    result = {
        "rows_per_second": round(rate),
        "vs_copy": round(rate / statistics.median(rows / seconds for rows, seconds in bare), 4),
        "memory_growth": round(statistics.median(each["peak_mb"] for each in ours) / small["peak_mb"], 2),
        "seconds": round(statistics.median(each["seconds"] for each in ours), 1),
        "rows": ours[0]["rows"],
    }
    for name, (goal, side) in GOALS.items():
        met = result[name] >= goal if side == "at least" else result[name] <= goal
        print(f"{'met   ' if met else 'MISSED'} {name} {result[name]} ({side} {goal})")
    return result


if __name__ == "__main__":
    sys.exit(main())
