"""Any two files of a school: what is shown is what comes, sent again nothing does, and taken back all is as before."""

from __future__ import annotations

import dataclasses
import io
import random
import zipfile
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.exchange import errors
from apps.exchange.models import Counterpart, Import, ImportRow
from apps.exchange.services.changed import TABLES
from apps.institutions import services as institutions
from apps.institutions.models import CourseClass, CourseClassTerm, Term
from apps.students.models import Enrolment, SectionMembership
from tests.apps.exchange.bundles import CLASSES, COURSES, ORGS, PLACES, SESSIONS, Files, zipped
from tests.apps.exchange.sending import Read, applied, undone

USERS = (
    "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,"
    "phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,"
    "preferredFamilyName,primaryOrgSourcedId,pronouns"
)
ROLES = (
    "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId"
)
STAMP = "active,2026-11-01T08:00:00.000Z"
TERMS = {
    "none": [],
    "halves": ["t1,,,Autumn,term,2026-08-15,2026-12-20,y1,2027", "t2,,,Spring,term,2027-01-07,2027-07-20,y1,2027"],
    "nested": [
        "t1,,,Autumn,term,2026-08-15,2026-12-20,y1,2027",
        "t2,,,Spring,term,2027-01-07,2027-07-20,y1,2027",
        "t3,,,Full,term,2026-08-15,2027-07-20,y1,2027",
    ],
}
DAYS = st.sampled_from(["", "2026-09-14", "2026-10-05", "2026-12-01"])


@dataclasses.dataclass(frozen=True)
class Child:
    """One child as a file tells of it: when it leaves, when it comes (back), and where it moves on which day."""

    name: str
    middle: str
    campus: int
    grade: str
    phone: str
    begins: str
    leaves: str
    section: int
    moves_on: str
    taught: bool
    agents: str
    number: str


@dataclasses.dataclass(frozen=True)
class File:
    """A file; ``terms`` and ``grade`` are of the school, the rest of its people."""

    terms: str
    year_named: bool
    class_term: str
    assistant: bool
    title: str
    capacity: str
    children: tuple[Child, ...]
    seed: int
    delta: bool


CHILD = st.builds(
    Child,
    name=st.sampled_from(["Ada", "Bo", "Ånna"]),
    middle=st.sampled_from(["", "Maria"]),
    campus=st.sampled_from([1, 1, 1, 2]),
    grade=st.sampled_from(["07", "07", "08", ""]),
    phone=st.sampled_from(["", "1", "2"]),
    begins=st.sampled_from(["", "", "2026-08-15", "2026-11-09"]),
    leaves=DAYS,
    section=st.integers(0, 2),
    moves_on=DAYS,
    taught=st.booleans(),
    agents=st.sampled_from(["", "g1", "g1,s1", "s1"]),
    number=st.sampled_from(["", "", "X1"]),
)
FILE = st.builds(
    File,
    terms=st.sampled_from([*TERMS]),
    year_named=st.sampled_from([True, True, False]),
    class_term=st.sampled_from(["y1", "t1", "t2", "t3"]),
    assistant=st.booleans(),
    title=st.sampled_from(["7 A", "7 Alpha"]),
    capacity=st.sampled_from(["", "", "1"]),
    children=st.lists(CHILD, min_size=1, max_size=3).map(tuple),
    seed=st.integers(0, 99),
    delta=st.booleans(),
)


