"""Each alert fires beyond its threshold and not below, as Prometheus sees it and as we do, and has a runbook."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from django.template import Context, Template

from config.env import BASE_DIR
from schoolops.observability import alerts, conditions, telemetry
from schoolops.observability.alerts import ALERTS, MINUTE, Alert
from schoolops.observability.conditions import Slow, View
from schoolops.observability.metrics import REDIS_LATENCY
from schoolops.observability.percentiles import bucket_of
from schoolops.observability.telemetry import ONE
from tests.observe import __main__ as rehearsal

HEADINGS = ["What it means for the school", "First look", "Remedy", "It is over when"]
each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


def test_the_rules_that_are_deployed_are_those_of_the_table() -> None:
    assert (BASE_DIR / "deploy/prometheus/rules.yml").read_text(encoding="utf-8") == alerts.rules()


def test_prometheus_accepts_the_rules_and_its_settings(promtool: str) -> None:
    folder = BASE_DIR / "deploy" / "prometheus"
    done = subprocess.run(
        [promtool, "check", "rules", folder / "rules.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout
    done = subprocess.run(
        [promtool, "check", "config", "--syntax-only", folder / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def unit_test(alert: Alert, rules: Path, *, firing: bool) -> str:
    """A promtool test: the series of ``alert``, and whether it fires after a quarter of an hour."""
    series = "".join(
        f"      - series: '{name}'\n        values: '{values}'\n"
        for name, values in alert.condition.series(20, firing=firing).items()
    )
    labels = f'severity: {alert.severity}, job: "{conditions.JOB}"' if alert.condition.metric is None else ""
    expected = (
        f"""
        exp_alerts:
          - exp_labels: {{{labels or f"severity: {alert.severity}"}}}
            exp_annotations: {{summary: "{alert.sentence}", runbook: {alert.runbook}}}"""
        if firing
        else " []"
    )
    return f"""
rule_files: [{rules}]
evaluation_interval: 15s
tests:
  - interval: 1m
    input_series:
{series}    alert_rule_test:
      - eval_time: 15m
        alertname: {alert.name}{expected if firing else chr(10) + "        exp_alerts:" + expected}
"""


@each_alert
@pytest.mark.parametrize("firing", [True, False], ids=["beyond", "below"])
def test_prometheus_fires_just_beyond_the_threshold(alert: Alert, firing: bool, promtool: str, tmp_path: Path) -> None:
    # Promtool's series are a sample a minute; a window of one minute would hold a single one.
    text = alerts.rules().replace("[1m]", "[5m]")
    rules, test = tmp_path / "rules.yml", tmp_path / "test.yml"
    rules.write_text(text, encoding="utf-8")
    test.write_text(unit_test(alert, rules, firing=firing), encoding="utf-8")
    done = subprocess.run([promtool, "test", "rules", test], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def view_of(alert: Alert, *, beyond: bool) -> View | None:
    """What we ourselves would see; ``None`` where only Prometheus can know."""
    condition, metric = alert.condition, alert.condition.metric
    more = 1 if beyond else -1
    match condition:
        case conditions.Slow(limit_s=limit, share=share):
            slow = int(1000 * share) + more
            buckets = Counter({bucket_of(limit * 1100): slow, bucket_of(limit * 500): 1000 - slow})
            return View({condition.metric.name: buckets}, {}, alert.window_s)
        case conditions.Often(per_minute=number):
            times = number * alert.window_s // MINUTE + more
            return View({condition.metric.name: Counter({ONE: times})}, {}, alert.window_s)
        case conditions.Above(limit=limit):
            return View({}, {condition.metric.name: (0.0, limit + 0.001 * more)}, alert.window_s)
        case conditions.Below(limit=limit):
            return View({}, {condition.metric.name: (0.0 if beyond else limit,)}, alert.window_s)
    assert metric is None or isinstance(condition, conditions.Growing)
    return None


@each_alert
def test_we_see_the_same_without_a_prometheus(alert: Alert) -> None:
    beyond, below = view_of(alert, beyond=True), view_of(alert, beyond=False)
    if beyond is None or below is None:
        assert alert.condition.holds(View({}, {}, alert.window_s)) is None
    else:
        assert (alert.condition.holds(beyond), alert.condition.holds(below)) == (True, False)


def test_what_fires_is_shown_with_its_runbook(real_commits: None) -> None:
    telemetry._rolling.clear()
    names = {each["alert"] for each in alerts.firing()["firing"]}
    assert "LoginFailuresMany" not in names
    telemetry.counted("auth.login_failures", 21)
    (found,) = [each for each in alerts.firing()["firing"] if each["alert"] == "LoginFailuresMany"]
    assert found["runbook"] == "docs/runbooks/login-failures-many.md"
    assert {"TargetDown", "DeadLettersGrowing"} <= set(alerts.firing()["unknown"])
    telemetry._rolling.clear()


def test_operators_read_on_their_start_page_what_fires(real_commits: None) -> None:
    telemetry._rolling.clear()
    page = Template("{% load firing %}{% firing_alerts %}")
    assert 'data-alert="LoginFailuresMany"' not in page.render(Context())
    telemetry.counted("auth.login_failures", 21)
    shown = page.render(Context())
    assert 'data-alert="LoginFailuresMany"' in shown
    assert "Somebody may be guessing passwords." in shown
    assert "docs/runbooks/login-failures-many.md" in shown
    telemetry._rolling.clear()


@each_alert
def test_a_runbook_says_what_it_means_what_to_do_and_when_it_is_over(alert: Alert) -> None:
    text = (BASE_DIR / alert.runbook).read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert f"`{alert.name}`" in text
    for heading, paragraph in zip(HEADINGS, re.split(r"^## .+$", text, flags=re.MULTILINE)[1:], strict=True):
        assert len(paragraph.split()) > 8, heading


def test_no_runbook_is_left_over() -> None:
    pages = (BASE_DIR / "docs/runbooks").glob("*.md")
    # What people find out without an alert says so.
    written = {path.stem for path in pages if "\nNo alert." not in path.read_text(encoding="utf-8")}
    assert written == {alert.slug for alert in ALERTS}


def test_a_threshold_is_an_edge_of_its_metric() -> None:
    with pytest.raises(ValueError, match="no edge"):
        Slow(REDIS_LATENCY, 0.3)


@each_alert
def test_a_rehearsal_shortens_times_and_no_threshold(alert: Alert) -> None:
    condition = alert.condition
    assert f"for: {alerts.duration(alert.for_s / 10)}" in alerts.rules(faster=10)
    assert condition.expression("6s").rpartition(" ")[2] == condition.expression("1m").rpartition(" ")[2]


def test_every_alert_is_rehearsed_against_a_real_prometheus() -> None:
    assert rehearsal.declared_but_not_driven() == set()
