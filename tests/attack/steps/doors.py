"""Logging in, counting, and what strangers send."""

from __future__ import annotations

import threading
import time
from uuid import uuid4

from tests.apps.exchange import bombs
from tests.attack.bombing import REFUSED
from tests.attack.steps.records import today
from tests.attack.target import API, Browser, Target
from tests.smoke.world import png

# Between two guesses of one stranger. Together they guess more often than the free failures of a login allow.
GUESSED_EVERY_S = 1.0
# The siege has pressed for so long when the owner comes.
PRESSED_S = 6.0
# Refusals that the owner keeps before the door counts as shut; each tells when to come again.
MOST_WAITS = 6
STRANGERS = tuple(f"127.0.0.{number}" for number in range(2, 14))
OWNER = "127.0.0.99"


def tomorrows_administrator(oak: Target) -> str:
    """A registrar has no power over a login that will be an administrator's."""
    name = f"new-{uuid4().hex[:8]}"
    user = oak.made("users", "erin", {"username": name})["user"]
    given = {"user_id": user["id"], "role": "administrator", "starts_on": today(oak, 1)}
    oak.made("role-assignments", "erin", given)
    for method, step in (("POST", "invite"), ("POST", "deactivate"), ("POST", "logout-everywhere"), ("DELETE", "totp")):
        answer = oak.ask(method, f"users/{user['id']}/{step}", "dave", {} if method == "POST" else None)
        if answer.status not in {403, 404}:
            return f"dave is answered {method} {step} with {answer.status}"
    return ""


def whoever_waits_has_a_turn(oak: Target) -> str:
    """Strangers guess at the head's login all the time; she keeps every Retry-After, and gets in."""
    over, refused = threading.Event(), []

    def guess(address: str) -> None:
        number = 0
        while not over.is_set():
            number += 1
            if oak.log_in("alice", f"guess {number}", address=address).status in {429, 503}:
                refused.append(number)
            over.wait(GUESSED_EVERY_S)

    siege = [threading.Thread(target=guess, args=(address,)) for address in STRANGERS]
    for each in siege:
        each.start()
    try:
        time.sleep(PRESSED_S)
        if not refused:
            raise RuntimeError("nobody is told to wait")
        told = []
        for _ in range(MOST_WAITS):
            answer = oak.log_in("alice", oak.passwords["alice"], address=OWNER)
            if answer.ok:
                return ""
            told.append(f"{answer.status} {answer.headers.get('retry-after')}")
            time.sleep(float(answer.headers.get("retry-after") or 60))
    finally:
        over.set()
        for each in siege:
            each.join()
    return f"the head kept {len(told)} waits and is out all the same: {', '.join(told)}"


def every_request_is_counted(oak: Target) -> str:
    """Pages of the office count as the API does."""
    browser = Browser(oak, "bob")
    for path in ("/office/", "/office/students/student/", "/roll/", "/office/no-such/", "/family/", "/family/no-such/"):
        first, second = (browser.get(path).headers.get("ratelimit", "") for _ in range(2))
        if not first or first == second:
            return f"{path} is not counted: {first!r}, then {second!r}"
    return ""


# Whoever is answered so was not let in, or came too often: nothing was tried.
NOT_TRIED = frozenset({401, 429})
IDS = ("9223372036854775808", "-1", "%00", "%ed%a0%80", "9" * 400, "null", "1e9")
ASKED = ("jobs/{}", "students/{}", "students?cursor={}", "students?limit={}", "students?q={}", "imports/{}")
PAGES = (
    "/office/students/student/{}/change/", "/office/students/student/?q={}", "/office/imports/{}/",
    "/family/children/{}/", "/family/messages/{}/", "/family/calendars/{}.ics", "/family/as/{}/", "/language/?next={}",
)  # fmt: skip