def rows_of(said: File) -> dict[str, list[str]]:
    sessions = ["y1,,,2026-2027,schoolYear,2026-08-15,2027-07-20,,2027"] if said.year_named else []
    sessions += [each if said.year_named else each.replace(",y1,", ",,") for each in TERMS[said.terms]]
    session = "y1" if said.year_named else "t1"
    classes = [
        f"k1,,,{said.title},07,c1,HR-A,homeroom,,o1,{session},Homeroom,,,{said.capacity}",
        f"k2,,,7 B,07,c1,HR-B,homeroom,,o1,{session},Homeroom,,,",
        f"k3,,,8 A,08,c8,HR-8,homeroom,,o1,{session},Homeroom,,,",
        f"k4,,,7 A,07,c1,HR-A,homeroom,,o2,{session},Homeroom,,,",
        f"m1,,,Chemistry,07,mm,CHE-1,scheduled,,o1,{said.class_term},Chemistry,,,",
    ]
    users = ["s1,,,true,sue,,Sue,Tarn,,S-1,,,,,,,,,,,o1,", "g1,,,true,gus,,Gus,Vale,,,,,0171,,,,,,,,,"]
    roles = ["r-s1,,,s1,primary,teacher,,,o1,", "r-s1g,,,s1,secondary,guardian,,,o1,", "r-g1,,,g1,primary,parent,,,o1,"]
    places = [f"e-s1,,,m1,o1,s1,teacher,{'false' if said.assistant else 'true'},,"]
    for number, each in enumerate(said.children, start=1):
        key = f"u{number}"
        agents = f'"{each.agents}"'
        users.append(
            f"{key},,,true,u{number},,{each.name},Byron,{each.middle},{each.number or 1000 + number},,,{each.phone},"
            f"{agents},{each.grade},,,,,,o{each.campus},"
        )
        roles.append(f"r-{key},,,{key},primary,student,{each.begins},{each.leaves},o{each.campus},")
        group = ("k1", "k2", "k3")[each.section] if each.campus == 1 else "k4"
        places.append(f"e-{key},,,{group},o{each.campus},{key},student,,,{each.moves_on}")
        if each.moves_on and each.campus == 1:
            places.append(f"f-{key},,,{'k2' if group == 'k1' else 'k1'},o1,{key},student,,{each.moves_on},")
        if each.taught:
            places.append(f"m-{key},,,m1,o1,{key},student,,,")
    return {"academicSessions": sessions, "classes": classes, "users": users, "roles": roles, "enrollments": places}


HEADS = {
    "academicSessions": SESSIONS,
    "classes": f"{CLASSES},metadata.capacity",
    "users": USERS,
    "roles": ROLES,
    "enrollments": PLACES,
}


def written(said: File, *, delta: bool) -> bytes:
    """The file, its rows in any order. A delta leaves out the campuses, courses and roles that were said before."""
    rows = rows_of(said)
    shuffled = random.Random(said.seed)
    files: Files = {}
    for name, lines in rows.items():
        shuffled.shuffle(lines)
        if delta and name in {"academicSessions", "roles"}:
            continue
        mine = [line.replace(",,,", f",{STAMP},", 1) if delta else line for line in lines]
        files[name] = "\n".join([HEADS[name], *mine, ""])
    if not delta:
        files["orgs"] = f"{ORGS}o2,,,Hill,school,H2,\n"
        files["courses"] = f"{COURSES}c8,,,,Homeroom 8,HR8,08,o1,Homeroom,\nmm,,,,Chemistry,CHE,,o1,Chemistry,\n"
    listed = "".join(f"file.{name},{'delta' if delta else 'bulk'}\n" for name in files)
    manifest = f"propertyName,value\nmanifest.version,1.0\noneroster.version,1.2\n{listed}"
    return zipped({"manifest": manifest, **files})


