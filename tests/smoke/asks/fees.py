"""Books and what is posted there."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.smoke.asks.table import Ask, ask
from tests.smoke.world import World


def _account(world: World, kind: str = "asset") -> Any:
    number = world.number()
    body = {"institution_id": world.institution, "code": f"S{number}", "name": f"Smoke {number}", "kind": kind}
    return world.post("accounts", body)


@ask("POST books/{}/close")
def _close(world: World) -> Ask:
    # A day further each time: what is closed stays so.
    day = f"20{world.number() % 20 + 1:02}-01-31"
    campus = world.post(
        "institutions",
        {"name": f"Books {day}", "code": f"BOOKS{world.number()}", "timezone": "UTC", "currency": "EUR"},
    )
    return Ask({"id": campus["id"]}, {"closed_through": day}, used_up=True)


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
