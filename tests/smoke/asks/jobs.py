"""Jobs."""

from __future__ import annotations

from tests.smoke.asks.table import Ask, ask
from tests.smoke.world import World


@ask("GET jobs/{}")
@ask("DELETE jobs/{}")
@ask("POST jobs/{}/run-now")
def _job(world: World) -> Ask:
    return Ask({"job_id": str(world.track(world.get("me")["id"]))})
