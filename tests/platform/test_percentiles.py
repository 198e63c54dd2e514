"""p50, p95 and p99 are within one per cent of the truth, over any number of processes."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolops.observability import percentiles
from schoolops.observability.percentiles import Rolling, bucket_of, merged, quantile, summary, value_of

latencies = st.floats(min_value=percentiles.FASTEST_MS, max_value=600_000, allow_nan=False)


class HandClock:
    """Seconds that move when the test says so."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


def buckets_of(samples: list[float]) -> Counter[int]:
    return Counter(bucket_of(sample) for sample in samples)


@given(latencies)
def test_a_bucket_s_value_is_within_one_per_cent_of_all_it_holds(sample: float) -> None:
    assert abs(value_of(bucket_of(sample)) - sample) / sample <= percentiles.ERROR + 1e-9
    assert percentiles.ERROR < 0.01


@given(st.lists(latencies, min_size=1, max_size=300), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_the_sample_of_that_rank_within_one_per_cent(samples: list[float], share: float) -> None:
    true = sorted(samples)[max(1, math.ceil(share * len(samples))) - 1]
    found = quantile(buckets_of(samples), share)
    assert found == pytest.approx(true, rel=percentiles.ERROR + 1e-9)


@given(st.lists(st.lists(latencies, max_size=50), max_size=6))
def test_processes_add_up_to_what_one_process_would_have_seen(processes: list[list[float]]) -> None:
    everything = [sample for samples in processes for sample in samples]
    assert merged(buckets_of(samples) for samples in processes) == buckets_of(everything)


def test_without_samples_there_is_no_percentile() -> None:
    assert summary({}) == {"count": 0, "p50": None, "p95": None, "p99": None}


def test_only_the_last_five_minutes_count() -> None:
    clock = HandClock()
    rolling = Rolling(clock)
    rolling.add(100)
    clock.at += 299
    rolling.add(10)
    assert sum(rolling.recent().values()) == 2
    clock.at += 11
    assert summary(rolling.recent())["p99"] == pytest.approx(10, rel=0.01)


def test_what_was_handed_on_is_handed_on_once() -> None:
    clock = HandClock()
    rolling = Rolling(clock)
    rolling.add(5)
    clock.at += percentiles.SLICE_S
    rolling.add(6)
    taken = rolling.take()
    assert [sum(buckets.values()) for _, buckets in taken] == [1, 1]
    assert rolling.take() == []
    assert sum(rolling.recent().values()) == 2


def test_what_could_not_be_handed_on_is_kept_for_fifteen_minutes() -> None:
    clock = HandClock()
    rolling = Rolling(clock)
    for _ in range(120):
        taken = rolling.take()
        rolling.add(1)
        rolling.give_back(taken)
        clock.at += percentiles.SLICE_S
    kept = rolling.take()
    assert len(kept) == percentiles.MOST_KEPT
    assert kept[-1][0] == int((clock.at - percentiles.SLICE_S) // percentiles.SLICE_S)
