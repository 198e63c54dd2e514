"""``manage.py doctor``: everything an installation stands on, asked once, with what to do about each red line."""

from __future__ import annotations

import datetime as dt
import platform
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import django
import psycopg
from django.conf import settings
from django.db import connection

import schoolops
from schoolops import clock, pdf, twins
from schoolops.context import outside_schools
from schoolops.copies import drilling
from schoolops.files import sweeping
from schoolops.health import machine
from schoolops.health.builtin import MEMORY_FULL
from schoolops.health.lines import Examination, Line, asked_by_apps
from schoolops.launcher.logins import OF_THE_CATALOGUE
from schoolops.observability import slots
from schoolops.queues.desk import overview
from schoolops.redis import boot
from schoolops.rollouts import indexing
from schoolops.tenancy import boot as boot_of_database
from schoolops.tenancy import cells, direct, fleet, lifecycle
from schoolops.tenancy.models import School

OLDEST_POSTGRES: Final = 16
DISK_FULL: Final = 0.90
BACKUP_OLD: Final = dt.timedelta(hours=26)
JOB_OLD_S: Final = 300


def _versions() -> Iterator[Line]:
    yield Line(
        "green", f"SchoolOps {schoolops.__version__}, Python {platform.python_version()}, Django {django.__version__}"
    )


def _settings() -> Iterator[Line]:
    if settings.DEBUG:
        yield Line(
            "red", "DEBUG is on: errors show what is inside.", "Unset DEBUG, and use config.settings.production."
        )
    if len(settings.PLATFORM_TOKEN) < 32:
        yield Line("yellow", "PLATFORM_TOKEN is not set: anybody may read figures.", "Set it to 32 random characters.")
    if settings.EMAIL_BACKEND_BEHIND.endswith(".NowhereBackend"):
        yield Line("yellow", "No mail server is set up: every letter fails.", "Set EMAIL_URL, or MAIL_PROVIDER.")
    if not settings.SMS_URL and not settings.SMS_LOGGED:
        yield Line("yellow", "No gateway for text messages is set up: each one fails.", "Set SMS_URL.")


def _port() -> Iterator[Line]:
    address = (settings.BIND, settings.PORT)
    try:
        with socket.create_connection(address, timeout=1):
            yield Line("green", f"Somebody listens at {settings.BIND}:{settings.PORT}")
    except OSError:
        yield Line("yellow", f"Nobody listens at {settings.BIND}:{settings.PORT}", "Start the web server.")


def _machine() -> Iterator[Line]:
    used, whose = machine.memory_used()
    yield Line(
        "red" if used > MEMORY_FULL else "green",
        f"Memory: {used:.0%} of the {whose} in use",
        "docs/runbooks/memory-full.md" if used > MEMORY_FULL else "",
    )
    used = machine.disk_used()
    yield Line(
        "red" if used > DISK_FULL else "green",
        f"Disk of uploaded files: {used:.0%} in use",
        "docs/runbooks/disk-full.md" if used > DISK_FULL else "",
    )


# One letter of each script that names are written in.
SCRIPTS: Final[dict[str, str]] = {
    "Latin": "é", "Greek": "λ", "Cyrillic": "ж", "Arabic": "ع", "Hebrew": "א", "Devanagari": "क", "Bengali": "ক",
    "Gurmukhi": "ਕ", "Gujarati": "ક", "Odia": "କ", "Tamil": "க", "Telugu": "క", "Kannada": "ಕ", "Malayalam": "ക",
    "Sinhala": "ක", "Thai": "ก", "Lao": "ກ", "Khmer": "ក", "Burmese": "က", "Ethiopic": "አ", "Armenian": "Ա",
    "Georgian": "ა", "Chinese": "明", "Japanese": "あ", "Korean": "한",
}  # fmt: skip


