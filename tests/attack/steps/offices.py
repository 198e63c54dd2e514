"""What an office configures and sends: where a gateway is, a bank's file, what is told and what goes with it."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

from tests.attack.bombing import REFUSED
from tests.attack.steps.records import main, today
from tests.attack.target import API, Target
from tests.smoke.rosters import form
from tests.smoke.world import png

PATIENCE_S = 120.0
# Of a cloud's machine: who makes the server ask there reads its keys.
INSIDE = "http://169.254.169.254/latest/meta-data/"
ADDRESSES = ("address", "url", "base_url", "endpoint", "host", "webhook")
GATEWAYS = (INSIDE, "sandbox@127.0.0.1", "../stripe", "file:///etc/passwd")
# A format string that reaches into what it is filled with, or makes it as long as it likes.
REACHING = ("{name.__class__}", "{children[0]}", "{name!r}", "{0}", "{}", "{name:>99999999}")
WORDS = "message-templates/attendance.absent/email/en-gb"
KIND = {"Content-Type": "image/png"}
PICTURE = png().content
NO_PAPERS = {"page.html": b"<html><script>alert(7)</script>", "none.pdf": b"", "zip.pdf": b"PK\x03\x04"}
FILES = {
    "nothing.csv": b"",
    "a zip.csv": b"PK\x03\x04" + b"\x00" * 200,
    "zeros.csv": b"\x00" * 4096,
    "a line.csv": b"Date,Amount,Details,Reference\n" + b"9" * 200_000,
    "../../up.csv": b"Date,Amount,Details,Reference\n2020-01-06,1e999999999,=cmd|' /C calc'!A0,<script>\n",
}


def where_a_gateway_is(oak: Target) -> str:
    """A school says which gateway it has and never where that is: the server is made to ask nowhere else."""
    oak.ask("GET", "card-gateway", "erin").expect(200)
    if (status := oak.ask("PUT", "card-gateway", "bob", {"gateway": "sandbox"}).status) != 403:
        return f"a teacher chooses the gateway: {status}"
    for name in GATEWAYS:
        if (status := oak.ask("PUT", "card-gateway", "erin", {"gateway": name}).status) != 422:
            return f"{name} is taken for a gateway: {status}"
    for field in ADDRESSES:
        oak.ask("PUT", "card-gateway", "erin", {"gateway": "sandbox", field: INSIDE})
        if INSIDE.encode() in oak.ask("GET", "card-gateway", "erin").expect(200).body:
            return f"{field} is kept"
    return ""


def a_banks_file(oak: Target) -> str:
    """Whatever is sent as a bank's file is read to its end by a worker, or refused; who takes no money sends none."""
    campus = main(oak)

    def sent(by: str, name: str, content: bytes) -> tuple[int, str]:
        made = form(content, name, institution_id=campus)
        answer = oak.ask("POST", "bank-statements", by, made.content, **{"Content-Type": made.kind})
        return answer.status, answer.headers.get("location", "").partition(f"{API}/")[2]

    sound = f"Date,Amount,Details,Reference\n2020-01-06,0.01,{uuid4()},1\n".encode()
    status, where = sent("erin", "bank.csv", sound)
    if status != 202 or (state := _read(oak, where)) != "read":
        raise RuntimeError(f"a sound file is not read: {status if status != 202 else state}")
    for by in ("bob", "carol"):
        if (status := sent(by, "bank.csv", sound)[0]) != 403:
            return f"{by} sends a bank's file: {status}"
    for name, content in FILES.items():
        status, where = sent("erin", name, content)
        if status not in {202, *REFUSED}:
            return f"{name} brings it down: {status}"
        if status == 202 and (state := _read(oak, where)) not in {"read", "failed"}:
            return f"{name} is never read: {state}"
    oak.ask("GET", "bank-statements", "erin").expect(200)
    return ""


def _read(oak: Target, where: str) -> Any:
    """What became of a file once a worker has looked at it, or that none has."""
    until = time.monotonic() + PATIENCE_S
    while True:
        state = oak.ask("GET", where, "erin").expect(200).json.get("state")
        if state != "received" or time.monotonic() > until:
            return state
        time.sleep(0.2)


def the_words_of_a_message(oak: Target) -> str:
    """A template has places for values and nothing that reaches into them."""
    oak.ask("GET", WORDS, "erin").expect(200)
    for words in REACHING:
        status = oak.ask("PUT", WORDS, "erin", {"subject": "Away", "text": f"Dear {words}"}).status
        if status != 422:
            oak.ask("DELETE", WORDS, "erin")
            return f"{words} is taken: {status}"
    if (status := oak.ask("PUT", WORDS, "bob", {"subject": "Away", "text": "Dear {name}"}).status) != 403:
        return f"a teacher words what the school says: {status}"
    return ""


def which_facts_are_sent(oak: Target) -> str:
    """The school says which facts go on which channel, and of no other school's grade, no channel that is none."""
    said = {"fact": "attendance.late", "channel": "sms", "sends": True}
    oak.ask("PUT", "message-rules", "erin", said).expect(200)
    oak.ask("PUT", "message-rules", "erin", {**said, "sends": None}).expect(200)
    for who in ("bob", "carol", "dave"):
        if (status := oak.ask("PUT", "message-rules", who, said).status) != 403:
            return f"{who} says what is sent: {status}"
    for wrong in ({"channel": INSIDE}, {"fact": "accounts.password"}, {"grade_level_id": str(uuid4())}, {"fact": "\0"}):
        if (status := oak.ask("PUT", "message-rules", "erin", {**said, **wrong}).status) not in {404, 422}:
            return f"{wrong} is taken: {status}"
    return ""


def what_goes_with_an_announcement(oak: Target) -> str:
    """A paper is what it is said to be, is called what is no address, and is read by nobody it was not sent to."""
    body = {
        "title": "Trip", "text": "On Friday.", "kind": "role", "targets": ["teacher"], "channels": [],
        "publish_at": f"{today(oak, 90)}T06:00:00Z",
    }  # fmt: skip
    path = f"announcements/{oak.made('announcements', 'erin', body)['id']}/attachment"
    if (status := oak.ask("PUT", f"{path}?name=trip.png", "erin", PICTURE, **KIND).status) != 200:
        raise RuntimeError(f"a picture does not go with it: {status}")
    for name, content in NO_PAPERS.items():
        if not 400 <= (status := oak.ask("PUT", f"{path}?name={name}", "erin", content, **KIND).status) < 500:
            return f"{name} is taken for a paper: {status}"
    oak.ask("PUT", f"{path}?name=..%2F..%2Fup%0d%0aSet-Cookie:%20a=b.png", "erin", PICTURE, **KIND)
    answer = oak.ask("GET", path, "erin").expect(200)
    if "a=b" in answer.headers.get("set-cookie", "") or "../" in answer.headers.get("content-disposition", ""):
        return "its name is a header, or a path"
    if answer.headers.get("x-content-type-options") != "nosniff" or "html" in answer.headers["content-type"]:
        return "a browser may take it for a page"
    for who in ("carol", "bob"):
        for method, content in (("GET", None), ("PUT", PICTURE), ("DELETE", None)):
            if (status := oak.ask(method, path, who, content, **KIND).status) not in {403, 404}:
                return f"{who} is answered {method} with {status}"
    return ""
