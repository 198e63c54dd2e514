"""Who may do what: every endpoint × every role, in one table, against live data of two schools.

The columns: Administrator, Head, Registrar, Teacher of 7 B, Other teacher (of 7 C), Substitute in 7 B today,
Guardian Carol of two (one in 7 B, one in 7 C), a pUpil herself (the one in 7 B), aCcountant, suPport, ``-`` nobody
logged in, and the head of Elm, with her Elm token, at Oak's address.

404 is what does not exist for whoever asks, 403 what they may not do at all. ``{child}`` is Carol's in 7 B and the
pupil, ``{sibling}`` Carol's in 7 C, ``{classmate}`` one of 7 B whom a court keeps from Carol; ``ground.py`` has
the rest.
"""

# ruff: noqa: ARG005 - every body is made by a function of the ground and the one who asks
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django_otp.plugins.otp_totp.models import TOTPDevice

from apps.accounts import services as accounts
from apps.accounts.models import User
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.api.ground import (
    LATER,
    NEW_PASSWORD,
    SHEET,
    TODAY,
    TOMORROW,
    Ground,
    code_of_app,
    lay_out,
    picture,
)  # fmt: skip
from tests.factories.people import PASSWORD, students_in

COLUMNS = "AHRTOSGUCP-E"

EXPECTED = """\
#                                                                A   H   R   T   O   S   G   U   C   P   -   E

# open doors and one's own login
GET    schema                                                     200 200 200 200 200 200 200 200 200 200 200 200
GET    docs                                                       200 200 200 200 200 200 200 200 200 200 200 200
GET    school                                                     200 200 200 200 200 200 200 200 200 200 200 200
POST   auth/login                                                 200 200 200 200 200 200 200 200 200 200 200 200
POST   auth/refresh                                               200 200 200 200 200 200 200 200 200 200 200 200
POST   auth/forgotten                                             202 202 202 202 202 202 202 202 202 202 202 202
POST   auth/redeem                                                200 200 200 200 200 200 200 200 200 200 200 200
POST   auth/logout                                                204 204 204 204 204 204 204 204 204 204 401 401
POST   auth/logout-everywhere                                     200 200 200 200 200 200 200 200 200 200 401 401
GET    me                                                         200 200 200 200 200 200 200 200 200 200 401 401
GET    me/permissions                                             200 200 200 200 200 200 200 200 200 200 401 401
POST   me/password                                                200 200 200 200 200 200 200 200 200 200 401 401
POST   me/totp                                                    201 201 201 201 201 201 201 201 201 201 401 401
POST   me/totp/confirm                                            200 200 200 200 200 200 200 200 200 200 401 401
DELETE me/totp                                                    204 204 204 204 204 204 204 204 204 204 401 401

# campuses, years, what is taught
GET    today                                                      200 200 200 200 200 200 200 200 200 200 401 401
GET    institutions                                               200 200 200 200 200 200 200 200 200 200 401 401
POST   institutions                                               201 201 403 403 403 403 403 403 403 403 401 401
GET    institutions/{campus}                                      200 200 200 200 200 200 200 200 200 200 401 401
PATCH  institutions/{campus}                                      200 200 403 403 403 403 403 403 403 403 401 401
GET    institutions/{campus}/logo                                 200 200 200 200 200 200 200 200 200 200 200 401
PUT    institutions/{campus}/logo                                 204 204 403 403 403 403 403 403 403 403 401 401
DELETE institutions/{campus}/logo                                 204 204 403 403 403 403 403 403 403 403 401 401
GET    years                                                      200 200 200 200 200 200 200 200 200 200 401 401
POST   years                                                      201 201 403 403 403 403 403 403 403 403 401 401
GET    years/{year}                                               200 200 200 200 200 200 200 200 200 200 401 401
PATCH  years/{year}                                               200 200 403 403 403 403 403 403 403 403 401 401
DELETE years/{planned_year}                                       204 204 403 403 403 403 403 403 403 403 401 401
POST   years/{planned_year}/activate                              200 200 403 403 403 403 403 403 403 403 401 401
POST   years/{year}/close                                         200 200 403 403 403 403 403 403 403 403 401 401
GET    terms                                                      200 200 200 200 200 200 200 200 200 200 401 401
POST   terms                                                      201 201 403 403 403 403 403 403 403 403 401 401
GET    terms/{term}                                               200 200 200 200 200 200 200 200 200 200 401 401
PATCH  terms/{term}                                               200 200 403 403 403 403 403 403 403 403 401 401
DELETE terms/{spare_term}                                         204 204 403 403 403 403 403 403 403 403 401 401
GET    calendar-days                                              200 200 200 200 200 200 200 200 200 200 401 401
PUT    calendar-days                                              200 200 403 403 403 403 403 403 403 403 401 401
DELETE calendar-days?{stretch}                                    200 200 403 403 403 403 403 403 403 403 401 401
GET    grade-levels                                               200 200 200 200 200 200 200 200 200 200 401 401
POST   grade-levels                                               201 201 403 403 403 403 403 403 403 403 401 401
GET    grade-levels/{level}                                       200 200 200 200 200 200 200 200 200 200 401 401
PATCH  grade-levels/{level}                                       200 200 403 403 403 403 403 403 403 403 401 401
DELETE grade-levels/{spare_level}                                 204 204 403 403 403 403 403 403 403 403 401 401
GET    sections                                                   200 200 200 200 200 200 200 200 200 200 401 401
POST   sections                                                   201 201 201 403 403 403 403 403 403 403 401 401
GET    sections/{section}                                         200 200 200 200 404 200 200 200 200 200 401 401
PATCH  sections/{section}                                         200 200 200 403 404 403 403 403 403 403 401 401
DELETE sections/{empty_section}                                   204 204 204 404 404 404 404 404 403 403 401 401
GET    sections/{other_section}                                   200 200 200 404 200 404 200 404 200 200 401 401
GET    courses                                                    200 200 200 200 200 200 200 200 200 200 401 401
POST   courses                                                    201 201 201 403 403 403 403 403 403 403 401 401
GET    courses/{course}                                           200 200 200 200 200 200 200 200 200 200 401 401
PATCH  courses/{course}                                           200 200 200 403 403 403 403 403 403 403 401 401
DELETE courses/{spare_course}                                     204 204 204 403 403 403 403 403 403 403 401 401
GET    classes                                                    200 200 200 200 200 200 200 200 200 200 401 401
POST   classes                                                    201 201 201 403 403 403 403 403 403 403 401 401
GET    classes/{class}                                            200 200 200 200 404 200 200 200 200 200 401 401
PATCH  classes/{class}                                            200 200 200 403 404 403 403 403 403 403 401 401
DELETE classes/{empty_class}                                      204 204 204 404 404 404 404 404 403 403 401 401
GET    periods                                                    200 200 200 200 200 200 200 200 200 200 401 401
POST   periods                                                    201 201 201 403 403 403 403 403 403 403 401 401
GET    periods/{period}                                           200 200 200 200 200 200 200 200 200 200 401 401
PATCH  periods/{period}                                           200 200 200 403 403 403 403 403 403 403 401 401
DELETE periods/{spare_period}                                     204 204 204 403 403 403 403 403 403 403 401 401
GET    meetings                                                   200 200 200 200 200 200 200 200 200 200 401 401
POST   meetings                                                   201 201 201 403 403 403 403 403 403 403 401 401
GET    meetings/{meeting}                                         200 200 200 200 404 200 200 200 200 200 401 401
PATCH  meetings/{meeting}                                         200 200 200 403 404 403 403 403 403 403 401 401
DELETE meetings/{later_meeting}                                   204 204 204 403 404 403 403 403 403 403 401 401

# students: whoever is out of reach does not exist
GET    students                                                   200 200 200 200 200 200 200 200 200 200 401 401
POST   students                                                   201 403 201 403 403 403 403 403 403 403 401 401
GET    students/{child}                                           200 200 200 200 404 200 200 200 200 200 401 401
GET    students/{classmate}                                       200 200 200 200 404 200 404 404 200 200 401 401
GET    students/{sibling}                                         200 200 200 404 200 404 200 404 200 200 401 401
GET    students/{at_elm}                                          404 404 404 404 404 404 404 404 404 404 401 401
PATCH  students/{child}                                           200 403 200 403 404 403 403 403 403 403 401 401
PATCH  students/{classmate}                                       200 403 200 403 404 403 404 404 403 403 401 401
POST   students/{child}/withdraw                                  200 403 200 403 404 403 403 403 403 403 401 401
POST   students/{leaver}/re-enrol                                 201 403 201 404 404 404 404 404 403 403 401 401
POST   students/{child}/move-section                              200 403 200 403 404 403 403 403 403 403 401 401
POST   students/{child}/merge                                     200 403 200 403 404 403 403 403 403 403 401 401
GET    students/{child}/photo                                     200 200 200 200 404 200 200 200 200 200 401 401
GET    students/{classmate}/photo                                 200 200 200 200 404 200 404 404 200 200 401 401
PUT    students/{child}/photo                                     204 403 204 403 404 403 403 403 403 403 401 401
DELETE students/{child}/photo                                     204 403 204 403 404 403 403 403 403 403 401 401
GET    students/{child}/audit                                     200 200 403 403 403 403 403 403 403 403 401 401
GET    students/{child}/enrolments                                200 200 200 200 404 200 200 200 200 200 401 401
GET    students/{classmate}/enrolments                            200 200 200 200 404 200 404 404 200 200 401 401
GET    students/{child}/enrolments/{enrolment}                    200 200 200 200 404 200 200 200 200 200 401 401
POST   enrolments/bulk                                            201 403 201 403 403 403 403 403 403 403 401 401
GET    students/{child}/guardians                                 200 200 200 200 404 200 403 403 200 403 401 401
POST   students/{child}/guardians                                 201 403 201 403 404 403 403 403 403 403 401 401
GET    students/{child}/guardians/{link}                          200 200 200 200 404 200 403 403 200 403 401 401
PATCH  students/{child}/guardians/{link}                          200 403 200 403 404 403 403 403 403 403 401 401
DELETE students/{child}/guardians/{link}                          204 403 204 403 404 403 403 403 403 403 401 401
GET    guardians                                                  200 200 200 200 200 200 403 403 200 403 401 401
POST   guardians                                                  201 403 201 403 403 403 403 403 403 403 401 401
GET    guardians/{father}                                         200 200 200 200 404 200 403 403 200 403 401 401
PATCH  guardians/{father}                                         200 403 200 403 404 403 403 403 403 403 401 401
GET    sections/{section}/students                                200 200 200 200 404 200 200 200 200 200 401 401
GET    sections/{section}/students?as_of={yesterday}              200 200 200 200 404 404 200 200 200 200 401 401
GET    sections/{other_section}/students                          200 200 200 404 200 404 200 404 200 200 401 401
GET    classes/{class}/students                                   200 200 200 200 404 200 200 200 200 200 401 401
POST   classes/{class}/students                                   201 403 201 403 404 403 403 403 403 403 401 401
POST   classes/{class}/students/{child}/leave                     200 403 200 403 404 403 403 403 403 403 401 401

# staff
GET    staff                                                      200 200 200 200 200 200 403 403 200 200 401 401
POST   staff                                                      201 201 201 403 403 403 403 403 403 403 401 401
GET    staff/{member}                                             200 200 200 200 200 200 403 403 200 200 401 401
PATCH  staff/{member}                                             200 200 200 403 403 403 403 403 403 403 401 401
GET    staff/{member}/assignments                                 200 200 200 200 200 200 403 403 200 200 401 401
GET    assignments                                                200 200 200 200 200 200 403 403 200 200 401 401
POST   assignments                                                201 201 201 403 403 403 403 403 403 403 401 401
GET    assignments/{assignment}                                   200 200 200 200 200 200 403 403 200 200 401 401
PATCH  assignments/{assignment}                                   200 200 200 403 403 403 403 403 403 403 401 401
DELETE assignments/{later_assignment}                             204 204 204 403 403 403 403 403 403 403 401 401
GET    substitutions                                              200 200 200 200 200 200 403 403 200 200 401 401
POST   substitutions                                              201 201 201 403 403 403 403 403 403 403 401 401
GET    substitutions/{substitution}                               200 200 200 200 200 200 403 403 200 200 401 401
DELETE substitutions/{substitution}                               204 204 204 403 403 403 403 403 403 403 401 401

# attendance: a substitute for one day only
GET    sections/{section}/roll/{day}                              200 200 200 200 404 200 200 200 403 403 401 401
PUT    sections/{section}/roll/{day}                              200 200 200 200 404 200 403 403 403 403 401 401
GET    sections/{section}/roll/{yesterday}                        200 200 200 200 404 404 200 200 403 403 401 401
PUT    sections/{section}/roll/{yesterday}                        200 200 200 200 404 404 403 403 403 403 401 401
POST   sections/{section}/roll/{long_ago}/reopen                  200 200 403 403 403 403 403 403 403 403 401 401
GET    sections/{section}/roll/{day}/{period}                     200 200 200 200 404 200 200 200 403 403 401 401
PUT    sections/{section}/roll/{day}/{period}                     200 200 200 200 404 200 403 403 403 403 401 401
POST   sections/{section}/roll/{long_ago}/{period}/reopen         200 200 403 403 403 403 403 403 403 403 401 401
GET    classes/{class}/roll/{day}/{period}                        200 200 200 200 404 200 200 200 403 403 401 401
PUT    classes/{class}/roll/{day}/{period}                        200 200 200 200 404 200 403 403 403 403 401 401
POST   classes/{class}/roll/{long_ago}/{period}/reopen            200 200 403 403 403 403 403 403 403 403 401 401
GET    rolls/not-taken                                            200 200 200 200 200 200 403 403 403 403 401 401
POST   rolls/{roll}/lock                                          200 200 403 403 403 403 403 403 403 403 401 401
POST   rolls/{locked_roll}/reopen                                 200 200 403 403 403 403 403 403 403 403 401 401
GET    rolls/{roll}/history                                       200 200 200 200 404 200 200 200 403 403 401 401
GET    rolls/{locked_roll}/history                                200 200 200 200 404 404 200 200 403 403 401 401
GET    my/classes                                                 200 200 200 200 200 200 403 403 403 403 401 401
GET    absentees                                                  200 200 200 200 200 200 200 200 403 403 401 401
GET    days/{day}                                                 200 200 200 200 200 200 200 200 403 403 401 401
GET    students/{child}/attendance                                200 200 200 200 404 200 200 200 403 403 401 401
GET    students/{classmate}/attendance                            200 200 200 200 404 200 404 404 403 403 401 401
GET    students/{child}/attendance-summary                        200 200 200 200 404 200 200 200 403 403 401 401
GET    students/{classmate}/attendance-summary                    200 200 200 200 404 200 404 404 403 403 401 401
GET    desk                                                       200 403 200 403 403 403 403 403 403 403 401 401
POST   desk                                                       201 403 201 403 403 403 403 403 403 403 401 401
DELETE desk/{entry}                                               204 403 204 403 403 403 403 403 403 403 401 401
GET    leaves                                                     200 200 200 403 403 403 200 403 403 403 401 401
POST   leaves                                                     201 201 201 403 403 403 201 403 403 403 401 401
POST   leaves (classmate)                                         201 201 201 403 403 403 404 403 403 403 401 401
GET    leaves/{leave}                                             200 200 200 403 403 403 200 403 403 403 401 401
GET    leaves/{other_leave}                                       200 200 200 403 403 403 404 403 403 403 401 401
POST   leaves/{leave}/approve                                     200 200 200 403 403 403 403 403 403 403 401 401
POST   leaves/{leave}/refuse                                      200 200 200 403 403 403 403 403 403 403 401 401
POST   leaves/{leave}/cancel                                      200 200 200 403 403 403 200 403 403 403 401 401
POST   leaves/{other_leave}/cancel                                200 200 200 403 403 403 404 403 403 403 401 401
GET    attendance-codes                                           200 200 200 200 200 200 200 200 403 403 401 401
POST   attendance-codes                                           201 201 403 403 403 403 403 403 403 403 401 401
GET    attendance-codes/{code}                                    200 200 200 200 200 200 200 200 403 403 401 401
PATCH  attendance-codes/{code}                                    200 200 403 403 403 403 403 403 403 403 401 401
GET    attendance-policy                                          200 200 200 200 200 200 200 200 403 403 401 401
PATCH  attendance-policy/{campus}                                 200 200 403 403 403 403 403 403 403 403 401 401

# who may do what, and the trail
GET    permissions                                                200 200 403 403 403 403 403 403 403 403 401 401
GET    roles                                                      200 200 403 403 403 403 403 403 403 403 401 401
POST   roles                                                      201 403 403 403 403 403 403 403 403 403 401 401
GET    roles/{role}                                               200 200 403 403 403 403 403 403 403 403 401 401
PATCH  roles/{role}                                               200 403 403 403 403 403 403 403 403 403 401 401
DELETE roles/{role}                                               204 403 403 403 403 403 403 403 403 403 401 401
PUT    roles/{role}/permissions                                   200 403 403 403 403 403 403 403 403 403 401 401
GET    role-assignments                                           200 200 403 403 403 403 403 403 403 403 401 401
POST   role-assignments                                           201 403 403 403 403 403 403 403 403 403 401 401
GET    role-assignments/{held}                                    200 200 403 403 403 403 403 403 403 403 401 401
DELETE role-assignments/{held}                                    204 403 403 403 403 403 403 403 403 403 401 401
GET    users                                                      200 200 200 403 403 403 403 403 403 403 401 401
POST   users                                                      201 403 201 403 403 403 403 403 403 403 401 401
GET    users/{newcomer}                                           200 200 200 403 403 403 403 403 403 403 401 401
PATCH  users/{newcomer}                                           200 403 200 403 403 403 403 403 403 403 401 401
PATCH  users/{administrator}                                      200 403 403 403 403 403 403 403 403 403 401 401
POST   users/{newcomer}/invite                                    201 403 201 403 403 403 403 403 403 403 401 401
POST   users/{administrator}/invite                               201 403 403 403 403 403 403 403 403 403 401 401
POST   users/{newcomer}/deactivate                                204 403 204 403 403 403 403 403 403 403 401 401
POST   users/{gone}/activate                                      204 403 204 403 403 403 403 403 403 403 401 401
POST   users/{newcomer}/logout-everywhere                         200 403 200 403 403 403 403 403 403 403 401 401
DELETE users/{newcomer}/totp                                      204 403 204 403 403 403 403 403 403 403 401 401
GET    account-policy                                             200 200 200 200 200 200 200 200 200 200 401 401
PUT    account-policy                                             200 403 403 403 403 403 403 403 403 403 401 401
GET    audit                                                      200 200 403 403 403 403 403 403 403 403 401 401

# rosters in and out
GET    imports                                                    200 200 200 403 403 403 403 403 403 403 401 401
POST   imports                                                    202 403 202 403 403 403 403 403 403 403 401 401
GET    imports/{import}                                           200 200 200 403 403 403 403 403 403 403 401 401
GET    imports/{import}/rows                                      200 200 200 403 403 403 403 403 403 403 401 401
GET    imports/{import}/errors                                    200 200 200 403 403 403 403 403 403 403 401 401
PUT    imports/{import}/mapping                                   202 403 202 403 403 403 403 403 403 403 401 401
POST   imports/{import}/confirm                                   202 403 202 403 403 403 403 403 403 403 401 401
POST   imports/{stopped_import}/go-on                             202 403 202 403 403 403 403 403 403 403 401 401
POST   imports/{applied_import}/undo                              202 403 202 403 403 403 403 403 403 403 401 401
GET    exports/oneroster                                          200 403 200 403 403 403 403 403 403 403 401 401
GET    exports/templates/students                                 200 403 200 403 403 403 403 403 403 403 401 401

# jobs: each their own
GET    jobs/{job}                                                 404 404 404 200 404 404 404 404 404 404 401 401
DELETE jobs/{job}                                                 404 404 404 204 404 404 404 404 404 404 401 401
POST   jobs/{job}/run-now                                         404 404 404 202 404 404 404 404 404 404 401 401
"""