def the_familys_pages(oak: Target) -> str:
    """A guardian opens them; staff and strangers open none, and a guardian none of another's child."""
    family = Browser(oak, "carol")
    if family.get("/family/").status != 200:
        raise RuntimeError("a guardian has no first page")
    own = {each["id"] for each in oak.rows("students?limit=200", "carol")}
    other = next(each["id"] for each in oak.rows("students?limit=200", "erin") if each["id"] not in own)
    pages = ("", "attendance/", "marks/", "report-cards/", "bills/", "statement.pdf", "leave/", "looked/", "calendar/")
    of_other = [f"/family/children/{other}/{page}" for page in pages]
    for who in ("bob", "erin"):
        browser = Browser(oak, who)
        for page in (*of_other, "/family/", "/family/messages/", "/family/preferences/", "/family/contact/"):
            if (status := browser.get(page).status) != 404:
                return f"{who} is answered {page} with {status}"
    for page in of_other:
        if (status := family.get(page).status) != 404:
            return f"carol is answered {page} with {status}"
    for page in ("messages", "announcements", "outgoing", "bounced-addresses", "message-facts", "message-rules"):
        if (status := oak.ask("GET", page, "carol").status) != 403:
            return f"carol is answered {page} with {status}"
    # A registrar sees what is sent; the head alone holds it.
    for who in ("carol", "bob", "dave"):
        if (status := oak.ask("POST", "outgoing/hold", who, {"reason": "None"}).status) != 403:
            return f"{who} holds everything outgoing: {status}"
    return ""


def numbers_and_texts(oak: Target) -> str:
    """No id, number or text brings the server down."""
    browser = Browser(oak, "erin")
    oak.rows("students?limit=1", "erin")
    if (status := browser.get("/office/students/student/").status) != 200:
        raise RuntimeError(f"the office is not open to who asks: {status}")
    for each in IDS:
        for path in (*ASKED, *PAGES):
            address = path.format(each)
            answer = browser.get(address) if path in PAGES else oak.ask("GET", address, "erin")
            if answer.status >= 500:
                return f"{address}: {answer.status}"
            if answer.status in NOT_TRIED:
                raise RuntimeError(f"{address} is not looked at: {answer.status}")
    return ""


def odd_pictures(oak: Target) -> str:
    """A decoder of pictures raises no further than its door, which takes pictures and nothing else."""
    student = oak.rows("students?limit=1", "erin")[0]["id"]

    def sent(content: bytes) -> int:
        return oak.ask("PUT", f"students/{student}/photo", "erin", content, **{"Content-Type": "image/png"}).status

    if (status := sent(png().content)) != 204:
        raise RuntimeError(f"not even a picture is taken: {status}")
    for name, make in bombs.SOUND_PICTURES.items():
        if (status := sent(make())) != 204:
            return f"{name}, which is a picture, is refused: {status}"
    for name, make in bombs.PICTURES.items():
        # 503: so many are drawn at once and no more.
        if (status := sent(make())) not in {*REFUSED, 503}:
            return f"{name}: {status}"
    return ""


def bodies_in_chunks(oak: Target) -> str:
    """A body in chunks is read, or refused for its missing length."""
    body = b'{"login": "bob", "password": "' + oak.passwords["bob"].encode() + b'"}'
    headers = {"Host": oak.host, "Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    status = oak.send("POST", f"{API}/auth/login", body, headers, "").status
    return "" if status in {200, 411} else f"answered {status}"


def the_longest_key(oak: Target) -> str:
    """A key of 255 characters is taken, as its refusal says; a longer one is refused."""
    for length, expected in ((255, 201), (256, 400)):
        body = {"given_name": f"Perpetua{uuid4().hex[:8]}"}
        key = {"Idempotency-Key": uuid4().hex.ljust(length, "k")}
        answer = oak.ask("POST", "guardians", "erin", body, **key)
        if answer.status != expected:
            return f"a key of {length} characters: {answer.status}"
    return ""
