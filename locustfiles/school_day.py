"""The load of a school day: 300 people log in, 50 teachers take their rolls, students are listed 500 times by 50,
exams are listed and twenty are set.

``make load`` runs it on a stack of its own; by hand::

    locust -f locustfiles/school_day.py --headless -t 60s --host http://127.0.0.1:8000

Who comes is read from the file that ``CAST`` names (see ``benchmarks/load/__main__.py``); without one it is the demo's
cast, who only read. ``PHASE=burst``: all of them at once, as above. ``PHASE=steady``: everybody is let in, and then
they go on asking for ``SECONDS``: ``RATE`` turns a second all together, each when it is due and not when the last was
answered; 0: as fast as they are answered. What came before everybody was in is not in the figures.
Exit code 1 when a target of ``targets`` is missed.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import gevent
from gevent.lock import Semaphore
from locust import FastHttpUser, constant_pacing, events, task
from locust.exception import StopUser

# Started by its path, locust does not look where the rest of us is.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from locustfiles.targets import (
    ENTER_MARKS,
    FAMILY_BILLS,
    FAMILY_CHILD,
    FAMILY_HOME,
    FAMILY_MARKS,
    LIST_BILLS,
    LIST_EXAMS,
    LIST_STUDENTS,
    LOG_IN,
    LOG_IN_WITH_WAITS,
    MARK_ROLL,
    READ_ACCOUNT,
    READ_MARKS,
    READ_ROLL,
    SET_EXAM,
    judge,
)
from locustfiles.turns import Turns
from locustfiles.waiting import Line

DEMO = {
    "host": "oak.localhost",
    "arriving": [{"login": name, "password": f"{name}-of-oak-demo"} for name in ("alice", "bob", "dave", "erin")],
    "teachers": [{"login": "bob", "password": "bob-of-oak-demo"}],
    "readers": [{"login": "alice", "password": "alice-of-oak-demo"}],
    "papers": [],
    "families": [{"login": "carol", "password": "carol-of-oak-demo"}],
}
CAST: dict[str, Any] = {"day": time.strftime("%Y-%m-%d")}
CAST |= json.loads(Path(os.environ["CAST"]).read_text()) if os.environ.get("CAST") else DEMO
PHASE = os.environ.get("PHASE", "burst")
RATE = float(os.environ.get("RATE", "0"))
SECONDS = float(os.environ.get("SECONDS", "60"))
TOKENS: dict[tuple[str, str], str] = {}
_one_logs_in = Semaphore()
# A login that waits longer than a person would has failed.
PATIENCE_S = 60.0
PAGES_OF_STUDENTS = 10
_numbers = itertools.count(1)
# What happened to the load's people that is the failure of no request of theirs.
BROKEN: Counter[str] = Counter()
LINE = Line()


class Person(FastHttpUser):
    """Somebody at one school, from an address of their own."""

    abstract = True
    connection_timeout = network_timeout = 30.0

    def come_from(self, who: dict[str, Any]) -> None:
        number = next(_numbers)
        self.headers = {
            "Host": who.get("host") or CAST["host"],
            # Believed where TRUSTED_PROXIES says so: 400 people do not share one address.
            "X-Forwarded-For": f"10.7.{number // 250}.{number % 250 + 1}",
        }

    def ask(self, method: str, path: str, name: str, **how: Any) -> Any:
        return self.client.request(method, f"/api/v1/{path}", name=name, headers=self.headers, **how)

    def log_in(self, who: dict[str, Any]) -> None:
        """Be let in, having waited as often and as long as was asked for; the appointment is a cookie that is kept."""
        self.come_from(who)
        began = time.monotonic()
        said = {"login": who["login"], "password": who["password"]}
        while True:
            with self.ask("POST", "auth/login", LOG_IN, json=said, catch_response=True) as answer:
                if answer.status_code in {429, 503} and "Retry-After" in answer.headers:
                    answer.request_meta["name"] = f"{LOG_IN}, told to wait"
                    answer.success()
                    exactly = answer.json().get("retry_after_ms")
                    wait_s = exactly / 1000 if exactly else float(answer.headers["Retry-After"])
                elif answer.status_code == 200:
                    self.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
                    break
                else:
                    answer.failure(f"{answer.status_code}: {(answer.text or '')[:200]}")
                    raise StopUser
            if time.monotonic() - began + wait_s > PATIENCE_S:
                BROKEN[f"was not let in within {PATIENCE_S:.0f} s"] += 1
                raise StopUser
            gevent.sleep(wait_s)
        self.environment.events.request.fire(
            request_type="WAIT", name=LOG_IN_WITH_WAITS, response_time=(time.monotonic() - began) * 1000,
            response_length=0, exception=None, context={},
        )  # fmt: skip

    def with_token_of(self, who: dict[str, Any]) -> None:
        """Many windows of one login: only the first of them logs in, the others wait for it."""
        key = (who.get("host", ""), who["login"])
        with LINE.standing(self), _one_logs_in:
            if key not in TOKENS:
                self.log_in(who)
                TOKENS[key] = self.headers["Authorization"]
        self.come_from(who)
        self.headers["Authorization"] = TOKENS[key]


class Arriving(Person):
    """Logs in once."""

    abstract = PHASE != "burst"
    fixed_count = len(CAST["arriving"])
    _people = itertools.cycle(CAST["arriving"])

    @task
    def arrive(self) -> None:
        with LINE.standing(self):
            self.log_in(next(self._people))
        raise StopUser


class WithARoll(Person):
    """A teacher, who opens the roll of a class and, where the cast says whose it is, takes it."""

    abstract = True
    section: str | None
    marks: bool

    def begin(self, who: dict[str, Any]) -> None:
        self.section, self.marks = who.get("section"), bool(who.get("section"))
        self.with_token_of(who)
        if self.section is None:
            found = self.ask("GET", f"my/classes?day={CAST['day']}", "open my day").json()
            rolls = [each for each in found.get("results", []) if each["section_id"] and each["kind"] == "daily"]
            self.section = rolls[0]["section_id"] if rolls else None

    def take_the_roll(self) -> None:
        if self.section is None:
            raise StopUser
        path = f"sections/{self.section}/roll/{CAST['day']}"
        roll = self.ask("GET", path, READ_ROLL)
        if not self.marks or roll.status_code != 200:
            return
        read = roll.json()
        records = [
            {"student_id": row["student_id"], "code": "A" if number % 9 == 0 else "P"}
            for number, row in enumerate(read["records"])
        ]
        self.ask("PUT", path, MARK_ROLL, json={"version": read["version"], "records": records})


class Teacher(WithARoll):
    """Takes the own roll every few seconds."""

    abstract = PHASE != "burst"
    fixed_count = len(CAST["teachers"])
    wait_time = constant_pacing(5)
    _people = itertools.cycle(CAST["teachers"])

    def on_start(self) -> None:
        self.begin(next(self._people))

    @task
    def teach(self) -> None:
        self.take_the_roll()


class Reader(Person):
    """Ten pages of students, one after the other: 500 fetches by 50 at once; and of exams two."""

    abstract = PHASE != "burst"
    fixed_count = 50
    _people = itertools.cycle(CAST["readers"])

    def on_start(self) -> None:
        self.with_token_of(next(self._people))

    @task
    def read(self) -> None:
        for number in range(PAGES_OF_STUDENTS):
            self.ask("GET", "students?limit=50", LIST_STUDENTS)
            if number % 5 == 0:
                self.ask("GET", "exams?limit=50", LIST_EXAMS)
            gevent.sleep(0.5)
        raise StopUser


class Setter(Person):
    """Sets one exam."""

    abstract = PHASE != "burst" or not CAST["papers"]
    fixed_count = len(CAST["papers"])
    _papers = itertools.cycle(CAST["papers"])

    @task
    def set_an_exam(self) -> None:
        paper = next(self._papers)
        self.with_token_of(paper)
        self.ask("POST", "exams", SET_EXAM, json=paper["body"])
        raise StopUser


FAMILIES, MARKERS, BURSARS, SETTERS = (CAST.get(who, []) for who in ("families", "markers", "bursars", "setters"))
MONDAY = [*CAST["teachers"], *CAST["readers"], *FAMILIES, *MARKERS, *BURSARS, *SETTERS]
# Whom this cast is there for, beyond what is asked for whoever comes.
AT_LEAST = {
    "burst": {
        LOG_IN: len(CAST["arriving"]), LIST_STUDENTS: Reader.fixed_count * PAGES_OF_STUDENTS,
        MARK_ROLL: sum("section" in each for each in CAST["teachers"]), SET_EXAM: len(CAST["papers"]),
    },
    "steady": {
        MARK_ROLL: sum("section" in each for each in CAST["teachers"]), SET_EXAM: len(SETTERS),
        READ_MARKS: len(MARKERS), ENTER_MARKS: len(MARKERS), LIST_BILLS: len(BURSARS), READ_ACCOUNT: len(BURSARS),
    },
}  # fmt: skip
FORM = "log in by the form"
CHILD = re.compile(r'href="(/family/children/[^/"]+/)attendance/"')
FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Monday(WithARoll):
    """Teachers take rolls and enter marks, heads look at students and exams and set one, bursars look at bills, parents
    at a child."""

    abstract = PHASE != "steady"
    fixed_count = len(MONDAY)
    _people = itertools.cycle(MONDAY)
    kind = "rolls"
    child = paper = ""
    to_set: dict[str, Any] | None = None
    turns = 0

    def on_start(self) -> None:
        self.one_at_a_time = Semaphore()
        try:
            self.arrive(next(self._people))
        except BaseException:
            TURNS.stays_away()
            raise
        TURNS.came(self)

    def arrive(self, who: dict[str, Any]) -> None:
        if who in FAMILIES:
            self.kind = "family"
            self.come_in(who)
        elif who in CAST["teachers"]:
            self.begin(who)
            if self.section is None:
                raise StopUser
        else:
            named = {"paper": "marks", "bills": "bills", "bodies": "exams"}
            self.kind = next((kind for what, kind in named.items() if what in who), "lists")
            self.paper = who.get("paper", "")
            # A paper for each phase: what was set as fast as it was answered cannot be set again when it is due.
            self.to_set = who["bodies"][bool(RATE)] if "bodies" in who else None
            self.with_token_of(who)

    @task
    def be_there(self) -> None:
        """Whose turn it is says ``TURNS``."""
        gevent.sleep(3600)

    def turn(self) -> None:
        """The next one: two requests. Who is not done with the last one begins it late."""
        with self.one_at_a_time:
            self.turns += 1
            try:
                self.work()
            except Exception as broke:  # noqa: BLE001 - whatever it is, it is counted
                BROKEN[f"{type(broke).__name__}: {broke}"] += 1

    def come_in(self, who: dict[str, Any]) -> None:
        """By the form, as a family does; from now on a cookie says who it is."""
        self.come_from(who)
        form = self.look("/office/login/", "the login page")
        token = FORM_TOKEN.search(form.text or "")
        said = {"login": who["login"], "password": who["password"], "csrfmiddlewaretoken": token[1] if token else ""}
        here = {**self.headers, "Referer": f"http://{self.headers['Host']}/office/login/"}
        how: dict[str, Any] = {"headers": here, "allow_redirects": False, "catch_response": True}
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with self.client.post("/office/login/", name=FORM, data=said, **how) as answer:
                if answer.status_code not in {429, 503} or "Retry-After" not in answer.headers:
                    break
                answer.request_meta["name"] = f"{FORM}, told to wait"
                answer.success()
            gevent.sleep(float(answer.headers["Retry-After"]))
        found = CHILD.search(self.look("/family/", FAMILY_HOME).text or "")
        if found is None:
            BROKEN["a family was not let in, or has no child"] += 1
            raise StopUser
        self.child = found[1]

    def look(self, path: str, name: str) -> Any:
        return self.client.get(path, name=name, headers=self.headers, allow_redirects=False)

    def work(self) -> None:
        if self.kind == "family" and self.turns % 2:
            self.look("/family/", FAMILY_HOME)
            self.look(f"{self.child}attendance/", FAMILY_CHILD)
        elif self.kind == "family":
            self.look(f"{self.child}marks/", FAMILY_MARKS)
            self.look(f"{self.child}bills/", FAMILY_BILLS)
        elif self.kind in {"lists", "exams"}:
            if self.to_set is not None and self.turns == 1:
                self.ask("POST", "exams", SET_EXAM, json=self.to_set)
            else:
                self.ask("GET", "students?limit=50", LIST_STUDENTS)
            self.ask("GET", "exams?limit=50", LIST_EXAMS)
        elif self.kind == "marks":
            self.enter_marks()
        elif self.kind == "bills":
            self.look_at_bills()
        else:
            self.take_the_roll()

    def enter_marks(self) -> None:
        """All of the own paper's, other ones each time."""
        sheet = self.ask("GET", f"exams/{self.paper}/marks", READ_MARKS)
        if sheet.status_code == 200:
            read = sheet.json()
            records = [
                {"student_id": row["student_id"], "score": str((number + self.turns) % 80)}
                for number, row in enumerate(read["records"])
            ]
            self.ask(
                "PUT", f"exams/{self.paper}/marks", ENTER_MARKS, json={"version": read["version"], "records": records}
            )

    def look_at_bills(self) -> None:
        bills = self.ask("GET", "invoices?limit=50", LIST_BILLS)
        rows = bills.json()["results"] if bills.status_code == 200 else []
        if rows:
            row = rows[self.turns % len(rows)]
            self.ask("GET", f"students/{row['student_id']}/statement", READ_ACCOUNT)


