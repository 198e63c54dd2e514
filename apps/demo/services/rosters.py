"""OneRoster bundles as other systems export them, with what real exports get wrong; the same seed makes the same file.

Quirks, all of them met in real files: a bulk manifest whose rows carry status and dateLastModified, ``schoolYear`` as
2026-2027, role and organisation inside users.csv (1.1), CRLF, a byte order mark, semicolons or commas, blank rows,
homerooms without a grade of their own, dates as days since 1900, and guardians who name their children.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from apps.demo.services.names import NAMES

SUBJECTS = (
    ("ENG", "English"), ("MAT", "Mathematics"), ("SCI", "Science"), ("HIS", "History"), ("ART", "Art"),
    ("GEO", "Geography"),
)  # fmt: skip
CLASS_SIZE = 25
GRADES = range(1, 13)
Row = Sequence[object]
_EPOCH = dt.date(1899, 12, 30)

HEADERS = {
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "academicSessions": ("sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear"),
    "courses": (
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,"
        "subjectCodes"
    ),
    "classes": (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,"
        "termSourcedIds,subjects,subjectCodes,periods"
    ),
    "users-1.1": (
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,"
        "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
    ),
    "users-1.2": (
        "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,"
        "email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,"
        "preferredFamilyName,primaryOrgSourcedId,pronouns"
    ),
    "roles": (
        "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,"
        "userProfileSourcedId"
    ),
    "enrollments": (
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate"
    ),
    "demographics": (
        "sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,"
        "nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,"
        "countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus"
    ),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How large a school, on which day, and how its system writes."""

    students: int
    seed: int
    today: dt.date
    version: str = "1.1"
    quirks: bool = True
    enrolments: int = 7


@dataclass(slots=True)
class Group:
    """A homeroom or a class."""

    id: str
    grade: int
    homeroom: bool
    students: list[str] = field(default_factory=list)