# How many rows of a list each sees; · where the list is refused, as the table above says.
SEEN = """
#                                                A    H    R    T    O    S    G    U    C    P
students?limit=200                               2000 2000 2000 12   3    12   2    1    2000 2000
students?as_of={yesterday}&limit=200             2000 2000 2000 12   3    0    2    1    2000 2000
students?as_of={tomorrow}&limit=200              2000 2000 2000 12   3    0    2    1    2000 2000
students?section_id={section}                    12   12   12   12   0    12   1    1    12   12
sections                                         3    3    3    1    1    1    2    1    3    3
sections?as_of={tomorrow}                        3    3    3    1    1    0    2    1    3    3
sections/{section}/students                      12   12   12   12   ·    12   1    1    12   12
classes                                          2    2    2    1    0    1    1    1    2    2
classes/{class}/students                         12   12   12   12   ·    12   1    1    12   12
meetings                                         2    2    2    2    0    2    2    2    2    2
guardians                                        3    3    3    2    1    2    ·    ·    3    ·
students/{child}/guardians                       1    1    1    1    ·    1    ·    ·    1    ·
absentees                                        2    2    2    2    0    2    1    1    ·    ·
rolls/{roll}/history                             12   12   12   12   ·    12   1    1    ·    ·
leaves                                           2    2    2    ·    ·    ·    1    ·    ·    ·
my/classes                                       0    0    0    2    1    2    ·    ·    ·    ·
my/classes?day={tomorrow}                        0    0    0    1    1    0    ·    ·    ·    ·
"""


