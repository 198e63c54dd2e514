"""``make exams``: an exam session of 20 papers for 200 students on a stack of its own, over HTTP, counted by SQL.

The last line is ``RESULT {…}``. Exit code 1 when a mark is lost, a family reads anything before it is published, a
total differs from the one added up here, or a published card changes.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from config import demo
from schoolops import launcher
from tests.attack.target import Machine
from tests.exams import counting, school
from tests.exams.season import LONG_AGO, NEXT_WEEK, NotSo, Season, must
from tests.outside import refuse_base_url
from tests.smoke.stack import fresh_stack
from tests.smoke.web import NotAsExpected

WANTED = {
    "papers": len(school.SECTIONS) * len(school.COURSES),
    "clashes": 6,
    "marks": len(school.SECTIONS) * len(school.COURSES) * school.STUDENTS,
    "cards": len(school.SECTIONS) * school.STUDENTS,
}


def say(text: str) -> None:
    print(f"ok     {text}", flush=True)


def main() -> int:
    refuse_base_url("the session is held on a stack that is started for it, and on no other.")
    began = time.monotonic()
    try:
        with demo.stop_on_signals(), fresh_stack(SCHOOLOPS_TODAY=school.DAY) as up:
            result = held(up)
    except demo.Stopped:
        return 130
    except (launcher.LauncherError, NotSo, NotAsExpected) as problem:
        print(f"WRONG  {problem}", file=sys.stderr)
        return 1
    result["seconds"] = round(time.monotonic() - began, 1)
    print("RESULT " + json.dumps(result))
    return 0 if counting.is_sound(result, **WANTED) else 1


def held(up: demo.Stack) -> dict[str, Any]:
    """From the timetable to an amended card; what to print."""
    machine = Machine(up)
    there = json.loads(machine.run("-m", "tests.exams.school").splitlines()[-1])
    people = ["head", "registrar", "carol", "amina", *(f"teacher{each}" for each in range(school.TEACHERS))]
    season = Season(machine.school(school.HOST, dict.fromkeys(people, there["password"])), there, say)

    def rows(query: str) -> list[tuple[Any, ...]]:
        return machine.rows(query.format(schema=f'"{there["schema"]}"'))

    with machine.tended():
        watch = season.watch()
        with watch.meanwhile():
            season.timetable(lambda: rows(counting.PAPERS)[0][0])
            season.move("scheduled", "held", "marking")
            season.publish(None)
            season.marks()
            season.sheet()
            season.moderate()
            season.publish(NEXT_WEEK)
            watch.look()
        marks, history = rows(counting.MARKS), rows(counting.HISTORY)
        lost = counting.lost(season.truth, marks, history)
        season.publish(LONG_AGO)
        season.cards(there["sections"])
        wrong = counting.wrong_totals(season.truth, season.rules, rows(counting.RESULTS))
        wrong += counting.wrong_cards(season.truth, season.rules, rows(counting.CARDS))
        files = season.files()
        season.again()
        changed = counting.changed(files, season.files())
        kept = {row[:2]: row[2] for row in rows(counting.CARDS)}
        changed += counting.changed(files, kept)
        season.amend()
        after = rows(counting.CARDS)
        wrong += counting.wrong_totals(season.truth, season.rules, rows(counting.RESULTS))
        wrong += counting.wrong_cards(season.truth, season.rules, after)
        changed += counting.changed(kept, {row[:2]: row[2] for row in after})
        must("Amended: Counted anew" in season.what_the_family_holds(), "the card says why it was amended")
    say(f"{watch.asked} answers to the family before anything was published")
    return {
        "papers": rows(counting.PAPERS)[0][0],
        "clashes_refused": season.clashes,
        "marks": len(marks),
        "conflicts": season.conflicts,
        "lost": lost,
        "early_reads": watch.early,
        "cards": len(kept),
        "wrong_totals": wrong,
        "cards_changed_on_rerun": changed,
        "amended": len(after) - len(kept),
    }


if __name__ == "__main__":
    sys.exit(main())
