"""Whoever is there is found as people type them, and stands where people look for them."""

from __future__ import annotations

import ast
import csv
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest

from apps.accounts.models import User
from apps.institutions.models import Institution
from apps.staff.models import StaffMember
from apps.students.models import Guardian, SectionMembership, Student
from apps.students.selectors import guardians_matching, matching
from schoolops.context import inside
from schoolops.tenancy import owner
from schoolops.tenancy.models import School
from tests.apps.asking import asking
from tests.architecture import source
from tests.factories import people
from tests.factories.people import Campus

# How people are called, and how somebody types it who has another keyboard, or pastes it from a letter.
PEOPLE = (
    ("Anežka", "Dvořák", ("Dvorak", "DVOŘÁK", "dvorak anezka")),
    ("João", "Silva", ("Joao", "joa\N{COMBINING TILDE}o")),
    ("Siobhán", "O’Brien", ("O'Brien", "O`Brien", "O’Brien", "Siobhan OBrien")),
    ("İpek", "Yıldız", ("ipek yildiz", "IPEK YILDIZ")),
    ("Ute", "Groß", ("Gross", "GROẞ", "groß")),
    ("Anne-Marie", "Núñez", ("anne marie", "Anne‑Marie Nunez", "\u200fNúñez")),
    ("أحمد", "حداد", ("احمد", "حداد أحمد")),
    ("王", "李", ("李",)),
)
TYPED = [(given, family, said) for given, family, typed in PEOPLE for said in (*typed, f"{given} {family}")]
# By family name, then given, whatever is capital or has an accent; who has one name stands at that.
ORDERED = (
    ("Piet", "de Vries"), ("Pia", "De Winter"), ("Éric", "Émond"), ("José", "Muñoz"), ("Ana", "Muñoz-Diaz"),
    ("Åsa", "Öberg"), ("Zoe", "O’Brien"), ("Ole", "Østergaard"), ("Sukarno", ""), ("Zach", "Zulu"), ("أمل", "بدر"),
    ("ثائر", "حداد"),
)  # fmt: skip
NAME_COLUMNS = {"family_name", "given_name", "full_name"}


@pytest.mark.parametrize(("given", "family", "said"), TYPED)
def test_everybody_is_found_by_every_way_of_typing_them(
    campus: Campus, dave: User, erin: User, given: str, family: str, said: str
) -> None:
    student = people.students_in(campus.section)[0]
    Student.objects.filter(pk=student.pk).update(given_name=given, family_name=family, preferred_name="")
    guardian = Guardian.objects.create(given_name=given, family_name=family)
    member = StaffMember.objects.create(
        institution=campus.institution, staff_number="S-77", given_name=given, family_name=family
    )
    user = people.a_user("somebody", role="teacher")
    User.objects.filter(pk=user.pk).update(given_name=given, family_name=family)
    for by, kind, row in ((dave, "students", student), (dave, "guardians", guardian), (dave, "staff", member)):
        assert str(row.sourced_id) in {each["id"] for each in asking(by).rows(f"{kind}?{_q(said)}")}, kind
    assert str(user.sourced_id) in {each["id"] for each in asking(erin).rows(f"users?{_q(said)}")}


def _q(said: str) -> str:
    return urlencode({"q": said})


@pytest.mark.parametrize("said", ["+44 (0)20 7946-0123", "020/7946 0123", "٠٢٠ ٧٩٤٦ ٠١٢٣", "Carol 7946.0123"])
@pytest.mark.parametrize("stored", ["+44 (20) 7946 01 23", "020-79460123", "+44 (0) 20 7946 0123"])
def test_a_guardian_is_found_by_their_number_however_it_is_grouped(in_oak: School, said: str, stored: str) -> None:
    guardian = Guardian.objects.create(given_name="Carol", family_name="Ash", phone=stored)
    said = said.removeprefix("+44 (0)") if not stored.startswith("+44") else said
    assert Guardian.objects.filter(guardians_matching(said)).get() == guardian