class Row:
    """One line: method, address with braces, and the status for each column."""

    def __init__(self, line: str) -> None:
        method, address, statuses = re.fullmatch(r"(\w+) +(\S+(?: \(\w+\))?) +([\d ]+)", line).groups()  # type: ignore[union-attr]
        self.name = f"{method} {address}"
        self.method, self.address = method, address.partition(" ")[0]
        self.expected = dict(zip(COLUMNS, (int(each) for each in statuses.split()), strict=True))


def _lines(table: str) -> list[str]:
    return [line for line in table.splitlines() if line and not line.startswith("#")]


ROWS = [Row(line) for line in _lines(EXPECTED)]


# --- what is said -----------------------------------------------------------------------------------------------------
def _marks(section: str, code: str = "P") -> Callable[[Ground, User], Any]:
    def said(g: Ground, _: User) -> Any:
        there = students_in(g.rows[section])[:12]
        return {"records": [{"student_id": str(each.sourced_id), "code": code} for each in there]}

    return said


def _again(g: Ground, user: User) -> Any:
    return {**_marks("section")(g, user), "version": g.rows["roll"].version}


def _new_password(g: Ground, user: User) -> Any:
    return {"token": accounts.hand_out_link(user=user, by=user).token, "password": NEW_PASSWORD}


