"""Every page of the family and what the API has of a child, asked for as everybody for whom it could be."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from tests.attack.target import Browser, Target, over_http
from tests.factories.family_pages import ELSEWHERE, FREE, GUARDIANS, OPEN, OWN, PAPERS
from tests.smoke.wall import Report
from tests.smoke.world import World, png

Say = Callable[[str], None]
REFUSED = {302, 401, 403, 404}
OF_SCHOOL = frozenset(
    {"attendance", "attendance-summary", "marks", "results", "term-results", "exams", "report-cards", "calendar-feed"}
)
OF_GUARDIANS = frozenset({"invoices", "receipts", "family-statement", "looks"})
# What is sent from these pages: name → what is said. What a guardian takes back is sent last.
SENT: Mapping[str, Mapping[str, str]] = {
    "contact": {"phone": "+44 20 7946 0001", "email": ""},
    "preferences": {"all-email": "no"},
    "calendar": {"what": "begin"},
    "leave": {"ends_on": "", "reason": "A wedding"},
    "take-back": {},
}
ONES_OWN = frozenset({"contact", "preferences"})


@dataclass(frozen=True, slots=True)
class Somebody:
    """Who asks, and what they are shown of the child: pages, addresses of the API, and what they may send."""

    who: str
    username: str
    pages: Collection[str]
    read: Collection[str] = frozenset()
    sends: Collection[str] = frozenset()
    at_home: bool = True


def _guardian(world: World, *children: str, **link: Any) -> str:
    """A login of a guardian of these children; a former one's, where ``former`` is said."""
    former, username = link.pop("former", False), world.new_person("guardian")
    made = world.post(
        "guardians",
        {"given_name": username.title(), "family_name": "Smokestack", "user_id": world.user_id(username)},
    )
    for child in children:
        linked = world.post(f"students/{child}/guardians", {"guardian_id": made["id"], "relation": "other", **link})
        if former:
            world.ask("DELETE", f"students/{child}/guardians/{linked['id']}").expect(204)
    return username


def _pupil(world: World, child: Mapping[str, Any]) -> str:
    """A login of the child's own."""
    username = world.new_person("student")
    said = {"user_id": world.user_id(username), "version": child["version"]}
    world.ask("PATCH", f"students/{child['id']}", said).expect(200)
    return username


def walk(oak: World, elm: World, hosts: tuple[str, str], port: int, say: Say) -> Report:
    """How many requests were made, what was shown to somebody whom it is not for, and refused to whom it is."""
    child, sibling = (oak.get(f"students/{oak.new_student()['id']}") for _ in range(2))
    whole, whose = OWN | FREE | GUARDIANS, str(child["id"])
    mother = _guardian(oak, whose, str(sibling["id"]))
    leave = {"student_id": whose, "starts_on": oak.today, "ends_on": oak.today, "reason": "Dentist"}
    note = oak.post("leaves", leave, by=mother)
    oak.ask("PUT", f"leaves/{note['id']}/attachment", png(), by=mother).expect(204)
    barred = _guardian(oak, whose, restriction_note="Court order")
    everybody = (
        Somebody("a stranger", "", {"manifest"}),
        Somebody("a guardian of Elm's", elm.roles["guardian"], {"manifest"}, at_home=False),
        Somebody("the restricted guardian", barred, OWN, sends=ONES_OWN),
        Somebody("a former guardian", _guardian(oak, whose, former=True), OWN, sends=ONES_OWN),
        Somebody("the sibling", _pupil(oak, sibling), OPEN),
        Somebody("the child", _pupil(oak, child), OPEN | FREE - PAPERS, OF_SCHOOL, {"calendar"}),
        Somebody(
            "the other guardian", _guardian(oak, whose), whole - PAPERS, OF_SCHOOL | OF_GUARDIANS,
            SENT.keys() - {"take-back"},
        ),
        Somebody(
            "the guardian", mother, whole - PAPERS | {"attachment"}, OF_SCHOOL | OF_GUARDIANS, frozenset(SENT)
        ),
    )  # fmt: skip
    report = Report()
    walks = [_Walk(each, (oak, elm), hosts, port, child, note) for each in everybody]
    # Each in a browser of their own, and beside others.
    with ThreadPoolExecutor(4) as together:
        for probed in together.map(_Walk.done, walks):
            report.probes += probed.probes
            report.leaks += probed.leaks
            report.failures += probed.failures
    say(f"{len(everybody)} of a family, and who is none of it, asked for {report.probes} of its pages and addresses")
    return report


