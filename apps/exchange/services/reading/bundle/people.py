"""The users of a bundle, and who is in which class, as rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from apps.exchange import errors
from apps.exchange.services.reading import cells, staged
from apps.exchange.services.reading.bundle import layouts
from apps.exchange.services.reading.bundle.opening import Bundle, Line, Person, Role, lines_of
from apps.exchange.services.reading.bundle.structure import grade_seen, root_of, session_key
from apps.exchange.services.reading.staged import Staged
from schoolops.folding import fold

STAFF_ROLES = {
    "administrator": "Administrator",
    "aide": "Aide",
    "counselor": "Counsellor",
    "districtAdministrator": "District administrator",
    "principal": "Principal",
    "proctor": "Proctor",
    "siteAdministrator": "Administrator",
    "staff": "Staff",
    "systemAdministrator": "System administrator",
    "teacher": "Teacher",
}
GUARDIAN_ROLES = ("guardian", "parent", "relative")

# As many characters as a number of a student or of a member of staff has.
LONGEST_NUMBER = 40


def kind_of(role: str) -> str:
    """What kind of person a role makes of somebody; they may have one of each."""
    return staged.STUDENT if role == "student" else staged.GUARDIAN if role in GUARDIAN_ROLES else staged.STAFF


def users_of(bundle: Bundle) -> Iterator[Staged]:
    seen: set[str] = set()
    for line in lines_of(bundle, "users"):
        person = bundle.people.get(line.id) or Person()
        seen.add(line.id)
        line.errors += person.wrong
        roles = dict(person.roles)
        if said := line.get("role"):
            roles.setdefault(kind_of(said), Role(said))
        if roles:
            for kind, role in roles.items():
                yield from _person(bundle, line, person, kind, role)
        else:
            # Earlier bundles said what they are.
            kinds = (staged.STUDENT, staged.STAFF, staged.GUARDIAN)
            each = {kind: list(_person(bundle, line, person, kind, Role(""))) for kind in kinds}
            may_be = {kind: [dataclasses.asdict(row) for row in rows] for kind, rows in each.items()}
            yield line.staged(staged.USER, {"may_be": may_be}, name=_full_name(line))
    for key, person in bundle.people.items():
        if person.demographics_row and key not in seen:
            # Of somebody who is in the school already.
            values = {"birth_date": person.birth_date, "sex": person.sex, "partial": "true"}
            yield Staged(staged.STUDENT, person.demographics_file, person.demographics_row, key, values, person.wrong)


def _person(bundle: Bundle, line: Line, person: Person, kind: str, role: Role) -> Iterator[Staged]:
    read = {staged.STUDENT: _student, staged.STAFF: _staff, staged.GUARDIAN: _guardian}[kind]
    for row in read(bundle, line, person, role):
        if role.gone:
            row.values["deleted"] = "true"
        yield row


def _full_name(line: Line) -> str:
    return f"{line.get('givenName')} {line.get('familyName')}".strip()[:250]


def _login(line: Line) -> dict[str, Any]:
    return {"username": line.get("username"), "enabled": line.get("enabledUser"), "email": line.get("email")}


def _phone(line: Line) -> str:
    return line.get("phone") or line.get("sms")


def _org(bundle: Bundle, line: Line, person: Person, role: Role) -> str:
    """The school of somebody: as said, else that of a class they are in, where only a district is said."""
    said = [each for each in (role.org, line.get("primaryOrgSourcedId"), *line.many("orgSourcedIds")) if each]
    schools = [each for each in map(bundle.school_of, said) if each in bundle.orgs]
    group = bundle.groups.get(person.homeroom or person.group or person.taught)
    if not schools and said and bundle.orgs and group is not None:
        return group.org
    return next(iter(schools), bundle.school_of(said[0]) if said else "")


def _student(bundle: Bundle, line: Line, person: Person, role: Role) -> Iterator[Staged]:
    homeroom = bundle.groups.get(person.homeroom)
    group = homeroom or bundle.groups.get(person.group)
    org = _org(bundle, line, person, role)
    grades = line.many("grades")
    grade = grades[0] if grades else role.grade or (homeroom.grade if homeroom else "")
    year = session_key(bundle, root_of(bundle, group.sessions[0]), org) if group and group.sessions else ""
    number = _number(bundle, line)
    agents = [*dict.fromkeys([*line.many("agentSourcedIds"), *person.agents])]
    values: dict[str, Any] = {
        "admission_number": number,
        "given_name": line.get("givenName"),
        "family_name": line.get("familyName"),
        "middle_name": line.get("middleName"),
        "preferred_name": line.get("preferredGivenName"),
        "phone": _phone(line),
        **_login(line),
        "institution": org,
        "grade": grade_seen(bundle, line, grade),
        "year": year,
        "entered_on": role.begins or person.first_day,
        # Where the school says more of the class than this bundle.
        "elsewhere": [*person.elsewhere, *([person.homeroom] if homeroom and not grade else [])],
    }
    if role.dated:
        values["exited_on"] = role.ends
    if person.demographics_row:
        values |= {"birth_date": person.birth_date, "sex": person.sex or "unspecified"}
    yield line.staged(staged.STUDENT, values, name=_full_name(line), natural=f"{org}|{fold(number)}")
    if "relations" in line.said:
        relations, access = line.many("relations"), line.many("access")
    else:
        relations, access = [], []
    for place, agent in enumerate(agents):
        link = {
            "student": line.id,
            "guardian": agent,
            "relation": relations[place] if place < len(relations) else person.agents.get(agent, ""),
            "data_access": access[place] if place < len(access) else "",
        }
        yield _link(line, link)


def _guardian(_bundle: Bundle, line: Line, _person: Person, role: Role) -> Iterator[Staged]:
    values = {
        "given_name": line.get("givenName"),
        "family_name": line.get("familyName"),
        "phone": _phone(line),
        **_login(line),
        "role": role.role,
    }
    yield line.staged(staged.GUARDIAN, values, name=_full_name(line))
    for child in line.many("agentSourcedIds"):
        yield _link(line, {"student": child, "guardian": line.id, "relation": "", "data_access": ""})


def _link(line: Line, values: dict[str, Any]) -> Staged:
    key = f"{values['student']}|{values['guardian']}"
    return Staged(staged.LINK, line.file, line.number, key, values)


def _number(bundle: Bundle, line: Line) -> str:
    """School Data Sync has addresses for usernames, and the number of the school for an id."""
    names = ("identifier", "username") if bundle.layout is layouts.ONEROSTER else ("identifier",)
    column = next((name for name in names if line.get(name)), "sourcedId")
    return line.fitting(line.get(column), LONGEST_NUMBER, column)


def _staff(bundle: Bundle, line: Line, person: Person, role: Role) -> Iterator[Staged]:
    number = _number(bundle, line)
    values = {
        "staff_number": number,
        "given_name": line.get("givenName"),
        "family_name": line.get("familyName"),
        "phone": _phone(line),
        **_login(line),
        "role": role.role,
        # Not the dates of the role: those are of a school year, and nobody leaves because it ends.
        "institution": _org(bundle, line, person, role),
    }
    if role.role:
        values["job_title"] = STAFF_ROLES.get(role.role, "")
    natural = f"{values['institution']}|{fold(number)}"
    yield line.staged(staged.STAFF, values, name=_full_name(line), natural=natural)


def enrolments_of(bundle: Bundle) -> Iterator[Staged]:
    for line in lines_of(bundle, "enrollments"):
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
            yield line.staged(staged.PLACE, values, name=name)
        else:
            values["assistant"] = "true" if line.get("primary") == "false" or role == "aide" else "false"
            yield line.staged(staged.ASSIGNMENT, values, name=name, skip=role not in {"teacher", "aide", ""})
