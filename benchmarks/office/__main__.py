"""``python -m benchmarks.office``: what the ten most used pages of the office weigh as they travel, and what they cost.

Of two schools alike, one with 10 children in its section and one with 100: bytes of a page's HTML as they travel, the
processor of the server for it (the median, once it is warm), and its queries, of which a page needs as many for 10 rows
as for 100. Beside it all that a first visit fetches. Ends with 1 where something is above its limit.
"""

from __future__ import annotations

import gzip
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.servers import on_servers
from tests.outside import refuse_base_url

FEW, MANY, ROUNDS = 10, 100, 15
PAGE, FIRST_VISIT, LOGIN = 60_000, 350_000, 60_000


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one page: compressed bytes, milliseconds of processor, queries."""

    size: int
    cpu_ms: float
    queries: int


def main() -> int:
    refuse_base_url("bench-office fills two schools of its own.")
    with on_servers():
        few, many, first, login = measured()
    grown = [page for page in many if many[page].queries != few[page].queries]
    print(f"{'page':28}{'bytes':>8}{'ms CPU':>8}{'queries':>9}   (with {FEW} rows)")
    for page, cost in many.items():
        print(f"{page:28}{cost.size:>8}{cost.cpu_ms:>8.1f}{cost.queries:>9}   ({few[page].queries})")
    result: dict[str, Any] = {
        "heaviest_page_bytes": max(cost.size for cost in many.values()),
        "first_visit_bytes": first,
        "login_bytes": login,
        "cpu_ms_sum": round(sum(cost.cpu_ms for cost in many.values()), 1),
        "pages_whose_queries_grow": len(grown),
    }
    print("RESULT " + json.dumps(result))
    within = result["heaviest_page_bytes"] <= PAGE and first <= FIRST_VISIT and login <= LOGIN
    return 0 if within and not grown else 1


def measured() -> tuple[dict[str, Cost], dict[str, Cost], int, int]:
    """(pages with few rows, pages with many, bytes of a first visit, bytes of the login)."""
    from django.core.management import call_command

    from schoolops import clock
    from schoolops.context import outside_schools
    from tests.factories import people

    with outside_schools():
        call_command("migrate", verbosity=0)
    with clock.frozen(people.SCHOOL_MOMENT):
        few, many = (_school(rows) for rows in (FEW, MANY))
        return _costs(*few), _costs(*many), _visit(*many, "/office/"), _visit(many[0], None, {}, "/office/login/")


def _school(rows: int) -> tuple[Any, Any, dict[str, str]]:
    """A school whose section has ``rows`` children, an administrator of it, and its pages."""
    from django.db import transaction

    from apps.students.models import Guardian, StudentGuardian
    from schoolops.context import inside
    from schoolops.tenancy.provisioning import create_school
    from tests.factories import exams, money, people

    school = create_school(slug=f"rows{rows}", name=f"School of {rows}", domains=[f"rows{rows}.localhost"])
    with inside(school), transaction.atomic():
        by = people.a_user("erin", role="administrator")
        campus = people.a_school_year(sections=("7 B",))
        people.a_teacher("bob", of=campus.section)
        students = people.some_students(rows, section=campus.section)
        guardians = Guardian.objects.bulk_create(
            Guardian(given_name=f"G{number}", family_name="Rivera") for number in range(rows)
        )
        StudentGuardian.objects.bulk_create(
            StudentGuardian(student=student, guardian=guardian, contact_priority=1)
            for student, guardian in zip(students, guardians, strict=True)
        )
        money.a_chart(campus.institution)
        money.an_item(campus, by=by)
        money.billed(campus, by=by)
        session = exams.an_exam_session(campus, by=by, state="marking")
        paper = exams.a_paper(session, campus.section, exams.a_course(campus), by=by, day=people.SCHOOL_DAY)
        section, day = campus.section.sourced_id, people.SCHOOL_DAY.isoformat()
        pages = {
            "start": "/office/",
            "students": "/office/students/student/",
            "a student": f"/office/student/{students[0].sourced_id}/",
            "guardians": "/office/students/guardian/",
            "rolls of the day": "/office/rolls/",
            "a roll": f"/office/rolls/section/{section}/{day}/",
            "a week of rolls": f"/office/rolls/section/{section}/week/{day}/",
            "bills": "/office/fees/invoice/",
            "a student's account": f"/office/fees/students/{students[0].sourced_id}/",
            "marks of a paper": f"/office/exams/papers/{paper.sourced_id}/marks/",
        }
    return school, by, pages


def _browser(school: Any, by: Any) -> Any:
    from django.test import Client

    from schoolops.context import inside
    from tests.factories.wire import PACKED

    client = Client(headers={"host": f"{school.slug}.localhost", **PACKED})
    if by is not None:
        with inside(school):
            client.force_login(by, backend="apps.accounts.backends.LoginBackend")
    return client


def _costs(school: Any, by: Any, pages: dict[str, str]) -> dict[str, Cost]:
    browser = _browser(school, by)
    return {page: _cost(browser, address) for page, address in pages.items()}


def _cost(browser: Any, address: str) -> Cost:
    for _ in range(3):
        answer = browser.get(address)
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}.")
    with _counted() as statements:
        browser.get(address)
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        browser.get(address)
        taken.append(time.process_time() - began)
    return Cost(len(answer.content), statistics.median(taken) * 1000, len(statements))


@contextmanager
def _counted() -> Iterator[list[str]]:
    from django.db import connections

    said: list[str] = []

    def note(execute: Any, sql: str, *arguments: Any) -> Any:
        said.append(sql)
        return execute(sql, *arguments)

    with ExitStack() as stack:
        for each in connections.all():
            stack.enter_context(each.execute_wrapper(note))
        yield said


def _visit(school: Any, by: Any, _pages: dict[str, str], address: str) -> int:
    """Bytes of a page and of all that it fetches, as they travel."""
    from tests.factories.wire import fetched

    page = _browser(school, by).get(address)
    linked = fetched(gzip.decompress(page.content).decode(), host=f"{school.slug}.localhost")
    return len(page.content) + sum(size for _, size in linked)


if __name__ == "__main__":
    raise SystemExit(main())
