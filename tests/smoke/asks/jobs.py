"""Jobs, and the lists that some of them print."""

from __future__ import annotations

from tests.smoke.asks.table import Ask, ask
from tests.smoke.day import once
from tests.smoke.world import World


@ask("GET jobs/{}")
@ask("DELETE jobs/{}")
def _job(world: World) -> Ask:
    return Ask({"job_id": str(world.track(world.get("me")["id"], "apps.reports.print_list"))})


@ask("POST jobs/{}/run-now")
def _job_that_nobody_knows(world: World) -> Ask:
    return Ask({"job_id": str(world.track(world.get("me")["id"], "smoke.nothing"))})


@ask("POST printed-lists")
def _print_list(_world: World) -> Ask:
    return Ask(body={"kind": "class"})


@ask("GET printed-lists/{}")
def _printed_list(world: World) -> Ask:
    job = world.post("printed-lists", {"kind": "class"})["job_id"]
    once("the list is printed", lambda: world.get(f"jobs/{job}")["state"] == "done")
    return Ask({"job_id": str(job)})
