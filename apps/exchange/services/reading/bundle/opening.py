"""A bundle is opened: the manifest is read, or done without, every header looked at, and its lines stream.

What joins files is held in memory as small as it goes: a role, a birth date and a first day per person.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from apps.exchange import errors
from apps.exchange.services.reading import archive, bundle_columns, cells, notes, tables
from apps.exchange.services.reading.bundle import layouts
from apps.exchange.services.reading.bundle.layouts import Layout, Part
from apps.exchange.services.reading.notes import note
from apps.exchange.services.reading.sheets import folded
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
    grade: str = ""


@dataclass(slots=True)
class Person:
    """What other files say of a user. ``roles``: by the kind of person that each makes of them."""

    roles: dict[str, Role] = field(default_factory=dict)
    birth_date: str = ""
    sex: str = ""
    demographics_row: int = 0
    demographics_file: str = ""
    # Guardian → the relation, where a file of its own says so.
    agents: dict[str, str] = field(default_factory=dict)
    # From enrollments: the first day, and the homeroom.
    first_day: str = ""
    homeroom: str = ""
    group: str = ""
    taught: str = ""
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
    course: str = ""


@dataclass(slots=True)
class Bundle:
    """An opened bundle. ``notes`` says what was read leniently; ``headers`` are columns that nobody knows, ``mapping``
    what the school said of some: ``users.csv: header`` → ``users.givenName``; so does ``known`` by the folded header.
    """

    zip: zipfile.ZipFile
    entries: dict[str, zipfile.ZipInfo]
    known: Mapping[str, str] = field(default_factory=dict)
    layout: Layout = layouts.ONEROSTER
    modes: dict[str, str] = field(default_factory=dict)
    # OneRoster's file → the files here that hold it.
    parts: dict[str, list[tuple[str, Part]]] = field(default_factory=dict)
    old: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)
    order: str = ""
    short_years: bool = False
    notes: list[notes.Note] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    mapping: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    courses: dict[str, str] = field(default_factory=dict)
    # Course → the schools whose classes are of it.
    course_orgs: dict[str, list[str]] = field(default_factory=dict)
    # Session → (type, parent, the organisation it is said to belong to).
    sessions: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    session_orgs: dict[str, list[str]] = field(default_factory=dict)
    homeroom_courses: set[str] = field(default_factory=set)
    # The schools; and what leads to one of them: a department, a district.
    orgs: list[str] = field(default_factory=list)
    leads: dict[str, str] = field(default_factory=dict)
    known_orgs: set[str] = field(default_factory=set)
    grades: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def delta(self) -> bool:
        return "delta" in self.modes.values()

    def name_of(self, key: str) -> str:
        """What a file is called, without its folder."""
        return self.entries[key].filename.rpartition("/")[2]

    def pieces(self, key: str) -> Iterator[bytes]:
        """The content of a file, as UTF-8 where it was seen to be of old Windows."""
        pieces = archive.Measured(self.zip, self.entries[key]).chunks()
        return (piece.decode("cp1252").encode() for piece in pieces) if key in self.old else pieces

    def table(self, key: str) -> tables.Table:
        """A file as a table. Raises as ``tables.csv_table``."""
        return tables.csv_table(self.name_of(key), self.pieces(key))

    def school_of(self, org: str) -> str:
        """The school that an organisation leads to, or itself."""
        return self.leads.get(org, org)


def look_at(bundle: Bundle) -> None:
    """Read the manifest, or find out without one what this is, and look at every file to its end.

    Before a row is kept: a bundle that is refused must not have filled the database.

    Raises:
        ManifestMissing, VersionUnknown, ManifestModeUnknown, BundleFileMissing, and as reading a table.
    """
    folder = next((entry.filename.rpartition("/")[0] for entry in bundle.entries.values()), "")
    if folder:
        bundle.notes.append(note(notes.FOLDER, folder=folder[:100]))
    if "manifest" in bundle.entries:
        _by_manifest(bundle)
    else:
        _by_headers(bundle)
    for key in dict.fromkeys(key for parts in bundle.parts.values() for key, _ in parts):
        try:
            table = _look_through(bundle, key)
        except errors.WrongEncoding:
            if not tables.is_windows_1252(bundle.pieces(key)):
                raise
            bundle.old.add(key)
            bundle.notes.append(note(notes.WINDOWS, name=bundle.name_of(key)))
            table = _look_through(bundle, key)
        bundle.notes += table.notes
    bundle.order, said = notes.in_one_order(bundle.orders, bundle.order)
    bundle.notes += said
    if bundle.short_years:
        bundle.notes.append(note(notes.SHORT_YEARS))


def _by_manifest(bundle: Bundle) -> None:
    manifest = bundle.table("manifest")
    said = {row[0].strip(): row[1].strip() for _, row in manifest.rows() if len(row) > 1}
    version = said.get("oneroster.version", "")
    if version not in VERSIONS:
        raise errors.VersionUnknown(version=version[:20] or "nothing")
    for name in bundle_columns.FILES:
        key, mode = fold(name), fold(said.get(f"file.{name}", "absent"))
        if mode not in MODES:
            raise errors.ManifestModeUnknown(mode=mode[:20], name=name)
        if mode != "absent" and key not in bundle.entries:
            raise errors.BundleFileMissing(name=f"{name}.csv")
        bundle.modes[name] = mode
        if mode != "absent":
            bundle.parts[name] = [(key, part) for part in layouts.ONEROSTER.files.get(key, ())]
        elif key in bundle.entries:
            bundle.notes.append(note(notes.ABSENT, name=f"{name}.csv"))


def _by_headers(bundle: Bundle) -> None:
    headers = {key: {fold(header) for header in bundle.table(key).header} for key in bundle.entries}
    layout = layouts.layout_of(headers)
    if layout is None:
        raise errors.ManifestMissing
    bundle.layout = layout
    there = [key for key in layout.files if key in headers]
    for key in there:
        for part in layout.files[key]:
            bundle.modes[part.to] = "bulk"
            bundle.parts.setdefault(part.to, []).append((key, part))
    if layout is layouts.ONEROSTER:
        bundle.notes.append(note(notes.NO_MANIFEST, version="1.2" if "roles" in headers else "1.1"))
    else:
        names = ", ".join(sorted(map(bundle.name_of, there)))
        bundle.notes.append(note(notes.LAYOUT, layout=layout.name, names=names))
    if unread := [bundle.name_of(key) for key in headers if key not in there]:
        bundle.notes.append(note(notes.UNREAD_FILES, names=", ".join(sorted(unread))[:300]))


def _look_through(bundle: Bundle, key: str) -> tables.Table:
    name, table = bundle.name_of(key), bundle.table(key)
    parts = [part for each in bundle.parts.values() for there, part in each if there == key]
    columns = [pair for part in parts for pair in _columns(bundle, key, part, table.header)]
    read = {place: column.about for place, column in columns}
    unread = [
        header
        for place, header in enumerate(table.header)
        if header and place not in read and header not in bundle_columns.PASSED_OVER
    ]
    if unread:
        bundle.notes.append(note(notes.UNREAD, name=name, columns=", ".join(unread)[:300]))
    if bundle.layout is layouts.ONEROSTER:
        bundle.notes += [
            note(notes.READ_AS, name=name, header=table.header[place][:100], column=as_what.partition(".")[2])
            for place, as_what in read.items()
            if as_what
        ]
    by_school = {place: as_what for place, as_what in read.items() if _asked(name, table.header[place]) in bundle.known}
    bundle.headers += [f"{name}: {header}" for header in (*unread, *(table.header[place] for place in by_school))]
    bundle.mapping |= {f"{name}: {table.header[place]}": as_what for place, as_what in by_school.items()}
    for part in parts:
        _refuse_missing(bundle, key, part, table)
    days = [place for place, column in columns if cells.is_day(column)]
    for _, row in table.rows():
        for place in days:
            if place < len(row):
                bundle.orders.add(cells.order_of(row[place]))
                bundle.short_years = bundle.short_years or cells.has_short_year(row[place])
    return table


def _asked(name: str, header: str) -> str:
    """What the school remembers a column by."""
    return folded(f"{name}: {header}")


def _columns(bundle: Bundle, key: str, part: Part, header: list[str]) -> list[tuple[int, cells.Column]]:
    """(place, column) of what is read; ``about``: where the column is called otherwise, what it was read as."""
    ours = {fold(column.header): column for column in bundle_columns.FILES[part.to]}
    there = {fold(said): to.split() for said, to in part.columns.items()}
    name, found = bundle.name_of(key), []
    for place, said in enumerate(header):
        meant = [said] if part.own and fold(said) in ours else there.get(fold(said), [])
        file, _, by_school = bundle.known.get(_asked(name, said), "").partition(".")
        meant = [by_school] if by_school and file == part.to else meant
        found += [(place, ours[fold(each)], each) for each in meant if fold(each) in ours]
    # What is called so itself counts before what only means it.
    found.sort(key=lambda each: fold(header[each[0]]) != fold(each[1].header))
    columns: dict[str, tuple[int, cells.Column]] = {}
    for place, column, _ in found:
        own = fold(header[place]) == fold(column.header)
        read = replace(
            column,
            header=column.header if own else header[place],
            required=column.required and column.header not in part.optional,
            about="" if own else f"{part.to}.{column.header}",
        )
        columns.setdefault(column.field, (place, read))
    return sorted(columns.values(), key=lambda pair: pair[0])


def _refuse_missing(bundle: Bundle, key: str, part: Part, table: tables.Table) -> None:
    there = {column.field for _, column in _columns(bundle, key, part, table.header)} | {*part.says}
    for column in bundle_columns.FILES[part.to]:
        if column.required and column.field not in there and column.header not in part.optional and not part.once:
            called = next((said for said, to in part.columns.items() if column.header in to.split()), column.header)
            raise errors.ColumnMissing(name=table.name, column=column.header if part.own else called)


@dataclass(slots=True)
class Line:
    """A row of a file of the bundle."""

    number: int
    said: dict[str, Any]
    errors: list[dict[str, Any]]
    file: str

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

    def staged(self, kind: str, values: dict[str, Any], **more: Any) -> Staged:
        if self.get("status") == "tobedeleted":
            values = {**values, "deleted": "true"}
        key = more.pop("key", None) or self.id or f"row {self.number}"
        return Staged(kind, self.file, self.number, key, values, self.errors, **more)


def lines_of(bundle: Bundle, name: str) -> Iterator[Line]:
    """The rows of one of OneRoster's files, wherever they stand here."""
    delta = bundle.modes.get(name) == "delta"
    for key, part in bundle.parts.get(name, ()):
        table = bundle.table(key)
        columns: cells.Columns = _columns(bundle, key, part, table.header)
        if bundle.order:
            columns = cells.in_order(columns, bundle.order)
        seen: set[str] = set()
        for number, row in table.rows():
            said, wrong = cells.parsed(columns, row, row=number, width=len(table.header))
            said |= {column: value for column, value in part.says.items() if not said.get(column)}
            if delta and not (said.get("status") and said.get("dateLastModified")):
                wrong.append(cells.said_of(errors.StatusNeeded(), row=number, column="status"))
            line = Line(number, said, wrong, table.name)
            if name == "enrollments" and not line.id:
                said["sourcedId"] = f"{line.get('classSourcedId')}|{line.get('userSourcedId')}"
            if part.once and (not line.id or line.id in seen):
                continue
            seen.add(line.id)
            yield line
