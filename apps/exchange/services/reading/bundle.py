"""A OneRoster bundle, 1.1 or 1.2, bulk or delta: its files in the order in which rows name each other.

What joins files is held in memory as small as it goes: a role, a birth date and a first day per person. The rows
themselves stream.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from apps.exchange import errors
from apps.exchange.services.reading import archive, bundle_columns, cells, staged, tables
from apps.exchange.services.reading.staged import Staged

VERSIONS = ("1.1", "1.2")
MODES = ("absent", "bulk", "delta")
STAFF_ROLES = {
    "administrator": "Administrator",
    "aide": "Aide",
    "counselor": "Counsellor",
    "districtAdministrator": "District administrator",
    "principal": "Principal",
    "proctor": "Proctor",
    "siteAdministrator": "Administrator",
    "systemAdministrator": "System administrator",
    "teacher": "Teacher",
}
GUARDIAN_ROLES = ("guardian", "parent", "relative")


@dataclass(slots=True)
class Person:
    """What other files say of a user."""

    role: str = ""
    org: str = ""
    begins: str = ""
    ends: str = ""
    birth_date: str = ""
    sex: str = ""
    demographics_row: int = 0
    # From enrollments: the first day, and the homeroom.
    first_day: str = ""
    homeroom: str = ""
    group: str = ""
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
        mode = said.get(f"file.{name}", "absent").casefold()
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
        # Every header is looked at before a row is read.
        _table(found, name)
    return found


def _present(bundle: Bundle) -> list[str]:
    return [name for name, mode in bundle.modes.items() if mode != "absent"]


def _table(bundle: Bundle, name: str) -> tuple[tables.Table, dict[int, cells.Column]]:
    table = tables.csv_table(f"{name}.csv", archive.Measured(bundle.zip, bundle.entries[name]).chunks())
    known = {column.header.casefold(): column for column in bundle_columns.FILES[name]}
    columns = {
        place: known[header.casefold()] for place, header in enumerate(table.header) if header.casefold() in known
    }
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

    def staged(self, kind: str, file: str, values: dict[str, Any], **more: Any) -> Staged:
        if self.get("status") == "tobedeleted":
            values = {**values, "deleted": "true"}
        key = more.pop("key", None) or self.id or f"row {self.number}"
        return Staged(kind, f"{file}.csv", self.number, key, values, self.errors, **more)


def _lines(bundle: Bundle, name: str) -> Iterator[Line]:
    if bundle.modes.get(name, "absent") == "absent":
        return
    table, columns = _table(bundle, name)
    width, delta = len(table.header), bundle.modes[name] == "delta"
    for number, row in table.rows():
        said, wrong = cells.parsed(columns, row, row=number, width=width)
        if delta and not (said.get("status") and said.get("dateLastModified")):
            wrong.append(cells.said_of(errors.StatusNeeded(), row=number, column="status"))
        yield Line(number, said, wrong)


def read(bundle: Bundle) -> Iterator[Staged]:
    """Every row of the bundle, kinds in their order."""
    _survey(bundle)
    yield from _orgs(bundle)
    yield from _sessions(bundle)
    yield from _courses(bundle)
    yield from _classes(bundle)
    yield from _users(bundle)
    yield from _enrolments(bundle)
    yield from (
        Staged(staged.GRADE_LEVEL, file, row, code, {"code": code}, name=code)
        for code, (file, row) in sorted(bundle.grades.items())
    )


# --- a first look: what joins the files -----------------------------------------------------------------------------
def _survey(bundle: Bundle) -> None:
    bundle.orgs = [line.id for line in _lines(bundle, "orgs") if line.get("type") == "school"]
    for line in _lines(bundle, "academicSessions"):
        bundle.sessions[line.id] = (line.get("type"), line.get("parentSourcedId"), line.get("metadata.orgSourcedId"))
    course_sessions: dict[str, str] = {}
    for line in _lines(bundle, "courses"):
        grades = line.many("grades")
        bundle.courses[line.id] = grades[0] if len(grades) == 1 else ""
        course_sessions[line.id] = line.get("schoolYearSourcedId")
        _belongs(bundle, line.get("schoolYearSourcedId"), line.get("orgSourcedId"))
    _survey_classes(bundle, course_sessions)
    _survey_people(bundle)


def _survey_classes(bundle: Bundle, course_sessions: dict[str, str]) -> None:
    taught: set[str] = set()
    for line in _lines(bundle, "classes"):
        homeroom = line.get("classType") == "homeroom"
        grades = line.many("grades") or [each for each in [bundle.courses.get(line.get("courseSourcedId"), "")] if each]
        sessions = line.many("termSourcedIds") or [
            each for each in [course_sessions.get(line.get("courseSourcedId"), "")] if each
        ]
        bundle.groups[line.id] = Group(
            staged.SECTION if homeroom else staged.CLASS,
            grades[0] if len(grades) == 1 else "",
            sessions,
            line.get("schoolSourcedId"),
        )
        (bundle.homeroom_courses if homeroom else taught).add(line.get("courseSourcedId"))
        for session in sessions:
            _belongs(bundle, session, line.get("schoolSourcedId"))
    bundle.homeroom_courses -= taught | {""}


def _belongs(bundle: Bundle, session: str, org: str) -> None:
    """A session, and every one above it, is of an organisation that uses it."""
    seen: set[str] = set()
    while session and session not in seen:
        seen.add(session)
        orgs = bundle.session_orgs.setdefault(session, [])
        if org and org not in orgs:
            orgs.append(org)
        session = bundle.sessions.get(session, ("", "", ""))[1]


def _survey_people(bundle: Bundle) -> None:
    for line in _lines(bundle, "roles"):
        person = bundle.people.setdefault(line.get("userSourcedId"), Person())
        person.wrong += [{**each, "file": "roles.csv"} for each in line.errors]
        if not person.role or line.get("roleType") == "primary":
            person.role, person.org = line.get("role"), line.get("orgSourcedId")
            person.begins, person.ends = line.get("beginDate"), line.get("endDate")
    for line in _lines(bundle, "demographics"):
        person = bundle.people.setdefault(line.id, Person())
        person.birth_date, person.sex = line.get("birthDate"), line.get("sex")
        person.demographics_row = line.number
        person.wrong += [{**each, "file": "demographics.csv"} for each in line.errors]
    for line in _lines(bundle, "enrollments"):
        if line.get("role") != "student":
            continue
        person = bundle.people.setdefault(line.get("userSourcedId"), Person())
        begins, group = line.get("beginDate"), line.get("classSourcedId")
        if begins and (not person.first_day or begins < person.first_day):
            person.first_day = begins
        known = bundle.groups.get(group)
        if known is not None and known.kind == staged.SECTION and not person.homeroom:
            person.homeroom = group
        person.group = person.group or group


# --- the rows ---------------------------------------------------------------------------------------------------------
def _grade(bundle: Bundle, line: Line, file: str, code: str) -> str:
    if code:
        bundle.grades.setdefault(code, (f"{file}.csv", line.number))
    return code


def _orgs(bundle: Bundle) -> Iterator[Staged]:
    for line in _lines(bundle, "orgs"):
        values = {"name": line.get("name"), "code": line.get("identifier")}
        # Districts and departments have nothing that we keep.
        yield line.staged(
            staged.INSTITUTION, "orgs", values, name=line.get("name"), skip=line.get("type") not in {"school", ""}
        )


def _orgs_of(bundle: Bundle, session: str) -> list[str]:
    said = bundle.sessions.get(session, ("", "", ""))[2]
    return [said] if said else bundle.session_orgs.get(session) or bundle.orgs


def session_key(bundle: Bundle, session: str, org: str) -> str:
    """A session that several schools share is one of each: its key then says whose."""
    return f"{session}@{org}" if org and len(_orgs_of(bundle, session)) > 1 else session


def _root(bundle: Bundle, session: str) -> str:
    seen: set[str] = set()
    while session not in seen:
        seen.add(session)
        kind, parent, _ = bundle.sessions.get(session, ("", "", ""))
        if kind == "schoolYear" or not parent:
            return session
        session = parent
    return session


def _sessions(bundle: Bundle) -> Iterator[Staged]:
    # Years first, and of terms those that hold others.
    depth = {"schoolYear": 0, "semester": 1, "term": 2, "gradingPeriod": 3}
    lines = sorted(_lines(bundle, "academicSessions"), key=lambda line: depth.get(line.get("type"), 9))
    for line in lines:
        year = line.get("type") == "schoolYear"
        for org in _orgs_of(bundle, line.id) or [""]:
            values = {
                "name": line.get("title"),
                "starts_on": line.get("startDate"),
                "ends_on": line.get("endDate"),
                "institution": org,
            }
            parent = line.get("parentSourcedId")
            if not year:
                values |= {"kind": line.get("type"), "year": session_key(bundle, _root(bundle, parent), org)}
                above = bundle.sessions.get(parent, ("", "", ""))[0]
                values["parent"] = session_key(bundle, parent, org) if above not in {"schoolYear", ""} else ""
            yield line.staged(
                staged.YEAR if year else staged.TERM,
                "academicSessions",
                values,
                key=session_key(bundle, line.id, org),
                name=line.get("title"),
            )


def _courses(bundle: Bundle) -> Iterator[Staged]:
    for line in _lines(bundle, "courses"):
        grades = line.many("grades")
        grade = grades[0] if len(grades) == 1 else ""
        values: dict[str, Any] = {
            "grade": _grade(bundle, line, "courses", grade),
            "institution": line.get("orgSourcedId"),
        }
        homeroom = line.id in bundle.homeroom_courses or line.get("metadata.homeroom") == "true"
        if not homeroom:
            values |= {
                "code": line.get("courseCode") or line.id[:40],
                "title": line.get("title"),
                "subject": ", ".join(line.many("subjects"))[:100],
                "subject_code": ", ".join(line.many("subjectCodes"))[:40],
            }
        yield line.staged(
            staged.HOMEROOM_COURSE if homeroom else staged.COURSE,
            "courses",
            values,
            name=line.get("title"),
            natural="" if homeroom else f"{line.get('orgSourcedId')}|{values['code']}",
        )


def _classes(bundle: Bundle) -> Iterator[Staged]:
    for line in _lines(bundle, "classes"):
        group = bundle.groups[line.id]
        sessions = [session_key(bundle, each, group.org) for each in group.sessions]
        values: dict[str, Any] = {
            "institution": group.org,
            "sessions": sessions,
            "room": line.get("location"),
            "course": line.get("courseSourcedId"),
        }
        if group.kind == staged.SECTION:
            values |= {
                "name": line.get("title"),
                "grade": _grade(bundle, line, "classes", group.grade),
                "capacity": line.get("metadata.capacity"),
            }
            if not group.grade and not line.errors and not bundle.delta:
                line.errors.append(cells.said_of(errors.GradeMissing(), row=line.number, column="grades"))
        else:
            values |= {
                "code": line.get("classCode") or line.id[:60],
                "title": line.get("title"),
                "section": line.get("metadata.sectionSourcedId"),
            }
        yield line.staged(group.kind, "classes", values, name=line.get("title"))


def _users(bundle: Bundle) -> Iterator[Staged]:
    seen: set[str] = set()
    for line in _lines(bundle, "users"):
        person = bundle.people.get(line.id) or Person()
        role = person.role or line.get("role")
        seen.add(line.id)
        line.errors += person.wrong
        if not role:
            if not line.errors:
                line.errors.append(cells.said_of(errors.ValueMissing(), row=line.number, column="role"))
            yield line.staged(staged.STUDENT, "users", {}, name=_full_name(line))
        elif role == "student":
            yield from _student(bundle, line, person)
        elif role in GUARDIAN_ROLES:
            yield from _guardian(line, role)
        else:
            yield _staff(line, person, role)
    for key, person in bundle.people.items():
        if person.demographics_row and key not in seen:
            # Of somebody who is in the school already.
            values = {"birth_date": person.birth_date, "sex": person.sex, "partial": "true"}
            yield Staged(staged.STUDENT, "demographics.csv", person.demographics_row, key, values, person.wrong)


def _full_name(line: Line) -> str:
    return f"{line.get('givenName')} {line.get('familyName')}".strip()[:250]


def _login(line: Line) -> dict[str, Any]:
    return {"username": line.get("username"), "enabled": line.get("enabledUser"), "email": line.get("email")}


def _phone(line: Line) -> str:
    return line.get("phone") or line.get("sms")


def _org(line: Line, person: Person) -> str:
    return person.org or line.get("primaryOrgSourcedId") or next(iter(line.many("orgSourcedIds")), "")


def _student(bundle: Bundle, line: Line, person: Person) -> Iterator[Staged]:
    homeroom = bundle.groups.get(person.homeroom)
    group = homeroom or bundle.groups.get(person.group)
    org = _org(line, person)
    grades = line.many("grades")
    grade = grades[0] if grades else homeroom.grade if homeroom else ""
    year = session_key(bundle, _root(bundle, group.sessions[0]), org) if group and group.sessions else ""
    number = line.get("identifier") or line.get("username") or line.id
    agents = line.many("agentSourcedIds")
    values: dict[str, Any] = {
        "admission_number": number[:40],
        "given_name": line.get("givenName"),
        "family_name": line.get("familyName"),
        "middle_name": line.get("middleName"),
        "preferred_name": line.get("preferredGivenName"),
        "phone": _phone(line),
        **_login(line),
        "institution": org,
        "grade": _grade(bundle, line, "users", grade),
        "year": year,
        "entered_on": person.begins or person.first_day,
        "exited_on": person.ends,
    }
    if person.demographics_row:
        values |= {"birth_date": person.birth_date, "sex": person.sex or "unspecified"}
    yield line.staged(staged.STUDENT, "users", values, name=_full_name(line), natural=f"{org}|{number.casefold()}")
    if "relations" in line.said:
        relations, access = line.many("relations"), line.many("access")
    else:
        relations, access = [], []
    for place, agent in enumerate(agents):
        link = {
            "student": line.id,
            "guardian": agent,
            "relation": relations[place] if place < len(relations) else "",
            "data_access": access[place] if place < len(access) else "",
            "contact_priority": str(place + 1),
        }
        yield _link(line, link)


def _guardian(line: Line, role: str) -> Iterator[Staged]:
    values = {
        "given_name": line.get("givenName"),
        "family_name": line.get("familyName"),
        "phone": _phone(line),
        **_login(line),
        "role": role,
    }
    yield line.staged(staged.GUARDIAN, "users", values, name=_full_name(line))
    for child in line.many("agentSourcedIds"):
        yield _link(line, {"student": child, "guardian": line.id, "relation": "", "data_access": ""})


def _link(line: Line, values: dict[str, Any]) -> Staged:
    key = f"{values['student']}|{values['guardian']}"
    return Staged(staged.LINK, "users.csv", line.number, key, values)


def _staff(line: Line, person: Person, role: str) -> Staged:
    number = line.get("identifier") or line.get("username") or line.id
    values = {
        "staff_number": number[:40],
        "given_name": line.get("givenName"),
        "family_name": line.get("familyName"),
        "phone": _phone(line),
        **_login(line),
        "job_title": STAFF_ROLES.get(role, ""),
        "role": role,
        # Not the dates of the role: those are of a school year, and nobody leaves because it ends.
        "institution": _org(line, person),
    }
    natural = f"{values['institution']}|{number.casefold()}"
    return line.staged(staged.STAFF, "users", values, name=_full_name(line), natural=natural)


def _enrolments(bundle: Bundle) -> Iterator[Staged]:
    for line in _lines(bundle, "enrollments"):
        role = line.get("role")
        values = {
            "group": line.get("classSourcedId"),
            "person": line.get("userSourcedId"),
            "starts_on": line.get("beginDate"),
            "ends_on": line.get("endDate"),
        }
        if values["starts_on"] and values["ends_on"] and values["ends_on"] < values["starts_on"]:
            refusal = errors.EndsBeforeStart(starts_on=values["starts_on"], ends_on=values["ends_on"])
            line.errors.append(cells.said_of(refusal, row=line.number, column="endDate"))
        name = f"{values['person']} in {values['group']}"[:250]
        if role == "student":
            values["roll_number"] = line.get("metadata.rollNumber")
            yield line.staged(staged.PLACE, "enrollments", values, name=name)
        else:
            values["assistant"] = "true" if line.get("primary") == "false" or role == "aide" else "false"
            yield line.staged(
                staged.ASSIGNMENT, "enrollments", values, name=name, skip=role not in {"teacher", "aide", ""}
            )
