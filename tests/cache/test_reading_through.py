"""A selector's value comes from the nearest tier that has it, and the database is always right."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest
from django.conf import settings
from django.db import transaction

from schoolops.cache import CacheEntry, counters, entry, flights, keys, outage, purge, request_cache
from schoolops.cache.counters import Tier
from schoolops.context import inside, outside_schools
from schoolops.errors import NoCurrentSchool
from schoolops.redis import connection as redis_connection
from schoolops.redis import sentinel
from schoolops.tenancy.models import School

pytestmark = pytest.mark.django_db


class Row(msgspec.Struct, frozen=True):
    """What is cached here."""

    name: str
    day: dt.date


DAY = dt.date(2026, 11, 23)


@pytest.fixture
def sheet() -> Iterator[CacheEntry[tuple[Row, ...]]]:
    redis_connection.circuit.reset()
    counters._counts.clear()
    made = CacheEntry("test-sheet", tuple[Row, ...], ttl_s=60)
    yield made
    entry._entries.pop("test-sheet")
    outage._pending.clear()


class Table:
    """The database: rows, and how often they were asked for."""

    def __init__(self, name: str = "Ada") -> None:
        self.name = name
        self.asked = 0

    def load(self) -> tuple[Row, ...]:
        self.asked += 1
        return (Row(self.name, DAY),)


def test_the_second_request_is_answered_by_redis(in_oak: School, sheet: CacheEntry[tuple[Row, ...]]) -> None:
    table = Table()
    first = sheet.get(1, DAY, load=table.load)
    second = sheet.get(1, DAY, load=table.load)
    assert first == second == (Row("Ada", DAY),)
    assert table.asked == 1
    assert counters.counts() == {("test-sheet", Tier.DATABASE): 1, ("test-sheet", Tier.SHARED): 1}


def test_within_a_request_the_process_answers_with_the_same_object(
    in_oak: School, sheet: CacheEntry[tuple[Row, ...]]
) -> None:
    table = Table()
    with request_cache():
        first = sheet.get(2, load=table.load)
        assert sheet.get(2, load=table.load) is first
    assert counters.counts() == {("test-sheet", Tier.DATABASE): 1, ("test-sheet", Tier.LOCAL): 1}


def test_elm_does_not_see_what_oak_cached(oak: School, elm: School, sheet: CacheEntry[tuple[Row, ...]]) -> None:
    with request_cache():
        with inside(oak):
            sheet.get(3, load=Table("Oak's").load)
        with inside(elm):
            assert sheet.get(3, load=Table("Elm's").load) == (Row("Elm's", DAY),)


def test_nothing_is_read_or_forgotten_without_a_school(sheet: CacheEntry[tuple[Row, ...]]) -> None:
    with outside_schools():
        with pytest.raises(NoCurrentSchool):
            sheet.get(1, load=Table().load)
        with pytest.raises(NoCurrentSchool):
            sheet.forget(1)


def test_what_was_forgotten_is_asked_for_again(
    in_oak: School,
    sheet: CacheEntry[tuple[Row, ...]],
    django_capture_on_commit_callbacks: Callable[..., Iterator[list]],
) -> None:
    table = Table()
    with request_cache():
        sheet.get(4, load=table.load)
        table.name = "Grace"
        with django_capture_on_commit_callbacks(execute=True):
            sheet.forget(4)
        assert sheet.get(4, load=table.load) == (Row("Grace", DAY),)


def test_inside_a_write_transaction_the_database_answers_and_nothing_is_stored(
    in_oak: School, sheet: CacheEntry[tuple[Row, ...]]
) -> None:
    table = Table()
    with transaction.atomic():
        sheet.get(5, load=table.load)
        sheet.get(5, load=table.load)
    assert table.asked == 2
    sheet.get(5, load=table.load)
    assert table.asked == 3


def test_an_older_release_s_value_is_a_miss(in_oak: School, sheet: CacheEntry[tuple[Row, ...]]) -> None:
    older = CacheEntry("test-sheet", tuple[int, ...], ttl_s=60)
    assert older.get(6, load=lambda: (1, 2)) == (1, 2)
    assert sheet.get(6, load=Table().load) == (Row("Ada", DAY),)


def test_a_value_that_could_be_changed_under_its_readers_is_refused() -> None:
    class Loose(msgspec.Struct):
        name: str

    for kind in (list[int], dict[str, int], tuple[list[int], ...], Loose):
        with pytest.raises(TypeError, match="immutable"):
            CacheEntry("test-loose", kind, ttl_s=60)


def test_keys_cannot_run_into_each_other(in_oak: School, sheet: CacheEntry[tuple[Row, ...]]) -> None:
    with pytest.raises(ValueError, match="colons"):
        sheet.get("1:2", load=Table().load)


def test_values_live_up_to_their_time_and_not_all_equally_long(
    in_oak: School, sheet: CacheEntry[tuple[Row, ...]]
) -> None:
    lives = []
    redis = redis_connection.patient_redis(settings.REDIS_URL)
    for number in range(20):
        sheet.get("life", number, load=Table().load)
        lives.append(redis.pttl(f"tenant:{in_oak.pk}:test-sheet:v1:life:{number}"))
    assert all(53_000 < life <= 60_000 for life in lives)
    assert len(set(lives)) > 10


def test_of_many_waiting_threads_one_asks_the_database(oak: School, sheet: CacheEntry[tuple[Row, ...]]) -> None:
    asked: list[int] = []
    answers: list[tuple[Row, ...]] = []
    together = threading.Barrier(20)

    def load() -> tuple[Row, ...]:
        asked.append(1)
        # Long enough for the others to arrive; they wait for this one.
        threading.Event().wait(0.2)
        return (Row("Ada", DAY),)

    def ask() -> None:
        with inside(oak):
            together.wait(10)
            answers.append(sheet.get("herd", load=load))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
    assert answers == [(Row("Ada", DAY),)] * 20


def test_what_redis_has_is_answered_while_another_thread_is_loading_it(
    in_oak: School, sheet: CacheEntry[tuple[Row, ...]]
) -> None:
    """Only those who miss wait for one another: this thread could not be answered by itself otherwise."""
    table = Table()
    sheet.get(1, load=table.load)
    key = keys.value_key("test-sheet", 1, (1,))
    answers = []
    flights.share(key, lambda: answers.append(sheet.get(1, load=table.load)))
    assert answers == [(Row("Ada", DAY),)]
    assert table.asked == 1


def test_forgetting_a_school_forgets_all_of_it_and_nothing_of_another(
    oak: School, elm: School, sheet: CacheEntry[tuple[Row, ...]]
) -> None:
    tables = {school.slug: Table() for school in (oak, elm)}
    for _ in range(2):
        for school in (oak, elm):
            with inside(school):
                for number in range(5):
                    sheet.get("all", number, load=tables[school.slug].load)
        with inside(oak):
            entry.forget_school()
    assert (tables["oak"].asked, tables["elm"].asked) == (10, 5)


def test_purging_removes_the_keys_without_the_keys_command(in_oak: School, sheet: CacheEntry[tuple[Row, ...]]) -> None:
    redis = redis_connection.patient_redis(settings.REDIS_URL)
    for number in range(30):
        sheet.get("purge", number, load=Table().load)
    assert purge.keys_by_entry()["test-sheet"] >= 30
    before = redis.info("commandstats").get("cmdstat_keys", {}).get("calls", 0)
    assert purge.purge_school() >= 30
    assert purge.keys_by_entry()["test-sheet"] == 0
    assert redis.info("commandstats").get("cmdstat_keys", {}).get("calls", 0) == before


class Away:
    """Redis is away for the enclosed block: every address refuses."""

    def __init__(self, settings: pytest.FixtureRequest) -> None:
        self._settings = settings

    def __enter__(self) -> None:
        self._url = self._settings.REDIS_URL  # type: ignore[attr-defined]
        self._settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
        self._fresh()

    def __exit__(self, *exc_info: object) -> None:
        self._settings.REDIS_URL = self._url  # type: ignore[attr-defined]
        self._fresh()

    def _fresh(self) -> None:
        redis_connection.client.cache_clear()
        redis_connection.circuit.reset()


@pytest.fixture
def away(settings: pytest.FixtureRequest) -> Away:
    return Away(settings)


def test_without_redis_the_database_answers_and_is_asked_for_redis_once(
    in_oak: School, sheet: CacheEntry[tuple[Row, ...]], away: Away
) -> None:
    table = Table()
    with away, request_cache():
        sheet.get("away", 1, load=table.load)
        assert redis_connection.circuit._struck
        strikes = len(redis_connection.circuit._struck)
        sheet.get("away", 2, load=table.load)
        assert len(redis_connection.circuit._struck) == strikes
    assert table.asked == 2


def test_what_a_new_master_has_not_heard_of_is_forgotten_once_more(
    in_oak: School,
    sheet: CacheEntry[tuple[Row, ...]],
    settings: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table, stamp = Table(), keys.stamp_key("test-sheet", (1,))
    sheet.get(1, load=table.load)
    redis = redis_connection.client(redis_connection.CACHE)
    before = redis.get(stamp)
    behind = settings.REDIS_URL = "sentinel://one,two/main"  # type: ignore[attr-defined]
    table.name = "Grace"
    sheet.forget(1)
    # The replica that became the master never heard of it.
    redis.set(stamp, before)
    assert sheet.get(1, load=table.load) == (Row("Ada", DAY),)

    named = iter([("10.0.0.1", 6379), ("10.0.0.1", 6379), ("10.0.0.2", 6379)])
    monkeypatch.setattr(sentinel.Sentinels, "_ask", staticmethod(lambda *_: next(named)))
    sentinels = sentinel.Sentinels(sentinel.parse(behind), command_timeout_s=1, connect_timeout_s=1)
    for pending in (0, 0, 1):
        sentinels.discover_master("main")
        assert len(outage._pending) == pending
    assert sheet.get(1, load=table.load) == (Row("Grace", DAY),)
    outage._of_late.clear()


def test_what_was_forgotten_during_an_outage_is_not_believed_after_it(
    in_oak: School,
    sheet: CacheEntry[tuple[Row, ...]],
    away: Away,
    django_capture_on_commit_callbacks: Callable[..., Iterator[list]],
) -> None:
    table = Table()
    sheet.get("outage", load=table.load)
    table.name = "Grace"
    with away:
        with django_capture_on_commit_callbacks(execute=True):
            sheet.forget("outage")
        assert outage._pending
    assert sheet.get("outage", load=table.load) == (Row("Grace", DAY),)
    assert not outage._pending


def test_more_than_can_be_remembered_forgets_whole_schools(
    in_oak: School, monkeypatch: pytest.MonkeyPatch, away: Away
) -> None:
    monkeypatch.setattr(outage, "MOST_PENDING", 3)
    with away:
        for number in range(6):
            outage.replace_stamps((f"tenant:{in_oak.pk}:gen:test:{number}",))
    assert f"tenant:{in_oak.pk}:gen" in outage._pending
    assert len(outage._pending) <= 4
    outage._pending.clear()


def test_the_process_keeps_five_hundred_values_and_drops_the_oldest() -> None:
    with request_cache() as mine:
        for number in range(501):
            mine.put(str(number), number + 1)
            mine.get("0")
        assert len(mine.values) == 500
        assert mine.get("0") == 1
        assert mine.get("1") is None
