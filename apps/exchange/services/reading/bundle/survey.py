"""A first look at a bundle: what joins its files."""

from __future__ import annotations

from apps.exchange.services.reading import staged
from apps.exchange.services.reading.bundle.opening import Bundle, Group, Line, Person, Role, lines_of
from apps.exchange.services.reading.bundle.people import kind_of


def survey(bundle: Bundle) -> None:
    bundle.orgs = [line.id for line in lines_of(bundle, "orgs") if line.get("type") == "school"]
    for line in lines_of(bundle, "academicSessions"):
        bundle.sessions[line.id] = (line.get("type"), line.get("parentSourcedId"), line.get("metadata.orgSourcedId"))
    course_sessions: dict[str, str] = {}
    for line in lines_of(bundle, "courses"):
        grades = line.many("grades")
        bundle.courses[line.id] = grades[0] if len(grades) == 1 else ""
        course_sessions[line.id] = line.get("schoolYearSourcedId")
        _belongs(bundle, line.get("schoolYearSourcedId"), line.get("orgSourcedId"))
    _survey_classes(bundle, course_sessions)
    _survey_people(bundle)


def _survey_classes(bundle: Bundle, course_sessions: dict[str, str]) -> None:
    taught: set[str] = set()
    for line in lines_of(bundle, "classes"):
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
    for line in lines_of(bundle, "roles"):
        person = bundle.people.setdefault(line.get("userSourcedId"), Person())
        person.wrong += [{**error, "file": "roles.csv"} for error in line.errors]
        if line.get("role"):
            _take(person, line)
    for line in lines_of(bundle, "demographics"):
        person = bundle.people.setdefault(line.id, Person())
        person.birth_date, person.sex = line.get("birthDate"), line.get("sex")
        person.demographics_row = line.number
        person.wrong += [{**error, "file": "demographics.csv"} for error in line.errors]
    for line in lines_of(bundle, "enrollments"):
        if line.get("role") != "student":
            continue
        person = bundle.people.setdefault(line.get("userSourcedId"), Person())
        begins, group = line.get("beginDate"), line.get("classSourcedId")
        if begins and (not person.first_day or begins < person.first_day):
            person.first_day = begins
        known = bundle.groups.get(group)
        if known is None:
            person.elsewhere.append(group)
        elif known.kind == staged.SECTION and not person.homeroom:
            person.homeroom = group
        person.group = person.group or group


def _take(person: Person, line: Line) -> None:
    """Of two roles that make the same of somebody the one that is theirs still counts, the primary, the later."""
    new = Role(
        line.get("role"),
        line.get("orgSourcedId"),
        line.get("beginDate"),
        line.get("endDate"),
        primary=line.get("roleType") == "primary",
        gone=line.get("status") == "tobedeleted",
        dated=True,
    )
    held = person.roles.get(kind := kind_of(new.role))
    if held is None or _counts(new) > _counts(held):
        person.roles[kind] = new


def _counts(role: Role) -> tuple[bool, bool, str]:
    return not role.gone, role.primary, role.begins
