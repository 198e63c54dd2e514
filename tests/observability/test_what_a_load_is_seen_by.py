"""What a stack holds while the load goes on, looked at again and again; and what the server itself took."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.urls import resolve

from benchmarks.load import served
from benchmarks.load.held import Held, Look, slopes, table, verdict
from locustfiles.targets import LIST_EXAMS, LIST_STUDENTS, LOG_IN, MARK_ROLL, READ_ROLL, SET_EXAM
from schoolops import launcher
from schoolops.observability.metrics import AUTH_LATENCY, HTTP_LATENCY

MIB = 2**20
SECTION = uuid.UUID("0198c5b0-9d3e-7cc0-a1b2-3c4d5e6f7a8b")


def looks(*web: float, rows: int = 0, database: int = 0) -> list[Look]:
    """The memory of web as said, of a relay that stays as it is; ``rows`` and ``database`` more at each look."""
    return [
        {
            "memory": (each + 50) * MIB, "memory of web": each * MIB, "memory of relay": 50 * MIB, "descriptors": 40,
            "connections": 12, "disk": 1000, "valkey": 3 * MIB, "rows": rows * at, "database": 80 * MIB + database * at,
        }
        for at, each in enumerate(web)
    ]  # fmt: skip


def test_what_stays_as_it_is_has_not_grown_however_it_goes_up_and_down() -> None:
    found = verdict(slopes(looks(100, 140, 100, 140, 100, 140), 30))
    assert found["memory_growth"] == found["descriptors_growth"] == found["valkey_growth"] == 1.0
    assert found["grows"] == []


def test_what_grows_is_named_with_how_much_a_minute() -> None:
    found = slopes(looks(100, 120, 140, 160, 180, 200), 30)
    assert verdict(found)["memory_growth"] == 1.5
    assert (verdict(found)["grows"], verdict(found)["programs_that_grow"]) == (["memory of web 1.73"], 1)
    # 110 at first and 190 at last, four looks of half a minute later.
    assert table(found, 6)[-1] == "| valkey | 3.0 MiB | 3.0 MiB | +0.00 |"
    assert [row.split(" | ")[0] for row in table(found, 6) if " of " in row] == ["| memory of web"]
    assert found["memory of web"].cells() == "memory of web | 110.0 MiB | 190.0 MiB | +40.00"


def test_one_program_does_not_hide_in_the_sum_of_all() -> None:
    many = [{**each, "memory": each["memory"] + 3000 * MIB} for each in looks(80, 80, 90, 100, 110, 110)]
    found = verdict(slopes(many, 30))
    assert found["memory_growth"] == 1.01
    assert (found["grows"], found["programs_that_grow"]) == (["memory of web 1.38"], 1)


def test_data_is_told_by_the_row_for_it_is_what_was_written() -> None:
    found = verdict(slopes(looks(*[100] * 6, rows=1000, database=200_000), 30))
    assert (found["rows_written"], found["database_bytes_per_row"]) == (4000, 200)
    assert found["grows"] == []
    assert verdict(slopes(looks(*[100] * 6, database=200_000), 30))["database_bytes_per_row"] == 800_000


def test_who_was_not_there_at_first_has_grown() -> None:
    seen = looks(*[100] * 6)
    later = [{**each, "descriptors of worker": 9.0} for each in seen[4:]]
    assert slopes([*seen[:4], *later], 30)["descriptors of worker"].growth == 2.0


def test_while_people_are_let_in_nothing_is_judged() -> None:
    seen = looks(10, 60, 100, 100, 100, 100, 100)
    # Nothing is started: what a stack holds was looked at before.
    held = Held(None, 10, [(1000.0 + 10 * at, look) for at, look in enumerate(seen)])  # type: ignore[arg-type]
    assert held.of_the_last(40) == seen[2:]


def test_whoever_stopped_looking_has_seen_nothing() -> None:
    class Broken(Held):
        def now(self) -> Look:
            raise OSError("nobody answers")

    held = Broken(None, 0.001)  # type: ignore[arg-type]
    with held.watched():
        while not held.broke:
            time.sleep(0.001)
    held.looks = [(float(at), look) for at, look in enumerate(looks(*[100] * 6))]
    with pytest.raises(launcher.LauncherError, match="nobody answers"):
        held.of_the_last(10)


@pytest.mark.parametrize("many", [0, 1, 4])
def test_fewer_looks_than_were_to_be_taken_say_nothing(many: int) -> None:
    held = Held(None, 10, [(10.0 * at, look) for at, look in enumerate(looks(*[100] * many))])  # type: ignore[arg-type]
    with pytest.raises(launcher.LauncherError, match=f"looked at {many} times"):
        held.of_the_last(60)


def test_a_file_that_is_gone_when_it_is_measured_has_no_size(tmp_path: Path) -> None:
    for name in ("media/kept", "postgres/of the server"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"12345")
    (tmp_path / "media" / "gone").symlink_to("nowhere")
    servers = SimpleNamespace(folder=tmp_path)
    held = Held(SimpleNamespace(addresses=SimpleNamespace(servers=servers)))  # type: ignore[arg-type]
    assert held._disk() == 5


def test_too_few_looks_are_no_slope() -> None:
    with pytest.raises(launcher.LauncherError):
        slopes(looks(100, 100), 30)


METRICS = """# TYPE schoolops_http_latency_seconds histogram
schoolops_http_latency_seconds_bucket{{le="0.05",method="POST",route="/api/v1/exams"}} {fast}
schoolops_http_latency_seconds_bucket{{le="0.1",method="POST",route="/api/v1/exams"}} {both}
schoolops_http_latency_seconds_bucket{{le="+Inf",method="POST",route="/api/v1/exams"}} {both}
schoolops_http_latency_seconds_count{{method="POST",route="/api/v1/exams"}} {both}
schoolops_http_latency_seconds_sum{{method="POST",route="/api/v1/exams"}} {seconds}
"""


def test_what_the_server_took_is_what_its_metrics_counted_in_between() -> None:
    before = served.read(METRICS.format(fast=5, both=5, seconds=0.2))
    after = served.read(METRICS.format(fast=15, both=25, seconds=1.4))
    assert served.between(before, after) == {SET_EXAM: {"requests": 20, "mean_ms": 60, "p95_at_most_ms": 100}}
    assert served.between(after, after) == {}
    seen = {"requests": 20, "failures": 0, "p50_ms": 400, "p95_ms": 1900, "last_ms": 2000}
    assert served.table({SET_EXAM: seen, "missed": 0}, served.between(before, after))[2:] == [
        "| set an exam | 20 | 0 | 400 | 1900 | 2000 | 20 | 60 | 100 |"
    ]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (LIST_STUDENTS, "/api/v1/students"),
        (LIST_EXAMS, "/api/v1/exams"),
        (SET_EXAM, "/api/v1/exams"),
        (READ_ROLL, f"/api/v1/sections/{SECTION}/roll/2026-11-10"),
        (MARK_ROLL, f"/api/v1/sections/{SECTION}/roll/2026-11-10"),
    ],
)
def test_a_kind_of_request_is_counted_by_the_route_that_serves_it(kind: str, path: str) -> None:
    assert f"/{resolve(path).route}" == served.COUNTED_AS[kind][1]


def test_both_metrics_are_exported_by_these_names() -> None:
    assert (HTTP_LATENCY.exported, AUTH_LATENCY.exported) == (served.HTTP, served.LOGINS)
    assert served.COUNTED_AS[LOG_IN][0] == served.LOGINS