# What an undo changes though all is as before.
_STAMPS = {"version", "date_last_modified", "run"}


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row that an import may touch."""
    models = {*TABLES.values(), Enrolment, Counterpart, CourseClassTerm}
    found = {}
    for model in models:
        own = {"id"} if model in {Counterpart, CourseClassTerm} else set()
        names = [each.attname for each in model._meta.concrete_fields if each.name not in _STAMPS | own]
        found[model.__name__] = sorted(model.objects.values(*names), key=str)
    return found


def promised(run: Import) -> list[tuple[Any, ...]]:
    rows = ImportRow.objects.filter(run=run).order_by("pk")
    return [(each.file, each.row, each.kind, each.action, [error["code"] for error in each.errors]) for each in rows]


def brought(read: Read, content: bytes) -> Import:
    run = read(content, "roster.zip")
    assert run.problem is None
    shown = promised(run)
    before = everything()
    run = applied(run)
    assert promised(run) == shown
    again = read(content, "roster.zip")
    changing = ImportRow.objects.filter(run=again, action__in=("create", "update"))
    assert [(each.kind, each.row, each.key, each.before, each.after) for each in changing] == []
    undone(run)
    after = everything()
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {
        name: rows for name, rows in before.items() if rows != after[name]
    }
    return applied(read(content, "roster.zip"))


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(first=FILE, second=FILE)
def test_come_as_shown_once_and_go_without_a_trace(registrar: User, read: Read, first: File, second: File) -> None:
    with transaction.atomic():
        brought(read, written(first, delta=False))
        brought(read, written(second, delta=second.delta))
        transaction.set_rollback(True)


def test_who_moves_and_then_leaves_by_one_file_does_as_shown(registrar: User, read: Read) -> None:
    """Leaving ends the place that the next row ends earlier: nobody changed it meanwhile."""
    there = Child("Bo", "", 1, "07", "", "", "", 1, "", taught=True, agents="", number="")
    first = File("none", True, "y1", True, "7 A", "", children=(there,), seed=53, delta=False)
    going = dataclasses.replace(there, leaves="2026-12-01", moves_on="2026-09-14")
    brought(read, written(first, delta=False))
    brought(read, written(dataclasses.replace(first, children=(going,), seed=18), delta=False))
    ends = SectionMembership.objects.order_by("starts_on").values_list("ends_on", flat=True)
    assert [str(each) for each in ends] == ["2026-09-14", "2026-12-01"]


def test_a_class_gets_another_term_and_another_kind_of_teacher(registrar: User, read: Read) -> None:
    there = Child("Ada", "", 1, "07", "", "", "", 0, "", taught=True, agents="", number="")
    first = File("halves", True, "y1", True, "7 A", "", children=(there,), seed=64, delta=False)
    going = dataclasses.replace(
        there, phone="1", begins="2026-11-09", leaves="2026-12-01", moves_on="2026-09-14", taught=False
    )
    moved = dataclasses.replace(first, terms="nested", class_term="t3", assistant=False, children=(going,), seed=82)
    brought(read, written(first, delta=False))
    brought(read, written(moved, delta=False))


@pytest.mark.parametrize("class_term", ["y1", "t2"])
def test_a_new_term_that_a_person_used_since_stays(registrar: User, read: Read, class_term: str) -> None:
    """Be the class one that the file changed as well, or one that it left as it was."""
    there = Child("Ada", "", 1, "07", "", "", "", 0, "", taught=True, agents="", number="")
    first = File("none", True, "y1", True, "7 A", "", children=(there,), seed=64, delta=False)
    brought(read, written(first, delta=False))
    run = applied(
        read(written(dataclasses.replace(first, terms="nested", class_term=class_term), delta=False), "roster.zip")
    )
    chemistry = CourseClass.objects.get()
    full = Term.objects.get(name="Full", year=chemistry.year)
    institutions.change_class(course_class=chemistry, fields={}, terms=[full], by=registrar)
    with pytest.raises(errors.ChangedSince, match="Chemistry"):
        undone(run)


def test_a_class_gets_a_course_that_the_file_brings(registrar: User, read: Read) -> None:
    there = Child("Ada", "", 1, "07", "", "", "", 0, "", taught=True, agents="", number="")
    first = File("none", True, "y1", True, "7 A", "", children=(there,), seed=64, delta=False)
    brought(read, written(first, delta=False))
    brought(read, _exchanged(written(first, delta=False)))
    assert CourseClass.objects.get().course.code == "CHX"


def _exchanged(content: bytes) -> bytes:
    """The file with another course for Chemistry."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name.removesuffix(".csv"): archive.read(name).decode() for name in archive.namelist()}
    files["courses"] += "nn,,,,Advanced chemistry,CHX,,o1,Chemistry,\n"
    files["classes"] = files["classes"].replace(",07,mm,CHE-1", ",07,nn,CHE-1")
    return zipped(files)
