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
# What the same column is called elsewhere; a school adds its own on the mapping screen.
ALIASES = {
    "first name": "given_name", "forename": "given_name", "name": "name", "last name": "family_name",
    "surname": "family_name", "date of birth": "birth_date", "dob": "birth_date", "birthday": "birth_date",
    "gender": "sex", "email": "email", "e-mail address": "email", "email address": "email", "mobile": "phone",
    "telephone": "phone", "student id": "admission_number", "student number": "admission_number",
    "admission no": "admission_number", "class": "section", "form": "section", "year group": "grade",
    "employee id": "staff_number", "employee number": "staff_number", "relationship": "relation",
    "student's admission number": "student", "student admission number": "student", "school": "institution",
}  # fmt: skip


def folded(header: str) -> str:
    """A header as it is compared: without case, stars and dots."""
    return " ".join(fold(header).replace("*", " ").replace("_", " ").split()).rstrip(".:")


_NAMES = frozenset({*(folded(column.header) for columns in TEMPLATES.values() for column in columns), *ALIASES})
_TOTAL = re.compile(r"(?i)(total|sum|count|number of \w+|المجموع|الإجمالي)\b[\s:=]*\d*$")


def likeness(cells: Sequence[str]) -> int:
    """How many of these are names of columns of ours, or other names for them."""
    return sum(1 for cell in cells if folded(cell) in _NAMES)


def is_total(line: Sequence[str]) -> bool:
    """Whether a row adds up those above it and is about nobody."""
    said = [cell.strip() for cell in line if cell.strip()]
    return bool(said) and len(said) <= 2 and _TOTAL.match(said[0]) is not None


def reach(phone: str) -> str:
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
    ours = {column.field for column in TEMPLATES[source]}
    names = {folded(column.header): column.field for column in TEMPLATES[source]}
    names |= {field.replace("_", " "): field for field in ours}
    found: dict[str, str] = {}
    for each in header:
        key = folded(each)
        field = known[key] if key in known else names.get(key) or ALIASES.get(key, "")
        if field in ours and field not in found.values():
            found[each] = field
    return found


def columns_of(source: str, table: tables.Table, mapping: Mapping[str, str]) -> dict[int, Column]:
    """Place → column. Raises ``ColumnMissing``."""
    by_field = {column.field: column for column in TEMPLATES[source]}
    found = {place: by_field[mapping[each]] for place, each in enumerate(table.header) if each in mapping}
    for column in TEMPLATES[source]:
        if column.required and column not in found.values():
            raise errors.ColumnMissing(name=table.name, column=column.header)
    return found


def guessed(header: list[str]) -> str:
    """Which template this is: the one whose columns it has most of, its required ones counting double."""

    def likeness(source: str) -> int:
        fields = set(matched(source, header, {}).values())
        missing = sum(1 for column in TEMPLATES[source] if column.required and column.field not in fields)
        return len(fields) * 2 - missing * 5

    return max(TEMPLATES, key=likeness)


def read(source: str, table: tables.Table, columns: Mapping[int, Column]) -> Iterator[Staged]:
    """Every row of the table."""
    grades: dict[str, int] = {}
    people: dict[str, Staged] = {}
    width = len(table.header)
    for row, line in table.rows():
        if is_total(line):
            continue
        values, wrong = cells.parsed(columns, line, row=row, width=width)
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
    who = values.get("email") or reach(values.get("phone", "")) or student
    key = fold(f"~{name}|{who}")
    there = people.get(key)
    if wrong or there is None:
        key = f"{key}|{row}" if wrong else key
        people[key] = Staged(staged.GUARDIAN, file, row, key, {**values, "child": student}, wrong, name=name)
    else:
        # Rows about one person are read together.
        for field, value in values.items():
            said = there.values.get(field)
            if value and said and value != said and reach(value) != reach(said):
                header = next(
                    template.header for template in TEMPLATES[Import.Source.GUARDIANS] if template.field == field
                )
                there.errors.append(cells.said_of(errors.RowsDiffer(first=there.row), row=row, column=header))
            there.values[field] = said or value
    if not wrong:
        yield Staged(
            staged.LINK, file, row, f"{student}|{key}", {"student": student, "guardian": key, **link}, name=name
        )
