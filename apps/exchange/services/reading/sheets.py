"""Our own templates, as XLSX or CSV: students, guardians, staff and sections, one table each.

Rows have no outside ids: they are known by their numbers and names. A key that begins with ``~`` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apps.exchange import errors
from apps.exchange.models import Import
from apps.exchange.services.reading import cells, staged, tables
from apps.exchange.services.reading.bundle_columns import RELATIONS
from apps.exchange.services.reading.cells import Column, birthday, day, email, grade, number, text, word, yes_or_no
from apps.exchange.services.reading.staged import Staged
from schoolops.folding import digits, fold

# As long as `HeaderMapping` remembers one.
LONGEST_HEADER = 200
LONGEST_NAME = 100
_SEX = word(
    "male", "female", "unspecified", "other", also={"m": "male", "f": "female", "boy": "male", "girl": "female"}
)
_CAMPUS = Column("Campus", "institution", text(200), about="Code or name; may be empty where there is one campus.")

TEMPLATES: Mapping[str, tuple[Column, ...]] = {
    Import.Source.STUDENTS: (
        Column("Admission number", "admission_number", cells.numbered(40), required=True),
        Column("Given name", "given_name", text(100), required=True),
        Column("Middle name", "middle_name", text(100)),
        Column("Family name", "family_name", text(100)),
        Column("Preferred name", "preferred_name", text(100)),
        Column("Birth date", "birth_date", birthday),
        Column("Sex", "sex", _SEX, about="male, female, unspecified or other."),
        Column("E-mail", "email", email),
        Column("Phone", "phone", cells.numbered(40)),
        Column("Address", "address", cells.long_text),
        Column("Grade", "grade", grade),
        Column("Section", "section", text(60), about="The letter or name of the section, such as B."),
        Column("Entered on", "entered_on", day),
        _CAMPUS,
    ),
    Import.Source.GUARDIANS: (
        Column("Student’s admission number", "student", cells.numbered(40), required=True),
        Column("Given name", "given_name", text(100), required=True),
        Column("Family name", "family_name", text(100)),
        Column("Relation", "relation", word(*RELATIONS, also={"mum": "mother", "mom": "mother", "dad": "father"})),
        Column("E-mail", "email", email),
        Column("Phone", "phone", cells.numbered(40)),
        Column("Address", "address", cells.long_text),
        Column("Language", "language", text(12)),
        Column(
            "Data access", "data_access", yes_or_no, about="Whether they may see the child’s data; yes unless said."
        ),
        Column("Contact priority", "contact_priority", number(20)),
        _CAMPUS,
    ),
    Import.Source.STAFF: (
        Column("Staff number", "staff_number", cells.numbered(40), required=True),
        Column("Given name", "given_name", text(100), required=True),
        Column("Family name", "family_name", text(100)),
        Column("E-mail", "email", email),
        Column("Phone", "phone", cells.numbered(40)),
        Column("Job title", "job_title", text(100)),
        Column("Works from", "starts_on", day),
        Column("Works until", "ends_on", day, about="The first day on which they no longer do."),
        _CAMPUS,
    ),
    Import.Source.SECTIONS: (
        Column("Grade", "grade", grade, required=True),
        Column("Name", "name", text(60), required=True),
        Column("Room", "room", text(60)),
        Column("Capacity", "capacity", number(9999)),
        Column("Year", "year", text(60), about="Its name; the year that runs unless said."),
        _CAMPUS,
    ),
}
# Whoever fills in a template has never heard of OneRoster's columns.
HEADER_FOR = {
    "primaryOrgSourcedId": "Campus", "orgSourcedId": "Campus", "schoolSourcedId": "Campus", "grades": "Grade",
    "classSourcedId": "Section", "userSourcedId": "Admission number", "agentSourcedIds": "Student’s admission number",
    "beginDate": "Entered on", "termSourcedIds": "Year", "sourcedId": "", "username": "E-mail",
}  # fmt: skip
# Given and family name in one column: no template of ours has it, and many lists do.
FULL_NAME = "full_name"
_FULL_NAME = Column("Name", FULL_NAME, text(200))
# What it is called, and of whom it then speaks.
_FULL_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("name", "full name", "fullname", "display name", "contact name"), ""),
    **dict.fromkeys(
        (
            "student name", "student's name", "student full name", "student", "pupil name", "pupil", "name of student",
            "name of pupil", "child", "child name", "child's name", "learner", "learner name",
        ),
        Import.Source.STUDENTS,
    ),
    **dict.fromkeys(("teacher", "teacher name", "staff name", "employee name"), Import.Source.STAFF),
    **dict.fromkeys(("parent", "parent name", "guardian", "guardian name"), Import.Source.GUARDIANS),
}  # fmt: skip
# What the same column is called elsewhere; a school adds its own on the mapping screen.
ALIASES = {
    "first name": "given_name", "forename": "given_name", "name": "name", "last name": "family_name",
    "surname": "family_name", "date of birth": "birth_date", "dob": "birth_date", "birthday": "birth_date",
    "gender": "sex", "email": "email", "e-mail address": "email", "email address": "email", "mobile": "phone",
    "telephone": "phone", "phone number": "phone", "mobile number": "phone", "class": "section", "form": "section",
    "homeroom": "section", "year group": "grade", "year level": "grade", "grade level": "grade",
    "relationship": "relation", "student's admission number": "student", "student admission number": "student",
    "school": "institution", "admission date": "entered_on", "date of admission": "entered_on",
    "enrolment date": "entered_on", "enrollment date": "entered_on", "position": "job_title", "preferred given name":
    "preferred_name", "home address": "address",
    **dict.fromkeys(
        (
            "student id", "student number", "student no", "admission no", "admission", "pupil id", "pupil number",
            "pupil no", "learner id", "upn", "sis id",
        ),
        "admission_number",
    ),
    **dict.fromkeys(
        ("employee id", "employee number", "employee no", "staff id", "staff no", "teacher id", "teacher number"),
        "staff_number",
    ),
}  # fmt: skip
# In a list of guardians the child's number is whose they are.
_OF_A_CHILD = {"admission_number": "student"}


def folded(header: str) -> str:
    """A header as it is compared: without case, stars and dots."""
    return " ".join(fold(header).replace("*", " ").replace("_", " ").split()).rstrip(".:")


_NAMES = frozenset(
    {*(folded(column.header) for columns in TEMPLATES.values() for column in columns), *ALIASES, *_FULL_NAMES}
)
_TOTAL = re.compile(r"(?i)(total|sum|count|number of \w+|المجموع|الإجمالي)\b[\s:=]*\d*$")


def likeness(cells: Sequence[str]) -> int:
    """How many of these are names of columns of ours, or other names for them."""
    return sum(1 for cell in cells if folded(cell) in _NAMES)


def is_total(line: Sequence[str]) -> bool:
    """Whether a row adds up those above it and is about nobody."""
    said = [cell.strip() for cell in line if cell.strip()]
    return bool(said) and len(said) <= 2 and _TOTAL.match(said[0]) is not None


def phone_key(phone: str) -> str:
    """A phone as it is compared: its digits. A text without any is itself."""
    return digits(phone) or fold(phone)


def refuse_headers(table: tables.Table) -> None:
    """Raises ``ColumnTwice`` for two that are compared as one, ``ColumnNameTooLong`` for what is not remembered."""
    seen: set[str] = set()
    for header in table.header:
        key = folded(header)
        # Folding may lengthen: ß becomes ss.
        if max(len(header), len(key)) > LONGEST_HEADER:
            raise errors.ColumnNameTooLong(name=table.name, most=LONGEST_HEADER, column=header[:40])
        if header and key in seen:
            raise errors.ColumnTwice(name=table.name, column=header)
        seen.add(key)


def matched(source: str, header: list[str], known: Mapping[str, str]) -> dict[str, str]:
    """Header → field, as far as it is plain: the school's mapping first, then our names, then other names for them.

    Args:
        known: what this school said before, folded header → field (``""``: not wanted).
    """
    ours = fields_of(source).keys()
    names = {folded(column.header): column.field for column in TEMPLATES[source]}
    names |= {field.replace("_", " "): field for field in ours}
    found: dict[str, str] = {}
    for each in header:
        key = folded(each)
        field = known[key] if key in known else names.get(key) or ALIASES.get(key, "")
        if field not in ours and key not in known:
            field = FULL_NAME if _FULL_NAMES.get(key) in {"", source} else _OF_A_CHILD.get(field, field)
        if field in ours and field not in found.values():
            found[each] = field
    return found


def fields_of(source: str) -> dict[str, Column]:
    """Field → column, of what a file of that kind may hold: that of the template, and a name in one."""
    found = {column.field: column for column in TEMPLATES.get(source, ())}
    return {**found, FULL_NAME: _FULL_NAME} if "given_name" in found else found


def columns_of(source: str, table: tables.Table, mapping: Mapping[str, str]) -> cells.Columns:
    """(place, column). Raises ``ColumnMissing``."""
    by_field = fields_of(source)
    found = [(place, by_field[mapping[each]]) for place, each in enumerate(table.header) if each in mapping]
    there = {column.field for _, column in found}
    for column in TEMPLATES[source]:
        in_one = column.field == "given_name" and FULL_NAME in there
        if column.required and column.field not in there and not in_one:
            raise errors.ColumnMissing(name=table.name, column=column.header)
    return found


def guessed(header: list[str]) -> str:
    """Which template this is: the one whose columns it has most of. What it must have and has not counts against it,
    and so does what another knows: a list of names with days of birth is none of sections."""
    plain = {source: matched(source, header, {}) for source in TEMPLATES}
    known = {each for found in plain.values() for each in found}

    def fit(source: str) -> int:
        fields = {*plain[source].values()}
        fields |= {"given_name"} if FULL_NAME in fields else set()
        missing = sum(1 for column in TEMPLATES[source] if column.required and column.field not in fields)
        return len(plain[source]) * 2 - missing * 3 - len(known - plain[source].keys()) * 3

    return max(TEMPLATES, key=fit)


def parted(name: str) -> tuple[str, str]:
    """(given, family) of a name in one: the family's stands before a comma, else it is the last word."""
    if "," in name:
        family, _, given = name.partition(",")
        return given.strip() or family.strip(), family.strip() if given.strip() else ""
    given, _, family = name.rpartition(" ")
    return (given.strip(), family) if given else (family, "")


