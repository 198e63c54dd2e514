"""A catalogue of what strangers send: each is refused by its code, and leaves no trace in the school's data."""

from __future__ import annotations

import stat
from collections.abc import Callable
from typing import Any

import pytest

from apps.exchange import errors, services
from apps.exchange.models import Import, ImportRow
from apps.institutions.models import AcademicYear, Course, GradeLevel, Institution, Section
from apps.staff.models import StaffMember
from apps.students.models import Enrolment, Guardian, Student
from schoolops.errors import SchoolOpsError
from tests.apps.exchange.bundles import (
    ADA,
    CLASSES,
    HOMEROOM,
    PLACES,
    SESSIONS,
    USERS,
    YEAR,
    bomb_of_a_sheet,
    damaged_in_the_middle,
    encrypted,
    lying_about_its_size,
    sheet,
    sheet_damaged_inside,
    sheet_of_many_texts,
    sheet_with_entities,
    sound,
    twice,
    with_entry,
    zipped,
)

STUDENTS = "Admission number,Given name,Family name,Birth date,Sex,E-mail,Grade\n"
# Name → (what is sent, what it is called, the code).
FILES: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "not an archive": (lambda: b"hello", "roster.zip", "exchange:archive-damaged"),
    "cut off": (lambda: zipped(sound())[:-40], "roster.zip", "exchange:archive-damaged"),
    "a picture": (lambda: b"\x89PNG\r\n", "photo.png", "exchange:file-kind-unknown"),
    "encrypted": (encrypted, "roster.zip", "exchange:archive-encrypted"),
    "a path upwards": (lambda: with_entry("../orgs.csv"), "roster.zip", "exchange:archive-path"),
    "an absolute path": (lambda: with_entry("/etc/passwd"), "roster.zip", "exchange:archive-path"),
    "a Windows path": (lambda: with_entry("a:b.csv"), "roster.zip", "exchange:archive-path"),
    "a folder": (lambda: with_entry("roster/more.csv"), "roster.zip", "exchange:archive-path"),
    "a symbolic link": (
        lambda: with_entry("link.csv", b"/etc/passwd", create_system=3, external_attr=(stat.S_IFLNK | 0o777) << 16),
        "roster.zip",
        "exchange:archive-path",
    ),
    "an archive inside": (lambda: with_entry("more.zip"), "roster.zip", "exchange:archive-nested"),
    "a file twice": (twice, "roster.zip", "exchange:archive-file-twice"),
    "a bomb": (lambda: with_entry("bomb.csv", b"0" * 30_000_000), "roster.zip", "exchange:archive-bomb"),
    "a bomb inside a spreadsheet": (bomb_of_a_sheet, "students.xlsx", "exchange:archive-bomb"),
    "too many files": (
        lambda: zipped({**sound(), **{f"f{number}": "x" for number in range(70)}}),
        "roster.zip",
        "exchange:archive-too-many-files",
    ),
    "changed on the way": (damaged_in_the_middle, "roster.zip", "exchange:archive-damaged"),
    "longer than it says": (lying_about_its_size, "roster.zip", "exchange:archive-damaged"),
    "entities in a spreadsheet": (sheet_with_entities, "students.xlsx", "exchange:sheet-unreadable"),
    "a spreadsheet damaged inside its sheet": (sheet_damaged_inside, "students.xlsx", "exchange:sheet-unreadable"),
    "a column too many": (
        ",".join(["Admission number", *(f"c{number}" for number in range(500))]).encode,
        "students.csv",
        "exchange:too-many-columns",
    ),
    "a sheet column too many": (
        lambda: sheet(["Admission number", *(f"c{number}" for number in range(600))]),
        "students.xlsx",
        "exchange:too-many-columns",
    ),
    "two columns that differ by case": (
        lambda: b"Admission number,Given name,Phone,phone\n1,Ada,2,3\n",
        "students.csv",
        "exchange:column-twice",
    ),
    "a column with an essay for a name": (
        f"Admission number,Given name,{'x' * 201}\n1,Ada,2\n".encode,
        "students.csv",
        "exchange:column-name-too-long",
    ),
    "no manifest": (
        lambda: zipped({"people": "Colour,Taste\nred,sweet\n"}),
        "roster.zip",
        "exchange:manifest-missing",
    ),
    "another version": (
        lambda: zipped({**sound(), "manifest": "propertyName,value\noneroster.version,1.0\n"}),
        "roster.zip",
        "exchange:version-unknown",
    ),
    "an unknown mode": (
        lambda: zipped({**sound(), "manifest": "a,b\noneroster.version,1.1\nfile.orgs,some\n"}),
        "roster.zip",
        "exchange:manifest-mode-unknown",
    ),
    "a file that is not there": (
        lambda: zipped({**sound(orgs=None), "manifest": "a,b\noneroster.version,1.1\nfile.orgs,bulk\n"}),
        "roster.zip",
        "exchange:bundle-file-missing",
    ),
    "a column that is not there": (
        lambda: zipped(sound(orgs="sourcedId,status,dateLastModified,type\no1,,,school\n")),
        "roster.zip",
        "exchange:column-missing",
    ),
    "a column twice": (
        lambda: zipped(sound(orgs="sourcedId,name,name,type\no1,a,b,school\n")),
        "roster.zip",
        "exchange:column-twice",
    ),
    "an empty file": (lambda: zipped(sound(orgs="")), "roster.zip", "exchange:sheet-empty"),
    "an open quotation mark": (
        lambda: zipped(sound(users=f'{USERS}\ns1,,,true,o1,student,"ada,,Ada\n')),
        "roster.zip",
        "exchange:csv-malformed",
    ),
    "Windows-1250, or what else": (
        lambda: f"{STUDENTS}1,Jiří\n".encode("cp1250"),
        "students.csv",
        "exchange:wrong-encoding",
    ),
    "Windows-1256": (lambda: f"{STUDENTS}1,محمد\n".encode("cp1256"), "students.csv", "exchange:wrong-encoding"),
    "UTF-16 without a mark": (
        lambda: f"{STUDENTS}1,Zoë\n".encode("utf-16-le"),
        "students.csv",
        "exchange:wrong-encoding",
    ),
    "NUL characters": (lambda: _students("1,A\0da,,,,,"), "students.csv", "exchange:wrong-encoding"),
    "another table": (lambda: b"Colour,Taste\nred,sweet\n", "students.csv", "exchange:column-missing"),
}


