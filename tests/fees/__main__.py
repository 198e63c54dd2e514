"""``python -m tests.fees [--students 2000]``: a term is billed, paid and partly given back on the running stack.

The job that bills is killed twice, every payment is sent twice by ten clients at once, and the card gateway writes all
twice, in any order, and loses every tenth. Exit code 1 when anything is
billed or taken twice or lost, a number is missing, a cent is off, or what is planted afterwards goes unnoticed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import uuid4

from config import demo
from schoolops import launcher
from schoolops.gateways import counter
from tests.fees.counting import PLANTED, Books
from tests.outside import refuse_base_url
from tests.smoke.stack import fresh_stack

SLUG, ACCOUNTANT, GUARDIAN = "oak", "ivy", "carol"
ITEMS, CLIENTS, PAYMENTS, REFUNDS, NOTES, CHARGEBACKS, CARDS = 20, 10, 300, 20, 20, 5, 60
METHODS = ("cash", "bank", "cheque", "card")
# Above the longest lease of a job whose worker died.
PATIENCE_S = 600.0


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fees", description=__doc__)
    parser.add_argument("--students", type=int, default=2000)
    given = parser.parse_args()
    refuse_base_url("it bills and takes money at a school of its own, and plants faults there.")
    began = time.monotonic()
    try:
        with (
            demo.stop_on_signals(),
            counter.running(unruly=True) as gateway,
            fresh_stack(**{demo.COUNTER: gateway.address}) as up,
        ):
            result = Term(up, given.students, gateway).lived()
    except demo.Stopped:
        return 130
    except launcher.LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1
    say("RESULT " + json.dumps({**result, "seconds": round(time.monotonic() - began, 1)}))
    wrong = {name for name, value in result.items() if name != "billed" and value}
    return 1 if wrong or result["billed"] != given.students else 0


class Term:
    """One term of one school."""

    def __init__(self, up: demo.Stack, students: int, gateway: counter.Counter) -> None:
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
        import django

        django.setup()
        from tests.attack.target import Machine

        self._machine = Machine(up)
        place = next(each for each in up.schools if each["slug"] == SLUG)
        self._school = self._machine.school(
            place["host"], {login["username"]: login["password"] for login in place["logins"]}
        )
        self._books = Books(self._machine.admin_url, SLUG)
        self._students, self._gateway, self._port = students, gateway, up.port
        self._dice = random.Random(1)
        self.lost = 0

    def lived(self) -> dict[str, int]:
        with self._machine.tended():
            self._peopled()
            term = self._priced()
            billed = self._billed(term)
            payments = self._paid()
            self._given_back(payments)
            self._paid_by_card()
            found = self._found()
            unseen = self._planted()
        return {"billed": billed, **found, "lost_payments": self.lost, "planted_unseen": unseen}

    # --- over HTTP ----------------------------------------------------------------------------------------------------
    def _ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self._school.ask(method, path, ACCOUNTANT, body, **headers)

    def _moved(self, path: str, body: Any, key: str = "") -> Any:
        """Money that is moved once, however often it is asked for: again while the first is under way."""
        key = key or str(uuid4())
        for _again in range(100):
            answer = self._ask("POST", path, body, **{"Idempotency-Key": key})
            if answer.ok or (answer.json or {}).get("code") != "api:idempotency-key-in-flight":
                return answer
            time.sleep(0.1)
        return answer

    def _peopled(self) -> None:
        have = self._enrolled()
        self._machine.manage("demo_data", "--school", SLUG, "--students", str(self._students - have), "--days", "1")
        say(f"{self._enrolled()} students are enrolled")

    def _enrolled(self) -> int:
        return self._books.number(
            "SELECT count(DISTINCT e.student_id) FROM students_enrolment e JOIN institutions_academicyear y"
            " ON y.id = e.year_id WHERE e.primary AND e.entered_on <= now() AND e.year_ends_on >= now()"
            " AND (e.exited_on IS NULL OR e.exited_on > now())"
        )

    def _priced(self) -> str:
        """Twenty items of the fees of this year, some of a grade level alone; the term that is now."""
        self._today = str(self._books.rows("SELECT current_date")[0][0])
        terms = self._school.rows("terms?limit=200", ACCOUNTANT)
        term = next(each for each in terms if each["starts_on"] <= self._today <= each["ends_on"])
        levels = self._school.rows("grade-levels?limit=50", ACCOUNTANT)
        for number in range(ITEMS):
            body: dict[str, Any] = {"year_id": term["year_id"], "name": f"Item {number}", "amount": f"{30 + number}.35"}
            if number % 4 == 3:
                body["grade_level_id"] = levels[number % len(levels)]["id"]
            self._ask("POST", "fee-items", {**body, "prorated": False}).expect(201)
        return str(term["id"])

    def _billed(self, term: str) -> int:
        run = self._ask("POST", "invoice-runs", {"term_id": term, "due_on": [self._today]}).expect(201).json["id"]
        preview = self._ask("GET", f"invoice-runs/{run}/preview").expect(200).json
        self._ask("POST", f"invoice-runs/{run}/confirm", {"total": preview["total"]}).expect(202)
        # The demo's families have bills already.
        of_it = "FROM fees_invoice WHERE state = 'issued' AND run_id = (SELECT max(id) FROM fees_invoicerun)"
        billed = f"SELECT count(DISTINCT student_id) {of_it}"
        last = 0
        for part in (0.1, 0.5):
            self._wait(lambda part=part: self._books.number(billed) >= part * preview["students"], "bills")
            self._machine.kill("fees")
            had = self._books.number(billed)
            say(f"killed after {had} of {preview['students']} were billed")
            if not last < had < preview["students"]:
                raise launcher.LauncherError("The job was not killed in the middle of something new.")
            last = had
        self._wait(lambda: self._ask("GET", f"invoice-runs/{run}").expect(200).json["state"] == "done", "the run")
        total = self._books.rows(f"SELECT sum(total) {of_it}")[0][0]
        if total != Decimal(preview["total"]):
            say(f"bills come to {total}, confirmed was {preview['total']}")
            self.lost += 1
        return self._books.number(billed)

    def _wait(self, over: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while not over():
            if time.monotonic() > until:
                raise launcher.LauncherError(f"{what} took more than {PATIENCE_S:.0f} s")
            time.sleep(0.2)

    def _paid(self) -> list[dict[str, Any]]:
        """Each payment is sent twice, in any order, by ten clients; what was acknowledged is there, once."""
        bills = self._books.rows(
            "SELECT s.sourced_id::text, i.total, i.currency FROM fees_invoice i JOIN students_student s"
            " ON s.id = i.student_id ORDER BY i.id LIMIT %s", PAYMENTS,
        )  # fmt: skip
        said = []
        for number, (student, total, currency) in enumerate(bills):
            # Every fifth more than is due, some less.
            amount = total + 25 if number % 5 == 0 else total if number % 5 < 4 else total / 2
            body = {"student_id": student, "amount": f"{amount:.2f}", "currency": currency}
            said.append((str(uuid4()), {**body, "method": METHODS[number % len(METHODS)]}))
        # One that pays no bill.
        said[-1][1].update(pays=[], amount="7.35", method="cash", student_id=said[0][1]["student_id"])
        sent = [*said, *said]
        self._dice.shuffle(sent)
        before = {key for (key,) in self._books.rows("SELECT sourced_id::text FROM fees_payment")}
        began = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as clients:
            answers = list(clients.map(lambda each: self._moved("payments", each[1], each[0]), sent))
        say(f"{len(sent)} payments in {time.monotonic() - began:.1f} s")
        taken: dict[str, dict[str, Any]] = {}
        for answer in answers:
            payment = answer.expect(201).json
            taken[payment["id"]] = payment
        there = {key for (key,) in self._books.rows("SELECT sourced_id::text FROM fees_payment")} - before
        self.lost += len(set(taken) ^ there) + abs(len(taken) - len(said))
        return list(taken.values())

    def _given_back(self, payments: Iterable[dict[str, Any]]) -> None:
        """Refunds, credit notes and chargebacks, each sent twice."""
        said: list[tuple[str, dict[str, str]]] = []
        ahead = [each for each in payments if Decimal(each["credit"]) > 1 and each["method"] in {"cash", "bank"}]
        said += [(f"payments/{each['id']}/refund", {"amount": "1.05", "reason": "Left"}) for each in ahead[:REFUNDS]]
        paid = [each for each in payments if each["pays"]]
        said += [
            (f"invoices/{each['pays'][0]['invoice_id']}/credit-notes", {"amount": "3.15", "reason": "Away"})
            for each in paid[:NOTES]
        ]
        cards = [each for each in payments if each["method"] == "card"]
        said += [(f"payments/{each['id']}/charge-back", {"reason": "Stolen"}) for each in cards[:CHARGEBACKS]]
        keyed = [(path, body, str(uuid4())) for path, body in said] * 2
        self._dice.shuffle(keyed)
        with ThreadPoolExecutor(CLIENTS) as clients:
            for answer in clients.map(lambda each: self._moved(*each), keyed):
                answer.expect(201)
        for table, kind, many in (
            ("fees_refund", "refund", REFUNDS),
            ("fees_refund", "chargeback", CHARGEBACKS),
            ("fees_creditnote", "", NOTES),
        ):
            where = "WHERE kind = %s" if kind else ""
            found = self._books.number(f"SELECT count(*) FROM {table} {where}", *([kind] if kind else []))
            if found != many:
                say(f"{found} of {many} in {table} {kind}")
                self.lost += abs(found - many)

    # --- by card ------------------------------------------------------------------------------------------------------
    def _paid_by_card(self) -> None:
        """A guardian pays bit by bit on the gateway's page; some goes back there, some is disputed."""
        child = self._school.rows("students", GUARDIAN)[0]["id"]
        body = {"student_id": child, "amount": "1.15", "return_url": "/"}

        def pay(_number: int) -> str:
            # With the port, at which the gateway will write.
            sent = {"Idempotency-Key": str(uuid4()), "Host": f"{self._school.host}:{self._port}"}
            begun = self._school.ask("POST", "payment-intents", GUARDIAN, body, **sent).expect(201).json
            for _again in range(100):
                page = self._school.ask("GET", begun["checkout_url"].partition("/api/v1/")[2]).expect(302)
                order = self._gateway.shown(page.headers["location"].rpartition("/")[2])
                if order is not None:
                    break
                # So many at once that some are sent back: they press the button again.
                time.sleep(0.2)
            if order is None:
                raise launcher.LauncherError(f"nobody gets to the gateway's page: {page.headers['location']}")
            self._gateway.clicked(order, "pay")
            return order.id

        with ThreadPoolExecutor(CLIENTS) as clients:
            orders = list(clients.map(pay, range(CARDS)))
        for number, name in enumerate(orders):
            order = self._gateway.shown(name)
            assert order is not None
            if number % 10 == 0:
                self._gateway.clicked(order, "dispute")
            elif number % 10 == 1:
                self._gateway.refunded(order.account, name, {"amount": 15, "key": ""})
        # What was lost on the way is asked for.
        self._wait(lambda: self._reconciles("--ask-gateway"), "what was paid by card")
        there = [each for each in self._gateway.journal("sk_sandbox_demo")["orders"] if each["state"] == "paid"]
        said = sorted((each["id"], each["paid"] - sum(gone["amount"] for gone in each["gone_back"])) for each in there)
        booked = self._books.rows(
            "SELECT p.reference, (100 * sum(p.amount - COALESCE((SELECT sum(r.amount) FROM fees_refund r"
            " WHERE r.payment_id = p.id), 0)))::int FROM fees_payment p WHERE p.by_id IS NULL GROUP BY 1 ORDER BY 1"
        )
        self.lost += len(set(said) ^ {(name, cents) for name, cents in booked}) + abs(len(said) - CARDS)
        say(f"{CARDS} payments by card, {self._gateway.journal('sk_sandbox_demo')['lost']} messages were lost")

    # --- counted ------------------------------------------------------------------------------------------------------
    def _found(self) -> dict[str, int]:
        found = self._books.counted()
        if not self._reconciles():
            found["ledger_differences"] += 1
        return found

    def _reconciles(self, *more: str) -> bool:
        from tests.attack.target import CommandFailed

        try:
            self._machine.manage("reconcile_fees", "--school", SLUG, "--json", *more)
        except CommandFailed:
            return False
        return True

    def _planted(self) -> int:
        """How many faults went unseen, by what is counted here or by the command."""
        unseen = 0
        for fault, (do, undo) in PLANTED.items():
            self._books.without_guards(do)
            counted, reconciles = any(self._books.counted().values()), self._reconciles()
            self._books.without_guards(undo)
            say(f"{fault}: {'seen' if counted else 'not seen'}; by the command {'not ' * reconciles}seen")
            unseen += (not counted) + reconciles
        return unseen + any(self._books.counted().values()) + (not self._reconciles())


if __name__ == "__main__":
    sys.exit(main())
