"""A bundle is opened: the manifest is read, every header looked at, and its lines stream.

What joins files is held in memory as small as it goes: a role, a birth date and a first day per person.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from apps.exchange import errors
from apps.exchange.services.reading import archive, bundle_columns, cells, tables
from apps.exchange.services.reading.staged import Staged
from schoolops.folding import fold

VERSIONS = ("1.1", "1.2")
MODES = ("absent", "bulk", "delta")


@dataclass(slots=True)
class Role:
    """What a user is: by ``roles`` (then ``dated``), or by the user's own row. ``gone``: to be deleted."""

    role: str
    org: str = ""
    begins: str = ""
    ends: str = ""
    primary: bool = False
    gone: bool = False
    dated: bool = False


@dataclass(slots=True)
class Person:
    """What other files say of a user. ``roles``: by the kind of person that each makes of them."""

    roles: dict[str, Role] = field(default_factory=dict)
    birth_date: str = ""
    sex: str = ""
    demographics_row: int = 0
    # From enrollments: the first day, and the homeroom.
    first_day: str = ""
    homeroom: str = ""
    group: str = ""
    # Classes that this bundle has no row for.
    elsewhere: list[str] = field(default_factory=list)
    wrong: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """What a class of the bundle is."""

    kind: str
    grade: str
    sessions: list[str]
    org: str


@dataclass(slots=True)
class Bundle:
    """An opened bundle. ``notes`` says what was read leniently."""

    zip: zipfile.ZipFile
    version: str
    modes: dict[str, str]
    entries: dict[str, zipfile.ZipInfo]
    notes: list[str] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    courses: dict[str, str] = field(default_factory=dict)
    # Session → (type, parent, the organisation it is said to belong to).
    sessions: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    session_orgs: dict[str, list[str]] = field(default_factory=dict)
    homeroom_courses: set[str] = field(default_factory=set)
    orgs: list[str] = field(default_factory=list)
    grades: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def delta(self) -> bool:
        return "delta" in self.modes.values()


def open_bundle(source: zipfile.ZipFile) -> Bundle:
    """Read the manifest and look at the files.

    Raises:
        ManifestMissing, VersionUnknown, ManifestModeUnknown, BundleFileMissing, and as reading a table.
    """
    entries = {
        entry.filename.removesuffix(".csv"): entry for entry in source.infolist() if entry.filename.endswith(".csv")
    }
    if "manifest" not in entries:
        raise errors.ManifestMissing
    manifest = tables.csv_table("manifest.csv", archive.Measured(source, entries["manifest"]).chunks())
    said = {row[0].strip(): row[1].strip() for _, row in manifest.rows() if len(row) > 1}
    version = said.get("oneroster.version", "")
    if version not in VERSIONS:
        raise errors.VersionUnknown(version=version[:20] or "nothing")
    modes: dict[str, str] = {}
    for name in bundle_columns.FILES:
        mode = fold(said.get(f"file.{name}", "absent"))
        if mode not in MODES:
            raise errors.ManifestModeUnknown(mode=mode[:20], name=name)
        if mode != "absent" and name not in entries:
            raise errors.BundleFileMissing(name=f"{name}.csv")
        modes[name] = mode
    found = Bundle(source, version, modes, entries)
    found.notes += [
        f"{name}.csv is there, but the manifest says it is absent: it was not read."
        for name, mode in modes.items()
        if mode == "absent" and name in entries
    ]
    for name in _present(found):
        # Every header is looked at, and every file to its end, before a row is kept: one that is refused must not have
        # filled the database.
        table, columns = _table(found, name)
        unread = [
            header
            for place, header in enumerate(table.header)
            if header and place not in columns and header not in bundle_columns.PASSED_OVER
        ]
        if unread:
            found.notes.append(f"{name}.csv: the columns {', '.join(unread)[:300]} were not read.")
        for _row in table.rows():
            pass
    return found


def _present(bundle: Bundle) -> list[str]:
    return [name for name, mode in bundle.modes.items() if mode != "absent"]


def _table(bundle: Bundle, name: str) -> tuple[tables.Table, dict[int, cells.Column]]:
    table = tables.csv_table(f"{name}.csv", archive.Measured(bundle.zip, bundle.entries[name]).chunks())
    known = {fold(column.header): column for column in bundle_columns.FILES[name]}
    columns = {place: known[fold(header)] for place, header in enumerate(table.header) if fold(header) in known}
    there = {column.header for column in columns.values()}
    for column in bundle_columns.FILES[name]:
        if column.required and column.header not in there:
            raise errors.ColumnMissing(name=f"{name}.csv", column=column.header)
    return table, columns


@dataclass(slots=True)
class Line:
    """A row of a file of the bundle."""

    number: int
    said: dict[str, Any]
    errors: list[dict[str, Any]]

    @property
    def id(self) -> str:
        return str(self.said.get("sourcedId", ""))

    def get(self, name: str) -> str:
        return str(self.said.get(name) or "")

    def many(self, name: str) -> list[str]:
        return list(self.said.get(name) or [])

    def fitting(self, said: str, most: int, column: str) -> str:
        """``said``, which is made of ``column``; one that is longer than ``most`` is refused, and never cut."""
        if len(said) > most:
            refusal = cells.said_of(errors.ValueTooLong(most=most), row=self.number, column=column)
            self.errors += [] if refusal in self.errors else [refusal]
        return said

    def staged(self, kind: str, file: str, values: dict[str, Any], **more: Any) -> Staged:
        if self.get("status") == "tobedeleted":
            values = {**values, "deleted": "true"}
        key = more.pop("key", None) or self.id or f"row {self.number}"
        return Staged(kind, f"{file}.csv", self.number, key, values, self.errors, **more)


def lines_of(bundle: Bundle, name: str) -> Iterator[Line]:
    if bundle.modes.get(name, "absent") == "absent":
        return
    table, columns = _table(bundle, name)
    width, delta = len(table.header), bundle.modes[name] == "delta"
    for number, row in table.rows():
        said, wrong = cells.parsed(columns, row, row=number, width=width)
        if delta and not (said.get("status") and said.get("dateLastModified")):
            wrong.append(cells.said_of(errors.StatusNeeded(), row=number, column="status"))
        yield Line(number, said, wrong)
