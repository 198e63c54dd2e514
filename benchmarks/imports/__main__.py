"""``python -m benchmarks.imports``: a generated school of 4,000 students against bare COPY, and its memory beside a
quarter of it.

What is timed is all of it: reading the file into rows, comparing every row, and writing it through the services with
its line of the trail. Each import runs in a process of its own, whose peak memory is what the system says of it.

Then next year's roster of the same school comes in and is taken back, with rolls marked beside both.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import json
import os
import re
import statistics
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg

from schoolops import launcher
from tests.outside import refuse_base_url

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".schoolops" / "bench-import"
GOALS = {
    "rows_per_second": (900.0, "at least"),
    "memory_growth": (1.2, "at most"),
    "roll_p95_beside": (2.0, "at most"),
}
# Rolls that are marked while nothing else is done.
QUIET = 60
# A school day, on which rolls are marked; the roster is of the year around it.
DAY = dt.date(2026, 11, 4)
# A homeroom and seven classes: 8 places for each student.
PLACES = 8
# So that a machine that hangs ends, and a slow one: no further round begins after this.
LONGEST_S = 900
ENOUGH_S = 120


def setup(settings: str = "config.settings.local") -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    os.environ["SCHOOLOPS_TODAY"] = DAY.isoformat()
    import django

    django.setup()


def bundle(path: Path, students: int) -> Path:
    """A school of that size, as another system exports it."""
    from apps.demo.services.rosters import Wanted, write_roster

    write_roster(path, Wanted(students=students, seed=1, today=DAY, enrolments=PLACES))
    return path


def next_years(path: Path) -> Path:
    """The same people in next year's sessions, classes and places."""
    target = path.with_name(f"next-{path.name}")
    with zipfile.ZipFile(path) as source:
        files = {name: source.read(name).decode("utf-8-sig") for name in source.namelist()}
    tables = {
        name: list(csv.reader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ","))
        for name, text in files.items()
    }
    dated = ("academicSessions.csv", "classes.csv", "enrollments.csv")
    new = {row[0] for name in dated for row in tables[name][1:] if row}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, (header, *rows) in tables.items():
            out = io.StringIO()
            writer = csv.writer(out)
            writer.writerow(header)
            for row in rows:
                cells = [f"{cell}-next" if cell in new else cell for cell in row]
                writer.writerow([_a_year_on(cell) for cell in cells] if name != dated[1] and name in dated else cells)
            bundle.writestr(name, out.getvalue())
    return target


def _a_year_on(cell: str) -> str:
    """Days, years and the names of sessions; ids may hold four digits that look like a year and stay."""
    if cell.count("-") > 2:
        return cell
    return re.sub(r"\b20\d\d(?=-|$)|(?<=-)20\d\d\b", lambda year: str(int(year[0]) + 1), cell)


def second_year(path: Path, slug: str) -> dict[str, Any]:
    """In this process: next year's roster into a school that has this year's, and taken back."""
    setup()
    from apps.accounts.models import User
    from apps.exchange import services
    from apps.exchange.models import ImportRow
    from schoolops.context import inside, outside_schools
    from schoolops.tenancy.models import School

    with outside_schools():
        school = School.objects.get(slug=slug)
    with inside(school):
        by = User.objects.get(username="bench")
        began = time.monotonic()
        with path.open("rb") as file:
            run = services.receive(file=file, name=path.name, by=by)
        run = services.read_and_validate(run=run)
        services.confirm(run=run, reading=run.reading, by=by)
        run = services.apply(run=run)
        seconds = time.monotonic() - began
        rows = ImportRow.objects.filter(run=run).count()
        if run.total("error"):
            raise SystemExit(f"Rows are wrong: {run.counts}")
        began = time.monotonic()
        run = services.undo(run=services.begin_undo(run=run, by=by))
        if run.state != run.State.UNDONE:
            raise SystemExit(f"It was not taken back: {run.problem}")
        return {"rows": rows, "seconds": seconds, "written": run.done, "undo_seconds": time.monotonic() - began}


