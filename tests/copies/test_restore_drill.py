"""Every night one school is restored from a backup of the moment and compared; monitoring sees what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from schoolops import clock
from schoolops.context import nowhere, outside_schools
from schoolops.copies import drilling, restoring
from schoolops.copies.errors import DrillFailed
from schoolops.copies.models import Drill
from schoolops.health import doctor, gauges
from schoolops.observability import metrics
from schoolops.tenancy import owner
from schoolops.tenancy.models import School
from tests.copies.test_a_school_comes_back import counted


@pytest.fixture(autouse=True)
def none_before(maple: School) -> Iterator[None]:
    # What tests of whole schools leave of those that are gone, too.
    with outside_schools():
        Drill.objects.all().delete()
    yield
    with outside_schools():
        Drill.objects.all().delete()


def read() -> dict[str, float]:
    return {metric.name: value for metric, _, value in gauges.of_the_copies()}


def schools() -> list[Any]:
    with outside_schools(), owner.owner_connection() as connection:
        schemas = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname ~ '^school_' ORDER BY 1"
        ).fetchall()
        return [schemas, list(School.objects.order_by("pk").values_list("slug", "state"))]


def test_a_school_is_restored_compared_and_taken_away_again(maple: School, elm: School) -> None:
    assert read() == {}
    was, standing = (counted(maple), counted(elm)), schools()
    came = drilling.drill(slug="maple")
    assert came.rows == sum(each.rows for each in was[0].values())
    assert (counted(maple), counted(elm)) == was
    assert schools() == standing
    assert {each.name for each in Path(settings.MEDIA_ROOT).iterdir()} == {maple.schema_name}
    assert read()[metrics.DRILL_FAILED.name] == 0
    with clock.frozen(clock.now() + dt.timedelta(hours=51)):
        assert read()[metrics.DRILL_FAILED.name] == 1
        assert [line.colour for line in doctor._drills()] == ["red"]


def test_one_row_that_is_not_the_same_is_found_and_heard_of(maple: School, monkeypatch: pytest.MonkeyPatch) -> None:
    filling = restoring.fill

    def losing(connection: Any, *facts: Any, schema: str, **more: Any) -> None:
        filling(connection, *facts, schema=schema, **more)
        connection.execute(f"UPDATE {schema}.students_guardian SET phone = phone || '1'")

    monkeypatch.setattr(restoring, "fill", losing)
    standing = schools()
    with pytest.raises(DrillFailed, match="students_guardian"):
        drilling.drill(slug="maple")
    assert schools() == standing
    assert read() == {metrics.DRILL_FAILED.name: 1}
    assert [line.remedy for line in doctor._drills()] == ["docs/runbooks/restore-drill-failed.md"]


def test_a_photo_that_is_not_the_same_is_found(maple: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schoolops.files.folders.put", lambda *_: None)
    with pytest.raises(DrillFailed, match="files"):
        drilling.drill(slug="maple")


def test_schools_take_turns_and_one_behind_the_code_waits(maple: School) -> None:
    with outside_schools():
        for hours, slug in ((3, "oak"), (2, "maple"), (1, "elm")):
            Drill.objects.create(school=slug, at=clock.now() - dt.timedelta(hours=hours))
        assert drilling.next_school() == "oak"
        School.objects.filter(slug="oak").update(brought_up_to="")
        try:
            assert drilling.next_school() == "maple"
        finally:
            School.objects.filter(slug="oak").update(brought_up_to=maple.brought_up_to)


def test_the_night_drills_even_where_a_backup_failed(maple: School, tmp_path: Path) -> None:
    out = StringIO()
    no_folder = tmp_path / "file"
    no_folder.touch()
    with nowhere(), pytest.raises(CommandError, match="Not backed up"):
        call_command("school", "nightly", "--folder", str(no_folder), "--recipient", KEY, stdout=out)
    assert "row for row the same" in out.getvalue()


KEY = "age17r5pxxp5xrfdg70gyhvgdwjw40ye3ad5xc8255j877ljp0q75g6shmx6jk"
