"""What guardians write, send along, pay and subscribe to."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.attack.steps.records import guardian_of, new, today
from tests.attack.target import Browser, Target

SCRIPT = "<script>alert(7)</script>"
PAGES = (
    "",
    "attendance/",
    "timetable/",
    "exams/",
    "marks/",
    "report-cards/",
    "bills/",
    "leave/",
    "looked/",
    "calendar/",
)
# What looks like a note and is none, and one that is a page beside being a note.
SENT = {"note.pdf": b"<html>" + SCRIPT.encode(), "note.png": b"\x89PNG\r\n\x1a\n" + SCRIPT.encode()}
GUESSES = 40


def _child(oak: Target, **said: Any) -> str:
    """A new child of Carol's."""
    child = str(new(oak, **said)["id"])
    link = {"guardian_id": guardian_of(oak, "carol"), "relation": "mother"}
    oak.made(f"students/{child}/guardians", "erin", link)
    return child


def what_families_write(oak: Target) -> str:
    """A script in a name, a reason or a contact is text on every page; what is sent along is a note, or refused."""
    child = _child(oak, preferred_name=SCRIPT, middle_name=SCRIPT)
    family, office = Browser(oak, "carol"), Browser(oak, "erin")
    page = f"/family/children/{child}/leave/"
    asked = {"starts_on": today(oak, 40), "ends_on": "", "reason": SCRIPT}
    if (status := family.post(page, asked).status) != 303:
        raise RuntimeError(f"leave is not asked for: {status}")
    wanted = {"phone": "+44 20 7946 0001", "email": f"{uuid4().hex[:8]}@home.example"}
    family.post("/family/contact/", {**wanted, "phone": SCRIPT})
    read = [family.get(f"/family/children/{child}/{each}") for each in PAGES]
    read += [family.get(each) for each in ("/family/", "/family/contact/", "/family/preferences/")]
    read += [office.get(f"/office/{each}/") for each in ("attendance/leave", "family/contactrequest")]
    for answer in read:
        if answer.status != 200:
            raise RuntimeError(f"{answer.asked}: {answer.status}")
        if SCRIPT.encode() in answer.body:
            return f"{answer.asked} says it as it was written"
    for number, (name, content) in enumerate(SENT.items()):
        said = {**asked, "starts_on": today(oak, 50 + number)}
        if (status := family.post(page, said, attachment=(name, content)).status) != 422:
            return f"{name} is taken: {status}"
    return ""


def a_calendars_secret(oak: Target) -> str:
    """A calendar is read by its secret alone, and not after it was ended; who guesses is counted."""
    child = _child(oak)
    feed = f"students/{child}/calendar-feed"
    address = oak.ask("POST", feed, "carol").expect(201).json["address"]
    path = "/family/calendars/" + address.rpartition("/")[2]
    secret = path.rpartition("/")[2].removesuffix(".ics")
    oak.given.add(secret)

    def read(guess: str) -> Any:
        return oak.send("GET", f"/family/calendars/{guess}.ics", None, {"Host": oak.host}, "127.0.0.77")

    if read(secret).status != 200:
        raise RuntimeError("the calendar is not read at its address")
    near = [secret[:-1], secret + "A", secret.swapcase(), secret[::-1], f"{secret}%00", "%25"]
    counted = set()
    for guess in [*near, *(uuid4().hex for _ in range(GUESSES))]:
        answer = read(guess)
        counted.add(answer.headers.get("ratelimit", ""))
        if answer.status not in {404, 429}:
            return f"a guess is answered with {answer.status}"
    if len(counted) < GUESSES:
        return "guesses are not counted"
    for who in ("bob", "erin"):
        if (status := oak.ask("POST", feed, who).status) not in {403, 404}:
            return f"{who} begins a calendar of another's child: {status}"
    oak.ask("DELETE", feed, "carol").expect(204)
    return "" if read(secret).status == 404 else "it is read after it was ended"


def what_is_not_theirs_to_ask(oak: Target) -> str:
    """A guardian decides no request of her own, and asks leave for nobody else's child."""
    family = Browser(oak, "carol")
    wanted = {"phone": f"+44 {uuid4().int % 10**9}", "email": ""}
    wish = oak.made("contact-requests", "carol", wanted)["id"]
    for what in ("accept", "refuse"):
        if (status := oak.ask("POST", f"contact-requests/{wish}/{what}", "carol").status) != 403:
            return f"carol may {what} what she asked for: {status}"
    if (status := oak.ask("GET", f"contact-requests/{wish}", "bob").status) != 404:
        return f"bob reads how carol wants to be reached: {status}"
    other = new(oak)["id"]
    leave = {"starts_on": today(oak, 60), "ends_on": today(oak, 60), "reason": "None"}
    for path, said in (
        (f"/family/children/{other}/leave/", leave),
        (f"/family/children/{other}/calendar/", {"what": "begin"}),
    ):
        if (status := family.post(path, said, page="/family/contact/").status) != 404:
            return f"{path} is answered with {status}"
    status = oak.ask("POST", "leaves", "carol", {**leave, "student_id": other}).status
    return "" if status == 404 else f"leave of another's child is asked for: {status}"


def bill_of(oak: Target, who: str) -> tuple[str, str]:
    """(child, bill) of a guardian, of which something is left to pay."""
    for each in oak.rows("students?limit=200", who):
        for bill in oak.rows(f"students/{each['id']}/invoices", who):
            if float(bill["left"]) > 0:
                return str(each["id"]), str(bill["id"])
    raise RuntimeError(f"{who} has nothing to pay")


def another_familys_bill(oak: Target) -> str:
    """A guardian pays a bill of her own by card, and neither pays nor reads that of another family."""
    family, (child, bill) = Browser(oak, "carol"), bill_of(oak, "carol")
    own = {each["id"] for each in oak.rows("students?limit=200", "carol")}
    theirs = next(each for each in oak.rows("invoices?limit=200", "erin") if each["student_id"] not in own)
    stranger, other = theirs["student_id"], theirs["id"]

    def paid(of: str, which: str) -> dict[str, int]:
        page = f"/family/children/{of}/bills/{which}/pay/"
        said = {"student_id": of, "invoice_id": which, "return_url": "/"}
        key = {"Idempotency-Key": str(uuid4())}
        return {
            page: family.post(page, {"key": str(uuid4())}, page="/family/contact/").status,
            f"payment-intents for {which} of {of}": oak.ask("POST", "payment-intents", "carol", said, **key).status,
        }

    if sorted(paid(child, bill).values()) != [200, 201]:
        raise RuntimeError("a guardian cannot begin to pay a bill of her own")
    answers = paid(child, other) | paid(stranger, other) | paid(stranger, bill)
    for of in (child, stranger):
        page = f"/family/children/{of}/bills/{other}.pdf"
        answers[page] = family.get(page).status
        path = f"students/{of}/invoices/{other}/printed-bill"
        answers[path] = oak.ask("GET", path, "carol").status
    for path in (f"invoices/{other}", f"invoices/{other}/printed-bill"):
        answers[path] = oak.ask("GET", path, "carol").status
    return ", ".join(
        f"{path} is answered with {status}" for path, status in answers.items() if status not in {403, 404}
    )