class Roster:
    """One school, row by row."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.dice = random.Random(wanted.seed)  # noqa: S311 - not for secrets
        first = wanted.today.year - (wanted.today.month < 8)
        self.starts_on, self.ends_on = dt.date(first, 8, 15), dt.date(first + 1, 7, 20)
        self.files: dict[str, list[Row]] = {name.partition("-")[0]: [] for name in HEADERS}
        self.school, self.year, self.term = self.id(), self.id(), self.id()
        self.groups: list[Group] = []
        self.teachers: list[str] = []
        self._make()

    def id(self) -> str:
        """An id as another system makes them."""
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    def add(self, name: str, sourced_id: str, *cells: object) -> None:
        # A bulk file leaves these two blank; real ones do not.
        status = ("active", f"{self.starts_on}T00:00:00.000Z") if self.wanted.quirks else ("", "")
        self.files[name].append((sourced_id, *status, *cells))

    def _make(self) -> None:
        year = self.ends_on.year
        said = f"{year - 1}-{year}" if self.wanted.quirks else year
        self.add("orgs", self.school, f"Harbour School {self.wanted.seed}", "school", f"H{self.wanted.seed}", "")
        dates = (self.starts_on, self.ends_on)
        self.add("academicSessions", self.year, f"{year - 1}-{year} School Year", "schoolYear", *dates, "", said)
        self.add("academicSessions", self.term, "Full Year", "term", *dates, self.year, said)
        self._staff(max(2, self.wanted.students // 17))
        self._groups()
        self._families()
        self._enrolments()

    # --- people -------------------------------------------------------------------------------------------------------
    def _user(self, sourced_id: str, role: str, name: tuple[str, str], identifier: str, **more: str) -> None:
        given, family = name
        username = f"{given}.{family}.{identifier}".lower().replace(" ", "")
        email = f"{username}@harbour.example" if username.isascii() else ""
        agents, grades = more.get("agents", ""), more.get("grades", "")
        phone = more.get("phone", "")
        if self.wanted.version == "1.1":
            self.add(
                "users", sourced_id, "true", self.school, role, username, "", given, family, "", identifier, email, "",
                phone, agents, grades, "",
            )  # fmt: skip
            return
        self.add(
            "users", sourced_id, "true", username, "", given, family, "", identifier, email, "", phone, agents, grades,
            "", "", "", "", "", self.school, "",
        )  # fmt: skip
        self.add("roles", self.id(), sourced_id, "primary", role, self.starts_on, self.ends_on, self.school, "")

    def _name(self, family: str = "") -> tuple[str, str]:
        part = self.dice.choices(NAMES, [name.weight for name in NAMES])[0]
        return self.dice.choice(part.girls + part.boys), family or self.dice.choice(part.family)

    def _staff(self, count: int) -> None:
        head = "administrator" if self.wanted.version == "1.1" else "siteAdministrator"
        self._user(self.id(), head, self._name(), "900000")
        for number in range(1, count):
            teacher = self.id()
            self.teachers.append(teacher)
            self._user(teacher, "teacher", self._name(), str(900000 + number))

    def _families(self) -> None:
        homerooms = [group for group in self.groups if group.homeroom]
        number = 0
        while number < self.wanted.students:
            _, family = self._name()
            parents = [(self.id(), self._name(family)) for _ in range(self.dice.choice((1, 2, 2)))]
            children = []
            for _ in range(min(self.dice.choice((1, 1, 2)), self.wanted.students - number)):
                child, group = self.id(), homerooms[number * len(homerooms) // self.wanted.students]
                group.students.append(child)
                children.append(child)
                agents = ",".join(key for key, _ in parents)
                self._user(
                    child, "student", self._name(family), str(910000000 + number), agents=agents,
                    grades=f"{group.grade:02}",
                )  # fmt: skip
                self._demographics(child, group.grade)
                number += 1
            for key, name in parents:
                phone = f"+44 20 7946 {self.dice.randint(0, 9999):04}"
                self._user(key, "parent", name, f"P{number}{key[:4]}", agents=",".join(children), phone=phone)

    def _demographics(self, child: str, grade: int) -> None:
        born = dt.date(self.starts_on.year - 5 - grade, 1, 1) + dt.timedelta(days=self.dice.randint(0, 360))
        # Excel counts days, and exports that went through it say so.
        said: object = (born - _EPOCH).days if self.wanted.quirks and self.dice.random() < 0.05 else born
        sex = self.dice.choice(("male", "female"))
        self.add("demographics", child, said, sex, *["false"] * 7, "GB", "", "", "")

    # --- what is taught -----------------------------------------------------------------------------------------------
    def _groups(self) -> None:
        count = -(-self.wanted.students // CLASS_SIZE)
        grades = sorted(GRADES[number * len(GRADES) // count] for number in range(count))
        letters: dict[int, int] = {}
        courses: dict[tuple[int, str], str] = {}
        for grade in grades:
            letter = letters[grade] = letters.get(grade, 0) + 1
            room = chr(64 + letter) if letter <= 26 else str(letter)
            homeroom = self._group(courses, grade, "HR", "Homeroom", room, homeroom=True)
            taught = [
                self._group(courses, grade, code, title, room, homeroom=False)
                for code, title in (SUBJECTS * 2)[: self.wanted.enrolments - 1]
            ]
            for group in taught:
                # Filled together with the homeroom: the same list.
                group.students = homeroom.students

    def _group(
        self, courses: dict[tuple[int, str], str], grade: int, code: str, title: str, room: str, *, homeroom: bool
    ) -> Group:
        number = len(self.groups)
        if (grade, code) not in courses:
            courses[grade, code] = self.id()
            self.add(
                "courses", courses[grade, code], self.year, f"{title} {grade:02}", f"{code}{grade:02}", f"{grade:02}",
                self.school, title, "",
            )  # fmt: skip
        made = Group(self.id(), grade, homeroom)
        # A homeroom that leaves its grade to its course.
        said = "" if homeroom and self.wanted.quirks else f"{grade:02}"
        name = f"Grade {grade} {room}" if homeroom else f"{title} {grade} {room}"
        kind = "homeroom" if homeroom else "scheduled"
        self.add(
            "classes", made.id, name, said, courses[grade, code], f"{code}{grade:02}-{room}-{number}", kind,
            f"R{number}", self.school, self.term, title, "", "",
        )  # fmt: skip
        self.groups.append(made)
        return made

    def _enrolments(self) -> None:
        dates = (self.starts_on, self.ends_on)
        for number, group in enumerate(self.groups):
            teacher = self.teachers[number % len(self.teachers)]
            self.add("enrollments", self.id(), group.id, self.school, teacher, "teacher", "true", *dates)
            for student in group.students:
                self.add("enrollments", self.id(), group.id, self.school, student, "student", "", *dates)


def write_roster(path: Path, wanted: Wanted) -> dict[str, int]:
    """Write the bundle; file → rows."""
    roster = Roster(wanted)
    names = [name for name in roster.files if roster.files[name]]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in names:
            headers = HEADERS.get(name) or HEADERS[f"{name}-{wanted.version}"]
            bundle.writestr(_entry(name), "".join(_lines(headers.split(","), roster.files[name], name, wanted)))
        modes = [(f"file.{name}", "bulk" if name in names else "absent") for name in (*names, "results", "lineItems")]
        manifest = [("manifest.version", "1.0"), ("oneroster.version", wanted.version), *modes]
        bundle.writestr(_entry("manifest"), "".join(_lines(["propertyName", "value"], manifest, "manifest", wanted)))
    return {name: len(roster.files[name]) for name in names}


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{name}.csv", (2026, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _lines(headers: list[str], rows: Sequence[Row], name: str, wanted: Wanted) -> Iterator[str]:
    buffer = io.StringIO()
    # As a spreadsheet of a country with decimal commas saves it.
    semicolons = wanted.quirks and name == "orgs"
    writer = csv.writer(buffer, delimiter=";" if semicolons else ",", lineterminator="\r\n" if wanted.quirks else "\n")
    writer.writerow(headers)
    writer.writerows(rows)
    if wanted.quirks and name == "users":
        writer.writerow([""] * len(headers))
    mark = "\ufeff" if wanted.quirks and name in {"users", "manifest"} else ""
    yield mark + buffer.getvalue()
