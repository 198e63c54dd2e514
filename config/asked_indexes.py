"""The ten indexes that were asked for, each beside the one of ours that answers its query. A test holds every line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from schoolops import reference


@dataclass(frozen=True, slots=True)
class Asked:
    """``asked``: table and columns as they were named; ``query``: ours, in a school's schema, which ``ours`` serves."""

    asked: str
    purpose: str
    verdict: Literal["kept", "moved", "satisfied"]
    ours: str
    table: str
    query: str
    why: str


ASKED = (
    Asked(
        "students (institution_id, class_id, section_id)",
        "a class's students",
        "moved",
        "membership_by_section",
        "students_sectionmembership",
        "SELECT student_id, roll_number FROM students_sectionmembership WHERE section_id = 7"
        " AND starts_on <= '2026-04-01' AND (ends_on IS NULL OR ends_on > '2026-04-01')",
        "who is in a section is dated, so it stands in its memberships; the section says class and campus",
    ),
    Asked(
        "students (institution_id, academic_year_id, class_id)",
        "report cards",
        "moved",
        "enrolment_by_year",
        "students_enrolment",
        "SELECT student_id FROM students_enrolment WHERE year_id = 3 AND grade_level_id = 7",
        "the year and level of a student are of an enrolment; a year is of one campus",
    ),
    Asked(
        "attendance (institution_id, class_id, attendance_date)",
        "a class's day",
        "kept",
        "record_by_section",
        "attendance_attendancerecord",
        "SELECT student_id, state FROM attendance_attendancerecord WHERE section_id = 7 AND day = '2026-04-01'",
        "without the campus, which the section says; index only",
    ),
    Asked(
        "attendance (institution_id, student_id, attendance_date)",
        "a student's history",
        "kept",
        "record_by_student",
        "attendance_attendancerecord",
        "SELECT day, state, excused, code FROM attendance_attendancerecord WHERE student_id = 7"
        " ORDER BY day DESC, session_id DESC LIMIT 50",
        "without the campus, which the student says; index only, newest first",
    ),
    Asked(
        "users (tenant_id, role) WHERE active",
        "who has a role",
        "moved",
        "role_assignment_by_role",
        "access_roleassignment",
        "SELECT user_id FROM access_roleassignment WHERE role_id = 7",
        "a person has several roles; the tenant is the schema",
    ),
    Asked(
        "users (email) WHERE active",
        "logging in",
        "satisfied",
        "user_email_ci",
        "accounts_user",
        "SELECT id FROM accounts_user WHERE extensions.fold(email) = extensions.fold('x7') AND email <> ''",
        "the constraint that an address stands once, by the fold",
    ),
    Asked(
        "exams (institution_id, class_id)",
        "a class's exams",
        "kept",
        "exam_by_section",
        "examinations_exam",
        "SELECT id, day FROM examinations_exam WHERE section_id = 7 ORDER BY day",
        "and exam_by_class, where a paper is of a class rather than a section",
    ),
    Asked(
        "exams (institution_id, status, exam_date)",
        "exams to come",
        "kept",
        "exam_by_day",
        "examinations_exam",
        "SELECT id FROM examinations_exam WHERE institution_id = 7 AND day >= '2026-06-01' ORDER BY day LIMIT 20",
        "without the state, which is its session's",
    ),
    Asked(
        "user_roles (user_id, tenant_id) WHERE active",
        "what somebody may do",
        "satisfied",
        "role_assigned_once",
        "access_roleassignment",
        "SELECT role_id, institution_id FROM access_roleassignment WHERE user_id = 7",
        "the constraint that a role is given once; the tenant is the schema",
    ),
    Asked(
        "tenants (subdomain) WHERE active",
        "which school answers",
        "satisfied",
        "tenancy_domain_domain_key",
        "tenancy_domain",
        "SELECT tenant_id FROM tenancy_domain WHERE domain = 'x7'",
        "a school has several addresses, each its own row; asked once a minute by a process, then remembered",
    ),
)


def _rows() -> Iterator[tuple[object, ...]]:
    for each in ASKED:
        ours = f"{each.verdict}: `{each.ours}` on `{each.table}`"
        yield f"`{each.asked}`", each.purpose, ours, f"`{each.query}`", each.why


reference.declare(
    reference.Table(
        name="indexes-asked-for",
        title="The indexes that were asked for",
        introduction=(
            "Ten indexes that an installation was to have, each beside ours: kept, moved to the table where the fact "
            "stands here, or satisfied by a constraint. A test explains each query: it uses that index, and reads more "
            "pages without. Declared in `config/asked_indexes.py`."
        ),
        columns=("Asked for", "For", "Ours", "Query", "Why so"),
        rows=_rows,
    )
)