class Rolls:
    """A section's roll, marked again and again by this process."""

    def __init__(self, slug: str) -> None:
        from apps.accounts.models import User
        from apps.attendance.selectors.places import SessionKey
        from apps.attendance.services import Mark
        from apps.institutions.models import Section
        from apps.students.models import SectionMembership
        from schoolops.context import inside, outside_schools
        from schoolops.tenancy.models import School

        with outside_schools():
            self.school = School.objects.get(slug=slug)
        with inside(self.school):
            self.by = User.objects.get(username="bench")
            section = Section.objects.order_by("pk")[0]
            members = SectionMembership.objects.filter(section=section)
            self.roll = SessionKey(day=DAY, section=section.sourced_id)
            self.marks = [Mark(each, "P") for each in members.values_list("student__sourced_id", flat=True)]
        self.version: int | None = None

    def mark(self) -> float:
        """Seconds that one takes."""
        from apps.attendance.services import mark_attendance
        from schoolops.context import inside

        began = time.monotonic()
        with inside(self.school):
            sheet = mark_attendance(session=self.roll, marks=self.marks, expected_version=self.version, by=self.by)
        self.version = sheet.version
        return time.monotonic() - began


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]


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
        used = time.process_time()
        began = time.monotonic()
        with path.open("rb") as file:
            run = services.receive(file=file, name=path.name, by=by)
        run = services.read_and_validate(run=run)
        read_s = time.monotonic() - began
        services.confirm(run=run, reading=run.reading, by=by)
        run = services.apply(run=run)
        seconds, used = time.monotonic() - began, time.process_time() - used
        rows = ImportRow.objects.filter(run=run).count()
    if run.total("error"):
        raise SystemExit(f"Rows are wrong: {run.counts}")
    return {
        "rows": rows,
        "seconds": seconds,
        "read_seconds": read_s,
        "cpu_seconds": used,
        "peak_mb": peak_mb(),
    }


def peak_mb() -> float:
    """The peak of this process alone: ``ru_maxrss`` begins with what its parent held when it was started."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def in_a_process(path: Path, slug: str, how: str = "--once") -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.imports", how, str(path), slug],
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
    parser.add_argument("--next", nargs=2, metavar=("PATH", "SLUG"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.next:
        print(json.dumps(second_year(Path(given.next[0]), given.next[1])))
        return 0
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
    second = beside(next_years(whole), "bench-0")
    rate = statistics.median(each["rows"] / each["seconds"] for each in ours)
    result = {
        "rows_per_second": round(rate),
        "vs_copy": round(rate / statistics.median(rows / seconds for rows, seconds in bare), 4),
        "memory_growth": round(statistics.median(each["peak_mb"] for each in ours) / small["peak_mb"], 2),
        "seconds": round(statistics.median(each["seconds"] for each in ours), 1),
        "rows": ours[0]["rows"],
        "cpu_ms_per_row": round(statistics.median(1000 * each["cpu_seconds"] / each["rows"] for each in ours), 3),
        **second,
    }
    for name, (goal, side) in GOALS.items():
        met = result[name] >= goal if side == "at least" else result[name] <= goal
        print(f"{'met   ' if met else 'MISSED'} {name} {result[name]} ({side} {goal})")
    return result


def beside(path: Path, slug: str) -> dict[str, Any]:
    """Next year's roster in and out again, and how long a roll takes meanwhile, as a ratio to quiet."""
    rolls = Rolls(slug)
    quiet = p95([rolls.mark() for _ in range(QUIET)])
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(in_a_process, path, slug, "--next")
        busy = []
        while not doing.done():
            busy.append(rolls.mark())
        found = doing.result()
    print(f"next year: {found}; a roll {quiet * 1000:.0f} ms, beside it {p95(busy) * 1000:.0f} ms", flush=True)
    return {
        "second_year_rows_per_second": round(found["rows"] / found["seconds"]),
        "undo_rows_per_second": round(found["written"] / found["undo_seconds"]),
        "roll_p95_beside": round(p95(busy) / quiet, 2),
    }


if __name__ == "__main__":
    sys.exit(main())
