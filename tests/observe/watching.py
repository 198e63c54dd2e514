"""A running installation, looked at from outside: what its health says, whether its counters can be trusted.

Nothing is started and nothing brought about. ``PLATFORM_TOKEN`` is sent where the environment has one.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any
from urllib.parse import urlsplit

from tests.observe.stage import say
from tests.smoke.web import Web

SCRAPES = 5
EVERY_S = 1.0
READ = ("/health/ready", "/health/queues", "/health/metrics", "/metrics")


def run(base_url: str) -> int:
    """Print what is so and end with ``RESULT {…}``; 1 when something is wrong or an alert fires."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
    import django

    django.setup()
    from schoolops.observability import instruments
    from schoolops.observability.alerts import ALERTS

    web, host = Web(base_url), urlsplit(base_url).hostname or "localhost"
    token = os.environ.get("PLATFORM_TOKEN")
    wrong: list[str] = []

    def look(path: str) -> Any:
        answer = web.ask("GET", path, host=host, token=token)
        say(f"{path}: {answer.status}")
        if answer.status == 401:
            wrong.append(f"{path} wants a token: set PLATFORM_TOKEN")
        elif answer.status not in {200, 503}:
            wrong.append(f"{path} answered {answer.status}")
        return answer

    if web.ask("GET", "/health", host=host).json != {"status": "ok"}:
        wrong.append("/health does not say that the process is well")
    answers = {path: look(path) for path in READ}
    for name, check in ((answers["/health/ready"].json or {}).get("checks") or {}).items():
        if check["status"] != "ok":
            wrong.append(f"{name} is {check['status']}: {check.get('error', check)}")
    figures = (answers["/health/metrics"].json or {}) if answers["/health/metrics"].ok else {}
    alerts = figures.get("alerts", {"firing": [], "unknown": []})
    wrong += [f"{each['alert']} fires: {each['sentence']} {each['runbook']}" for each in alerts["firing"]]
    if figures.get("scope") == "process":
        wrong.append("percentiles are of one process only: Redis is away")
    for name, seen in figures.get("latencies", {}).items():
        say(f"{name}: {seen}")
    result: dict[str, Any] = {
        "alerts_declared": len(ALERTS),
        "alerts_firing": len(alerts["firing"]),
        "alerts_unknown": len(alerts["unknown"]),
    }
    if answers["/metrics"].ok:
        fell, sizes, names = scrapes(web, host, token)
        wrong += [f"{series} went backwards" for series in fell]
        missing = [
            metric.name
            for metric in instruments.table()
            if not metric.labels and metric.kind != "gauge" and metric.exported not in names
        ]
        wrong += [f"{name} is not exported" for name in missing]
        result |= {"fell": len(fell), "missing": len(missing), "scrape_growth": round(sizes[-1] / sizes[0], 3)}
    for each in wrong:
        say(f"WRONG  {each}")
    print("RESULT", json.dumps(result), flush=True)
    return 1 if wrong else 0


def scrapes(web: Web, host: str, token: str | None) -> tuple[list[str], list[int], set[str]]:
    """(counters that fell, series of each scrape, names of families) over some scrapes, a second apart."""
    from prometheus_client.parser import text_string_to_metric_families

    fell: set[str] = set()
    sizes: list[int] = []
    names: set[str] = set()
    before: dict[str, float] = {}
    for number in range(SCRAPES):
        if number:
            time.sleep(EVERY_S)
        text = web.ask("GET", "/metrics", host=host, token=token).expect().body.decode()
        now: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            names.add(f"{family.name}_total" if family.type == "counter" else family.name)
            if family.type in {"counter", "histogram"}:
                now |= {f"{each.name}{sorted(each.labels.items())}": each.value for each in family.samples}
        fell |= {series for series, value in before.items() if now.get(series, 0.0) < value}
        sizes.append(len(now))
        before = now
    return sorted(fell), sizes, names
