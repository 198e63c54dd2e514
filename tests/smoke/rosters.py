"""A roster comes in over HTTP, and again; what is expected is counted in the file by code of our own."""

from __future__ import annotations

import csv
import io
import os
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.smoke.day import must
from tests.smoke.rows import RUNNING
from tests.smoke.web import Picture
from tests.smoke.world import World

Say = Callable[[str], None]
BOUNDARY = "----a-form-of-the-smoke"
# Far above what any of it takes; a worker that hangs is to be seen, not waited for.
PATIENCE_S = 180


@dataclass(frozen=True, slots=True)
class Expected:
    """What stands in a bundle: the school's code and outside id, its students and their and their teachers' places."""

    code: str
    org: str
    students: int
    enrolments: int


def form(content: bytes, name: str, **fields: str) -> Picture:
    """A multipart form with a file in it."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{said}\r\n'
        for key, said in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    return Picture(body, f"multipart/form-data; boundary={BOUNDARY}")


def counted(content: bytes) -> Expected:
    """Read with nothing but the standard library."""
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:

        def rows(name: str) -> list[dict[str, str]]:
            if f"{name}.csv" not in bundle.namelist():
                return []
            text = bundle.read(f"{name}.csv").decode("utf-8-sig")
            delimiter = ";" if ";" in text.partition("\n")[0] else ","
            found = csv.DictReader(io.StringIO(text), delimiter=delimiter)
            return [row for row in found if any(row.values())]

        (school,) = [row for row in rows("orgs") if row["type"] == "school"]
        people = rows("roles") or rows("users")
        students = sum(row["role"] == "student" for row in people)
        places = sum(row["role"] in {"student", "teacher"} for row in rows("enrollments"))
    return Expected(school["identifier"], school["sourcedId"], students, places)


def settled(world: World, run: str) -> Any:
    """An import once no worker is at it any more."""
    until = time.monotonic() + PATIENCE_S
    while (found := world.get(f"imports/{run}"))["state"] in RUNNING:
        must(time.monotonic() < until, f"the import is done in {PATIENCE_S} s, and is not {found['state']} still")
        time.sleep(0.2)
    return found


def come_in(world: World, content: bytes) -> tuple[int, Any]:
    """(changes that were shown, the applied import)."""
    run = world.ask("POST", "imports", form(content, "roster.zip")).expect(202).json["id"]
    found = settled(world, run)
    must(found["state"] == "validated", f"the roster can be read: {found['problem']}")
    shown = {
        action: sum(each.get(action, 0) for each in found["counts"].values())
        for action in ("create", "update", "error")
    }
    wrong = world.get(f"imports/{run}/rows", action="error")["results"]
    must(not wrong, f"no row is wrong: {[each['errors'] for each in wrong[:3]]}")
    world.ask("POST", f"imports/{run}/confirm", {"reading": found["reading"]}).expect(202)
    applied = settled(world, run)
    must(applied["state"] == "applied", f"the import is applied: {applied['state']} {applied['problem']}")
    return shown["create"] + shown["update"], applied


def students_of(world: World, institution: str) -> int:
    """Read back, page by page."""
    seen, asked = 0, {"institution_id": institution, "limit": "200", "fields": "id"}
    while True:
        page = world.get("students", **asked)
        seen += len(page["results"])
        if page["next"] is None:
            return seen
        asked["cursor"] = page["next"]


def enrolments_of(world: World, code: str) -> int:
    """What an export says of that school."""
    content = world.ask("GET", "exports/oneroster").expect(200).body
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        orgs = csv.DictReader(io.StringIO(bundle.read("orgs.csv").decode()))
        (org,) = [row["sourcedId"] for row in orgs if row["identifier"] == code]
        rows = csv.DictReader(io.StringIO(bundle.read("enrollments.csv").decode()))
        return sum(row["schoolSourcedId"] == org for row in rows)


def bundle_to_import() -> bytes:
    """The one that ``ROSTER`` names, or one of our own."""
    if named := os.environ.get("ROSTER"):
        return Path(named).read_bytes()
    from apps.demo.services.rosters import Wanted, write_roster
    from schoolops import clock

    with TemporaryDirectory() as folder:
        path = Path(folder) / "roster.zip"
        write_roster(path, Wanted(students=120, seed=1, today=clock.now().date()))
        return path.read_bytes()


def import_twice(world: World, say: Say) -> dict[str, int]:
    """What ``RESULT`` says of rosters."""
    content = bundle_to_import()
    expected = counted(content)
    come_in(world, content)
    (institution,) = [
        row["id"] for row in world.get("institutions", limit="200")["results"] if row["code"] == expected.code
    ]
    imported, enrolments = students_of(world, institution), enrolments_of(world, expected.code)
    must(imported == expected.students, f"{expected.students} students came in, and not {imported}")
    must(enrolments == expected.enrolments, f"{expected.enrolments} enrolments came in, and not {enrolments}")
    say(f"a roster of {imported} students and {enrolments} enrolments came in over HTTP")
    changes, _ = come_in(world, content)
    must(changes == 0, f"the same roster again changes nothing, and not {changes} rows")
    say("the same roster again changed nothing, and said so")
    return {
        "imported": imported,
        "expected": expected.students,
        "enrolments": enrolments,
        "reimport_changes": changes,
    }
