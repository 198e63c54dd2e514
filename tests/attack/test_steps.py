"""Each step against a school that answers as it should, and against one with what the step looks for planted in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.attack import steps
from tests.attack.fake import SESSION, Planted, Sound
from tests.attack.steps import STEPS, doors, families, machine, offices
from tests.smoke.world import png

SCRIPT = families.SCRIPT.encode()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits, and there is one picture, and one that is none."""
    monkeypatch.setattr(doors, "PRESSED_S", 0.02)
    monkeypatch.setattr(doors, "GUESSED_EVERY_S", 0.005)
    monkeypatch.setattr(machine, "PATIENCE_S", 0.0)
    monkeypatch.setattr(offices, "PATIENCE_S", 0.0)
    monkeypatch.setattr(doors.bombs, "PICTURES", {"small": lambda: b"picture"})
    monkeypatch.setattr(doors.bombs, "SOUND_PICTURES", {"tagged": lambda: png().content})


def answers(asked: str, status: int, told: Any = None, *, after: int = 0) -> Planted:
    """Answer what looks like ``asked``, from the one after the first ``after`` on."""
    seen = [0]

    def planted(_: Sound, what: str, __: Any) -> tuple[int, Any] | None:
        if not re.search(asked, what):
            return None
        seen[0] += 1
        return (status, {} if told is None else told) if seen[0] > after else None

    return planted


def _everything(school: Sound, what: str, _: Any) -> tuple[int, Any] | None:
    """Carol is shown all that there is, once it is merged."""
    return (200, {"results": list(school.students.values())}) if what.startswith("carol GET /students?") else None


def _one_note(school: Sound, what: str, _: Any) -> tuple[int, Any] | None:
    found = re.fullmatch(r"erin GET /students/(n\d+)", what)
    return (200, {"medical_note": school.students[found[1]]["medical_note"].split("\n")[0]}) if found else None


def _barred(school: Sound, what: str, _: Any) -> tuple[int, Any] | None:
    return (200, b"Rick +44 20 7946 0000") if what.startswith("bob GET /office/student/") else None


def _again(school: Sound, what: str, given: Any) -> tuple[int, Any] | None:
    key = given.get("headers", {}).get("Idempotency-Key")
    return school.kept.get(key) if what.startswith("dave PATCH") else None


def _still_refused(school: Sound, what: str, given: Any) -> tuple[int, Any] | None:
    if not what.startswith("dave PATCH"):
        return None
    key = given["headers"]["Idempotency-Key"]
    if not school.may:
        school.kept[key] = (403, {})
    return school.kept.get(key)


def _in_clear(school: Sound, what: str, _: Any) -> tuple[int, Any] | None:
    return (200, [(str(school.kept),)]) if "rememberedanswer" in what else None


def _merged_twice(school: Sound, what: str, _: Any) -> tuple[int, Any] | None:
    return (1, "KeyError") if "SCHOOL oak-merged" in what and len(school.made) > 0 else None


def _a_teacher_ticks(school: Sound, what: str, _: Any) -> tuple[int, Any] | None:
    if what.startswith("bob POST /office/students/student/many/"):
        school.called(b"Elsewhere")
    return None


def _twice(school: Sound, what: str, _: Any) -> tuple[int, Any] | None:
    if school.begun and what == "erin POST /office/students/student/many/c1/":
        school.called(b"Again")
    return None


def _opened_by_alice(school: Sound, what: str, _: Any) -> tuple[int, Any] | None:
    return (200, school.typed) if what.startswith("alice GET") and "typed=" in what else None


def _thrown_away(school: Sound, what: str, given: Any) -> tuple[int, Any] | None:
    asks = given.get("headers", {}).get("X-Draft")
    school.gone |= {"typed"} if asks == "forget" else set()
    return (204, b"") if asks == "ask" and "typed" in school.gone else None


