"""The session itself, over HTTP: its timetable, marks by eight teachers and a sheet, moderation, publication, cards."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Barrier
from typing import Any

from openpyxl import load_workbook
from pypdf import PdfReader

from tests.attack.target import Target
from tests.exams.counting import Place, Rule, Said
from tests.exams.reading import Watch
from tests.exams.school import COURSES, SECTIONS, TEACHERS
from tests.smoke.rosters import form
from tests.smoke.web import Answer

LONG_AGO, NEXT_WEEK = "2020-01-06T08:00:00Z", "2026-11-11T08:00:00Z"
FIRST_PAPER = dt.date(2026, 10, 26)
PATIENCE_S = 180
Say = Callable[[str], None]
EASTERN = str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩\u066b")


class NotSo(Exception):
    """Something that had to be is not; the message says what."""


def must(is_so: object, what: str) -> None:
    if not is_so:
        raise NotSo(what)


@dataclass
class Season:
    """``there``: what ``tests.exams.school`` printed. What was taken is in ``truth``, of which papers in ``rules``."""

    school: Target
    there: dict[str, Any]
    say: Say
    truth: dict[Place, Said] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    papers: list[dict[str, Any]] = field(default_factory=list)
    session: str = ""
    clashes: int = 0
    conflicts: int = 0

    # --- asking -------------------------------------------------------------------------------------------------------
    def ask(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return self.school.ask(method, path, who, body, **headers)

    def get(self, who: str, path: str) -> Any:
        return self.ask(who, "GET", path).expect(200).json

    def do(self, who: str, method: str, path: str, body: Any = None) -> Any:
        return self.ask(who, method, path, body).expect().json

    def until(self, what: str, found: Callable[[], Any]) -> Any:
        """What ``found`` says, once it says something: a worker is at it."""
        over = time.monotonic() + PATIENCE_S
        while not (said := found()):
            must(time.monotonic() < over, f"{what} within {PATIENCE_S} s")
            time.sleep(0.1)
        return said

    def rows(self, who: str, path: str) -> list[dict[str, Any]]:
        """A whole list, page by page."""
        found: list[dict[str, Any]] = []
        page = self.get(who, f"{path}{'&' if '?' in path else '?'}limit=200")
        while True:
            found += page["results"]
            if not page["next"]:
                return found
            page = self.get(who, page["next"].partition("/api/v1/")[2])

    # --- the timetable ------------------------------------------------------------------------------------------------
    def timetable(self, count_papers: Callable[[], int]) -> None:
        """Twenty papers in one call; what clashes is refused whole, with what it clashes."""
        said = {"term_id": self.there["term"], "name": "Mid-terms", "kind": "mid-term"}
        self.session = self.do("head", "POST", "exam-sessions", said)["id"]
        scales = self.rows("head", "grading-scales?current=true")
        scale = next(each["id"] for each in scales if each["kind"] == "letter")
        wanted = [
            self._paper(section, course, scale) for section in range(len(SECTIONS)) for course in range(len(COURSES))
        ]
        for name, papers in self._clashing(wanted).items():
            if name.startswith("within"):
                self._refused(name, papers, count_papers)
        self.papers = self.do("head", "POST", "exams", {"session_id": self.session, "papers": wanted})["results"]
        for name, papers in self._clashing(wanted).items():
            if name.startswith("beside"):
                self._refused(name, papers, count_papers)
        self.rules = {each["id"]: Rule(_hundredths(each["max_marks"])) for each in self.papers}
        self.say(f"{len(self.papers)} papers in one call, {self.clashes} calls that clash refused")

    def _paper(self, section: int, course: int, scale: str) -> dict[str, Any]:
        return {
            "section_id": self.there["sections"][section], "course_id": self.there["courses"][course],
            "scale_id": scale, "day": str(FIRST_PAPER + dt.timedelta(days=course)), "starts_at": "09:00",
            "ends_at": "10:30", "room": f"Room {section}", "invigilator_ids": [self.there["staff"][section]],
            "max_marks": "20" if course == len(COURSES) - 1 else "80",
        }  # fmt: skip

    def _clashing(self, wanted: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        """Papers that cannot be, within one call and beside those that are set: room, section, invigilator, twice."""
        one, other = wanted[0], wanted[len(COURSES)]
        later = {"starts_at": "13:00", "ends_at": "14:00"}
        free = {**other, "day": one["day"], "invigilator_ids": [], "title": "Again"}
        return {
            "within one call: a room": [{**one, **later}, {**free, **later, "room": one["room"]}],
            "within one call: a section": [one, {**wanted[1], "day": one["day"], "room": "Hall"}],
            "beside others: a room": [{**free, "room": one["room"], "starts_at": "10:29", "ends_at": "11:30"}],
            "beside others: a section": [{**one, "title": "Again", "room": "Hall", "invigilator_ids": []}],
            "beside others: an invigilator": [{**one, **later}, {**free, **later, "room": "Hall",
                                               "invigilator_ids": one["invigilator_ids"], "title": "Twice"}],
            "beside others: the same paper": [{**one, **later, "room": "Hall"}],
        }  # fmt: skip

    def _refused(self, name: str, papers: list[dict[str, Any]], count_papers: Callable[[], int]) -> None:
        before = count_papers()
        answer = self.ask("head", "POST", "exams", {"session_id": self.session, "papers": papers})
        must(answer.status == 422 and answer.json["errors"], f"{name} is refused, not {answer.status}")
        must(count_papers() == before, f"{name} leaves nothing behind")
        self.clashes += 1

    def move(self, *states: str) -> None:
        for state in states:
            version = self.get("head", f"exam-sessions/{self.session}")["version"]
            self.do("head", "POST", f"exam-sessions/{self.session}/state", {"state": state, "version": version})

    def publish(self, results: str | None) -> None:
        """Publish the timetable long ago, and the results from a moment on."""
        version = self.get("head", f"exam-sessions/{self.session}")["version"]
        said = {"timetable_published_at": LONG_AGO, "results_published_at": results, "version": version}
        self.do("head", "PUT", f"exam-sessions/{self.session}/publication", said)

    # --- marks --------------------------------------------------------------------------------------------------------
    def marks(self) -> None:
        """Eight teachers at once: of each paper two read the same version, one is told of the other, and goes on."""
        for each in range(TEACHERS):
            self.school.token(f"teacher{each}")
        typed = self.papers[:-1]
        meetings = {each["id"]: Barrier(2) for each in typed}
        works = [(each, number, half) for number, each in enumerate(typed) for half in (0, 1)]

        def work(task: tuple[int, tuple[dict[str, Any], int, int]]) -> None:
            turn, (paper, number, half) = task
            self._half(f"teacher{turn % TEACHERS}", paper, number, half, meetings[paper["id"]])

        # Pairs stand side by side in the queue, so that whoever waits for a second teacher meets one.
        with ThreadPoolExecutor(TEACHERS) as pool:
            list(pool.map(work, enumerate(works)))
        self.say(f"{TEACHERS} teachers entered {len(typed)} papers, {self.conflicts} times told of somebody else's")

    def _half(self, who: str, paper: dict[str, Any], number: int, half: int, meeting: Barrier) -> None:
        """Enter every other student of a paper, whatever somebody else enters meanwhile."""
        address = f"exams/{paper['id']}/marks"
        sheet = self.get(who, address)
        meeting.wait(timeout=PATIENCE_S)
        mine = {
            row["student_id"]: _mark(number, place, self.rules[paper["id"]].most)
            for place, row in enumerate(sheet["records"])
            if place % 2 == half
        }
        key = {"Idempotency-Key": f"{paper['id']}-{half}"}
        for attempt in range(10):
            records = [
                _record(row, mine.get(row["student_id"]), number + place) for place, row in enumerate(sheet["records"])
            ]
            said = {"version": sheet["version"], "records": records}
            answer = self.ask(who, "PUT", address, said, **key).expect(200, 409)
            if answer.status == 200:
                # As a phone does whose first answer was lost.
                again = self.ask(who, "PUT", address, said, **key).expect(200)
                must(again.json["version"] == answer.json["version"], f"{address} sent again is entered once")
                self.truth |= {(paper["id"], student): said for student, said in mine.items()}
                return
            self.conflicts += 1
            sheet, key = self.get(who, address), {"Idempotency-Key": f"{paper['id']}-{half}-{attempt}"}
        raise NotSo(f"{who} never gets {address} entered")

    def sheet(self) -> None:
        """The last paper, and corrections of the others of its section, by spreadsheet; its rows sorted anew."""
        who, section = "teacher7", self.papers[-1]["section_id"]
        address = f"exam-sessions/{self.session}/mark-file"
        book = load_workbook(io.BytesIO(self.ask(who, "GET", f"{address}?section={section}").expect(200).body))
        theirs = {each["id"]: number for number, each in enumerate(self.papers) if each["section_id"] == section}
        written: dict[Place, Said] = {}
        for sheet in book.worksheets:
            lines = [[cell.value for cell in line] for line in sheet.iter_rows(min_row=3)]
            lines.sort(key=lambda line: str(line[-1])[::-1])
            for place, line in enumerate(lines):
                paper, _, rest = str(line[-1]).partition("/")
                student = rest.rpartition("/")[2]
                if paper == self.papers[-1]["id"] or place == 0:
                    said = _mark(theirs[paper] + 3, place, self.rules[paper].most)
                    written[paper, student] = said
                    line[-2] = {"absent": "A", "exempt": "E", "malpractice": "M"}.get(said.status, _text(said))
                for column, value in enumerate(line, start=1):
                    sheet.cell(row=place + 3, column=column, value=value)
        file = io.BytesIO()
        book.save(file)
        done = self._send(who, address, file.getvalue())
        must(done["counts"].get("written"), f"the sheet is entered: {done['counts']}")
        must(not any(each["problem"] for each in done["papers"]), f"no paper of the sheet is refused: {done['papers']}")
        self.truth |= written
        again = self._send(who, address, file.getvalue())
        must(not again["counts"].get("written"), "the sheet sent again enters nothing")
        self.say(f"a sheet of {len(book.worksheets)} papers, its rows in another order, and again")

    def _send(self, who: str, address: str, content: bytes) -> dict[str, Any]:
        sent = form(content, "marks.xlsx")
        run = self.ask(who, "POST", address, sent.content, **{"Content-Type": sent.kind}).expect(202).json
        self._file(who, run["id"], "validated")
        self.do(who, "POST", f"mark-files/{run['id']}/confirm", {})
        return self._file(who, run["id"], "applied")

    def _file(self, who: str, file: str, state: str) -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            told: dict[str, Any] = self.get(who, f"mark-files/{file}")
            must(told["state"] != "failed", f"a sheet is read: {told['problem']}")
            return told if told["state"] == state else None

        found: dict[str, Any] = self.until(f"a sheet is {state}", there)
        return found

    # --- what they come to --------------------------------------------------------------------------------------------
    def moderate(self) -> None:
        """The registrar proposes, the head applies; of another paper it is reverted again."""
        self.do("head", "PATCH", "result-policy", {"ranks": "competition", "ranked_within": "section", "version": 0})
        self.move("moderation")
        for number, paper in enumerate(self.papers[:2]):
            address = f"exams/{paper['id']}/moderations"
            said = {"factor": "1.05", "shift": "2", "reason": "A hard paper"}
            made = self.do("registrar", "POST", address, said)
            must(self.ask("registrar", "POST", f"{address}/{made['id']}/apply").status == 403, "another one applies")
            self.do("head", "POST", f"{address}/{made['id']}/apply")
            if number:
                self.do("head", "POST", f"{address}/{made['id']}/revert")
            else:
                self.rules[paper["id"]] = replace(self.rules[paper["id"]], factor=105, shift=200)
        self.compute()
        self.say("a paper is moderated by two, another one's moderation is reverted")

    def compute(self) -> None:
        """Have everything computed, and wait for it."""
        told = self.do("head", "POST", f"exam-sessions/{self.session}/results")
        (job,) = [each["job_id"] for each in told["touched"]]
        self.done(job)

    def done(self, job: int) -> None:
        def is_done() -> bool:
            answer = self.ask("head", "GET", f"jobs/{job}").expect(200, 404)
            # One that is done is forgotten where nobody follows it.
            return answer.status == 404 or answer.json["state"] == "done"

        self.until(f"job {job} is done", is_done)

    # --- cards --------------------------------------------------------------------------------------------------------
    def cards(self, sections: Iterable[str]) -> None:
        """Draft, proof-read and publish the cards of these sections."""
        address = f"exam-sessions/{self.session}/report-cards"
        for section in sections:
            said = {"section_id": section}
            self.do("registrar", "POST", address, said)
            seen = max(each["drafted_at"] for each in self.rows("registrar", f"{address}?section_id={section}"))
            self.do("registrar", "POST", address, {**said, "proof_read": seen})
            self.do("head", "PUT", f"{address}/publication", {**said, "published_at": LONG_AGO})
        self.until("cards are published", lambda: all(each["state"] == "published" for each in self._latest()))
        self.say(f"{len(self._latest())} cards are published")

    def _latest(self) -> list[dict[str, Any]]:
        return self.rows("head", f"exam-sessions/{self.session}/report-cards")

    def files(self) -> dict[tuple[str, int], str]:
        """(Student, version) → SHA-256 of the PDF that is handed out of the latest version."""
        return {
            (each["student_id"], each["version"]): hashlib.sha256(
                self.ask("head", "GET", f"report-cards/{each['id']}").expect(200).body
            ).hexdigest()
            for each in self._latest()
        }

    def again(self) -> None:
        """Draft and publish everything once more: of what is published nothing may become another."""
        address = f"exam-sessions/{self.session}/report-cards"
        for section in self.there["sections"]:
            must(
                self.do("registrar", "POST", address, {"section_id": section})["cards"] == 0, "nothing is drafted anew"
            )
            said = {"section_id": section, "published_at": LONG_AGO}
            self.ask("head", "PUT", f"{address}/publication", said).expect(409)

    def amend(self) -> None:
        """Correct a published mark of Carol's child: totals follow, and the card becomes another version."""
        paper, child = self.papers[1]["id"], self.there["child"]
        self.do("head", "POST", f"exams/{paper}/marks/reopen", {"reason": "Counted anew", "hours": 1})
        sheet = self.get("teacher0", f"exams/{paper}/marks")
        said = Said("entered", 6125)
        records = [_record(row, said if row["student_id"] == child else None, 0) for row in sheet["records"]]
        told = self.do("teacher0", "PUT", f"exams/{paper}/marks", {"version": sheet["version"], "records": records})
        self.truth[paper, child] = said
        for each in told["touched"]:
            self.done(each["job_id"])
        (card,) = [each for each in self._latest() if each["student_id"] == child]
        self.do("registrar", "POST", f"report-cards/{card['id']}/amend", {"reason": "Counted anew"})
        address = f"exam-sessions/{self.session}/report-cards"
        (drafted,) = [each for each in self._latest() if each["student_id"] == child]
        said_of = {"section_id": drafted["section_id"]}
        self.do("registrar", "POST", address, {**said_of, "proof_read": drafted["drafted_at"]})
        self.do("head", "PUT", f"{address}/publication", {**said_of, "published_at": LONG_AGO})
        self.until(
            "the amended card is published", lambda: all(each["state"] == "published" for each in self._latest())
        )

    def what_the_family_holds(self) -> str:
        """The text of the card that Carol is shown of her child, which says that it was amended."""
        address = f"students/{self.there['child']}/report-cards"
        (shown,) = self.get("carol", address)["results"]
        must(
            (shown["version"], shown["reason"]) == (2, "Counted anew"), f"the family is shown the amended card: {shown}"
        )
        content = self.ask("carol", "GET", f"{address}/{shown['id']}").expect(200).body
        must(hashlib.sha256(content).hexdigest() == shown["sha256"], "the card is the file that was published")
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)

    def watch(self) -> Watch:
        return Watch(self.get, self.there["child"])


def _hundredths(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(f"{part}00"[:2])


def _mark(paper: int, place: int, most: int) -> Said:
    """A mark by paper and place: mostly a quarter of a mark, some of the other statuses."""
    if place % 17 == 3:
        return Said("absent")
    if (place + paper) % 19 == 5:
        return Said("exempt")
    if paper == 2 and place == 7:
        return Said("malpractice")
    return Said("entered", (place * 37 + paper * 11) % (most // 25 + 1) * 25)


def _text(said: Said) -> str:
    return "" if said.score is None else f"{said.score // 100}.{said.score % 100:02}"


def _record(row: dict[str, Any], said: Said | None, turn: int) -> dict[str, Any]:
    """What is sent of a student: ours as people write it, in one of three ways; else as it stands by now."""
    if said is None:
        status = row["status"]
        return {"student_id": row["student_id"], "status": status, "score": row["score"]}
    if said.status != "entered":
        return {"student_id": row["student_id"], "status": said.status}
    text = _text(said)
    return {
        "student_id": row["student_id"],
        "score": (text, text.replace(".", ","), text.translate(EASTERN))[turn % 3],
    }
