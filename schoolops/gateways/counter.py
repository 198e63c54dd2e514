"""``python -m schoolops.gateways.counter --port 8600``: the sandbox itself, a page on which nobody needs a card.

For demos and tests: it keeps what it knows in memory, and writes to this machine alone. ``--unruly`` writes everything
twice and in any order, and loses every tenth.
"""

from __future__ import annotations

import argparse
import html
import http.client
import json
import random
import secrets
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from schoolops import clock, money
from schoolops.gateways.interface import amount_of
from schoolops.gateways.sandbox import signing_secret
from schoolops.gateways.signing import HEADER, signature

LOSES_EVERY: Final = 10
# Between one try to write to a school and the next.
WAITS_S: Final = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
_LARGEST: Final = 64 * 1024
# What each button says, and the page, in both languages.
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "Sandbox card payment",
        "note": "No money moves here. Choose what the card's bank says.",
        "open": "To be paid",
        "paid": "Paid",
        "failed": "Not paid",
        "pay": "Pay",
        "decline": "Decline the card",
        "give_up": "Back without paying",
        "dispute": "Dispute the payment",
        "win": "Decide the dispute for the school",
        "declined": "The card was declined. Try again.",
    },
    "ar": {
        "title": "دفعة تجريبية بالبطاقة",
        "note": "لا تتحرك أموال هنا. اختر ما يقوله مصرف البطاقة.",
        "open": "المطلوب دفعه",
        "paid": "مدفوع",
        "failed": "غير مدفوع",
        "pay": "ادفع",
        "decline": "ارفض البطاقة",
        "give_up": "العودة دون دفع",
        "dispute": "اعترض على الدفعة",
        "win": "احسم الاعتراض لصالح المدرسة",
        "declined": "رُفضت البطاقة. حاول مرة أخرى.",
    },
}
_BUTTONS: Final = {"open": ("pay", "decline", "give_up"), "paid": ("dispute",), "failed": ()}
_STYLE: Final = (
    "body{font:1.05rem/1.5 system-ui,sans-serif;margin:0;background:#f4f4f6;color:#1b1b1f}"
    "main{max-width:26rem;margin:2rem auto;padding:1.5rem;background:#fff;border-radius:.5rem}"
    "h1{font-size:1.1rem}.sum{font-size:1.8rem;margin:.5rem 0}"
    "button{display:block;width:100%;padding:.75rem;margin:.5rem 0;font:inherit;border:1px solid #555;"
    "border-radius:.3rem;background:#fff}button:first-of-type{background:#123f7a;color:#fff;border-color:#123f7a}"
)


@dataclass
class Order:
    """What somebody is to pay, and what became of it. Amounts in the smallest units."""

    id: str
    amount: int
    currency: str
    text: str
    language: str
    back_to: str
    given_up_to: str
    notify: str
    expires_at: int
    account: str = field(repr=False, default="")
    ours: str = ""
    state: str = "open"
    paid: int = 0
    gone_back: list[dict[str, Any]] = field(default_factory=list)


class Refused(Exception):
    """What was asked cannot be done."""