def _leads_away(school: Sound, _: str, given: Any) -> tuple[int, Any] | None:
    headers = given.get("headers", {})
    school.begun |= "evil" in headers.get("X-Draft-Action", "")
    return (200, b"https://evil.example/") if school.begun and headers.get("X-Draft") == "ask" else None


# Step → ways of failing that it has to see.
PLANTED: dict[str, dict[str, Callable[[], Planted]]] = {
    "the familys pages": {
        "a teacher opens them": lambda: answers(r"bob GET /family/preferences/", 200),
        "another's child is opened": lambda: answers(r"carol GET /family/children/.*/statement.pdf", 200),
        "a guardian reads what is sent": lambda: answers(r"carol GET /messages", 200),
        "a guardian reads addresses": lambda: answers(r"carol GET /bounced-addresses", 200),
        "a registrar holds everything": lambda: answers(r"dave POST /outgoing/hold", 200),
    },
    "what families write": {
        "a page runs it": lambda: answers(
            r"carol GET /family/children/n\d+/looked/", 200, b"<script>alert(7)</script>"
        ),
        "the office runs it": lambda: answers(r"erin GET /office/attendance/leave", 200, SCRIPT),
        "anything is a note": lambda: answers(r"carol POST /family/children/n\d+/leave/", 303),
    },
    "a calendars secret": {
        "nearly the secret will do": lambda: answers(r"GET /family/calendars/terces.ics", 200),
        "nobody counts": lambda: answers(r"GET /family/calendars/\w{32}.ics", 404, {"headers": {"ratelimit": "r=1"}}),
        "staff begin one": lambda: answers(r"erin POST /students/.*/calendar-feed", 201),
        "it never ends": lambda: answers(r"GET /family/calendars/secret.ics", 200),
    },
    "what is not theirs to ask": {
        "she decides herself": lambda: answers(r"carol POST /contact-requests/w1/accept", 200),
        "anybody reads it": lambda: answers(r"bob GET /contact-requests/w1", 200),
        "anybody's leave": lambda: answers(r"carol POST /leaves", 201),
    },
    "another familys bill": {
        "she pays it": lambda: answers(r"carol POST /family/children/hugo/bills/b2/pay/", 200),
        "she pays it by the API": lambda: answers(r"carol POST /payment-intents", 201, after=1),
        "she reads it": lambda: answers(r"carol GET /family/children/hugo/bills/b2.pdf", 200),
        "she prints it": lambda: answers(r"carol GET /students/hugo/invoices/b2/printed-bill", 200),
    },
    "what a gateway reports": {
        "anybody does": lambda: answers(r"nobody POST /hooks/sms$", 204),
        "nearly the secret will do": lambda: answers(r"reports-\w+0 POST /hooks/sms$", 204),
        "an address bears it": lambda: answers(r"nobody POST /hooks/sms\?secret", 204),
        "it cannot be read": lambda: answers(r"POST /hooks/sms$", 500, after=1),
        "letters are anybody's": lambda: answers(r"nobody POST /hooks/mail", 204),
    },
    "what the card gateway writes": {
        "nobody signs it": lambda: answers(r"nobody POST /card-gateway/events", 204, after=1),
        "it is from long ago": lambda: answers(r"nobody POST /card-gateway/events", 204, after=7),
        "it is paid all the same": lambda: answers(r"carol GET /payment-intents/p1", 200, {"state": "paid"}),
    },
    "who publishes results": {
        "a teacher does": lambda: answers(r"bob PUT /exam-sessions/e1/publication", 200),
        "it is refused and done": lambda: answers(
            r"erin GET /exam-sessions/e1$", 200, {**SESSION, "results_published_at": "now"}, after=8
        ),
    },
    "where a gateway is": {
        "a teacher chooses": lambda: answers(r"bob PUT /card-gateway", 200),
        "an address is a gateway": lambda: answers(r"erin PUT /card-gateway", 200),
        "an address is kept": lambda: answers(r"erin GET /card-gateway", 200, {"url": offices.INSIDE}, after=1),
    },
    "a banks file": {
        "a teacher sends one": lambda: answers(r"bob POST /bank-statements", 202),
        "a file brings it down": lambda: answers(r"erin POST /bank-statements", 500, after=3),
        "nobody reads it": lambda: answers(r"erin GET /bank-statements/s1", 200, {"state": "received"}, after=1),
    },
    "the words of a message": {
        "what reaches is taken": lambda: answers(r"erin PUT /message-templates", 200, after=2),
        "a teacher words it": lambda: answers(r"bob PUT /message-templates", 200),
    },
    "which facts are sent": {
        "a teacher says it": lambda: answers(r"bob PUT /message-rules", 200),
        "any channel is one": lambda: answers(r"erin PUT /message-rules", 200, after=2),
    },
    "what goes with an announcement": {
        "a page is a paper": lambda: answers(r"erin PUT /announcements/.*name=page", 200),
        "its name is a header": lambda: answers(
            r"erin GET /announcements/a1/attachment", 200, {"headers": {"set-cookie": "a=b"}}
        ),
        "a browser shows it": lambda: answers(
            r"erin GET /announcements/a1/attachment", 200, {"headers": {"content-type": "text/html"}}
        ),
        "another teacher reads it": lambda: answers(r"bob GET /announcements/a1/attachment", 200),
    },
    "many rows at once": {
        "a teacher changes them": lambda: _a_teacher_ticks,
        "a tick brings it down": lambda: answers(r"erin POST /office/students/student/many/$", 500, after=1),
    },
    "what a worker changes": {
        "anybody sees how far it is": lambda: answers(r"alice GET /office/students/student/many/c1/", 200),
        "it is of any list": lambda: answers(r"erin GET /office/students/guardian/many/c1/", 200),
        "it is confirmed again": lambda: _twice,
    },
    "what a tab was typing": {
        "she is offered it": lambda: answers(r"dave GET /office/student/admit/$", 200, b"data-forget"),
        "she opens it": lambda: _opened_by_alice,
        "she throws it away": lambda: _thrown_away,
        "it leads elsewhere": lambda: _leads_away,
    },
    "filters of the office": {
        "a lookup is taken": lambda: answers(r"bob GET /office/staff/.*=O$", 200, b"/change/"),
        "a lookup brings it down": lambda: answers(r"bob GET /office/students/.*pk__regex", 500),
    },
    "merging lifts no restriction": {
        "it opens what was shut": lambda: _everything,
        "a note is lost": lambda: _one_note,
        "it was open before": lambda: answers(r"carol GET /students/n\d+$", 200),
    },
    "a past day": {
        "its students are listed": lambda: answers(r"new GET /students\?", 200, {"results": [{}]}),
        "its roll is read": lambda: answers(r"new GET /sections/s1/roll", 200, {"version": 1}),
        "its roll is written": lambda: answers(r"new PUT /sections/s1/roll", 422),
    },
    "a role at one campus": {
        "a role loses its permissions": lambda: answers(r"new PUT /roles/r2/permissions", 200),
        "a student elsewhere is read": lambda: answers(r"new GET /students/n\d+", 200),
        "students elsewhere are listed": lambda: answers(r"new GET /students\?", 200, {"results": [{}]}),
    },
    "a barred contact": {"the page names him": lambda: _barred},
    "a key after the permission": {
        "the answer is given again": lambda: _again,
        "a refusal is kept": lambda: _still_refused,
        "it stands in clear": lambda: _in_clear,
    },
    "tomorrows administrator": {"he is invited": lambda: answers(r"dave POST /users/u/invite", 201)},
    "whoever waits has a turn": {"she never has": lambda: answers(r"127\.0\.0\.99 POST /auth/login", 429)},
    "every request is counted": {
        "a page is not": lambda: answers(r"GET /roll/", 200, {"headers": {"ratelimit": ""}}),
        "one stands still": lambda: answers(r"GET /office/no-such/", 404, {"headers": {"ratelimit": '"user";r=1'}}),
    },
    "numbers and texts": {
        "an id": lambda: answers(r"erin GET /jobs/9223372036854775808", 500),
        "a page": lambda: answers(r"erin GET /office/imports/null/", 500),
    },
    "odd pictures": {
        "one is not read": lambda: answers(r"erin PUT /students/.*/photo", 500, after=2),
        "one is taken": lambda: answers(r"erin PUT /students/.*/photo", 204, after=2),
        "it is never let in": lambda: answers(r"erin PUT /students/.*/photo", 401, after=2),
        "a picture is refused": lambda: answers(r"erin PUT /students/.*/photo", 422, after=1),
    },
    "bodies in chunks": {"they are empty": lambda: answers(r"nobody POST /auth/login", 422)},
    "the longest key": {
        "is refused": lambda: answers(r"erin POST /guardians", 400),
        "is not the longest": lambda: answers(r"erin POST /guardians", 201),
    },
    "a purge leaves nothing": {
        "files are left": lambda: answers(r"owner FILES", 0, ["roster.csv"]),
        "rows are left": lambda: answers(r"owner SQL SELECT count", 0, [(3,)]),
        "the role is left": lambda: answers(r"owner SQL .*pg_roles", 0, [(1,)]),
    },
    "nothing outside the schema": {
        "a lock": lambda: answers(r"role_oak SQL SELECT pg_advisory_lock", 0, []),
        "an object": lambda: answers(r"owner SQL .*lomowner", 0, [(1,)]),
    },
    "a merged login at the next start": {"it does not start": lambda: _merged_twice},
    "what is killed comes again": {
        "it stays dead": lambda: answers(r"owner PROCESSES beat", 0, {7}),
        "the rest is gone with it": lambda: answers(r"nobody GET /school", 502),
    },
}


