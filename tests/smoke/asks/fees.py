"""Books and what is posted there."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from schoolops import clock
from schoolops.gateways.sandbox import signing_secret
from schoolops.gateways.signing import HEADER, signature
from tests.smoke.asks.table import Ask, ask
from tests.smoke.rosters import form
from tests.smoke.web import Picture
from tests.smoke.world import World


def _account(world: World, kind: str = "asset") -> Any:
    number = world.number()
    body = {"institution_id": world.institution, "code": f"S{number}", "name": f"Smoke {number}", "kind": kind}
    return world.post("accounts", body)


@ask("POST books/{}/close")
def _close(world: World) -> Ask:
    campus = world.new_institution()
    return Ask({"id": campus["id"]}, {"closed_through": "2020-01-31"}, used_up=True)


@ask("POST accounts")
def _new_account(world: World) -> Ask:
    number = world.number()
    body = {"institution_id": world.institution, "code": f"S{number}", "name": "Charges", "kind": "expense"}
    return Ask(body=body)


@ask("PATCH accounts/{}")
def _change_account(world: World) -> Ask:
    return Ask({"id": _account(world)["id"]}, {"name": f"Renamed {world.number()}"})


@ask("POST ledger-postings")
def _post(world: World) -> Ask:
    legs = [{"account_id": _account(world)["id"], "side": side, "amount": "12.5"} for side in ("debit", "credit")]
    body = {"institution_id": world.institution, "day": world.today, "memo": "Moved", "legs": legs}
    return Ask(body=body, headers={"Idempotency-Key": str(uuid4())})


def _item(world: World, **more: Any) -> Any:
    body = {"year_id": world.year["id"], "name": f"Item {world.number()}", "amount": "1.5", **more}
    return world.post("fee-items", body)


def _student(world: World) -> str:
    return str(world.roster[0]["id"])


def _chosen(world: World) -> dict[str, Any]:
    item = _item(world, optional=True)
    return {"student_id": _student(world), "item_id": item["id"], "kind": "added", "starts_on": world.today}


@ask("POST fee-items")
def _new_item(world: World) -> Ask:
    return Ask(body={"year_id": world.year["id"], "name": f"Item {world.number()}", "amount": "1.5"})


@ask("PATCH fee-items/{}")
def _change_item(world: World) -> Ask:
    return Ask({"id": _item(world)["id"]}, {"name": f"Item {world.number()}"})


def _late_fees(world: World) -> dict[str, Any]:
    return {"institution_id": world.institution, "percent": "2.5", "days": 7, "cap": "20"}


@ask("POST late-fee-rules")
def _new_late_fees(world: World) -> Ask:
    # A campus has one rule.
    return Ask(body={**_late_fees(world), "institution_id": world.new_institution()["id"]}, used_up=True)


@ask("PATCH late-fee-rules/{}")
def _change_late_fees(world: World) -> Ask:
    there = world.get("late-fee-rules")["results"]
    rule = there[0] if there else world.post("late-fee-rules", _late_fees(world))
    return Ask({"id": rule["id"]}, {"days": 8})


@ask("POST student-fees")
def _choose(world: World) -> Ask:
    return Ask(body=_chosen(world), used_up=True)


@ask("DELETE student-fees/{}")
def _forget(world: World) -> Ask:
    return Ask({"id": world.post("student-fees", _chosen(world))["id"]})


def _concession_body(world: World) -> dict[str, Any]:
    said = {"ground": "other", "percent": "1", "reason": "Asked from outside"}
    return {"student_id": _student(world), "year_id": world.year["id"], **said}


@ask("POST concessions/siblings")
def _ask_for_siblings(world: World) -> Ask:
    guardian = world.new_guardian()["id"]
    for student in (world.new_student()["id"], world.new_student()["id"]):
        world.post(f"students/{student}/guardians", {"guardian_id": guardian, "relation": "other"})
    return Ask(body={"year_id": world.year["id"], "percents": ["1"]}, used_up=True)


@ask("POST concessions")
def _ask_for(world: World) -> Ask:
    return Ask(body=_concession_body(world))


@ask("GET concessions/{}")
@ask("POST concessions/{}/end")
def _a_concession(world: World) -> Ask:
    return Ask({"id": world.post("concessions", _concession_body(world))["id"]}, used_up=True)


@ask("POST concessions/{}/approve")
def _approve(world: World) -> Ask:
    return Ask(
        {"id": world.post("concessions", _concession_body(world))["id"]}, by=world.new_person("head"), used_up=True
    )


@ask("GET students/{}/payers")
@ask("GET students/{}/statement")
@ask("GET students/{}/printed-statement")
def _about_a_student(world: World) -> Ask:
    return Ask({"id": _student(world)})


@ask("GET students/{}/invoices")
@ask("GET students/{}/family-statement")
@ask("GET students/{}/printed-family-statement")
def _own_bills(world: World) -> Ask:
    guardian = world.roles["guardian"]
    return Ask({"id": world.first("students", by=guardian)["id"]}, by=guardian)


@ask("PUT students/{}/payers")
def _payers(world: World) -> Ask:
    return Ask({"id": _student(world)}, {"payers": []})


def _term(world: World) -> str:
    terms = world.get("terms", year_id=world.year["id"], limit="200")["results"]
    return str(next(term["id"] for term in terms if term["starts_on"] <= world.today <= term["ends_on"]))


def _run_body(world: World) -> dict[str, Any]:
    return {"term_id": _term(world), "due_on": [world.today]}


def _run(world: World) -> str:
    return str(world.post("invoice-runs", _run_body(world))["id"])


@ask("POST invoice-runs")
def _begin(world: World) -> Ask:
    return Ask(body=_run_body(world))


@ask("GET invoice-runs/{}")
@ask("GET invoice-runs/{}/preview")
@ask("GET invoice-runs/{}/outcomes")
def _a_run(world: World) -> Ask:
    return Ask({"id": _run(world)})


def _ready(world: World) -> tuple[str, str]:
    """A run with something to bill that no run before it has billed, and what it comes to."""
    world.settle()
    _item(world, term_id=_term(world))
    run = _run(world)
    return run, str(world.get(f"invoice-runs/{run}/preview")["total"])


@ask("POST invoice-runs/{}/confirm")
def _confirm(world: World) -> Ask:
    run, total = _ready(world)
    return Ask({"id": run}, {"total": total}, used_up=True)


def _invoice(world: World) -> str:
    """A bill that nobody else touches."""
    run, total = _ready(world)
    world.post(f"invoice-runs/{run}/confirm", {"total": total})
    world.settle()
    return str(world.first("invoices", run_id=run)["id"])


@ask("GET invoices/{}")
@ask("GET invoices/{}/printed-bill")
def _an_invoice(world: World) -> Ask:
    return Ask({"id": _invoice(world)})


@ask("POST invoices/{}/void")
def _void(world: World) -> Ask:
    return Ask({"id": _invoice(world)}, {"reason": "Asked from outside"}, used_up=True)


@ask("POST invoices/{}/credit-notes")
def _credit(world: World) -> Ask:
    # A bill of who has just come is of a few days.
    body = {"amount": "0.01", "reason": "Asked from outside"}
    return Ask({"id": _invoice(world)}, body, headers={"Idempotency-Key": str(uuid4())}, used_up=True)


def _payment_body(world: World, method: str = "cash") -> dict[str, Any]:
    campus = next(row for row in world.get("institutions")["results"] if row["id"] == world.institution)
    # More than is due, so that some of it is credit.
    return {"student_id": _student(world), "amount": "100000", "currency": campus["currency"], "method": method}


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def _payment(world: World, method: str = "cash") -> str:
    return str(world.post("payments", _payment_body(world, method), headers=_key())["id"])


@ask("POST payments")
def _take(world: World) -> Ask:
    return Ask(body=_payment_body(world), headers=_key(), used_up=True)


@ask("GET payments/{}")
@ask("GET payments/{}/printed-receipt")
def _a_payment(world: World) -> Ask:
    return Ask({"id": _payment(world)})


@ask("POST payments/{}/refund")
def _refund(world: World) -> Ask:
    body = {"amount": "0.01", "reason": "Asked from outside"}
    return Ask({"id": _payment(world)}, body, headers=_key(), used_up=True)


@ask("POST payments/{}/reverse")
def _reverse(world: World) -> Ask:
    return Ask({"id": _payment(world)}, {"reason": "Asked from outside"}, headers=_key(), used_up=True)


@ask("POST payments/{}/bounce")
def _bounce(world: World) -> Ask:
    return Ask({"id": _payment(world, "cheque")}, {"reason": "Asked from outside"}, headers=_key(), used_up=True)


@ask("POST payments/{}/charge-back")
def _charge_back(world: World) -> Ask:
    return Ask({"id": _payment(world, "card")}, {"reason": "Asked from outside"}, headers=_key(), used_up=True)


@ask("POST payments/{}/clear")
def _clear(world: World) -> Ask:
    return Ask({"id": _payment(world, "cheque")}, headers=_key(), used_up=True)


@ask("GET students/{}/invoices/{}/printed-bill")
def _own_bill(world: World) -> Ask:
    guardian = world.roles["guardian"]
    child = str(world.first("students", by=guardian)["id"])
    _invoice(world)
    bill = world.first(f"students/{child}/invoices", by=guardian)["id"]
    return Ask({"id": child, "invoice": bill}, by=guardian)


@ask("GET students/{}/receipts/{}/printed-receipt")
def _own_receipt(world: World) -> Ask:
    guardian = world.roles["guardian"]
    child = str(world.first("students", by=guardian)["id"])
    payment = world.post("payments", {**_payment_body(world), "student_id": child}, headers=_key())["id"]
    return Ask({"id": child, "payment": payment}, by=guardian)


@ask("GET debtors")
@ask("GET cash-book")
def _of_a_campus(world: World) -> Ask:
    return Ask(query={"institution_id": world.institution})


@ask("GET drawers/{}")
@ask("GET drawers/{}/counts")
def _drawer(world: World) -> Ask:
    return Ask({"id": world.institution})


@ask("POST drawers/{}/counts")
def _count(world: World) -> Ask:
    # Once a day.
    body = {"counted": "1.5", "left": "0", "reason": "Found in it"}
    return Ask({"id": world.new_institution()["id"]}, body, headers=_key(), used_up=True)


def _statement(world: World) -> Picture:
    number = world.number()
    said = f"Date,Amount,Details,Reference\n{world.today},0.01,smoke {number},{number}\n"
    return form(said.encode(), "bank.csv", institution_id=world.institution)


def _read_statement(world: World) -> str:
    sent = world.ask("POST", "bank-statements", _statement(world)).expect(202).json["id"]
    world.settle()
    return str(sent)


def _bank_line(world: World) -> str:
    return str(world.get("bank-lines", statement_id=_read_statement(world))["results"][0]["id"])


@ask("POST bank-statements")
def _send_statement(world: World) -> Ask:
    return Ask(body=_statement(world))


@ask("GET bank-statements/{}")
def _a_statement(world: World) -> Ask:
    return Ask({"id": _read_statement(world)})


@ask("PUT bank-statements/{}/mapping")
def _map_statement(world: World) -> Ask:
    return Ask({"id": _read_statement(world)}, {"mapping": {"Details": "text"}})


@ask("POST bank-statements/{}/confirm")
def _confirm_statement(world: World) -> Ask:
    # A line that names a bill, and is all of it, is sure.
    bill = world.get(f"invoices/{_invoice(world)}")
    said = f"Date,Amount,Details,Reference\n{world.today},{bill['left']},{bill['number']},{world.number()}\n"
    sent = world.ask("POST", "bank-statements", form(said.encode(), "bank.csv", institution_id=world.institution))
    statement = sent.expect(202).json["id"]
    world.settle()
    return Ask({"id": statement}, {"total": world.get(f"bank-statements/{statement}")["sure_total"]}, used_up=True)


@ask("GET bank-lines/{}")
def _a_bank_line(world: World) -> Ask:
    return Ask({"id": _bank_line(world)})


@ask("POST bank-lines/{}/take")
def _take_line(world: World) -> Ask:
    body = {"parts": [{"student_id": _student(world), "amount": "0.01"}]}
    return Ask({"id": _bank_line(world)}, body, headers=_key(), used_up=True)


@ask("POST bank-lines/{}/settle")
def _settle_line(world: World) -> Ask:
    body = {**_payment_body(world, "bank"), "amount": "0.01"}
    payment = world.post("payments", body, headers=_key())["id"]
    return Ask({"id": _bank_line(world)}, {"payment_id": payment}, headers=_key(), used_up=True)


@ask("POST bank-lines/{}/set-aside")
def _set_aside(world: World) -> Ask:
    return Ask({"id": _bank_line(world)}, {"reason": "Asked from outside"}, headers=_key(), used_up=True)


@ask("POST bank-lines/{}/take-up-again")
def _take_up_again(world: World) -> Ask:
    line = _bank_line(world)
    world.post(f"bank-lines/{line}/set-aside", {"reason": "Asked from outside"}, headers=_key())
    return Ask({"id": line}, headers=_key(), used_up=True)


@ask("GET students/{}/standing")
def _standing(world: World) -> Ask:
    return Ask({"id": _student(world)})


@ask("POST students/{}/allocations")
def _allocate(world: World) -> Ask:
    student = _student(world)
    # Credit from a payment, and a bill that nothing has paid yet.
    _payment(world)
    run, total = _ready(world)
    world.post(f"invoice-runs/{run}/confirm", {"total": total})
    world.settle()
    return Ask({"id": student}, {}, headers=_key(), used_up=True)


@ask("GET students/{}/receipts")
def _own_receipts(world: World) -> Ask:
    guardian = world.roles["guardian"]
    return Ask({"id": world.first("students", by=guardian)["id"]}, by=guardian)


# --- cards ------------------------------------------------------------------------------------------------------------
def _to_be_paid(world: World) -> dict[str, str]:
    guardian = world.roles["guardian"]
    _invoice(world)
    return {"student_id": world.first("students", by=guardian)["id"], "return_url": "/"}


def _begun(world: World) -> Any:
    return world.post("payment-intents", _to_be_paid(world), by=world.roles["guardian"], headers=_key())


@ask("POST payment-intents")
def _begin_to_pay(world: World) -> Ask:
    return Ask(body=_to_be_paid(world), headers=_key(), by=world.roles["guardian"], used_up=True)


@ask("GET payment-intents/{}")
def _a_begun_payment(world: World) -> Ask:
    return Ask({"id": _begun(world)["id"]}, by=world.roles["guardian"])


@ask("GET card-checkout/{}")
def _to_pay(world: World) -> Ask:
    return Ask({"ticket": _begun(world)["checkout_url"].rpartition("/")[2]}, public=True)


@ask("GET card-checkout/{}/return")
def _back_from_paying(world: World) -> Ask:
    return Ask({"ticket": _begun(world)["checkout_url"].rpartition("/")[2]}, public=True)


@ask("PUT card-gateway")
def _set_gateway(world: World) -> Ask:
    return Ask(body={"gateway": "sandbox"})


@ask("POST card-gateway/events")
def _gateway_writes(world: World) -> Ask:
    # Of an order that is none of the school's: it is heard, and nothing follows.
    body = {"id": "evt_1", "type": "order.paid", "data": {"object": {"id": "so_elsewhere"}}}
    header = signature(json.dumps(body).encode(), secret=signing_secret("sk_sandbox_demo"), at=clock.machine())
    return Ask(body=body, headers={HEADER: header}, public=True, anywhere=True)