def _confirming(g: Ground, user: User) -> Any:
    return {"code": code_of_app(accounts.begin_second_factor(by=user).secret)}


def _giving_up(g: Ground, user: User) -> Any:
    said = _confirming(g, user)
    TOTPDevice.objects.update(confirmed=True)
    return {"password": PASSWORD, **said}


def _second_factor_of_newcomer(g: Ground, _: User) -> Any:
    accounts.begin_second_factor(by=g.rows["newcomer"])
    TOTPDevice.objects.update(confirmed=True)


def _placement(g: Ground) -> dict[str, Any]:
    return {"year_id": g.id("year"), "grade_level_id": g.id("level"), "entered_on": str(TODAY)}


def _leave(who: str) -> Callable[[Ground, User], Any]:
    days = {"starts_on": "2027-01-12", "ends_on": "2027-01-13", "reason": "Travel"}
    return lambda g, _: {"student_id": g.id(who), **days}


def _now(user: User) -> User:
    """Them as they are now: a login is opened for nobody who has changed since they were read."""
    return User.objects.get(pk=user.pk)


REASON = {"reason": "As agreed"}
# What each write says, so that whoever may, succeeds. What is not here says nothing.
BODIES: dict[str, Callable[[Ground, User], Any]] = {
    "POST auth/login": lambda g, u: {"login": u.username, "password": PASSWORD},
    "POST auth/refresh": lambda g, u: {"refresh_token": accounts.open_login(_now(u), label="x").refresh_token},
    "POST auth/forgotten": lambda g, u: {"login": u.username},
    "POST auth/redeem": _new_password,
    "POST me/password": lambda g, u: {"password": PASSWORD, "new_password": NEW_PASSWORD},
    "POST me/totp/confirm": _confirming,
    "DELETE me/totp": _giving_up,
    "POST institutions": lambda g, u: {
        "name": "Oak Hill", "code": "HILL", "timezone": "Europe/London", "currency": "GBP",
    },
    "PATCH institutions/{campus}": lambda g, u: {"phone": "1"},
    "PUT institutions/{campus}/logo": lambda g, u: picture(),
    "POST years": lambda g, u: {
        "institution_id": g.id("campus"), "name": "2028/29", "starts_on": "2028-09-01", "ends_on": "2029-07-01",
    },
    "PATCH years/{year}": lambda g, u: {"name": "This year"},
    "POST terms": lambda g, u: {
        "year_id": g.id("planned_year"), "name": "First", "starts_on": "2027-09-01", "ends_on": "2027-12-20",
    },
    "PATCH terms/{term}": lambda g, u: {"name": "Michaelmas"},
    "PUT calendar-days": lambda g, u: {
        "institution_id": g.id("campus"), "starts_on": "2026-12-24", "ends_on": "2026-12-26", "kind": "holiday",
    },
    "POST grade-levels": lambda g, u: {"name": "Grade 11", "code": "11", "position": 11},
    "PATCH grade-levels/{level}": lambda g, u: {"name": "Year 7"},
    "POST sections": lambda g, u: {"year_id": g.id("year"), "grade_level_id": g.id("level"), "name": "E"},
    "PATCH sections/{section}": lambda g, u: {"room": "12"},
    "POST courses": lambda g, u: {"institution_id": g.id("campus"), "code": "ART", "title": "Art"},
    "PATCH courses/{course}": lambda g, u: {"title": "Maths"},
    "POST classes": lambda g, u: {
        "course_id": g.id("course"), "year_id": g.id("year"), "code": "M-2", "title": "Maths 2",
    },
    "PATCH classes/{class}": lambda g, u: {"room": "12"},
    "POST periods": lambda g, u: {
        "institution_id": g.id("campus"), "name": "Last", "position": 9, "starts_at": "15:00", "ends_at": "15:45",
    },
    "PATCH periods/{period}": lambda g, u: {"name": "First"},
    "POST meetings": lambda g, u: {
        "class_id": g.id("class"), "period_id": g.id("spare_period"), "weekday": 1, "starts_on": str(LATER),
    },
    "PATCH meetings/{meeting}": lambda g, u: {"room": "12"},
    "POST students": lambda g, u: {
        "institution_id": g.id("campus"), "admission_number": "N1", "given_name": "Nia", "enrolment": _placement(g),
    },
    "PATCH students/{child}": lambda g, u: {"preferred_name": "Mina", "version": 1},
    "PATCH students/{classmate}": lambda g, u: {"preferred_name": "Billy", "version": 1},
    "POST students/{child}/withdraw": lambda g, u: {"exited_on": str(TODAY), **REASON},
    "POST students/{leaver}/re-enrol": lambda g, u: {**_placement(g), **REASON},
    "POST students/{child}/move-section": lambda g, u: {
        "section_id": g.id("other_section"), "starts_on": str(TOMORROW), **REASON,
    },
    "POST students/{child}/merge": lambda g, u: {"duplicate_id": g.id("duplicate"), **REASON},
    "PUT students/{child}/photo": lambda g, u: picture(),
    "POST enrolments/bulk": lambda g, u: {
        "year_id": g.id("year"), "entered_on": str(TODAY), **REASON,
        "records": [{"student_id": g.id("duplicate"), "grade_level_id": g.id("level")}],
    },
    "POST students/{child}/guardians": lambda g, u: {"guardian_id": g.id("unlinked")},
    "PATCH students/{child}/guardians/{link}": lambda g, u: {"relation": "mother"},
    "POST guardians": lambda g, u: {"given_name": "Greta"},
    "PATCH guardians/{father}": lambda g, u: {"phone": "1", "version": 1},
    "POST classes/{class}/students": lambda g, u: {"student_ids": [g.id("sibling")], "starts_on": str(TOMORROW)},
    "POST classes/{class}/students/{child}/leave": lambda g, u: {"ends_on": str(TOMORROW)},
    "POST staff": lambda g, u: {"institution_id": g.id("campus"), "staff_number": "N1", "given_name": "Nora"},
    "PATCH staff/{member}": lambda g, u: {"phone": "1", "version": 1},
    "POST assignments": lambda g, u: {
        "staff_id": g.id("substitute"), "section_id": g.id("section"), "starts_on": str(LATER),
    },
    "PATCH assignments/{assignment}": lambda g, u: {"ends_on": "2027-06-01"},
    "POST substitutions": lambda g, u: {
        "staff_id": g.id("substitute"), "section_id": g.id("other_section"), "day": str(TOMORROW),
    },
    "PUT sections/{section}/roll/{day}": _again,
    "PUT sections/{section}/roll/{yesterday}": _marks("section"),
    "PUT sections/{section}/roll/{day}/{period}": _marks("section"),
    "PUT classes/{class}/roll/{day}/{period}": _marks("section"),
    "POST sections/{section}/roll/{long_ago}/reopen": lambda g, u: REASON,
    "POST sections/{section}/roll/{long_ago}/{period}/reopen": lambda g, u: REASON,
    "POST classes/{class}/roll/{long_ago}/{period}/reopen": lambda g, u: REASON,
    "POST rolls/{roll}/lock": lambda g, u: REASON,
    "POST rolls/{locked_roll}/reopen": lambda g, u: REASON,
    "POST desk": lambda g, u: {"student_id": g.id("child"), "day": str(TODAY), "arrived_at": "09:10"},
    "POST leaves": _leave("child"),
    "POST leaves (classmate)": _leave("classmate"),
    "POST attendance-codes": lambda g, u: {"code": "Z", "name": "Trip", "direction": "out", "state": "present"},
    "PATCH attendance-codes/{code}": lambda g, u: {"name": "Here", "version": 1},
    "PATCH attendance-policy/{campus}": lambda g, u: {"edit_window_days": 9, "version": 0},
    "POST imports": lambda g, u: {"file": SimpleUploadedFile("students.csv", SHEET)},
    "PUT imports/{import}/mapping": lambda g, u: {"mapping": {"Nick": "preferred_name"}},
    "POST imports/{import}/confirm": lambda g, u: {"reading": 1, "skip_errors": True},
    "POST roles": lambda g, u: {"name": "Nurse", "permissions": ["students.view"]},
    "PATCH roles/{role}": lambda g, u: {"name": "Library", "version": 1},
    "PUT roles/{role}/permissions": lambda g, u: {"permissions": ["students.view"], "version": 1},
    "POST role-assignments": lambda g, u: {"user_id": g.id("newcomer"), "role": "teacher"},
    "POST users": lambda g, u: {"username": "nia", "roles": [{"role": "guardian"}]},
    "PATCH users/{newcomer}": lambda g, u: {"given_name": "Ned"},
    "PATCH users/{administrator}": lambda g, u: {"given_name": "Eric"},
    "DELETE users/{newcomer}/totp": _second_factor_of_newcomer,
    "PUT account-policy": lambda g, u: {"staff_need_totp": False, "version": 1},
}  # fmt: skip


