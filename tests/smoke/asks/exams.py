"""Scales, exam sessions, papers, marks and what they come to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.smoke.asks.table import Ask, ask
from tests.smoke.rosters import form
from tests.smoke.web import Picture
from tests.smoke.world import World

HALVES = {
    "kind": "letter",
    "bands": [{"code": "A", "lower": "50"}, {"code": "B", "lower": "0", "passing": False}],
}
LONG_AGO = "2020-01-06T08:00:00Z"


def _scale(world: World) -> Any:
    return world.post("grading-scales", {"name": f"Halves {world.number()}", **HALVES})


@ask("POST grading-scales")
def _new_scale(world: World) -> Ask:
    return Ask(body={"name": f"Halves {world.number()}", **HALVES})


@ask("POST grading-scales/{}/versions")
def _version(world: World) -> Ask:
    return Ask({"id": _scale(world)["id"]}, HALVES, used_up=True)


@ask("POST grading-scales/{}/retire")
def _retire(world: World) -> Ask:
    return Ask({"id": _scale(world)["id"]})


@ask("GET grading-scales/{}/grade")
def _grade(world: World) -> Ask:
    return Ask({"id": world.first("grading-scales")["id"]}, query={"percent": "79.5"})


def _term(world: World) -> str:
    terms = world.get("terms", year_id=world.year["id"], limit="200")["results"]
    return str(next(term["id"] for term in terms if term["starts_on"] <= world.today <= term["ends_on"]))


def _session_body(world: World) -> dict[str, Any]:
    return {"term_id": _term(world), "name": f"Tests {world.number()}", "kind": "mid-term"}


def _session(world: World) -> Any:
    return world.post("exam-sessions", _session_body(world))


def _moved(world: World, session: Any, *states: str) -> Any:
    for state in states:
        session = world.post(f"exam-sessions/{session['id']}/state", {"state": state, "version": session["version"]})
    return session


def _paper_body(world: World) -> dict[str, Any]:
    # A time of its own, since the section sits one paper at a time.
    begins = datetime.combine(world.day, datetime.min.time()) + timedelta(minutes=2 * (world.number() % 700))
    return {
        "section_id": world.homeroom["id"],
        "course_id": world.first("courses", institution_id=world.institution)["id"],
        "scale_id": world.first("grading-scales", current="true")["id"],
        "title": f"Paper {world.number()}",
        "day": world.today,
        "starts_at": f"{begins:%H:%M}",
        "ends_at": f"{begins + timedelta(minutes=1):%H:%M}",
        "max_marks": "50",
    }


def _paper(world: World, session: Any = None) -> Any:
    body = {"session_id": (session or _session(world))["id"], "papers": [_paper_body(world)]}
    (paper,) = world.post("exams", body)["results"]
    return paper


def _being_marked(world: World) -> Any:
    session = _session(world)
    paper = _paper(world, session)
    session = world.get(f"exam-sessions/{session['id']}")
    _moved(world, session, "scheduled", "held", "marking")
    return paper


def _entered(world: World) -> Any:
    paper = _being_marked(world)
    world.ask("PUT", f"exams/{paper['id']}/marks", _marks(world, paper)).expect()
    return paper


def _marks(world: World, paper: Any) -> dict[str, Any]:
    sheet = world.get(f"exams/{paper['id']}/marks")
    records = [{"student_id": record["student_id"], "score": "31.5"} for record in sheet["records"]]
    return {"version": sheet["version"], "records": records}


def published(world: World) -> Any:
    paper = _entered(world)
    _publish(world, paper["session_id"])
    return paper


def _publish(world: World, session: str) -> None:
    version = world.get(f"exam-sessions/{session}")["version"]
    body = {"timetable_published_at": LONG_AGO, "results_published_at": LONG_AGO, "version": version}
    world.ask("PUT", f"exam-sessions/{session}/publication", body).expect()


@ask("POST exam-sessions")
def _new_session(world: World) -> Ask:
    return Ask(body=_session_body(world))


@ask("GET exam-sessions/{}")
@ask("DELETE exam-sessions/{}")
def _a_session(world: World) -> Ask:
    return Ask({"id": _session(world)["id"]})


@ask("PATCH exam-sessions/{}")
def _change_session(world: World) -> Ask:
    session = _session(world)
    return Ask({"id": session["id"]}, {"weight": "2", "version": session["version"]})


@ask("POST exam-sessions/{}/state")
def _move_session(world: World) -> Ask:
    session = _session(world)
    return Ask({"id": session["id"]}, {"state": "scheduled", "version": session["version"]})


@ask("PUT exam-sessions/{}/publication")
def _publish_session(world: World) -> Ask:
    session = _moved(world, _session(world), "scheduled")
    body = {"timetable_published_at": LONG_AGO, "results_published_at": None, "version": session["version"]}
    return Ask({"id": session["id"]}, body)


@ask("GET exam-sessions/{}/results")
@ask("POST exam-sessions/{}/results")
def _results(world: World) -> Ask:
    return Ask({"id": _entered(world)["session_id"]})


@ask("PATCH result-policy")
def _policy(world: World) -> Ask:
    return Ask(body={"ranks": "dense", "version": world.get("result-policy")["version"]})


@ask("POST exams")
def _new_papers(world: World) -> Ask:
    return Ask(body={"session_id": _session(world)["id"], "papers": [_paper_body(world)]})


@ask("GET exams/{}")
@ask("DELETE exams/{}")
def _a_paper(world: World) -> Ask:
    return Ask({"id": _paper(world)["id"]})


@ask("PATCH exams/{}")
def _change_paper(world: World) -> Ask:
    paper = _paper(world)
    return Ask({"id": paper["id"]}, {"title": f"Paper {world.number()}", "version": paper["version"]})


@ask("GET exams/{}/marks")
def _sheet(world: World) -> Ask:
    return Ask({"id": _paper(world)["id"]})


@ask("PUT exams/{}/marks")
def _enter(world: World) -> Ask:
    paper = _being_marked(world)
    return Ask({"id": paper["id"]}, _marks(world, paper))


def _book_body(world: World) -> dict[str, Any]:
    courses = world.get("courses", institution_id=world.institution, limit="200")["results"]
    taken = {book["course_id"] for book in world.get("gradebooks")["results"]}
    free = [course["id"] for course in courses if course["id"] not in taken]
    return {"term_id": _term(world), "section_id": world.homeroom["id"], "course_id": free[0]}


def _book(world: World) -> Any:
    """A gradebook of the homeroom with two assessments."""
    books = world.get("gradebooks")["results"]
    made = books[0] if books else world.post("gradebooks", _book_body(world))
    sheet = world.get(f"gradebooks/{made['id']}")
    if sheet["published_at"]:
        body = {"published_at": None, "version": sheet["version"]}
        world.ask("PUT", f"gradebooks/{made['id']}/publication", body).expect()
        sheet = world.get(f"gradebooks/{made['id']}")
    if not sheet["assessments"]:
        body = {**_assessed(), "version": sheet["version"]}
        sheet = world.ask("PUT", f"gradebooks/{made['id']}", body).expect().json
    return sheet


def _assessed() -> dict[str, Any]:
    homework = {"category": "Homework", "max_marks": "10"}
    return {
        "categories": [{"name": "Homework", "weight": "2", "drop_lowest": 1}],
        "assessments": [{"name": "One", **homework}, {"name": "Two", **homework}],
    }


@ask("POST gradebooks")
def _new_book(world: World) -> Ask:
    return Ask(body=_book_body(world))


@ask("GET gradebooks/{}")
@ask("GET gradebooks/{}/history")
def _a_book(world: World) -> Ask:
    return Ask({"id": _book(world)["id"]})


@ask("PUT gradebooks/{}")
def _set_book(world: World) -> Ask:
    sheet = _book(world)
    kept = {name: sheet[name] for name in ("categories", "assessments", "version")}
    return Ask({"id": sheet["id"]}, kept)


@ask("PUT gradebooks/{}/marks")
def _enter_book(world: World) -> Ask:
    sheet = _book(world)
    record = {
        "student_id": sheet["records"][0]["student_id"], "assessment_id": sheet["assessments"][0]["id"], "score": "7,5",
    }  # fmt: skip
    return Ask({"id": sheet["id"]}, {"marks_version": sheet["marks_version"], "records": [record]})


@ask("PUT gradebooks/{}/publication")
def _publish_book(world: World) -> Ask:
    sheet = _book(world)
    return Ask({"id": sheet["id"]}, {"published_at": LONG_AGO, "version": sheet["version"]})


@ask("POST gradebooks/{}/reopen")
def _reopen_book(world: World) -> Ask:
    # One that is open again needs no re-opening.
    course = world.post("courses", world.course_body())["id"]
    said = {"term_id": _term(world), "section_id": world.homeroom["id"], "course_id": course}
    sheet = world.get(f"gradebooks/{world.post('gradebooks', said)['id']}")
    body = {**_assessed(), "version": sheet["version"]}
    sheet = world.ask("PUT", f"gradebooks/{sheet['id']}", body).expect().json
    body = {"published_at": LONG_AGO, "version": sheet["version"]}
    world.ask("PUT", f"gradebooks/{sheet['id']}/publication", body).expect()
    return Ask({"id": sheet["id"]}, {"reason": "A mistake"})


@ask("GET exams/{}/components")
def _components(world: World) -> Ask:
    return Ask({"id": _paper(world)["id"]})


@ask("PUT exams/{}/components")
def _set_components(world: World) -> Ask:
    paper = _paper(world)
    said = [{"name": "Theory", "max_marks": "30"}, {"name": "Practical", "max_marks": "20", "weight": "30"}]
    return Ask({"id": paper["id"]}, {"components": said, "version": paper["version"]})


@ask("GET exams/{}/moderations")
def _moderations(world: World) -> Ask:
    return Ask({"id": _entered(world)["id"]})


@ask("POST exams/{}/moderations")
def _propose(world: World) -> Ask:
    return Ask({"id": _entered(world)["id"]}, {"shift": "2", "reason": "A hard paper"})


def _proposed(world: World) -> dict[str, str]:
    paper = _entered(world)["id"]
    made = world.post(f"exams/{paper}/moderations", {"factor": "1.05", "reason": "A hard paper"})
    return {"id": paper, "moderation": made["id"]}


@ask("POST exams/{}/moderations/{}/apply")
@ask("POST exams/{}/moderations/{}/withdraw")
def _settle(world: World) -> Ask:
    return Ask(_proposed(world))


@ask("POST exams/{}/moderations/{}/revert")
def _revert(world: World) -> Ask:
    ids = _proposed(world)
    world.post(f"exams/{ids['id']}/moderations/{ids['moderation']}/apply", {})
    return Ask(ids)


def _remarks(world: World, paper: Any) -> dict[str, Any]:
    (one, *_) = world.get(f"exams/{paper['id']}/marks")["records"]
    return {"records": [{"student_id": one["student_id"], "text": "{name} works with care."}]}


@ask("GET exams/{}/remarks")
def _paper_remarks(world: World) -> Ask:
    return Ask({"id": _being_marked(world)["id"]})


@ask("PUT exams/{}/remarks")
def _write_remarks(world: World) -> Ask:
    paper = _being_marked(world)
    return Ask({"id": paper["id"]}, _remarks(world, paper))


@ask("GET exam-sessions/{}/sections/{}/remarks")
def _class_remarks(world: World) -> Ask:
    return Ask({"id": _being_marked(world)["session_id"], "section": world.homeroom["id"]})


@ask("PUT exam-sessions/{}/sections/{}/remarks")
def _write_class_remarks(world: World) -> Ask:
    paper = _being_marked(world)
    return Ask({"id": paper["session_id"], "section": world.homeroom["id"]}, _remarks(world, paper))


@ask("POST remark-phrases")
def _new_phrase(world: World) -> Ask:
    return Ask(body={"text": f"{{name}} reads a lot. {world.number()}"})


@ask("DELETE remark-phrases/{}")
def _remove_phrase(world: World) -> Ask:
    return Ask({"id": world.post("remark-phrases", {"text": "Fine."})["id"]})


@ask("GET exam-sessions/{}/mark-file")
def _mark_file(world: World) -> Ask:
    return Ask({"id": _being_marked(world)["session_id"]})


def _sheet(world: World) -> tuple[str, Picture]:
    """A session that is being marked, and its marks as a spreadsheet."""
    session = _being_marked(world)["session_id"]
    return session, form(world.ask("GET", f"exam-sessions/{session}/mark-file").expect().body, "marks.xlsx")


@ask("POST exam-sessions/{}/mark-file")
def _send_mark_file(world: World) -> Ask:
    session, sheet = _sheet(world)
    return Ask({"id": session}, sheet)


@ask("GET mark-files/{}")
@ask("GET mark-files/{}/rows")
@ask("POST mark-files/{}/confirm")
def _about_mark_file(world: World) -> Ask:
    session, sheet = _sheet(world)
    sent = world.ask("POST", f"exam-sessions/{session}/mark-file", sheet).expect(202).json["id"]
    world.settle()
    return Ask({"id": sent}, {})


@ask("POST exams/{}/marks/reopen")
def _reopen(world: World) -> Ask:
    return Ask({"id": published(world)["id"]}, {"reason": "A mistake"})


@ask("GET exams/{}/marks/history")
def _history(world: World) -> Ask:
    return Ask({"id": _entered(world)["id"]})


@ask("GET students/{}/marks")
@ask("GET students/{}/results")
@ask("GET students/{}/exams")
@ask("GET students/{}/term-results")
def _followed(world: World) -> Ask:
    return Ask({"id": world.roster[0]["id"]})
