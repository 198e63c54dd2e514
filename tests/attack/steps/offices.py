"""What an office configures and sends in: where a gateway is, a bank's file, the words of a message."""

from __future__ import annotations

from uuid import uuid4

from tests.attack.steps.records import main
from tests.attack.target import Target
from tests.smoke.rosters import form

# Of a cloud's machine: who makes the server ask there reads its keys.
INSIDE = "http://169.254.169.254/latest/meta-data/"
ADDRESSES = ("address", "url", "base_url", "endpoint", "host", "webhook")
GATEWAYS = (INSIDE, "sandbox@127.0.0.1", "../stripe", "file:///etc/passwd")
# A format string that reaches into what it is filled with, or makes it as long as it likes.
REACHING = ("{name.__class__}", "{children[0]}", "{name!r}", "{0}", "{}", "{name:>99999999}")
WORDS = "message-templates/attendance.absent/email/en-gb"
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
    """Whatever is sent as a bank's file is read by a worker, or refused; who takes no money sends none."""
    campus = main(oak)

    def sent(by: str, name: str, content: bytes) -> int:
        made = form(content, name, institution_id=campus)
        key = {"Content-Type": made.kind, "Idempotency-Key": str(uuid4())}
        return oak.ask("POST", "bank-statements", by, made.content, **key).status

    sound = f"Date,Amount,Details,Reference\n2020-01-06,0.01,{uuid4()},1\n".encode()
    if (status := sent("erin", "bank.csv", sound)) != 202:
        raise RuntimeError(f"a sound file is not taken: {status}")
    for by in ("bob", "carol"):
        if (status := sent(by, "bank.csv", sound)) != 403:
            return f"{by} sends a bank's file: {status}"
    for name, content in FILES.items():
        if (status := sent("erin", name, content)) >= 500:
            return f"{name} brings it down: {status}"
    oak.ask("GET", "bank-statements", "erin").expect(200)
    return ""


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