def _users(*lines: str) -> bytes:
    return zipped(sound(users="\n".join((USERS, *lines)) + "\n"))


def _sessions(line: str) -> bytes:
    return zipped(sound(academicSessions=f"{SESSIONS}\n{YEAR}\n{line}\n"))


def _places(*lines: str, **more: str) -> bytes:
    return zipped(sound(enrollments="\n".join((PLACES, *lines)) + "\n", **more))


def _students(*lines: str) -> bytes:
    return (STUDENTS + "\n".join(lines) + "\n").encode()


# Name → (what is sent, what it is called, the code of the one row that is wrong).
ROWS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "no name": (lambda: _users("s1,,,true,o1,student,ada,,,Byron,,1001,,,,,07,"), "r.zip", "exchange:value-missing"),
    "an id twice": (lambda: _users(ADA, ADA.replace("1001", "1002")), "r.zip", "exchange:duplicate-in-file"),
    "a number twice": (lambda: _users(ADA, ADA.replace("s1", "s2")), "r.zip", "exchange:duplicate-in-file"),
    "an unknown role": (
        lambda: _users(ADA, ADA.replace("s1", "s2").replace("student", "wizard").replace("1001", "1002")),
        "r.zip", "exchange:word-unknown",
    ),
    "a formula": (
        lambda: _users(ADA, "s2,,,true,o1,student,eve,,=HYPERLINK(1),Eve,,1002,,,,,07,"), "r.zip", "exchange:formula"
    ),
    "a school that is not there": (
        lambda: _users(ADA, "s2,,,true,o9,student,eve,,Eve,Eve,,1002,,,,,07,"), "r.zip", "exchange:refers-to-nothing"
    ),
    "a status nobody knows": (
        lambda: _users(ADA, "s2,perhaps,,true,o1,student,eve,,Eve,Eve,,1002,,,,,07,"), "r.zip", "exchange:word-unknown"
    ),
    "an e-mail that is none": (
        lambda: _users(ADA, "s2,,,true,o1,student,eve,,Eve,Eve,,1002,nowhere,,,,07,"), "r.zip",
        "exchange:email-malformed",
    ),
    "too long": (
        lambda: _users(ADA, f"s2,,,true,o1,student,eve,,{'E' * 101},Eve,,1002,,,,,07,"), "r.zip",
        "exchange:value-too-long",
    ),
    "too many cells": (
        lambda: _users(ADA, "s2,,,true,o1,student,eve,,Eve,Eve,,1002,,,,,07,,more"), "r.zip", "exchange:too-many-cells"
    ),
    "neither yes nor no": (
        lambda: _users(ADA, "s2,,,perhaps,o1,student,eve,,Eve,Eve,,1002,,,,,07,"), "r.zip",
        "exchange:yes-or-no-unreadable",
    ),
    "a class that is not there": (
        lambda: _places("e1,,,k9,o1,s1,student,,2026-08-15,"), "r.zip", "exchange:refers-to-nothing"
    ),
    "a student who is not there": (
        lambda: _places("e1,,,k1,o1,s9,student,,2026-08-15,"), "r.zip", "exchange:refers-to-nothing"
    ),
    "an end before the start": (
        lambda: _places("e1,,,k1,o1,s1,student,,2026-10-01,2026-09-01"), "r.zip", "exchange:ends-before-start"
    ),
    "outside the year": (
        lambda: _places("e1,,,k1,o1,s1,student,,2028-10-01,"), "r.zip", "exchange:outside-year"
    ),
    "two homerooms": (
        lambda: _places("e1,,,k1,o1,s1,student,,,", "e2,,,k2,o1,s1,student,,,", classes=f"{CLASSES}\n{HOMEROOM}\n"
            "k2,,,7 B,07,c1,HR-B,homeroom,,o1,y1,Homeroom,,\n"), "r.zip", "exchange:two-homerooms"
    ),
    "another grade": (
        lambda: zipped(sound(users=f"{USERS}\n{ADA.replace(',07,', ',08,')}\n")), "r.zip", "exchange:grade-differs"
    ),
    "a homeroom without a grade": (
        lambda: zipped(sound(classes=f"{CLASSES}\n{HOMEROOM}\nk2,,,B,,c9,HR-B,homeroom,,o1,y1,,,\n")), "r.zip",
        "exchange:grade-missing",
    ),
    "a year backwards": (
        lambda: _sessions("y2,,,Back,schoolYear,2029-08-15,2028-07-20,,2028"),
        "r.zip", "exchange:ends-before-start",
    ),
    "years that overlap": (
        lambda: _sessions("y2,,,Same,schoolYear,2026-10-15,2027-09-20,,2027"),
        "r.zip", "exchange:years-overlap",
    ),
    "a school year of words": (
        lambda: _sessions("t1,,,One,term,2026-08-15,2026-12-20,y1,next"),
        "r.zip", "exchange:school-year-unreadable",
    ),
    "a term outside its year": (
        lambda: _sessions("t1,,,One,term,2025-08-15,2026-12-20,y1,2027"),
        "r.zip", "exchange:outside-year",
    ),
    "a delta without status": (
        lambda: zipped({**sound(), "manifest": sound()["manifest"].replace("file.users,bulk", "file.users,delta")}),
        "r.zip", "exchange:status-needed",
    ),
    "a date of two meanings": (lambda: _students("1,Ada,B,03/04/2015,,,"), "s.csv", "exchange:date-ambiguous"),
    "no date at all": (lambda: _students("1,Ada,B,yesterday,,,"), "s.csv", "exchange:date-unreadable"),
    "born in 1850": (lambda: _students("1,Ada,B,1908-01-01,,,"), "s.csv", "exchange:date-implausible"),
    "no number": (lambda: _students(",Ada,B,,,,"), "s.csv", "exchange:value-missing"),
    "a number twice in a sheet": (
        lambda: _students("1,Ada,B,,,,", "1,Bo,B,,,,"), "s.csv", "exchange:duplicate-in-file"
    ),
    "a formula in a sheet": (
        lambda: sheet(["Admission number", "Given name"], ["1", "=1+1"]), "s.xlsx", "exchange:formula"
    ),
    "an invisible character": (lambda: _students("1,A\x07da,B,,,,"), "s.csv", "exchange:value-unprintable"),
}  # fmt: skip
DATA = (Institution, AcademicYear, GradeLevel, Course, Section, StaffMember, Student, Guardian, Enrolment)


