"""``make bench-exams``: what exams cost, one run on servers of its own. The last line is ``RESULT {…}``.

Sixty marks against as many saves of the ORM, and lists against their floors: processor time of web and database, A B
A B. What a session of 200 students × 10 papers comes to, in seconds. Report cards per second of one core.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.pages.__main__ import Meter, compare, pairs_of
from benchmarks.servers import on_servers
from config.env import BASE_DIR, inherited
from tests.outside import refuse_base_url

ROUNDS = 7
STUDENTS, DAYS, SECTION = 400, 30, 40
SAT_BY, PAPERS = 200, 10
AT_LEAST = {"marks_vs_orm": 8.0, "cards_per_second": 100.0}
AT_MOST = {"list_vs_floor": 2.5, "marks_vs_floor": 2.5, "memory_growth": 1.2}


def meter() -> Meter:
    """Of this process, and of the backend that Django talks to."""
    from django.db import connection

    connection.ensure_connection()
    return Meter(connection.connection.info.backend_pid)


def beside_floors(ground: Any) -> dict[str, float]:
    """The list of papers and a paper's marks ÷ psycopg alone with the same facts."""
    from django.db import connection

    from benchmarks.pages.floors import Floor, connected
    from schoolops import clock
    from schoolops.context import inside

    with inside(ground.school):
        ours = meter()
        parameters = connection.get_connection_params()
    known = {name: parameters[name] for name in ("host", "port", "user", "password", "dbname") if parameters.get(name)}
    found = {}
    with connected(ground.school, known) as raw:
        floor = Floor(raw, ground.school, moment=clock.now())
        meters = ours, Meter(raw.info.backend_pid)
        pairs = {each.name: each for each in pairs_of(ground)}
        for name, pair in (("list", pairs["exams"]), ("marks", pairs["exam_marks"])):
            compared = compare(pair, pair.caller.asking(floor), meters, ROUNDS)
            print(f"  {name:<6}{compared.ours:6.2f} ms, floor {compared.floor:5.2f}: {compared.ratio:.2f}")
            found[f"{name}_vs_floor"] = round(compared.ratio, 2)
    return found


def fresh_papers(ground: Any) -> Iterator[tuple[Any, list[Any]]]:
    """A paper of sixty that nobody has marked, and what is written of it; another one each time."""
    from apps.examinations.models import ExamSession
    from apps.institutions.models import Section
    from tests.factories import exams, people

    section = Section.objects.get(sourced_id=ground.place.large)
    course, by = exams.a_course(_campus(section), "Geography"), people.a_user("marker", role="administrator")
    for number in range(4 * ROUNDS):
        session = exams.an_exam_session(_campus(section), by=by, name=f"Tests {number}")
        day = people.SCHOOL_DAY - dt.timedelta(days=10 + number % 4)
        paper = exams.a_paper(session, section, course, by=by, day=day, title=f"{number}",
                              starts_at=_at(number), ends_at=_at(number, 20))  # fmt: skip
        ExamSession.objects.filter(pk=session.pk).update(state="marking")
        scores = {each: f"{each.pk * 7 % 80}.5" for each in people.students_in(section)}
        yield paper, exams.written(paper, scores)