TURNS = Turns(Monday.fixed_count, rate=RATE, seconds=SECONDS)


def everybody() -> int:
    kinds = (Arriving, Teacher, Reader, Setter, Monday)
    return sum(each.fixed_count for each in kinds if not each.abstract)


@events.init.add_listener
def let_everybody_come(environment: Any, **_: Any) -> None:
    """Without ``-u``: as many as the cast has."""
    options = environment.parsed_options
    if options is not None and not options.num_users:
        options.num_users = everybody()


@events.test_start.add_listener
def play_monday(environment: Any, **_: Any) -> None:
    """When it is over, so is the load."""

    def begin() -> None:
        failed = environment.stats.total.num_failures
        if failed:
            BROKEN["a request failed before everybody was in"] += failed
        environment.stats.clear_all()

    def monday() -> None:
        TURNS.play(begin)
        environment.runner.quit()

    if not Monday.abstract:
        gevent.spawn(monday)


@events.user_error.add_listener
def keep_what_broke(exception: BaseException, **_: Any) -> None:
    """Locust writes it into its log and goes on without whoever it happened to."""
    BROKEN[f"{type(exception).__name__}: {exception}"] += 1


@events.quitting.add_listener
def look_at_the_targets(environment: Any, **_: Any) -> None:
    figures, missed = judge(environment.stats, PHASE if RATE or PHASE == "burst" else "", AT_LEAST[PHASE])
    missed += [f"{count} of the load's people broke off: {what}" for what, count in BROKEN.items()]
    missed += [f"{len(LINE)} still waited to be let in when it was over"] if LINE else []
    for each in missed:
        print(f"MISSED {each}")
    environment.process_exit_code = 1 if missed else 0
    turns = {"turns": TURNS.taken, "seconds": round(TURNS.took_s, 2)}
    result = json.dumps(
        {**figures, **turns, "missed": len(missed), "broken": BROKEN.total(), "still_waiting": len(LINE)}
    )
    events.quit.add_listener(lambda **_: print(f"RESULT {result}", flush=True))