def _paper() -> Iterator[Line]:
    missing = set(pdf.uncovered(SCRIPTS.values()))
    drawn = ", ".join(name for name, letter in SCRIPTS.items() if letter not in missing)
    yield Line("green" if drawn else "red", f"Paper draws {drawn or 'nothing'}", "" if drawn else "Correct FONTS.")
    if missing:
        names = ", ".join(name for name, letter in SCRIPTS.items() if letter in missing)
        yield Line("yellow", f"Paper does not draw {names}", "Name a folder of fonts in FONTS, or install '.[cjk]'.")


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _postgres() -> Iterator[Line]:
    ((number, version, used, most, fsync, vacuum, buffers),) = _rows(
        "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'), "
        "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
        "current_setting('max_connections')::int, current_setting('fsync'), current_setting('autovacuum'), "
        "pg_size_bytes(current_setting('shared_buffers'))"
    )
    yield Line(
        "green" if number >= OLDEST_POSTGRES else "red",
        f"PostgreSQL {version}",
        "" if number >= OLDEST_POSTGRES else f"SchoolOps needs {OLDEST_POSTGRES} or newer.",
    )
    crowded = used > 0.8 * most
    yield Line(
        "red" if crowded else "green",
        f"Connections: {used} of {most}",
        "Fewer WEB_WORKERS × WEB_THREADS, or a larger max_connections." if crowded else "",
    )
    if fsync != "on":
        yield Line("red", "fsync is off: a power cut destroys the database.", "Set fsync = on.")
    if vacuum != "on":
        yield Line("red", "autovacuum is off: tables grow and get slow.", "Set autovacuum = on.")
    if buffers <= 128 * 1024**2:
        yield Line(
            "yellow",
            f"shared_buffers is {buffers // 1024**2} MB, what PostgreSQL comes with.",
            "Set it to a quarter of the machine's memory.",
        )


def _footing() -> Iterator[Line]:
    findings = boot_of_database.examine_all()
    for finding in findings:
        yield Line("red" if finding.fatal else "yellow", finding.sentence, finding.remedy)
    if not findings:
        yield Line("green", "PostgreSQL itself answers, takes writes, and its clock is ours")


def _catalogue() -> Iterator[Line]:
    ((left_open,),) = _rows(
        f"SELECT count(*) FROM pg_proc WHERE {OF_THE_CATALOGUE} AND has_function_privilege('public', oid, 'EXECUTE')"  # noqa: S608 - ours
    )
    if left_open:
        yield Line(
            "yellow",
            f"Any role of a school may use {left_open} functions of large objects and advisory locks: what it leaves "
            "there stands outside its schema.",
            "Once, as a superuser: the statement of docs/how-to/operators.md, “A database of your own”.",
        )
    else:
        yield Line("green", "A school's role keeps nothing outside its schema")


def _long_transactions() -> Iterator[Line]:
    for pid, seconds, state in _rows(
        "SELECT pid, extract(epoch FROM clock_timestamp() - xact_start)::int, state FROM pg_stat_activity "
        "WHERE datname = current_database() AND xact_start < now() - interval '5 minutes' ORDER BY xact_start LIMIT 5"
    ):
        yield Line(
            "red", f"A transaction is open for {seconds} s (pid {pid}, {state})", f"SELECT pg_terminate_backend({pid});"
        )


def _indexes() -> Iterator[Line]:
    broken = _rows(
        "SELECT n.nspname || '.' || c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid LIMIT 5"
    )
    for (name,) in broken:
        yield Line("red", f"The index {name} is not valid", f"REINDEX INDEX CONCURRENTLY {name};")
    with direct.connect("doctor") as asking:
        standing = [each for each in indexing.standing(fleet.made_schools(), asking) if each.drift.names]
    for each in standing[:5]:
        names = ", ".join(each.drift.names[:5])
        yield Line(
            "yellow",
            f"{each.school.slug}: {len(each.drift.names)} indexes are not as declared: {names}",
            "manage.py indexes apply",
        )
    if len(standing) > 5:
        yield Line("yellow", f"and {len(standing) - 5} schools more", "manage.py indexes plan")


def _slots() -> Iterator[Line]:
    for (name,) in _rows("SELECT slot_name FROM pg_replication_slots WHERE NOT active"):
        yield Line(
            "red",
            f"The replication slot {name} has no replica and keeps the log from being removed",
            f"SELECT pg_drop_replication_slot('{name}'); unless its replica will be back soon.",
        )


