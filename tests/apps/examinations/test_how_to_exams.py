"""The steps of docs/how-to/exams.md, done as they are written: by whom they say and in their order."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from apps.accounts.models import User
from apps.examinations import tasks as examinations
from apps.institutions.models import Course
from apps.reports import tasks as reports
from config.env import BASE_DIR
from tests.api.addresses import PLAIN, addresses
from tests.apps.asking import asking
from tests.factories.exams import LONG_BEFORE, a_scale
from tests.factories.jobs import work_off
from tests.factories.people import SCHOOL_DAY, Campus, students_in

GUIDES = BASE_DIR / "docs" / "how-to"
CALL = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) /([^`?]+)(?:\?[^`]*)?`")
STEP = re.compile(r"^\| (\d)\. [^|]*\| ([^|]*) \| (.*) \|$", re.MULTILINE)
# As the table calls them → the logins that tests have; where several may, the least of them does.
PEOPLE = {"registrar": "dave", "head": "alice", "whoever teaches": "bob", "staff": "bob"}


def test_every_address_that_a_guide_names_is_one() -> None:
    def plain(path: str) -> str:
        return re.sub(r"\{[^}]*\}|<[^>]*>", "{}", path.removeprefix(PLAIN.strip("/") + "/"))

    known = {(each.method, plain(each.route.removeprefix(PLAIN))) for each in addresses()}
    named = {
        (guide.name, method, plain(path.removeprefix("api/v1/")))
        for guide in GUIDES.glob("*.md")
        for method, path in CALL.findall(guide.read_text("utf-8"))
        if not path.startswith("health")
    }
    assert len(named) > 40
    assert {each for each in named if each[1:] not in known} == set()


class Hour:
    """One session, from nothing to report cards, by the calls of the guide: each is asked as the guide writes it."""

    def __init__(self, campus: Campus, maths: Course, logins: dict[str, User]) -> None:
        self.campus, self.maths = campus, maths
        self.logins = {name: asking(user) for name, user in logins.items()}
        self.ids = {"students": str(students_in(campus.section)[0].sourced_id)}
        self.step = ""

    def ask(self, who: str, call: str, body: Any = None) -> Any:
        method, path = call.split(" ", 1)
        answer = self.logins[who](method, path.replace("{id}", self.ids.get(path.partition("/")[0], "")), body)
        assert answer.status_code < 300, (call, answer.content)
        return answer.json()

    def follow(self, step: str, who: str, call: str) -> None:
        """Do one call of a step, with what the guide says beside it."""
        self.step = step
        done = {
            "POST exam-sessions": self.begin,
            "POST exams": self.set_papers,
            "POST exam-sessions/{id}/state": lambda _who, _call: self.move("scheduled", "held", "marking"),
            "PUT exam-sessions/{id}/publication": self.publish,
            "PUT exams/{id}/marks": self.mark,
            "GET exam-sessions/{id}/results": self.look,
            "POST exam-sessions/{id}/report-cards": self.draft,
            "PUT exam-sessions/{id}/report-cards/publication": self.publish_cards,
        }
        if call in done:
            done[call](who, call)
        else:
            # What is there to read is for whom it says: families read below their child.
            reader = "carol" if call.startswith("GET students/") else who
            assert self.ask(reader, call)["results"], call

    def begin(self, who: str, call: str) -> None:
        said = {"term_id": str(self.campus.terms[0].sourced_id), "name": "Mid-terms", "kind": "mid-term"}
        self.ids["exam-sessions"] = self.ask(who, call, said)["id"]

    def set_papers(self, who: str, call: str) -> None:
        paper = {
            "section_id": str(self.campus.section.sourced_id), "course_id": str(self.maths.sourced_id),
            "scale_id": str(a_scale().sourced_id), "day": str(SCHOOL_DAY - dt.timedelta(days=1)),
            "starts_at": "09:00", "ends_at": "10:30", "max_marks": "80",
        }  # fmt: skip
        said = {"session_id": self.ids["exam-sessions"], "papers": [paper]}
        self.ids["exams"] = self.ask(who, call, said)["results"][0]["id"]

    def version(self) -> int:
        found: int = self.ask("alice", "GET exam-sessions/{id}")["version"]
        return found

    def move(self, *states: str) -> None:
        for state in states:
            self.ask("alice", "POST exam-sessions/{id}/state", {"state": state, "version": self.version()})

    def publish(self, who: str, call: str) -> None:
        moment = LONG_BEFORE.isoformat()
        said = {"timetable_published_at": moment, "results_published_at": moment if self.step == "7" else None}
        self.ask(who, call, {**said, "version": self.version()})

    def mark(self, who: str, call: str) -> None:
        everybody = students_in(self.campus.section)
        self.ask(who, call, {"records": [{"student_id": str(each.sourced_id), "score": "7,5"} for each in everybody]})

    def look(self, who: str, call: str) -> None:
        self.move("moderation")
        work_off(examinations.compute_results)
        assert {row["percent"] for row in self.ask(who, call)["results"]} == {"9.38"}

    def draft(self, who: str, call: str) -> None:
        said = {"section_id": str(self.campus.section.sourced_id)}
        self.ask(who, call, said)
        drafted = self.ask(who, call.replace("POST", "GET"))["results"]
        read = {**said, "proof_read": max(each["drafted_at"] for each in drafted)}
        assert self.ask(who, call, read)["cards"] == len(drafted)

    def publish_cards(self, who: str, call: str) -> None:
        said = {"section_id": str(self.campus.section.sourced_id), "published_at": LONG_BEFORE.isoformat()}
        self.ask(who, call, said)
        work_off(reports.publish_cards)


def test_the_steps_lead_from_nothing_to_report_cards(
    campus: Campus, maths: Course, alice: User, bob: User, carol: User, dave: User
) -> None:
    hour = Hour(campus, maths, {"alice": alice, "bob": bob, "carol": carol, "dave": dave})
    steps = STEP.findall((GUIDES / "exams.md").read_text("utf-8"))
    assert [int(number) for number, *_ in steps] == list(range(1, 10))
    for number, whose, how in steps:
        who = next(login for words, login in PEOPLE.items() if words in whose)
        calls = [" ".join(each) for each in CALL.findall(how)]
        assert calls
        for call in calls:
            hour.follow(number, who, call)