class Counter:
    """The orders of every account, and what was written about them."""

    def __init__(self, address: str, *, unruly: bool = False, silent: bool = False, seed: int = 1) -> None:
        self.address, self._unruly, self._silent = address, unruly, silent
        self._dice = random.Random(seed)  # noqa: S311 - no secret
        self._lock = threading.RLock()
        self._orders: dict[str, Order] = {}
        self._by_key: dict[tuple[str, str], str] = {}
        self._events: list[tuple[str, dict[str, Any]]] = []
        self._lost = 0

    # --- as a school asks ---------------------------------------------------------------------------------------------
    def opened(self, account: str, said: Mapping[str, Any]) -> dict[str, str]:
        """An order, once for each ``id`` of theirs."""
        with self._lock:
            known = self._by_key.get((account, str(said["id"])))
            if known is None:
                if not isinstance(said["amount"], int) or said["amount"] <= 0:
                    raise Refused("an amount is a whole number above zero")
                known = f"so_{secrets.token_hex(12)}"
                self._orders[known] = Order(**{**said, "id": known}, account=account, ours=str(said["id"]))
                self._by_key[account, str(said["id"])] = known
            return {"id": known, "url": f"{self.address}/pay/{known}"}

    def order(self, account: str, name: str) -> dict[str, Any]:
        with self._lock:
            return {name: value for name, value in asdict(self._of(account, name)).items() if name != "account"}

    def refunded(self, account: str, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """Give back, once for each ``key``."""
        with self._lock:
            order = self._of(account, name)
            for each in order.gone_back:
                if each["key"] == said["key"]:
                    return each
            left = order.paid - sum(each["amount"] for each in order.gone_back if each["stands"])
            if not 0 < said["amount"] <= left:
                raise Refused(f"{left} is left of it")
            return self._gone(order, "refund", said["amount"], key=said["key"])

    def events_since(self, account: str, moment: int) -> list[dict[str, Any]]:
        with self._lock:
            return [event for whose, event in self._events if whose == account and event["created"] >= moment]

    def journal(self, account: str) -> dict[str, Any]:
        """Everything of an account, for who counts."""
        with self._lock:
            orders = [self.order(account, name) for name, each in self._orders.items() if each.account == account]
            return {"orders": orders, "lost": self._lost}

    def _of(self, account: str, name: str) -> Order:
        order = self._orders.get(name)
        if order is None or order.account != account:
            raise Refused("there is no such order")
        return order

    # --- as a payer clicks --------------------------------------------------------------------------------------------
    def shown(self, name: str) -> Order | None:
        with self._lock:
            order = self._orders.get(name)
            if order is not None and order.state == "open" and order.expires_at < clock.machine().timestamp():
                order.state = "failed"
                self._write(order, "order.expired")
            return order

    def clicked(self, order: Order, button: str) -> str:
        """What follows: an address to go to, ``""``: the page again."""
        with self._lock:
            if button == "pay" and order.state == "open":
                order.state, order.paid = "paid", order.amount
                self._write(order, "order.paid")
                return order.back_to
            if button == "decline" and order.state == "open":
                self._write(order, "order.declined")
                return f"/pay/{order.id}?declined=1"
            if button == "give_up":
                return order.given_up_to
            if button == "dispute" and order.state == "paid":
                left = order.paid - sum(each["amount"] for each in order.gone_back if each["stands"])
                if left > 0:
                    self._gone(order, "dispute", left)
            if button == "win":
                for each in order.gone_back:
                    if each["kind"] == "dispute" and each["stands"]:
                        each["stands"] = False
                        self._write(order, "dispute.won")
            return ""

    def _gone(self, order: Order, kind: str, amount: int, key: str = "") -> dict[str, Any]:
        made = {"id": f"sb_{secrets.token_hex(8)}", "kind": kind, "amount": amount, "stands": True, "key": key}
        order.gone_back.append(made)
        self._write(order, f"{kind}.created")
        return made

    # --- writing to the school ----------------------------------------------------------------------------------------
    def _write(self, order: Order, kind: str) -> None:
        event = {
            "id": f"evt_{secrets.token_hex(12)}",
            "type": kind,
            "created": int(clock.machine().timestamp()),
            "data": {"object": {"id": order.id}},
        }
        self._events.append((order.account, event))
        if self._silent:
            return
        if self._unruly and len(self._events) % LOSES_EVERY == 0:
            self._lost += 1
            return
        for _each in range(2 if self._unruly else 1):
            delay = self._dice.uniform(0, 3) if self._unruly else 0.0
            threading.Thread(target=self._deliver, args=(order, event, delay), daemon=True).start()

    def _deliver(self, order: Order, event: Mapping[str, Any], delay: float) -> None:
        time.sleep(delay)
        body, secret = json.dumps(event).encode(), signing_secret(order.account)
        for wait in (*WAITS_S, None):
            signed = signature(body, secret=secret, at=clock.machine())
            if _sent(order.notify, body, signed) or wait is None:
                return
            time.sleep(wait)


def _sent(address: str, body: bytes, signed: str) -> bool:
    """Whether the school took it. Only this machine is written to, whatever an order says."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=10)
    try:
        headers = {"Host": parts.netloc, "Content-Type": "application/json", HEADER: signed}
        connection.request("POST", parts.path, body, headers)
        return 200 <= connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Handler(BaseHTTPRequestHandler):
    """The counter over HTTP: JSON for schools, pages for payers."""

    counter: Counter
    protocol_version = "HTTP/1.1"

    def log_message(
        self,
        format: str,  # noqa: A002 - the library's name
        *args: Any,
    ) -> None:
        """Nothing: whoever tries things reads the school's log."""

    def do_GET(self) -> None:
        self._answered(self._read)

    def do_POST(self) -> None:
        self._answered(self._written)

    def _answered(self, work: Any) -> None:
        try:
            work()
        except Refused as refusal:
            self._say(HTTPStatus.BAD_REQUEST, {"error": str(refusal)})
        except (KeyError, TypeError, ValueError):
            self._say(HTTPStatus.BAD_REQUEST, {"error": "this is not what is asked here"})

    def _read(self) -> None:
        path, _, query = self.path.partition("?")
        asked = parse_qs(query)
        match path.strip("/").split("/"):
            case ["health"]:
                self._say(HTTPStatus.OK, {})
            case ["pay", name]:
                self._page(self.counter.shown(name), declined="declined" in asked)
            case ["v1", "orders", name] if account := self._account():
                self._say(HTTPStatus.OK, self.counter.order(account, name))
            case ["v1", "events"] if account := self._account():
                self._say(HTTPStatus.OK, {"events": self.counter.events_since(account, int(asked["since"][0]))})
            case ["v1", "journal"] if account := self._account():
                self._say(HTTPStatus.OK, self.counter.journal(account))
            case ["v1", *_rest]:
                self._say(HTTPStatus.UNAUTHORIZED, {"error": "who asks?"})
            case _:
                self._page(None, declined=False)

    def _written(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST:
            raise Refused("too much")
        body = self.rfile.read(length)
        match self.path.strip("/").split("/"):
            case ["pay", name]:
                order = self.counter.shown(name)
                if order is None:
                    self._page(None, declined=False)
                    return
                button = parse_qs(body.decode())["button"][0]
                self.send_response(HTTPStatus.SEE_OTHER)
                self.send_header("Location", self.counter.clicked(order, button) or f"/pay/{name}")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case ["v1", "orders"] if account := self._account():
                self._say(HTTPStatus.OK, self.counter.opened(account, json.loads(body)))
            case ["v1", "orders", name, "refunds"] if account := self._account():
                self._say(HTTPStatus.OK, self.counter.refunded(account, name, json.loads(body)))
            case _:
                self._say(HTTPStatus.UNAUTHORIZED, {"error": "who asks?"})

    def _account(self) -> str:
        scheme, _, key = self.headers.get("Authorization", "").partition(" ")
        return key if scheme == "Bearer" and key.startswith("sk_sandbox_") else ""

    def _say(self, status: HTTPStatus, what: Any) -> None:
        self._send(status, json.dumps(what).encode(), "application/json")

    def _page(self, order: Order | None, *, declined: bool) -> None:
        if order is None:
            self._send(HTTPStatus.NOT_FOUND, b"<!doctype html><title>404</title>404", "text/html")
            return
        language = "ar" if order.language.startswith("ar") else "en"
        words = _WORDS[language]
        disputed = any(each["kind"] == "dispute" and each["stands"] for each in order.gone_back)
        buttons = ("win",) if disputed else _BUTTONS[order.state]
        said = f"<p role=alert>{words['declined']}</p>" if declined and order.state == "open" else ""
        amount = money.printed(amount_of(order.amount, order.currency), order.currency)
        text = (
            f"<!doctype html><html lang={language} dir={'rtl' if language == 'ar' else 'ltr'}><meta charset=utf-8>"
            f'<meta name=viewport content="width=device-width,initial-scale=1"><title>{words["title"]}</title>'
            f"<style>{_STYLE}</style><main><h1>{words['title']}</h1><p>{words['note']}</p>"
            f"<p><bdi>{html.escape(order.text)}</bdi></p><p>{words[order.state]}</p>"
            f"<p class=sum><bdi>{html.escape(amount)}</bdi></p>"
            f'{said}<form method=post action="/pay/{order.id}">'
            + "".join(f"<button name=button value={each}>{words[each]}</button>" for each in buttons)
            + "</form></main>"
        )
        self._send(HTTPStatus.OK, text.encode(), "text/html; charset=utf-8")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.end_headers()
        self.wfile.write(body)


def serving(port: int, *, unruly: bool = False, silent: bool = False) -> ThreadingHTTPServer:
    """A server on the loopback that is bound and not yet served; ``port`` 0: any that is free."""

    class Here(Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Here)
    server.daemon_threads = True
    Here.counter = Counter(f"http://127.0.0.1:{server.server_port}", unruly=unruly, silent=silent)
    return server


@contextmanager
def running(*, unruly: bool = False, silent: bool = False) -> Iterator[Counter]:
    """A counter that answers, in this process, until the block ends."""
    server = serving(0, unruly=unruly, silent=silent)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server.RequestHandlerClass.counter  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m schoolops.gateways.counter", description=__doc__)
    parser.add_argument("--port", type=int, default=8600)
    parser.add_argument("--unruly", action="store_true")
    given = parser.parse_args()
    serving(given.port, unruly=given.unruly).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
