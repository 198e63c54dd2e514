"""What a rehearsal proves beside its alerts: percentiles against the access log, and figures of their own process."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from datetime import datetime
from typing import Any

from config.env import BASE_DIR
from schoolops import launcher
from tests.observe.stage import PYTHON, Failed, Stage, say


def percentile_error(stage: Stage) -> float:
    """The worst of p50, p95 and p99, per slice of ten seconds, of the buffer against the access log."""
    import redis

    from schoolops.observability.percentiles import SLICE_S, quantile
    from schoolops.redis.telemetry import key

    logged: dict[int, list[float]] = {}
    for said in stage.lines("web"):
        if "route" not in said:
            continue
        moment = datetime.fromisoformat(said["timestamp"]).timestamp()
        logged.setdefault(int(moment // SLICE_S), []).append(said["latencyMs"])
    worst, compared, miscounted = 0.0, 0, 0
    with redis.Redis.from_url(stage.environment["REDIS_URL"]) as server:
        for number, milliseconds in sorted(logged.items()):
            fields = server.hgetall(key("http.latency", number))
            buckets = Counter({int(bucket): int(times) for bucket, times in fields.items()})
            # Where a line and its sample fall on two sides of a slice's edge, or a process died before handing on, the
            # slices are not the same.
            if buckets.total() != len(milliseconds) or len(milliseconds) < 10:
                miscounted += 1
                continue
            milliseconds.sort()
            for share in (0.50, 0.95, 0.99):
                true = milliseconds[max(1, -(-int(share * 100) * len(milliseconds) // 100)) - 1]
                ours = quantile(buckets, share) or 0.0
                worst = max(worst, max(0.0, abs(ours - true) - 1) / true)
            compared += 1
    say(f"percentiles: {compared} slices compared, {miscounted} that are not the same left out")
    if compared < 10:
        raise Failed(f"Only {compared} slices could be compared.")
    return round(worst, 4)


def figure(what: str) -> Any:
    """What ``tests.observe.figures`` prints, from a process of its own."""
    folder = launcher.spare_folder(BASE_DIR / ".schoolops" / "observe-figures") / what
    done = subprocess.run(
        [PYTHON, "-m", "tests.observe.figures", what, str(folder)],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    shutil.rmtree(folder.parent, ignore_errors=True)
    return json.loads(done.stdout.splitlines()[-1])