def test_every_step_has_something_planted() -> None:
    assert set(PLANTED) == set(STEPS)


@pytest.mark.parametrize("name", STEPS)
def test_a_sound_school_is_shut(name: str) -> None:
    assert steps.tried(Sound().target(), {name: STEPS[name]}, say=lambda _: None) == {}


@pytest.mark.parametrize(("name", "what"), [(name, what) for name, ways in PLANTED.items() for what in ways])
def test_what_is_planted_is_found(name: str, what: str) -> None:
    school = Sound(wrong=PLANTED[name][what]())

    found = steps.tried(school.target(), {name: STEPS[name]}, say=lambda _: None)

    assert list(found) == [name]
    # Seen for what it is, and not because nothing could be tried at all.
    assert not found[name].startswith("could not be tried"), found


@pytest.mark.parametrize(
    ("name", "asked", "status"),
    [
        ("odd pictures", r"erin PUT /students/.*/photo", 422),
        ("numbers and texts", r"erin GET /jobs/", 401),
        ("numbers and texts", r"erin GET /office/imports/", 429),
        ("a banks file", r"erin GET /bank-statements/s1", 404),
        ("another familys bill", r"carol POST /payment-intents", 404),
        ("what a gateway reports", r"POST /hooks/sms$", 404),
        ("what the card gateway writes", r"POST /card-gateway/events", 400),
        ("who publishes results", r"alice PUT /exam-sessions", 403),
    ],
)
def test_who_is_let_in_nowhere_has_tried_nothing(name: str, asked: str, status: int) -> None:
    found = steps.tried(Sound(wrong=answers(asked, status)).target(), {name: STEPS[name]}, say=lambda _: None)

    assert found[name].startswith("could not be tried")


@pytest.mark.parametrize("name", STEPS)
def test_what_cannot_be_tried_is_open(name: str) -> None:
    school = Sound(wrong=lambda *_: (503, {}))

    assert list(steps.tried(school.target(), {name: STEPS[name]}, say=lambda _: None)) == [name]