def _redis() -> Iterator[Line]:
    findings = boot.check(settings.REDIS_URL)
    for finding in findings:
        yield Line("red" if finding.fatal else "yellow", finding.sentence, "manage.py redis_check")
    if not findings:
        yield Line("green", "Redis answers and is set up as it should be")


def _jobs() -> Iterator[Line]:
    overview.forget()
    now = overview.overview()
    if now["broker"] != "ok":
        yield Line("red", f"The broker: {now['broker']}", "docs/runbooks/redis-disconnects.md")
    if now["relay"] is None:
        yield Line("red", "No relay leads: no job begins", "docs/runbooks/relay-stopped.md")
    else:
        yield Line("green", f"A relay leads: {now['relay']}")
    for name in now["unmanned"] or ():
        yield Line("red", f"{name}: no worker takes from this queue", f"Start one: python -m config.worker {name}")
    for name in now["silent"] or ():
        yield Line("red", f"The worker {name} stands still", "docs/runbooks/oldest-job-old.md")
    for name, counts in now["queues"].items():
        if counts["paused"]:
            yield Line("yellow", f"The queue {name} is paused", f"manage.py queues resume {name}")
        if counts["oldestSeconds"] > JOB_OLD_S:
            yield Line(
                "red", f"{name}: a job waits for {counts['oldestSeconds']:.0f} s", "docs/runbooks/oldest-job-old.md"
            )
        if counts["dead"]:
            yield Line(
                "red",
                f"{name}: {counts['dead']} jobs given up",
                f"manage.py dead_letters list, then retry --queue {name}",
            )
    yield Line("green", f"Jobs that could begin: {sum(counts['ready'] for counts in now['queues'].values())}")


def _schools() -> Iterator[Line]:
    for school in fleet.unfinished_schools():
        yield Line(
            "yellow",
            f"{school.slug}: still being made",
            school.state_reason or f"If nobody is at it, manage.py create_school {school.slug}",
        )


def _cells() -> Iterator[Line]:
    ours = cells.look(settings.CELL)
    for cell in cells.names():
        if cell == ours.cell:
            continue
        try:
            theirs = cells.look(cell)
        except psycopg.Error as failure:
            yield Line(
                "red", f"The cell {cell} cannot be asked: {str(failure).splitlines()[0]}", "Start its PostgreSQL."
            )
            continue
        if theirs.migrations != ours.migrations:
            yield Line(
                "red", f"The cells {ours.cell} and {cell} are of different releases", "manage.py cells --run migrate"
            )
        both = {host for each in ours.schools for host in each.hosts} & {
            host for each in theirs.schools for host in each.hosts
        }
        if both:
            yield Line("red", f"{ours.cell} and {cell} both have: {', '.join(sorted(both))}", "manage.py list_schools")
    yield Line("green", f"Cells: {', '.join(cells.names())}; this is {ours.cell}")


def _twins() -> Iterator[Line]:
    for school in lifecycle.each_school():
        for twin in twins.twins(most=5):
            # An e-mail address is nothing for an operator to read.
            both = (twin.said, twin.other_said) if twin.is_public else (twin.row.sourced_id, twin.other.sourced_id)
            yield Line(
                "yellow",
                f"{school.slug}: {twin.of.model.__name__} {twin.of.column}: “{both[0]}” and “{both[1]}” read the same",
                "The school's check-list in the office says where one of the two can be called otherwise.",
            )


def _files() -> Iterator[Line]:
    unnamed = missing = 0
    for school in lifecycle.each_school():
        found = sweeping.left_over()
        unnamed += len(found.unnamed)
        if found.missing:
            missing += len(found.missing)
            yield Line(
                "red",
                f"{school.slug}: rows name {len(found.missing)} files that are not stored",
                f"manage.py sweep_files --check --school {school.slug} names them; bring them back from the backup.",
            )
    if unnamed:
        yield Line(
            "yellow", f"{unnamed} stored files are named by no row", "manage.py sweep_files; a task does it nightly."
        )
    folder = Path(settings.MEDIA_ROOT)
    with outside_schools():
        known = set(School.objects.values_list("schema_name", flat=True)) | cells.schemas_elsewhere()
    strange = sorted(each.name for each in folder.glob("school_*") if each.name not in known)
    if strange:
        yield Line("yellow", f"Folders of no school in {folder}: {', '.join(strange)}", "Look, and remove them.")
    if not unnamed and not missing and not strange:
        yield Line("green", "Stored files and the rows that name them agree")


