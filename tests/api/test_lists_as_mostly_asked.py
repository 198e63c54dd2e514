"""The first page of a list that is asked for as it mostly is comes by a statement that was compiled once.

It says what the same list says where it is built anew: which any other length of a page is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.access import services as access
from apps.access.models import RoleAssignment
from apps.accounts.models import User
from apps.attendance.models import AttendanceCode, DeskEntry
from apps.institutions.models import Institution
from apps.students.models import Student
from schoolops import clock
from schoolops.api.viewsets import RowViewSet
from schoolops.tenancy.models import School
from tests.api.addresses import PLAIN, addresses
from tests.factories import full, people
from tests.factories.people import SCHOOL_DAY, Campus
from tests.factories.rolls import take
from tests.factories.talking import Talk

ANEW = 199


@pytest.fixture
def everybody(in_oak: School, campus: Campus, client_for: Callable[[School], Client]) -> dict[str, Talk]:
    """Who reaches all, a class, one campus of two, one's own children, oneself; with rolls and words of the desk."""
    annex = people.a_school_year(name="Annex", sections=("7 B", "8 C"))
    people.some_students(4, section=annex.section)
    # More than a page, of both campuses; and a name that holds what other names hold.
    people.some_students(55, section=people.another_section(campus, "8 D"))
    people.a_user("head", role="head")
    people.a_user("office", role="registrar")
    people.a_user("there", role="head", institution=annex.institution)
    both = people.a_teacher("both", of=campus.section)
    RoleAssignment.objects.create(
        user=both, role=people.a_user("other", role="head").role_assignments.get().role, institution=annex.institution
    )
    children = people.students_in(campus.section)[:2]
    people.a_guardian("parent", of=children)
    head = User.objects.get(username="head")
    for section in (campus.section, annex.section):
        students = people.students_in(section)
        take(section, {students[0]: "A", students[1]: "A"}, by=head)
        DeskEntry.objects.bulk_create(
            DeskEntry(
                student=each, institution=section.institution, day=SCHOOL_DAY,
                code=AttendanceCode.objects.get(code="L"), entered_at=clock.now(), remark=each.given_name,
            )
            for each in students[1:3]
        )  # fmt: skip
    gone = Student.objects.create(
        institution=Institution.objects.get(pk=campus.institution.pk), admission_number="M1", given_name="Amina",
        merged_into=children[0],
    )  # fmt: skip
    assert gone.merged_into is not None
    names = ("head", "office", "there", "both", "parent")
    return {name: Talk(client_for(in_oak), User.objects.get(username=name)) for name in names}


def _said(answer: Any) -> Any:
    return (answer.status_code, answer.json().get("results", answer.json().get("code")))


def test_it_says_what_the_same_list_says_when_it_is_built_anew(everybody: dict[str, Talk], campus: Campus) -> None:
    child = people.students_in(campus.section)[0].sourced_id
    lists = [
        "students?", "students?q=ha", "students?q=Ha ami", "students?q=100%", "students?q=a b c d", "students?q=,",
        "absentees?", f"absentees?day={SCHOOL_DAY}", "absentees?day=2026-10-01", "desk?", "desk?day=2026-10-01",
        f"students/{child}/attendance?",
    ]  # fmt: skip
    shown = {}
    for name, talk in everybody.items():
        for address in lists:
            usual, anew = _said(talk.get(address)), _said(talk.get(f"{address}&limit={ANEW}"))
            if usual[0] == 200:
                anew = (anew[0], anew[1][:50])
                shown[name, address] = len(usual[1])
            assert usual == anew, (name, address)
    assert shown["head", "students?"] == 50
    assert 0 < shown["head", "students?q=ha"] < 50
    assert (shown["there", "absentees?"], shown["head", "absentees?"]) == (2, 4)
    assert (shown["both", "absentees?"], shown["parent", "students?"]) == (4, 2)
    assert shown["office", "desk?"] == 4
    assert shown["parent", f"students/{child}/attendance?"] == 1