class _Walk:
    """One of them, with their browser."""

    def __init__(
        self, somebody: Somebody, worlds: tuple[World, World], hosts: tuple[str, str], port: int, child: Any, note: Any
    ) -> None:
        self._who, self._child, self._note = somebody, child, note
        oak, elm = worlds
        self._oak = oak
        home = oak if somebody.at_home else elm
        self._host = hosts[0]
        # None of these steps looks at tables.
        target = Target(over_http(port), hosts[0 if somebody.at_home else 1], home.logins, cast("Any", None))
        self._browser = Browser(target, somebody.username) if somebody.username else None
        # From here on they are at Oak's, with the cookies that they have.
        target.host = self._host
        self._send = target.send
        self._token = home.token(somebody.username) if somebody.username else None

    def done(self) -> Report:
        """Ask for everything."""
        report = Report()
        for name, (may, status, body) in {**self._pages(), **self._forms(), **self._api()}.items():
            report.probes += 1
            named = f"{self._who.who}: {name}"
            if may and status not in {200, 303}:
                report.failures.append(f"{named} is refused: {status}")
            if not may and status not in REFUSED:
                report.leaks.append(f"{named} is shown: {status}")
            if not may and self._child["given_name"].encode() in body:
                report.leaks.append(f"{named} names the child")
        return report

    def _addresses(self) -> dict[str, str]:
        from apps.family.urls import urlpatterns

        facts = {"child": self._child["id"], "leave": self._note["id"]}
        return {
            each.name: "/family/" + _filled(str(each.pattern), facts) for each in urlpatterns if each.name is not None
        }

    def _get(self, path: str) -> Any:
        if self._browser is not None:
            return self._browser.get(path)
        return self._send("GET", path, None, {"Host": self._host, "Accept": "text/html"}, "")

    def _pages(self) -> dict[str, tuple[bool, int, bytes]]:
        found = {}
        for name, path in self._addresses().items():
            if name not in ELSEWHERE:
                answer = self._get(path)
                found[path] = (name in self._who.pages, answer.status, answer.body)
        return found

    def _forms(self) -> dict[str, tuple[bool, int, bytes]]:
        found = {}
        for name, said in SENT.items():
            path = self._addresses()[name]
            # Another day for each of them who may.
            day = self._oak.day + timedelta(days=20 + len(self._who.sends))
            more = {"starts_on": day.isoformat()} if name == "leave" else {}
            if self._browser is None:
                answer = self._send("POST", path, b"", {"Host": self._host, "Content-Length": "0"}, "")
            else:
                answer = self._browser.post(path, {**said, **more}, page="/family/")
            found[f"POST {path}"] = (name in self._who.sends, answer.status, answer.body)
        return found

    def _api(self) -> dict[str, tuple[bool, int, bytes]]:
        found = {}
        for name in sorted(OF_SCHOOL | OF_GUARDIANS):
            path = f"/api/v1/students/{self._child['id']}/{name}"
            answer = self._oak.send("GET", path, self._token, None, {}, {})
            found[path] = (name in self._who.read, answer.status, answer.body)
        return found


def _filled(pattern: str, facts: Mapping[str, Any]) -> str:
    parts = []
    for part in pattern.split("/"):
        before, hole, rest = part.partition("<")
        inside, _, after = rest.partition(">")
        name = inside.rpartition(":")[2]
        parts.append(f"{before}{facts.get(name, uuid.uuid4())}{after}" if hole else part)
    return "/".join(parts)