def _with_names(values: dict[str, Any], wrong: list[dict[str, Any]], row: int) -> None:
    """Fill the names from the one that holds both."""
    name = values.pop(FULL_NAME, None)
    if name is None:
        return
    if not name and not values.get("given_name"):
        wrong.append(cells.said_of(errors.ValueMissing(), row=row, column=_FULL_NAME.header))
    for field, said in zip(("given_name", "family_name"), parted(name), strict=True):
        if len(said) > LONGEST_NAME:
            wrong.append(cells.said_of(errors.ValueTooLong(most=LONGEST_NAME), row=row, column=_FULL_NAME.header))
        values[field] = values.get(field) or said


def read(source: str, table: tables.Table, columns: cells.Columns) -> Iterator[Staged]:
    """Every row of the table."""
    grades: dict[str, int] = {}
    people: dict[str, Staged] = {}
    width = len(table.header)
    for row, line in table.rows():
        if is_total(line):
            continue
        values, wrong = cells.parsed(columns, line, row=row, width=width)
        _with_names(values, wrong, row)
        if code := values.get("grade"):
            grades.setdefault(code, row)
        yield from _staged(source, table.name, row, values, wrong, people)
    yield from people.values()
    yield from (
        Staged(staged.GRADE_LEVEL, table.name, row, code, {"code": code}, name=code) for code, row in grades.items()
    )