def test_its_next_page_follows_the_first(everybody: dict[str, Talk]) -> None:
    first = everybody["head"].get("students").json()
    rest = everybody["head"].get(f"students?cursor={first['next']}").json()
    ids = [row["id"] for row in (*first["results"], *rest["results"])]
    whole = everybody["head"].get(f"students?limit={ANEW}").json()["results"]
    assert ids == [row["id"] for row in whole]


TAKEN = {
    "students": ("there", "students.view"),
    "students?q=ha": ("head", "students.view"),
    "absentees": ("both", "attendance.view"),
    "desk": ("office", "attendance.desk"),
    "students/{child}/attendance": ("both", "attendance.view"),
}


@pytest.mark.parametrize("address", TAKEN)
def test_a_permission_that_is_taken_away_counts_with_the_next_request(
    everybody: dict[str, Talk], campus: Campus, address: str
) -> None:
    name, permission = TAKEN[address]
    address = address.format(child=people.students_in(campus.section)[0].sourced_id)
    for _ in range(3):
        assert everybody[name].get(address).status_code == 200
    erin = people.a_user("erin", role="administrator")
    held = {assignment.role for assignment in RoleAssignment.objects.filter(user__username=name)}
    for role in held:
        kept = set(role.permissions.values_list("permission", flat=True)) - {permission}
        access.set_permissions(role=role, permissions=kept, expected_version=role.version, by=erin)
    assert everybody[name].get(address).status_code == 403


def test_a_role_that_is_withdrawn_counts_with_the_next_request(everybody: dict[str, Talk], campus: Campus) -> None:
    both = everybody["both"]
    assert [len(both.get("students").json()["results"]) > 12 for _ in range(2)] == [True, True]
    erin = people.a_user("erin", role="administrator")
    over_the_annex = RoleAssignment.objects.get(user__username="both", institution__isnull=False)
    access.withdraw_role(assignment=over_the_annex, by=erin)
    # Their own class's, and nobody of the Annex any more.
    ids = {row["id"] for row in both.get("students").json()["results"]}
    assert ids == {str(each.sourced_id) for each in people.students_in(campus.section)}


LISTS = sorted(
    each.route.removeprefix(PLAIN)
    for each in addresses()
    if each.action == "list" and each.view is not None and issubclass(each.view, RowViewSet)
    and each.view.usual is not RowViewSet.usual and "<" not in each.route and not each.is_alias
)  # fmt: skip


@pytest.fixture
def whoever(in_oak: School, campus: Campus, client_for: Callable[[School], Client]) -> dict[str, Talk]:
    """Something of everything at two campuses; and who works at both, at one of them, in a section of each, or has a
    child."""
    annex = people.a_school_year(name="Annex", sections=("7 B", "8 C"))
    erin = people.a_user("erin", role="administrator")
    for place, tag in ((campus, "A"), (annex, "Z")):
        full.fill(place, 3, erin, tag)
    made = [erin, people.a_guardian("parent", of=people.students_in(campus.section)[:2])]
    for role in ("head", "registrar", "accountant"):
        made += [
            people.a_user(role, role=role),
            people.a_user(f"{role}-there", role=role, institution=annex.institution),
        ]
    made.append(people.a_teacher("both", of=campus.section))
    return {user.username: Talk(client_for(in_oak), user) for user in made}


def test_every_list_that_is_compiled_says_what_it_says_when_it_is_built_anew(whoever: dict[str, Talk]) -> None:
    shown: dict[str, dict[str, int]] = {}
    for name, talk in whoever.items():
        for address in LISTS:
            usual, anew = _said(talk.get(address)), _said(talk.get(f"{address}?limit={ANEW}"))
            if usual[0] == 200:
                shown.setdefault(address, {})[name] = len(anew[1])
                anew = (anew[0], anew[1][:50])
            assert usual == anew, (name, address)
    # Each is open to somebody, and of what campuses have nobody sees more at one than at both.
    assert shown.keys() == set(LISTS)
    for address in ("invoices", "payments", "fee-items", "accounts", "messages", "staff"):
        for role in ("head", "accountant"):
            seen = shown[address]
            assert 0 <= seen.get(f"{role}-there", 0) < max(1, seen.get(role, 1)), (address, seen)
