"""What a role held at one campus reaches: every write × everything of another campus, by address and by body.

Ada holds every permission there is, at the Annex; Max the same at the main campus. Whoever is of Oak's main campus is
called by one name that Ada may read nowhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import Model
from django.test import override_settings

from apps.access import services as access
from apps.access.models import Role, RoleAssignment, RolePermission
from apps.access.permissions import CODES
from apps.accounts.models import User
from apps.accounts.services import open_login
from apps.institutions.models import Institution
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from apps.students.models import Enrolment, Guardian, Student, StudentGuardian
from apps.timetable.models import Meeting
from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.api.ground import LATER, TODAY, TOMORROW, Ground, lay_out
from tests.api.test_who_may_do_what import BODIES, ROWS
from tests.factories import exams, people, rolls

MARK = "Qvexley"
OWN = ("auth/", "me", "jobs")
# A guardian of nobody is nobody's campus's until a student is linked: whoever admits children makes them.
# A list is printed of whom its reader reaches. What a card gateway sends is proved by its signature, whoever brings it.
OF_NOBODY = {"POST card-gateway/events", "POST guardians", "POST printed-lists"}


def _holder(ground: Ground, name: str, at: Institution) -> None:
    role, made = Role.objects.get_or_create(code="everything-here", defaults={"name": "Everything here"})
    if made:
        RolePermission.objects.bulk_create(RolePermission(role=role, permission=code) for code in CODES)
    user = people.a_user(name)
    RoleAssignment.objects.create(user=user, role=role, institution=at)
    ground.people[name] = User.objects.get(pk=user.pk)
    ground.tokens[name] = open_login(ground.people[name], label="test").access_token


def _annex(ground: Ground) -> dict[type[Model], Any]:
    """One row of each model at the Annex, by model."""
    campus = people.a_school_year(name="Annex", sections=("7 B", "7 C"))
    section = campus.section
    students = people.some_students(3, section=section)
    taught = people.a_class(campus, students=students, title="Chess")
    teacher = people.a_teacher("tess", of=section)
    staff = StaffMember.objects.get(user=teacher)
    guardian = Guardian.objects.create(given_name="Gus", family_name="Annexe")
    link = StudentGuardian.objects.create(student=students[0], guardian=guardian, contact_priority=1)
    period, _ = rolls.some_periods(campus, 2)
    session = exams.an_exam_session(campus, by=ground.people["A"])
    _holder(ground, "Ada", campus.institution)
    rows: list[Any] = [
        campus.institution, campus.year, campus.terms[0], section, taught, taught.course, students[0], staff, teacher,
        guardian, link, period, Enrolment.objects.get(student=students[0]),
        Meeting.objects.create(course_class=taught, period=period, weekday=5, starts_on=LATER),
        TeachingAssignment.objects.get(staff=staff),
        Substitution.objects.create(staff=staff, section=campus.sections["7 C"], day=TODAY),
        rolls.take(section, by=ground.people["A"]),
        RoleAssignment.objects.filter(user=teacher).first(),
        session, exams.a_paper(session, section, taught.course, by=ground.people["A"]),
    ]  # fmt: skip
    return {type(row): row for row in rows}


@pytest.fixture(scope="module")
def ground(
    _schools: dict[str, School], django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """Laid out once, in one transaction that is undone afterwards."""
    folder: Path = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=folder), transaction.atomic():
        made = lay_out(_schools["oak"], _schools["elm"])
        made.at["tomorrow"] = TOMORROW
        with inside(made.oak), clock.frozen(people.SCHOOL_MOMENT):
            for model in (Student, User, StaffMember, Guardian):
                model.objects.update(family_name=MARK)
            made.rows["annex"] = _annex(made)
            _holder(made, "Max", made.rows["campus"])
        yield made
        transaction.set_rollback(True)


def _answered(ground: Ground, who: str, method: str, address: str, body: Any = None) -> tuple[int, str]:
    with inside(ground.oak), transaction.atomic():
        answer = ground.ask(who, method, address, body)
        said = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return answer.status_code, said.decode(errors="replace")


def _body(ground: Ground, name: str, who: str) -> Any:
    with inside(ground.oak), transaction.atomic():
        said = BODIES.get(name, lambda g, u: None)(ground, ground.people[who])  # noqa: ARG005
        transaction.set_rollback(True)
    return said


WRITES = [row for row in ROWS if row.method != "GET" and not row.address.startswith(OWN)]


def test_no_write_of_another_campus_or_of_none_is_done(ground: Ground) -> None:
    assert len(WRITES) > 70
    done = {}
    for row in WRITES:
        body = _body(ground, row.name, "Ada")
        status, said = _answered(ground, "Ada", row.method, row.address.format(**ground.at), body)
        if status not in {403, 404} and not (status == 422 and "nothing here" in said):
            done[row.name] = (status, said[:200])
    assert set(done) <= OF_NOBODY, done


def test_no_read_shows_anybody_of_another_campus(ground: Ground) -> None:
    asked = [row.address.format(**ground.at) for row in ROWS if row.method == "GET"]
    asked += [f"{each}{'&' if '?' in each else '?'}as=csv" for each in asked]
    asked += [f"{each}?q={MARK}" for each in ("users", "students", "guardians", "staff")]
    assert len(asked) > 120
    shown = [each for each in asked if MARK in _answered(ground, "Ada", "GET", each)[1]]
    assert shown == []


def test_logins_at_a_campus_are_those_of_its_people_and_ones_own(ground: Ground) -> None:
    _, said = _answered(ground, "Ada", "GET", "users?limit=200")
    assert {each["username"] for each in json.loads(said)["results"]} == {"Ada", "tess"}
    _, said = _answered(ground, "Ada", "GET", "role-assignments?limit=200")
    assert {each["username"] for each in json.loads(said)["results"]} == {"Ada", "tess"}
    for who in ("administrator", "newcomer", "gone"):
        assert _answered(ground, "Ada", "GET", f"users/{ground.id(who)}")[0] == 404
        assert _answered(ground, "Ada", "POST", f"users/{ground.id(who)}/invite", {})[0] == 404


def test_there_is_much_of_ones_own_campus_so_the_question_is_the_right_one(ground: Ground) -> None:
    shown = [
        row.name
        for row in ROWS
        if row.method == "GET" and MARK in _answered(ground, "Max", "GET", row.address.format(**ground.at))[1]
    ]
    assert len(shown) > 20


_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def _swapped(ground: Ground, address: str, body: Any) -> Iterator[tuple[str, Any, str]]:
    """The same request, with one row of the main campus after the other replaced by the Annex's."""
    known = {str(row.sourced_id): row for row in ground.rows.values() if hasattr(row, "sourced_id")}
    said = (
        json.dumps(body, default=str)
        if isinstance(body, dict) and not any(hasattr(x, "read") for x in body.values())
        else None
    )
    for key in dict.fromkeys(_ID.findall(address + (said or ""))):
        row = known.get(key)
        other = ground.rows["annex"].get(type(row))
        if row is None or other is None or str(other.sourced_id) == key:
            continue
        changed = body if said is None else json.loads(said.replace(key, str(other.sourced_id)))
        yield address.replace(key, str(other.sourced_id)), changed, f"{type(row).__name__} {UUID(key)}"


def test_every_row_that_a_request_names_is_in_reach(ground: Ground) -> None:
    cases, done = 0, {}
    for row in WRITES:
        body = _body(ground, row.name, "Max")
        address = row.address.format(**ground.at)
        for there, said, which in _swapped(ground, address, body):
            cases += 1
            status, text = _answered(ground, "Max", row.method, there, said)
            if status < 400:
                done[f"{row.name}: {which}"] = (status, text[:200])
    assert cases > 80
    assert done == {}


def test_the_walk_finds_a_service_that_forgets_the_campus(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.access.services.roles.require_everywhere", access.require)
    said = {"permissions": [], "version": 1}
    status, _ = _answered(ground, "Ada", "PUT", f"roles/{ground.id('role')}/permissions", said)
    assert status == 200
