"""Killed at a random moment, a creation and a move are gone on with, and the school ends as it would have."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import LazySettings, settings

from schoolops.context import inside, outside_schools
from schoolops.copies import moving
from schoolops.seeds.models import Offered
from schoolops.tenancy import lifecycle, owner
from schoolops.tenancy.models import School, SchoolState
from tests.cells.north import North
from tests.cells.test_two_servers import digests, enqueue, jobs, noted_down, sequences
from tests.copies import maple
from tests.factories.schools import make_school
from tests.support.kills import KILLS
from tests.support.shapes import shape_of

pytestmark = pytest.mark.proof


def manage(north: North, *arguments: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-W", "ignore", str(settings.MANAGE), arguments[0], "--skip-checks", *arguments[1:]]
    return subprocess.Popen(
        north.command(*program, cell="home"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def killed_and_gone_on_with(north: North, *arguments: str, moment: float) -> bool:
    """Whether it was killed before it was done by itself; it is done in the end."""
    running = manage(north, *arguments)
    time.sleep(moment)
    was_killed = running.poll() is None
    running.send_signal(signal.SIGKILL)
    running.communicate()
    if was_killed or running.returncode:
        going_on = manage(north, *arguments)
        said, _ = going_on.communicate(timeout=240)
        assert going_on.returncode == 0 or "already is a school" in said, said
    return was_killed


def takes(north: North, *arguments: str) -> float:
    """Seconds, nobody killing it."""
    began = time.monotonic()
    running = manage(north, *arguments)
    said, _ = running.communicate()
    assert running.returncode == 0, said
    return time.monotonic() - began


@pytest.fixture
def cleared(north: North, real_commits: None, tmp_path: Path, settings: LazySettings) -> North:
    settings.MEDIA_ROOT = str(tmp_path)
    return north


def gone_again(slug: str) -> None:
    """What it was here is all there is of it once more, and people may write into it."""
    school = lifecycle.get_school(slug)
    with owner.owner_connection() as owning, owning.transaction():
        owner.grant_school(owning, schema=school.schema_name, role=school.role_name)
    with outside_schools():
        School.objects.filter(slug=slug).update(state=SchoolState.ACTIVE, database="home", state_reason="")


def test_a_creation(cleared: North) -> None:
    like = make_school("larch")
    lasts = takes(cleared, "create_school", "fir-0", "--name=Fir", "--domain=fir-0.localhost")
    moments, killed = random.Random(20261130), 0
    try:
        for number in range(1, KILLS + 1):
            command = ("create_school", f"fir-{number}", "--name=Fir", f"--domain=fir-{number}.localhost")
            killed += killed_and_gone_on_with(cleared, *command, moment=moments.uniform(0.4, 1) * lasts)
            school = lifecycle.get_school(f"fir-{number}")
            assert school.state == SchoolState.ACTIVE
            with owner.owner_connection() as asking:
                assert shape_of(asking, school.schema_name) == shape_of(asking, like.schema_name)
            sown = []
            for each in (school, like):
                with inside(each):
                    sown.append(set(Offered.objects.values_list("subject", "item")))
            assert sown[0] == sown[1]
        assert killed
    finally:
        maple.remove_all_but_oak_and_elm()


def test_a_move(cleared: North) -> None:
    school = maple.made()
    enqueue(school, 7)
    before, counted = digests(school), sequences(school)
    moments, killed, lasts = random.Random(20261130), 0, 0.0
    with cleared.known():
        for number in range(KILLS + 1):
            command = ("school", "move", "maple", "--to=north")
            if number == 0:
                lasts = takes(cleared, *command)
            else:
                killed += killed_and_gone_on_with(cleared, *command, moment=moments.uniform(0.4, 1) * lasts)
            assert lifecycle.get_school("maple").state == SchoolState.MOVED
            assert digests(school, "north") == before == digests(school)
            assert sequences(school, "north") == counted
            assert jobs() == []
            with cleared.entered():
                theirs = lifecycle.get_school("maple")
                assert (theirs.state, len(noted_down())) == (SchoolState.ACTIVE, 1)
                with owner.owner_connection() as there, owner.owner_connection("home") as here:
                    assert shape_of(there, school.schema_name) == shape_of(here, school.schema_name)
                    with here.transaction(), there.transaction():
                        moving._send(there, here, "maple")
                maple.remove_all_but_oak_and_elm()
            gone_again("maple")
    assert killed
    maple.remove_all_but_oak_and_elm()