def counted() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in DATA}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_roster(read: Callable[..., Import], name: str) -> None:
    make, called, code = FILES[name]
    content = make()
    before = counted()
    try:
        run = read(content, called)
    except SchoolOpsError as refusal:
        said = refusal.code
    else:
        said = (run.problem or {}).get("code", f"nothing wrong: {run.counts}")
        assert run.state == Import.State.FAILED
    assert said == code
    assert counted() == before
    assert ImportRow.objects.count() == 0


@pytest.mark.parametrize("name", ROWS)
def test_a_row_that_is_wrong(read: Callable[..., Import], name: str, registrar: Any) -> None:
    from tests.factories import people  # noqa: PLC0415 - needs a school to be chosen

    make, called, code = ROWS[name]
    if not called.endswith(".zip"):
        people.a_school_year()
    before = counted()
    run = read(make(), called)
    assert run.problem is None
    codes = {each["code"] for row in ImportRow.objects.filter(run=run, action="error") for each in row.errors}
    assert code in codes, codes
    # Nothing else is wrong, but for rows that needed this one.
    assert codes <= {code, "exchange:refers-to-refused", "exchange:not-placed"}
    with pytest.raises(errors.ImportHasErrors):
        services.confirm(run=run, reading=run.reading, by=registrar)
    assert counted() == before


def test_a_spreadsheet_is_not_held_whole(read: Callable[..., Import], monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.exchange.services.reading import archive, parts  # noqa: PLC0415

    # Whoever stores it unpacked sends as much as it is long: only a smaller bound shows the refusal.
    monkeypatch.setattr(parts, "LARGEST_PART", 16 * archive.MEGABYTE)
    monkeypatch.setattr(archive, "LARGEST_UPLOAD", 64 * archive.MEGABYTE)
    assert read(sheet_of_many_texts(), "students.xlsx").problem["code"] == "exchange:archive-bomb"


def test_the_sound_bundle_is_sound(brought_in: Callable[..., Import]) -> None:
    assert brought_in(zipped(sound()), "roster.zip").total("error") == 0
    assert Student.objects.get().full_name == "Ada Byron"


def test_there_are_enough_of_them() -> None:
    assert len(FILES) + len(ROWS) >= 25
