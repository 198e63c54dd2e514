"""The organisations, sessions, courses and classes of a bundle, as rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from apps.exchange import errors
from apps.exchange.services.reading import cells, notes, staged
from apps.exchange.services.reading.bundle.opening import Bundle, Line, lines_of
from apps.exchange.services.reading.notes import note
from apps.exchange.services.reading.staged import Staged

# Terms that no year is named for are of one, as long as they lie within so many days.
LONGEST_YEAR = dt.timedelta(days=366)


def grade_seen(bundle: Bundle, line: Line, code: str) -> str:
    if code:
        bundle.grades.setdefault(code, (line.file, line.number))
    return code


def orgs_of(bundle: Bundle) -> Iterator[Staged]:
    for line in lines_of(bundle, "orgs"):
        values = {"name": line.get("name"), "code": line.get("identifier")}
        # Districts and departments have nothing that we keep.
        yield line.staged(
            staged.INSTITUTION, values, name=line.get("name"), skip=line.get("type") not in {"school", ""}
        )


def _orgs_with(bundle: Bundle, session: str) -> list[str]:
    said = bundle.school_of(bundle.sessions.get(session, ("", "", ""))[2])
    return [said] if said else bundle.session_orgs.get(session) or bundle.orgs


def session_key(bundle: Bundle, session: str, org: str) -> str:
    """A session that several schools share is one of each: its key then says whose."""
    return f"{session}@{org}" if session and org and len(_orgs_with(bundle, session)) > 1 else session


def root_of(bundle: Bundle, session: str) -> str:
    seen: set[str] = set()
    while session not in seen:
        seen.add(session)
        kind, parent, _ = bundle.sessions.get(session, ("", "", ""))
        if kind == "schoolYear" or not parent:
            return session
        session = parent
    return session


def sessions_of(bundle: Bundle) -> Iterator[Staged]:
    # Years first, and of terms those that hold others.
    depth = {"schoolYear": 0, "semester": 1, "term": 2, "gradingPeriod": 3}
    lines = sorted(lines_of(bundle, "academicSessions"), key=lambda line: line.get("endDate"), reverse=True)
    lines.sort(key=lambda line: (depth.get(line.get("type"), 9), line.get("startDate")))
    yield from _years_not_named(bundle, lines)
    for line in lines:
        year = line.get("type") == "schoolYear"
        for org in _orgs_with(bundle, line.id) or [""]:
            values = {
                "name": line.get("title"),
                "starts_on": line.get("startDate"),
                "ends_on": line.get("endDate"),
                "institution": org,
            }
            parent = line.get("parentSourcedId")
            if not year:
                values |= {"kind": line.get("type"), "year": session_key(bundle, root_of(bundle, parent), org)}
                above = bundle.sessions.get(parent, ("", "", ""))[0]
                values["parent"] = session_key(bundle, parent, org) if above not in {"schoolYear", ""} else ""
            yield line.staged(
                staged.YEAR if year else staged.TERM,
                values,
                key=session_key(bundle, line.id, org),
                name=line.get("title"),
            )


def _years_not_named(bundle: Bundle, lines: list[Line]) -> Iterator[Staged]:
    """A year for the terms that no session of the type schoolYear is above of or around: made of their days."""
    if bundle.modes.get("academicSessions") == "delta":
        # The years came before it.
        return
    years = [line for line in lines if line.get("type") == "schoolYear"]
    found: dict[tuple[str, str], list[Line]] = {}
    begins = ""
    for line in sorted(lines, key=lambda line: line.get("startDate")):
        starts_on, ends_on = line.get("startDate"), line.get("endDate")
        root = bundle.sessions.get(root_of(bundle, line.id), ("", "", ""))[0]
        held = any(year.get("startDate") <= starts_on and ends_on <= year.get("endDate") for year in years)
        if root == "schoolYear" or held or line.errors or line.get("status") == "tobedeleted":
            continue
        if not begins or dt.date.fromisoformat(ends_on) - dt.date.fromisoformat(begins) > LONGEST_YEAR:
            begins = starts_on
        for org in _orgs_with(bundle, line.id) or [""]:
            found.setdefault((line.get("schoolYear") or begins, org), []).append(line)
    for (said, org), terms in found.items():
        starts_on = min(line.get("startDate") for line in terms)
        ends_on = max(line.get("endDate") for line in terms)
        name = starts_on[:4] if starts_on[:4] == ends_on[:4] else f"{starts_on[:4]}-{ends_on[:4]}"
        values = {"name": name, "starts_on": starts_on, "ends_on": ends_on, "institution": org, "not_named": "true"}
        row = terms[0].number
        yield Staged(staged.YEAR, terms[0].file, row, f"~{said}|{org}", values, name=name)
    if found:
        bundle.notes.append(note(notes.NO_YEAR))


def courses_of(bundle: Bundle) -> Iterator[Staged]:
    for line in lines_of(bundle, "courses"):
        grades = line.many("grades")
        values: dict[str, Any] = {"grade": grade_seen(bundle, line, grades[0] if len(grades) == 1 else "")}
        homeroom = line.id in bundle.homeroom_courses or line.get("metadata.homeroom") == "true"
        if not homeroom:
            values |= {
                "code": line.get("courseCode") or line.id[:40],
                "title": line.get("title"),
                "subject": line.fitting(", ".join(line.many("subjects")), 100, "subjects"),
                "subject_code": line.fitting(", ".join(line.many("subjectCodes")), 40, "subjectCodes"),
            }
        used = bundle.course_orgs.get(line.id, [])
        own = bundle.school_of(line.get("orgSourcedId") or next(iter(used), ""))
        district = bool(bundle.orgs) and own in bundle.known_orgs - {*bundle.orgs}
        for org in dict.fromkeys(used if district else (own, *used)):
            yield line.staged(
                staged.HOMEROOM_COURSE if homeroom else staged.COURSE,
                {**values, "institution": org},
                key=line.id if org == own else f"{line.id}@{org}",
                name=line.get("title"),
                natural="" if homeroom else f"{org}|{values['code']}",
            )
    for line in lines_of(bundle, "classes"):
        group = bundle.groups[line.id]
        if line.get("courseSourcedId") or group.kind == staged.SECTION:
            continue
        code = line.get("classCode") or line.id
        values = {"code": code[:40], "title": line.get("title"), "institution": group.org, "grade": group.grade}
        yield line.staged(
            staged.COURSE, {**values, "subject": "", "subject_code": ""}, key=group.course, name=line.get("title")
        )


def classes_of(bundle: Bundle) -> Iterator[Staged]:
    for line in lines_of(bundle, "classes"):
        group = bundle.groups[line.id]
        sessions = [session_key(bundle, session, group.org) for session in group.sessions]
        values: dict[str, Any] = {
            "institution": group.org,
            "sessions": sessions,
            "room": line.get("location"),
            "course": group.course,
        }
        if group.kind == staged.SECTION:
            values |= {
                "name": line.get("title"),
                "grade": grade_seen(bundle, line, group.grade),
                "capacity": line.get("metadata.capacity"),
            }
            if not group.grade and not line.errors and not bundle.delta:
                grades = ", ".join(line.many("grades"))
                several = errors.GradesSeveral(title=line.get("title"), grades=grades)
                refusal = several if grades else errors.GradeMissing()
                line.errors.append(cells.said_of(refusal, row=line.number, column="grades"))
        else:
            values |= {
                "code": line.get("classCode") or line.id[:60],
                "title": line.get("title"),
                "section": line.get("metadata.sectionSourcedId"),
            }
        yield line.staged(group.kind, values, name=line.get("title"))