def _at(number: int, minutes: int = 0) -> dt.time:
    return dt.time(8 + number // 4, minutes)


def _campus(section: Any) -> Any:
    from tests.factories.people import Campus

    year = section.year
    return Campus(section.institution, year, list(year.terms.order_by("starts_on")), {})


def sixty_marks(ground: Any) -> dict[str, float]:
    """Entering sixty marks with their history: processor of the ORM's saves, one by one, ÷ ours."""
    from django.db import transaction

    from apps.accounts.models import User
    from apps.examinations import services
    from apps.examinations.models import Mark, MarkChange
    from apps.students.models import Student
    from schoolops import clock
    from schoolops.context import inside

    def ours(paper: Any, written: Any, by: Any) -> None:
        services.enter_marks(paper=paper.sourced_id, marks=written, expected_version=None, by=by)

    def one_by_one(paper: Any, written: Any, by: Any) -> None:
        students = {
            each.sourced_id: each for each in Student.objects.filter(sourced_id__in=[e.student_id for e in written])
        }
        with transaction.atomic():
            for each in written:
                student = students[each.student_id]
                values = {"status": "entered", "score": Decimal(each.score), "max_marks": paper.max_marks}
                Mark.objects.update_or_create(exam=paper, student=student, defaults=values)
                MarkChange.objects.create(exam=paper, student=student, marks_version=1, at=clock.now(), by=by,
                                          after={"status": "entered", "score": each.score})  # fmt: skip

    spent: dict[Any, list[float]] = {ours: [], one_by_one: []}
    with inside(ground.school):
        measured = meter()
        for number, (paper, written) in enumerate(fresh_papers(ground)):
            work = one_by_one if number % 2 else ours
            by = User.objects.get(username="marker")
            gc.collect()
            spent[work].append(measured.of(partial(work, paper, written, by), 1)[0])
    # The first ones of each pay for what is compiled once.
    ratios = [theirs / mine for mine, theirs in zip(spent[ours][2:], spent[one_by_one][2:], strict=True)]
    ratio, mine, theirs = (statistics.median(each) for each in (ratios, spent[ours][2:], spent[one_by_one][2:]))
    print(f"  sixty marks: {mine:.1f} ms, one by one {theirs:.1f}: {ratio:.1f}")
    return {"marks_vs_orm": round(ratio, 1)}


def a_session(ground: Any) -> tuple[dict[str, float], Any]:
    """What 200 students × 10 papers come to; the session, with every mark entered."""
    from apps.accounts.models import User
    from apps.examinations import services
    from apps.examinations.models import ExamSession
    from apps.institutions.models import Section
    from schoolops.context import inside
    from tests.factories import exams, people

    with inside(ground.school):
        by = User.objects.get(username="marker")
        services.set_result_policy(values={"ranks": "competition"}, expected_version=None, by=by)
        sections = list(Section.objects.filter(grade_level__position=7).order_by("name"))[: SAT_BY // 50]
        campus = _campus(sections[0])
        session = exams.an_exam_session(campus, by=by, name="Finals")
        for number in range(PAPERS):
            for place, section in enumerate(sections):
                course = exams.a_course(campus, f"Course {number}")
                paper = exams.a_paper(session, section, course, by=by, starts_at=dt.time(15), ends_at=dt.time(16),
                                      day=people.SCHOOL_DAY - dt.timedelta(days=20 + number))  # fmt: skip
                ExamSession.objects.filter(pk=session.pk).update(state="marking")
                scores = {each: f"{(each.pk * 7 + place) % 80}.5" for each in people.students_in(section)}
                exams.enter(paper, scores, by=by)
                ExamSession.objects.filter(pk=session.pk).update(state="draft")
        ExamSession.objects.filter(pk=session.pk).update(state="marking")
        services.ask_for_results(session=session.sourced_id, by=by)
        began = time.perf_counter()
        counted = services.compute_results(session.pk)
        seconds = time.perf_counter() - began
        session.refresh_from_db()
    print(f"  what {counted['students']} students × {PAPERS} papers come to: {seconds:.2f} s")
    return {"session_seconds": round(seconds, 2)}, session


def cards(ground: Any, session: Any) -> dict[str, float]:
    """Report cards per second of processor, a batch of forty and single ones; what memory does over 2,000."""
    from apps.institutions.models import Section
    from apps.reports import selectors, services
    from schoolops.context import inside

    with inside(ground.school):
        section = Section.objects.filter(grade_level__position=7).order_by("name").first()
        results = selectors.students_in(session, section)[:SECTION]
        began = time.process_time()
        said = selectors.drafted(session, section, results, selectors.layout_of(section))
        drafted = time.process_time() - began
    told = {
        "template": str(services.cards.TEMPLATE),
        "cards": [{**each, "imprint": "4 November 2026 · version 1", "reason": ""} for each in said.values()],
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cards.json"
        path.write_text(json.dumps(told), encoding="utf-8")
        script = BASE_DIR / "benchmarks" / "exams" / "printing.py"
        done = subprocess.run(
            [sys.executable, str(script), str(path)],
            env={**inherited(), "PYTHONPATH": str(BASE_DIR)}, cwd=BASE_DIR, capture_output=True, text=True, check=True,
        )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    print(
        f"  cards per second of a core: {found['batch']:.0f} in a batch of {len(results)}, {found['single']:.0f}"
        f" single; what they say: {drafted * 1000 / len(results):.2f} ms each\n"
        f"  memory: {found['before']:.0f} MiB after the first hundred, {found['after']:.0f} after 2,000"
    )
    return {
        "cards_per_second": round(found["batch"]),
        "single_cards_per_second": round(found["single"]),
        "memory_growth": round(found["after"] / found["before"], 3),
    }


def measured() -> dict[str, float]:
    from benchmarks.pages import ground

    with ground.prepared(STUDENTS, DAYS) as prepared:
        result = beside_floors(prepared) | sixty_marks(prepared)
        more, session = a_session(prepared)
        return result | more | cards(prepared, session)


def main() -> int:
    """Measure, print, and exit with 1 when a goal is missed."""
    refuse_base_url("bench-exams compares processor time inside one process of its own.")
    with on_servers():
        result = measured()
    missed = [f"{name} {result[name]} < {goal}" for name, goal in AT_LEAST.items() if result[name] < goal]
    missed += [f"{name} {result[name]} > {goal}" for name, goal in AT_MOST.items() if result[name] > goal]
    if missed:
        print(f"Missed: {', '.join(missed)}")
    print(f"RESULT {json.dumps(result)}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
