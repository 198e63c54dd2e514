"""A roster comes in through the difference page, in a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from apps.demo.services.rosters import Wanted, write_roster
from apps.exchange import services
from apps.exchange.models import Import
from apps.students.models import Student
from tests.browser.axe import axe
from tests.browser.scenes import Scene
from tests.factories.people import SCHOOL_DAY


def test_a_bundle_through_the_difference_page(visit: Any, scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "roster.zip"
    write_roster(path, Wanted(students=12, seed=3, today=SCHOOL_DAY))
    with scene.inside():
        before = Student.objects.count()
    page = visit(scene.erin, "/office/imports/")
    page.locator("#id_file").set_input_files(str(path))
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_role("heading", name="Being read")).to_be_visible()
    # No worker stands behind this server: the test is the worker.
    with scene.inside():
        services.read_and_validate(run=Import.objects.get())
    expect(page.get_by_role("heading", name="Waits for you to look at it")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Students 12 "))).to_be_visible()
    axe(page)
    page.get_by_role("button", name=re.compile("Apply .* changes")).click()
    expect(page.get_by_role("heading", name="Being applied")).to_be_visible()
    with scene.inside():
        services.apply(run=Import.objects.get())
        assert Student.objects.count() == before + 12
    expect(page.get_by_role("button", name="Take this import back")).to_be_visible()
