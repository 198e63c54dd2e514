"""``python -m benchmarks.plans [--schools 20] [--students 2000] [--days 180]``: the queries that were asked for.

A PostgreSQL of its own, whose schools are filled as the demo's are. Each query of ``config/asked_indexes.py`` is asked
of each school in turn, about a section, a student and a day that are there; told are its index, the pages and rows of
one plan, and the p95 over all. The last line is ``RESULT {…}``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import psycopg

from config.asked_indexes import ASKED, Asked
from tests import floor
from tests.outside import refuse_base_url

ASKED_TIMES = 200
# What a query is about, as the page of the indexes says it, and where such a one is found.
ABOUT = {
    "section_id = 7": "SELECT 'section_id = ' || section_id FROM attendance_attendancerecord ORDER BY day DESC LIMIT 1",
    "student_id = 7": "SELECT 'student_id = ' || student_id FROM attendance_attendancerecord ORDER BY day DESC LIMIT 1",
    "institution_id = 7": "SELECT 'institution_id = ' || id FROM institutions_institution LIMIT 1",
    "user_id = 7": "SELECT 'user_id = ' || user_id FROM access_roleassignment LIMIT 1",
    "role_id = 7": "SELECT 'role_id = ' || role_id FROM access_roleassignment LIMIT 1",
    "year_id = 3 AND grade_level_id = 7": "SELECT format('year_id = %s AND grade_level_id = %s',"
    " year_id, grade_level_id) FROM students_enrolment ORDER BY id DESC LIMIT 1",
    "'2026-04-01'": "SELECT quote_literal(max(day)) FROM attendance_attendancerecord",
    "'2026-06-01'": "SELECT quote_literal(max(day)) FROM attendance_attendancerecord",
    "'x7'": "SELECT quote_literal(email) FROM accounts_user WHERE email <> '' LIMIT 1",
}


def about(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """What stands in each place of a query, in the school where the connection stands."""
    rows = {said: connection.execute(asked.encode()).fetchone() for said, asked in ABOUT.items()}
    return {said: str(row[0]) if row and row[0] else said for said, row in rows.items()}


def text(each: Asked, said: dict[str, str]) -> bytes:
    query = each.query
    for place, value in said.items():
        query = query.replace(place, value)
    return query.encode()


def measured(schools: int, students: int, days: int) -> dict[str, Any]:
    from django.core.management import call_command

    from schoolops.context import outside_schools
    from schoolops.tenancy import owner
    from tests.factories.schools import make_school

    with outside_schools():
        call_command("migrate", shared_only=True, verbosity=0, skip_checks=True)
    schemas = []
    for number in range(schools):
        school = make_school(f"plans-{number}")
        schemas.append(school.schema_name)
        with outside_schools():
            call_command("demo_data", school=school.slug, students=students, days=days, verbosity=0)
    figures: dict[str, Any] = {"schools": schools, "students": students, "days": days}
    with owner.owner_connection() as connection:
        connection.execute("ANALYZE")
        places = {}
        for schema in schemas:
            connection.execute(f"SET search_path = {schema}, extensions".encode())
            places[schema] = about(connection)
        # A domain is looked for in the shared tables, whoever's it is.
        for each in (each for each in ASKED if each.table != "tenancy_domain"):
            took = []
            for number in range(ASKED_TIMES):
                schema = schemas[number % schools]
                connection.execute(f"SET search_path = {schema}, extensions".encode())
                began = time.perf_counter()
                connection.execute(text(each, places[schema])).fetchall()
                took.append((time.perf_counter() - began) * 1000)
            said = b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text(each, places[schemas[0]])
            connection.execute(f"SET search_path = {schemas[0]}, extensions".encode())
            row = connection.execute(said).fetchone()
            plan = row[0][0]["Plan"] if row else {}
            pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
            p95 = sorted(took)[-(-len(took) * 95 // 100) - 1]
            used = each.ours in json.dumps(plan)
            called = f"`{each.ours}`" if used else f"not `{each.ours}`"
            print(f"| {each.purpose} | {called} | {plan['Actual Rows']:.0f} | {pages} | {p95:.1f} |", flush=True)
            figures[each.ours] = round(p95, 2)
    return figures


def main() -> int:
    refuse_base_url("bench-plans makes and fills schools of its own.")
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plans", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--schools", type=int, default=20)
    parser.add_argument("--students", type=int, default=2000)
    parser.add_argument("--days", type=int, default=180)
    options = parser.parse_args()
    ground = floor.break_ground()
    try:
        floor.stake_out(ground, "main")
        import django

        django.setup()
        figures = measured(options.schools, options.students, options.days)
    finally:
        from django.db import connections

        connections.close_all()
        floor.clear(ground, "main")
        ground.close()
    print(f"RESULT {json.dumps(figures)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
