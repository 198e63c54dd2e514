"""A first look at a bundle: what joins its files."""

from __future__ import annotations

from apps.exchange.services.reading import notes, staged
from apps.exchange.services.reading.bundle.opening import Bundle, Group, Line, Person, Role, lines_of
from apps.exchange.services.reading.bundle.people import kind_of
from apps.exchange.services.reading.notes import note


def survey(bundle: Bundle) -> None:
    _survey_orgs(bundle)
    for line in lines_of(bundle, "academicSessions"):
        bundle.sessions[line.id] = (line.get("type"), line.get("parentSourcedId"), line.get("metadata.orgSourcedId"))
    course_sessions: dict[str, str] = {}
    for line in lines_of(bundle, "courses"):
        grades = line.many("grades")
        bundle.courses[line.id] = grades[0] if len(grades) == 1 else ""
        course_sessions[line.id] = line.get("schoolYearSourcedId")
        _belongs(bundle, line.get("schoolYearSourcedId"), bundle.school_of(line.get("orgSourcedId")))
    _survey_classes(bundle, course_sessions)
    _survey_people(bundle)


def _survey_orgs(bundle: Bundle) -> None:
    """The schools, and what leads to one: what lies below it, or above it alone."""
    above: dict[str, str] = {}
    for line in lines_of(bundle, "orgs"):
        above[line.id] = line.get("parentSourcedId")
        if line.get("type") == "school":
            bundle.orgs.append(line.id)
    bundle.known_orgs = {*above}
    around = {org: _around(org, above) for org in above}
    for org in above.keys() - {*bundle.orgs}:
        schools = [each for each in around[org] if each in bundle.orgs][:1]
        schools = schools or [each for each in bundle.orgs if org in around[each]]
        if len(schools) == 1:
            bundle.leads[org] = schools[0]
    if not bundle.orgs and bundle.modes.get("orgs", "absent") == "absent" and not bundle.delta:
        _lead_to_the_only_one(bundle)


def _around(org: str, above: dict[str, str]) -> list[str]:
    found: list[str] = []
    while (org := above.get(org, "")) and org not in found:
        found.append(org)
    return found


def _lead_to_the_only_one(bundle: Bundle) -> None:
    """The bundle says nothing of its schools: one that it names may be the campus there is."""
    said = {line.get("schoolSourcedId") for line in lines_of(bundle, "classes")}
    for line in lines_of(bundle, "users"):
        said |= {line.get("primaryOrgSourcedId"), *line.many("orgSourcedIds")}
    said |= {line.get("orgSourcedId") for line in lines_of(bundle, "roles")}
    if len(said := said - {""}) == 1:
        (org,) = said
        bundle.leads[org] = f"{staged.OR_ELSE}{org}"
        bundle.notes.append(note(notes.NO_ORGS, org=org[:100]))


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
            org := bundle.school_of(line.get("schoolSourcedId")),
            # A class of no course is one of its own.
            line.get("courseSourcedId") or f"course of {line.id}",
        )
        orgs = bundle.course_orgs.setdefault(bundle.groups[line.id].course, [])
        if org not in orgs:
            orgs.append(org)
        (bundle.homeroom_courses if homeroom else taught).add(line.get("courseSourcedId"))
        for session in sessions:
            _belongs(bundle, session, org)
    bundle.homeroom_courses -= taught | {""}


def _belongs(bundle: Bundle, session: str, org: str) -> None:
    """A session, and every one above it, is of an organisation that uses it."""
    seen: set[str] = set()
    while session and session not in seen:
        seen.add(session)
        orgs = bundle.session_orgs.setdefault(session, [])
        if org and org not in orgs and (org in bundle.orgs or not bundle.orgs):
            orgs.append(org)
        session = bundle.sessions.get(session, ("", "", ""))[1]


def _survey_people(bundle: Bundle) -> None:
    for line in lines_of(bundle, "roles"):
        person = bundle.people.setdefault(line.get("userSourcedId"), Person())
        person.wrong += [{**error, "file": line.file} for error in line.errors]
        if line.get("role"):
            _take(person, line)
    for line in lines_of(bundle, "demographics"):
        person = bundle.people.setdefault(line.id, Person())
        person.birth_date, person.sex = line.get("birthDate"), line.get("sex")
        person.demographics_row, person.demographics_file = line.number, line.file
        person.wrong += [{**error, "file": line.file} for error in line.errors]
    for line in lines_of(bundle, "relationships"):
        child, agent = line.get("userSourcedId"), line.get("relationshipUserSourcedId")
        bundle.people.setdefault(child, Person()).agents[agent] = line.get("relationshipRole")
        # Who is said to be somebody's is a guardian, whatever else they are.
        bundle.people.setdefault(agent, Person()).roles.setdefault(staged.GUARDIAN, Role("guardian"))
    for line in lines_of(bundle, "enrollments"):
        person = bundle.people.setdefault(line.get("userSourcedId"), Person())
        if line.get("role") != "student":
            person.taught = person.taught or line.get("classSourcedId")
            continue
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
        dated="endDate" in line.said,
        grade=next(iter(line.many("grades")), ""),
    )
    held = person.roles.get(kind := kind_of(new.role))
    if held is None or _counts(new) > _counts(held):
        person.roles[kind] = new


def _counts(role: Role) -> tuple[bool, bool, str]:
    return not role.gone, role.primary, role.begins