# --- the ground -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def ground(
    _schools: dict[str, School], django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """Laid out once, in one transaction that is undone afterwards."""
    folder: Path = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=folder), transaction.atomic():
        made = lay_out(_schools["oak"], _schools["elm"])
        made.at["tomorrow"] = TOMORROW
        yield made
        transaction.set_rollback(True)


def _answered(ground: Ground, row: Row, letter: str) -> tuple[int, str]:
    """The status and the text of the answer; whatever was written is undone."""
    with inside(ground.oak), transaction.atomic():
        body = BODIES.get(row.name, lambda g, u: None)(ground, ground.people.get(letter, ground.people["T"]))
        answer = ground.ask(letter, row.method, row.address.format(**ground.at), body)
        # Read to the end, so that a file of ours is closed.
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return answer.status_code, text[:400].decode(errors="replace")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_who_may_do_it(ground: Ground, row: Row) -> None:
    answers = {letter: _answered(ground, row, letter) for letter in COLUMNS}
    wrong = {letter: answer for letter, answer in answers.items() if answer[0] != row.expected[letter]}
    assert not wrong, f"{row.name} is not as the table says: {wrong}"


def _counted(ground: Ground, letter: str, address: str) -> str:
    """How many rows all pages of a list have together."""
    seen, following = 0, ""
    while True:
        with inside(ground.oak), transaction.atomic():
            answer = ground.ask(letter, "GET", address + following)
        if answer.status_code != 200:
            return "·"
        page = answer.json()
        seen += len(page["results"])
        if page["next"] is None:
            return str(seen)
        following = f"{'&' if '?' in address else '?'}cursor={page['next']}"


