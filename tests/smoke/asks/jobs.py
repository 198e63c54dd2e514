"""Jobs, and the lists that some of them print."""

from __future__ import annotations

import time

from tests.smoke.asks.table import Ask, ask
from tests.smoke.day import must
from tests.smoke.rosters import PATIENCE_S
from tests.smoke.world import World


@ask("GET jobs/{}")
@ask("DELETE jobs/{}")
@ask("POST jobs/{}/run-now")
def _job(world: World) -> Ask:
    return Ask({"job_id": str(world.track(world.get("me")["id"]))})


@ask("POST printed-lists")
def _print_list(_world: World) -> Ask:
    return Ask(body={"kind": "class"})


@ask("GET printed-lists/{}")
def _printed_list(world: World) -> Ask:
    job = world.post("printed-lists", {"kind": "class"})["job_id"]
    until = time.monotonic() + PATIENCE_S
    while (state := world.get(f"jobs/{job}")["state"]) != "done":
        must(time.monotonic() < until, f"the list is printed in {PATIENCE_S} s, and is not {state} still")
        time.sleep(0.2)
    return Ask({"job_id": str(job)})
