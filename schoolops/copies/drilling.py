"""A drill: a school is backed up, stood up from that backup beside all others, compared row for row, and removed.

A backup that was never restored is a hope. The key is made for the drill and forgotten with it, so no secret of an
operator is needed. What came of it is a row, which monitoring and ``doctor`` read.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyrage import x25519

from schoolops import clock
from schoolops.context import outside_schools
from schoolops.copies import archive, restoring, tables, taking
from schoolops.copies.archive import Verified
from schoolops.copies.errors import DrillFailed
from schoolops.copies.models import Drill
from schoolops.copies.taking import Progress, silently
from schoolops.files import folders
from schoolops.tenancy import fleet, lifecycle, owner, template
from schoolops.tenancy.models import School, SchoolState

SLUG = "restore-drill"
OLD = dt.timedelta(hours=50)
KEPT = dt.timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether something is wrong: the last drill failed, or none was whole for ``OLD``; and how old that is."""

    failed: bool
    age: dt.timedelta | None


def standing() -> Standing | None:
    """How drills stand, outside schools; ``None`` before the first."""
    last = Drill.objects.order_by("-at").first()
    if last is None:
        return None
    whole = last if not last.failed else Drill.objects.filter(failed="").order_by("-at").first()
    age = None if whole is None else clock.now() - whole.at
    return Standing(failed=bool(last.failed) or age is None or age > OLD, age=age)


def next_school() -> str | None:
    """Whose turn it is: of the active schools that have all that the code gives them, whose last drill is oldest."""
    schools = [each for each in fleet.made_schools() if each.state == SchoolState.ACTIVE]
    if not schools:
        return None
    behind = {each.pk for each in fleet.behind(schools)}
    with outside_schools():
        drilled = dict(Drill.objects.order_by("at").values_list("school", "at"))
    never = dt.datetime.min.replace(tzinfo=dt.UTC)
    turns = sorted((drilled.get(each.slug, never), each.slug) for each in schools if each.pk not in behind)
    return turns[0][1] if turns else None


def drill(*, slug: str, progress: Progress = silently) -> Drill:
    """Back up and restore ``slug``, and write down what came of it.

    Raises ``DrillFailed`` once it is written down, with whatever refused as its cause; ``SchoolNotFound`` before.
    """
    lifecycle.get_school(slug)
    came: dict[str, Any] = {"school": slug, "at": clock.now()}
    failed: Exception | None = None
    with owner.one_at_a_time(f"create:{SLUG}"):
        try:
            came |= _drilled(slug, progress)
        except Exception as refused:  # noqa: BLE001 - whatever it is, somebody has to hear of it
            failed, came["failed"] = refused, f"{type(refused).__name__}: {refused}"[:1000].rstrip(".")
    with outside_schools():
        drilled = Drill.objects.create(**came)
        Drill.objects.filter(at__lt=clock.now() - KEPT).delete()
    if failed is not None:
        raise DrillFailed(slug=slug, what=came["failed"]) from failed
    return drilled


def _drilled(slug: str, progress: Progress) -> dict[str, Any]:
    identity = x25519.Identity.generate()
    restoring.refuse_taken(SLUG)
    with tempfile.TemporaryDirectory(prefix="schoolops-drill-") as folder:
        began = time.monotonic()
        taken = taking.back_up(
            slug=slug, folder=Path(folder), recipients=[str(identity.to_public())], progress=progress
        )
        backed_up = time.monotonic()
        found = restoring.verify(taken.path, keys=[identity])
        school = restoring.registered(slug=SLUG, name="Restore drill", like=SLUG)
        try:
            with owner.owner_connection() as connection, connection.transaction():
                template.replay(connection, schema=school.schema_name)
                restoring.fill(connection, found, taken.path, [identity], schema=school.schema_name, at_home=False)
                owner.grant_school(connection, schema=school.schema_name, role=school.role_name)
            restored = time.monotonic()
            progress("restored; comparing")
            _compare(found, school)
        finally:
            restoring.clear(school)
    return {
        "rows": taken.rows,
        "bytes": taken.length,
        "backup_seconds": backed_up - began,
        "restore_seconds": restored - backed_up,
    }


def _compare(found: Verified, school: School) -> None:
    """Raises ``ValueError`` that says what is not what was backed up."""
    with owner.owner_connection() as connection, connection.transaction():
        tables.spell_alike(connection)
        for table in found.head.tables:
            if tables.counted(connection, school.schema_name, table) != found.manifest.tables[table.name]:
                raise ValueError(f"The rows of {table.name} are not those that were backed up.")
        if tables.sequences_of(connection, school.schema_name) != found.manifest.sequences:
            raise ValueError("The sequences do not stand where they stood.")
    stored = {f"files/{name}": sha256 for name, sha256 in folders.contents(school.schema_name)}
    sealed = {part.name: part.sha256 for part in found.manifest.parts if archive.file_of(part.name)}
    if stored != sealed:
        raise ValueError("The files are not those that were backed up.")