@pytest.mark.parametrize("line", _lines(SEEN), ids=lambda line: line.split()[0])
def test_how_many_they_see(ground: Ground, line: str) -> None:
    address, *expected = line.split()
    seen = [_counted(ground, letter, address.format(**ground.at)) for letter in COLUMNS[:10]]
    assert dict(zip(COLUMNS, seen, strict=False)) == dict(zip(COLUMNS, expected, strict=False))


# --- nothing is left out ----------------------------------------------------------------------------------------------
def _walk(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, Any]]:
    for each in resolver.url_patterns:
        if isinstance(each, URLPattern):
            yield before + str(each.pattern), each.callback
        else:
            yield from _walk(each, before + str(each.pattern))


def _methods(view: Any) -> set[str]:
    if actions := getattr(view, "actions", None):
        return {method.upper() for method in actions}
    if (made_of := getattr(view, "cls", None)) is not None:
        return {name.upper() for name in made_of.http_method_names if name != "options" and hasattr(made_of, name)}
    # A plain function of the documentation.
    return {"GET"}


def _served(prefix: str) -> dict[tuple[str, str], Any]:
    """(method, route below ``prefix``) → view."""
    return {
        (method, route.removeprefix(prefix)): view
        for route, view in _walk(get_resolver("config.urls"))
        if route.startswith(prefix)
        for method in _methods(view) - {"HEAD"}
    }


def test_every_route_stands_in_the_table(ground: Ground) -> None:
    alias = "api/v1/tenant/"
    served = {key for key in _served("api/v1/") if not key[1].startswith("tenant/")}
    in_table = {
        (row.method, resolve(f"/api/v1/{row.address.format(**ground.at)}".partition("?")[0]).route) for row in ROWS
    }
    missing = sorted(f"{method} {route}" for method, route in served if (method, f"api/v1/{route}") not in in_table)
    assert not missing, f"Say who may do it: {missing}"
    # The path the reference system used leads to the same views.
    assert {key: view for key, view in _served("api/v1/").items() if key in served} == _served(alias)
    unused = sorted(set(BODIES) - {row.name for row in ROWS})
    assert not unused, f"Bodies of no row: {unused}"