@pytest.mark.parametrize("said", ["7b", "7 B", "7B", "grade 7b", "GRADE 7 B", "٧ b"])
def test_a_section_is_found_with_and_without_the_space(campus: Campus, alice: User, said: str) -> None:
    assert [row["name"] for row in asking(alice).rows(f"sections?{_q(said)}")] == ["B"]


def test_searching_reads_indexes(fresh_school: Callable[..., School]) -> None:
    school = fresh_school()
    with inside(school):
        # Among a handful of rows any plan would do.
        people.some_students(2000, institution=Institution.objects.create(name="Large", code="L"))
        Guardian.objects.bulk_create(Guardian(given_name="Ann", family_name=f"Person {n}") for n in range(2000))
        with owner.owner_connection() as owning:
            for table in ("students_student", "students_guardian"):
                owning.execute(f"VACUUM ANALYZE {school.schema_name}.{table}")
        guardians = Guardian.objects.filter(guardians_matching("zzqx")).values("pk").order_by("name_key")
        assert "guardian_search" in guardians.explain()
        students = Student.objects.filter(matching("zzqx"), merged_into=None).values("pk").order_by("name_key")
        assert "student_search" in students.explain()
        page = Student.objects.kept().order_by("name_key", "id").values("pk")[:51]
        assert "student_by_name" in page.explain()


def test_page_file_and_roll_have_one_order(campus: Campus, alice: User) -> None:
    ordered = [f"{given} {family}".strip() for given, family in ORDERED]
    students = people.students_in(campus.section)[: len(ORDERED)]
    assert len(students) == len(ORDERED)
    for student, (given, family) in zip(reversed(students), ORDERED, strict=True):
        Student.objects.filter(pk=student.pk).update(given_name=given, family_name=family)

    def names(rows: list[dict[str, Any]]) -> list[str]:
        called = [f"{row['given_name']} {row['family_name']}".strip() for row in rows]
        return [each for each in called if each in ordered]

    ask = asking(alice)
    assert names(ask.rows("students?sort=name&limit=200")) == ordered
    paged: list[dict[str, Any]] = []
    address = "students?sort=name&limit=3"
    while address:
        page = ask.get(address).json()
        paged += page["results"]
        address = f"students?sort=name&limit=3&cursor={page['next']}" if page["next"] else ""
    assert names(paged) == ordered
    file = b"".join(ask.get("students?sort=name&as=csv").streaming_content).decode("utf-8-sig")
    assert names(list(csv.DictReader(StringIO(file)))) == ordered
    assert [str(each) for each in Student.objects.all() if str(each) in ordered] == ordered
    # Numbers go before names on a roll.
    SectionMembership.objects.update(roll_number=None)
    roll = ask.get(f"sections/{campus.section.sourced_id}/roll/{people.SCHOOL_DAY}").json()
    assert names(roll["records"]) == ordered


def _orders(module: ast.Module) -> Iterator[ast.AST]:
    """What a module puts rows in order by: arguments of ``order_by``, keywords and attributes called so, keys."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "order_by":
            yield from node.args
        elif isinstance(node, ast.keyword) and (
            node.arg in {"ordering", "order_by"} or (node.arg == "key" and isinstance(node.value, ast.Lambda))
        ):
            yield node.value
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if {getattr(each, "id", "") for each in targets} & {"ordering", "sorts"}:
                yield node.value


def _names_in(order: ast.AST) -> set[str]:
    said = {str(each.value) for each in ast.walk(order) if isinstance(each, ast.Constant)}
    said |= {each.attr for each in ast.walk(order) if isinstance(each, ast.Attribute)}
    return {each for each in said if each.lstrip("-").rpartition("__")[2] in NAME_COLUMNS}


def test_nothing_is_put_in_order_by_a_name_but_by_where_it_stands() -> None:
    looked = 0
    for path, program in source.parsed(source.files("apps"), "order_by", "ordering", "sorts", "lambda"):
        for order in _orders(program):
            looked += 1
            assert _names_in(order) == set(), f"{path}:{getattr(order, 'lineno', 0)}"
    assert looked > 100
    (planted,) = _orders(ast.parse("rows.order_by('student__family_name')"))
    assert _names_in(planted)