def _staged(
    source: str, file: str, row: int, values: dict[str, Any], wrong: list[dict[str, Any]], people: dict[str, Staged]
) -> Iterator[Staged]:
    campus = values.get("institution", "")
    name = f"{values.get('given_name', '')} {values.get('family_name', '')}".strip()[:250]
    if source == Import.Source.SECTIONS:
        key = fold(f"~{campus}|{values.get('grade', '')}|{values.get('name', '')}")
        yield Staged(staged.SECTION, file, row, key, values, wrong, name=values.get("name", ""))
    elif source == Import.Source.STAFF:
        key = fold(f"~{campus}|{values.get('staff_number') or f'?{row}'}")
        yield Staged(staged.STAFF, file, row, key, values, wrong, name=name)
    elif source == Import.Source.STUDENTS:
        key = fold(f"~{campus}|{values.get('admission_number') or f'?{row}'}")
        section = values.pop("section", "")
        yield Staged(staged.STUDENT, file, row, key, values, wrong, name=name)
        if section and not wrong:
            group = fold(f"~{campus}|{values.get('grade', '')}|{section}")
            place = {"group": group, "person": key, "starts_on": values.get("entered_on", ""), "ends_on": ""}
            yield Staged(staged.PLACE, file, row, f"{key}|{group}", place, name=f"{name} in {section}"[:250])
    else:
        yield from _guardian(file, row, values, wrong, people, name)


def _guardian(
    file: str, row: int, values: dict[str, Any], wrong: list[dict[str, Any]], people: dict[str, Staged], name: str
) -> Iterator[Staged]:
    """A row is a guardian and their link to one child; for brothers and sisters the guardian stands in several rows."""
    campus = values.pop("institution", "")
    student = fold(f"~{campus}|{values.pop('student', '')}")
    link = {part: values.pop(part, "") for part in ("relation", "data_access", "contact_priority")}
    who = values.get("email") or phone_key(values.get("phone", "")) or student
    key = fold(f"~{name}|{who}")
    there = people.get(key)
    if wrong or there is None:
        key = f"{key}|{row}" if wrong else key
        people[key] = Staged(staged.GUARDIAN, file, row, key, {**values, "child": student}, wrong, name=name)
    else:
        # Rows about one person are read together.
        for field, value in values.items():
            said = there.values.get(field)
            if value and said and value != said and phone_key(value) != phone_key(said):
                header = next(
                    template.header for template in TEMPLATES[Import.Source.GUARDIANS] if template.field == field
                )
                there.errors.append(cells.said_of(errors.RowsDiffer(first=there.row), row=row, column=header))
            there.values[field] = said or value
    if not wrong:
        yield Staged(
            staged.LINK, file, row, f"{student}|{key}", {"student": student, "guardian": key, **link}, name=name
        )
