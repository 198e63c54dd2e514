"""A day at school, as the people of it would live it through their apps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.smoke.world import World

Say = Callable[[str], None]
# Longer than a worker of a busy machine needs, and shorter than anybody's login.
PATIENCE_S = 60


@dataclass(slots=True)
class Lived:
    """What the day came to: students on the roll, and records that were marked."""

    students: int = 0
    marked: int = 0


class WrongAnswer(AssertionError):
    """The school's answer contradicts what was just done."""


def must(fact: bool, sentence: str) -> None:
    """Raise ``WrongAnswer`` with ``sentence`` unless it is so."""
    if not fact:
        raise WrongAnswer(f"it is not so that {sentence}")


def once(what: str, found: Callable[[], Any]) -> Any:
    """What ``found`` says, once it says something: a worker is at it. Raises ``WrongAnswer``."""
    until = time.monotonic() + PATIENCE_S
    while not (said := found()):
        must(time.monotonic() < until, f"{what} within {PATIENCE_S} s")
        time.sleep(0.05)
    return said


def live(school: World, say: Say) -> Lived:
    """Bob marks his class; the office, a substitute and the head have their part in it."""
    day = Lived()
    who = school.roles
    roster = _the_teacher_finds_the_class(school, who["teacher"])
    day.students = len(roster)
    say(f"{who['teacher']} has {len(roster)} students in {school.room} on {school.today}")
    day.marked += _the_roll_is_taken_and_corrected(school, who["teacher"], roster)
    say("the roll was taken, corrected, and a stale version of it refused")
    day.marked += _lessons_have_rolls_of_their_own(school, who["teacher"])
    say("a lesson's roll was taken beside it")
    day.marked += _the_office_knows_better(school, who["teacher"], who["registrar"], roster)
    say("a code of the office's outlived the teacher's next roll")
    day.marked += _a_substitute_stands_in(school, who["substitute"], who["head"])
    say("a substitute saw the class for one day, and no longer")
    day.marked += _the_head_locks_and_reopens(school, who["teacher"], who["head"])
    say("a locked roll was refused, re-opened with a reason, and marked")
    return day


def _the_teacher_finds_the_class(school: World, teacher: str) -> list[Any]:
    me = school.get("me", by=teacher)
    must(me["username"] == teacher, "the token is the teacher's")
    sections = {row["id"] for row in school.get("sections", by=teacher)["results"]}
    must(sections == {school.homeroom["id"]}, "the teacher sees their own section and no other")
    roster: list[Any] = school.get(f"sections/{school.homeroom['id']}/students", by=teacher, as_of=school.today)[
        "results"
    ]
    must(len(roster) >= 12, "a class is there")
    return roster


def _the_roll_is_taken_and_corrected(school: World, teacher: str, roster: list[Any]) -> int:
    absent, late = roster[0]["id"], roster[1]["id"]
    path = school.roll_path()
    before = school.roll(by=teacher)
    must({row["student_id"] for row in before["records"]} == {row["id"] for row in roster}, "the roll is the roster")
    taken = school.ask("PUT", path, school.marks(before, **{absent: "A", late: "L"}), by=teacher).expect(200).json
    must(_codes(taken)[absent] == "A" and _codes(taken)[late] == "L", "what was marked is there")
    corrected = school.ask("PUT", path, school.marks(taken, **{late: "L"}), by=teacher).expect(200).json
    must(corrected["version"] == taken["version"] + 1, "each marking is a version")
    stale = school.ask("PUT", path, school.marks(taken, **{absent: "A"}), by=teacher).expect(409).json
    must(stale["code"].startswith("attendance:"), "the refusal says what it is about")
    read = school.roll(by=teacher)
    must(_codes(read) == _codes(corrected) and _codes(read)[absent] == "P", "the correction is what is read")
    return 2 * len(roster)


def _lessons_have_rolls_of_their_own(school: World, teacher: str) -> int:
    path = f"classes/{school.taught['id']}/roll/{school.today}/{school.period['id']}"
    before = school.roll(path, by=teacher)
    absent = before["records"][2]["student_id"]
    taken = school.ask("PUT", path, school.marks(before, **{absent: "A"}), by=teacher).expect(200).json
    must(_codes(taken)[absent] == "A", "the lesson's roll says absent")
    must(_codes(school.roll(by=teacher))[absent] == "P", "the day's roll is another one")
    return len(before["records"])


def _the_office_knows_better(school: World, teacher: str, registrar: str, roster: list[Any]) -> int:
    sick = roster[3]["id"]
    school.post("desk", {"student_id": sick, "day": school.today, "code": "S"}, by=registrar)
    roll = school.roll(by=teacher)
    again = school.ask("PUT", school.roll_path(), school.marks(roll), by=teacher).expect(200).json
    row = next(each for each in again["records"] if each["student_id"] == sick)
    must(row["code"] == row["office_code"] == "S" and row["state"] == "absent", "the office's code stands")
    return len(roster)


def _a_substitute_stands_in(school: World, substitute: str, head: str) -> int:
    path = school.roll_path()
    school.ask("GET", path, by=substitute).expect(404)
    body = {"staff_id": school.staff[substitute], "section_id": school.homeroom["id"], "day": school.today}
    school.post("substitutions", body, by=head)
    roll = school.roll(by=substitute)
    marked = school.ask("PUT", path, school.marks(roll), by=substitute).expect(200).json
    yesterday = (school.day - timedelta(days=1)).isoformat()
    school.ask("GET", f"sections/{school.homeroom['id']}/roll/{yesterday}", by=substitute).expect(404)
    return len(marked["records"])


def _the_head_locks_and_reopens(school: World, teacher: str, head: str) -> int:
    path = school.roll_path()
    roll = school.roll(by=teacher)
    school.post(f"rolls/{roll['id']}/lock", {"reason": "Sent to the authority"}, by=head)
    refused = school.ask("PUT", path, school.marks(school.roll(by=teacher)), by=teacher).expect(409).json
    must(bool(refused.get("remedy")), "the refusal says what to do")
    school.ask("POST", f"rolls/{roll['id']}/reopen", {"reason": "Two were mixed up"}, by=teacher).expect(403)
    school.post(f"rolls/{roll['id']}/reopen", {"reason": "Two were mixed up"}, by=head)
    roll = school.roll(by=teacher)
    must(roll["state"] == "reopened", "the roll is re-opened")
    school.ask("PUT", path, school.marks(roll), by=teacher).expect(200)
    return len(roll["records"])


def _codes(roll: Any) -> dict[str, str]:
    return {row["student_id"]: row["code"] for row in roll["records"]}
