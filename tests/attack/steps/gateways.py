"""Who writes to the school from outside, and who decides what it shows: gateways, and who publishes results."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from uuid import uuid4

from tests.attack.steps.families import bill_of
from tests.attack.target import API, Target
from tests.attack.told import SMS_SECRET

TEXTS, LETTERS, EVENTS = "/hooks/sms", "/hooks/mail", f"{API}/card-gateway/events"
# Longer ago, or ahead, than clocks differ.
FAR_S = 900


def what_a_gateway_reports(oak: Target) -> str:
    """What became of a text is taken from whoever has the secret of the installation, and from nobody else."""

    def report(content: bytes, said: str, to: str = TEXTS) -> int:
        bearing = {"Authorization": said} if said else {}
        return oak.send(
            "POST", to, content, {"Host": oak.host, "Content-Type": "application/json", **bearing}, ""
        ).status

    sound = json.dumps({"key": str(uuid4()), "outcome": "delivered"}).encode()
    if (status := report(sound, f"Bearer {SMS_SECRET}")) != 204:
        raise RuntimeError(f"the gateway itself is not heard: {status}")
    if (status := report(b"{", f"Bearer {SMS_SECRET}")) != 400:
        return f"what cannot be read is answered with {status}"
    forged = (
        "",
        "Bearer ",
        "Bearer x",
        f"Bearer {SMS_SECRET[:-1]}",
        f"Bearer {SMS_SECRET}0",
        f"Bearer {SMS_SECRET.upper()}",
    )
    for said in forged:
        for content in (sound, b"{", b""):
            if (status := report(content, said)) != 404:
                return f"whoever is not the gateway is answered with {status}: {said.replace(SMS_SECRET, '…')}"
    for to in (f"{TEXTS}?secret={SMS_SECRET}", LETTERS):
        if (status := report(sound, "", to)) != 404:
            return f"whoever is not the gateway is answered with {status}"
    return ""


def signed(content: bytes, secret: str, at: float) -> str:
    """The header of an event, as the card gateway makes it."""
    made = hmac.new(secret.encode(), b"%d.%s" % (int(at), content), hashlib.sha256).hexdigest()
    return f"t={int(at)},v1={made}"


def cards_secret() -> tuple[str, str]:
    """(the school's key at the card gateway, the secret with which that signs)."""
    from apps.demo.services.schools import CARDS_KEY
    from schoolops.gateways.sandbox import signing_secret

    return CARDS_KEY, signing_secret(CARDS_KEY)


def what_the_card_gateway_writes(oak: Target) -> str:
    """What was signed with the school's secret, now, and over these very bytes is heard; another event pays nothing."""
    key, secret = cards_secret()
    child, bill = bill_of(oak, "carol")
    said = {"student_id": child, "invoice_id": bill, "return_url": "/"}
    once = {"Idempotency-Key": str(uuid4())}
    begun = oak.ask("POST", "payment-intents", "carol", said, **once).expect(201).json
    oak.given.add(begun["checkout_url"].rpartition("/")[2])

    def event(**more: Any) -> bytes:
        said = {"id": f"evt_{uuid4().hex}", "type": "order.paid", "data": {"object": {"id": begun["id"]}}, **more}
        return json.dumps(said).encode()

    def write(content: bytes, header: str | None) -> int:
        bearing = {} if header is None else {"Stripe-Signature": header}
        return oak.send(
            "POST", EVENTS, content, {"Host": oak.host, "Content-Type": "application/json", **bearing}, ""
        ).status

    now = time.time()
    sound = event(type="order.looked-at")
    if (status := write(sound, signed(sound, secret, now))) != 204:
        raise RuntimeError(f"the gateway itself is not heard: {status}")
    paid = event()
    forged = {
        "no signature": None,
        "an empty one": "",
        "one of nothing": f"t={int(now)},v1=",
        "one with no secret": signed(paid, "", now),
        "one with the key": signed(paid, key, now),
        "one of other bytes": signed(sound, secret, now),
        "one from long ago": signed(paid, secret, now - FAR_S),
        "one from ahead": signed(paid, secret, now + FAR_S),
        "one of two moments": f"t={int(now) - FAR_S},{signed(paid, secret, now)}",
        "one of another kind": signed(paid, secret, now).replace("v1=", "v0="),
    }
    for name, header in forged.items():
        if (status := write(paid, header)) != 400:
            return f"an event with {name} is answered with {status}"
    state = oak.ask("GET", f"payment-intents/{begun['id']}", "carol").expect(200).json["state"]
    return "" if state == "open" else f"a forged event makes a payment {state}"


def who_publishes_results(oak: Target) -> str:
    """The head says from when on families see results; a teacher, a registrar and a guardian do not."""
    session = oak.rows("exam-sessions?limit=1", "erin")[0]["id"]
    path = f"exam-sessions/{session}"

    def stands() -> dict[str, Any]:
        found = oak.ask("GET", path, "erin").expect(200).json
        return {name: found[name] for name in ("timetable_published_at", "results_published_at", "state")}

    def published(who: str, **said: Any) -> int:
        version = oak.ask("GET", path, "erin").expect(200).json["version"]
        moments = {name: moment for name, moment in before.items() if name != "state"}
        return oak.ask("PUT", f"{path}/publication", who, {**moments, **said, "version": version}).status

    before = stands()
    if (status := published("alice")) != 200:
        raise RuntimeError(f"the head cannot publish: {status}")
    for who in ("bob", "dave", "carol"):
        for said in ({"results_published_at": None}, {"results_published_at": "2020-01-06T08:00:00Z"}):
            if (status := published(who, **said)) not in {403, 404}:
                return f"{who} publishes results: {status}"
    return "" if (after := stands()) == before else f"what families see is {after} instead of {before}"