def _drills() -> Iterator[Line]:
    with outside_schools():
        stands = drilling.standing()
    if stands is None:
        yield Line(
            "yellow", "No backup was ever restored to see whether it helps", "manage.py school drill, every night."
        )
    elif stands.failed:
        yield Line("red", "The last restore drill failed, or is old", "docs/runbooks/restore-drill-failed.md")
    else:
        yield Line("green", "A backup was restored and found whole")


def _backups() -> Iterator[Line]:
    if not settings.BACKUP_FOLDER:
        yield Line("yellow", "Nobody has said where backups are", "Set BACKUP_FOLDER to the folder they are put into.")
        return
    folder = Path(settings.BACKUP_FOLDER)
    # Neither what a backup is called while it is being written, nor what stands beside one.
    whole = [file for file in folder.glob("[!.]*") if file.is_file() and file.suffix != ".sha256"]
    made = [file.stat().st_mtime for file in whole if file.stat().st_size]
    if not made:
        yield Line("red", f"There is no backup in {folder}", "Make one now, and find out why none was made.")
        return
    age = clock.machine() - dt.datetime.fromtimestamp(max(made), dt.UTC)
    old = age > BACKUP_OLD
    yield Line(
        "red" if old else "green",
        f"The newest backup is {age.total_seconds() / 3600:.0f} hours old",
        "Make one now, and find out why none was made." if old else "",
    )


def _processes() -> Iterator[Line]:
    folder = slots.folder()
    if folder is None:
        yield Line("yellow", "Each process keeps its metrics for itself", "Make METRICS_FOLDER writable for us alone.")
    else:
        yield Line("green", f"Processes that count in {folder}: {len(slots.taken(folder))}")


EXAMINATIONS: Final[dict[str, Examination]] = {
    "versions": _versions,
    "settings": _settings,
    "port": _port,
    "machine": _machine,
    "paper": _paper,
    "PostgreSQL": _postgres,
    "database": _footing,
    "catalogue": _catalogue,
    "transactions": _long_transactions,
    "indexes": _indexes,
    "replication": _slots,
    "Redis": _redis,
    "jobs": _jobs,
    "schools": _schools,
    "cells": _cells,
    "twins": _twins,
    "files": _files,
    "backups": _backups,
    "drills": _drills,
    "metrics": _processes,
    **asked_by_apps,
}


# When it cannot even be asked. For the others: what was tried stands in the line.
REMEDIES: Final[dict[str, str]] = {
    "PostgreSQL": "Start PostgreSQL, or correct DATABASE_URL; then ask again.",
    "Redis": "Start Redis, or correct REDIS_URL; manage.py redis_check says more.",
    "jobs": "Start PostgreSQL and Redis first; what is asked about jobs stands there.",
    "backups": "Make BACKUP_FOLDER readable for the user this runs as.",
}
OTHERWISE: Final = "Mend what the line says, then ask again."


def examine() -> Iterator[tuple[str, Line]]:
    """(what was looked at, line), as they are found. What cannot be asked is a red line, and the others are asked."""
    for name, examination in EXAMINATIONS.items():
        began = time.monotonic()
        try:
            for line in examination():
                yield name, line
        except Exception as failure:  # noqa: BLE001 - whatever it is, that is the finding
            took = time.monotonic() - began
            first = (str(failure).splitlines() or [""])[0]
            what = f"Cannot be asked: {type(failure).__name__} after {took:.1f} s. {first}"
            yield name, Line("red", what.rstrip(), REMEDIES.get(name, OTHERWISE))
