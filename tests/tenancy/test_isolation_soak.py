"""Thousands of requests for twenty schools at once: each answer names its own school, or there is none.

The same requests, sent to an engine whose wall is taken down, must find wrong answers; otherwise this test is blind.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import orjson
import pytest
from asgiref.sync import async_to_sync
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.db import connections

from schoolops.tenancy.models import School
from tests.factories.schools import bare_school, remove_school
from tests.tenancy import asgi, engines, urls
from tests.tenancy.markers import mark

pytestmark = pytest.mark.urls("tests.tenancy.urls")

SCHOOLS = 20
THREADS = 8
AT_ONCE = 12
# Views that do right, and views with a bug that the wall must turn into a refusal.
SOUND = ("/where", "/where", "/where", "/handed-over")
PREPARED = ("/prepared", "/prepared", "/where", "/prepared-and-handed-over")
BUGGY = ("/handed-over-forgetfully", "/by-remembered-name")

Request = tuple[str, str]


@pytest.fixture(scope="module")
def twenty_schools(_schools: dict[str, School], django_db_blocker: Any) -> Iterator[list[School]]:
    """Each with the table that is asked."""
    with django_db_blocker.unblock():
        schools = [bare_school(f"soak-{number}", of=_schools["oak"]) for number in range(SCHOOLS)]
        for school in schools:
            mark(school)
        yield schools
        for school in schools:
            remove_school(school)
        connections.close_all()


@pytest.fixture(autouse=True)
def quiet_access_log() -> Iterator[None]:
    access = logging.getLogger("schoolops.access")
    access.setLevel(logging.WARNING)
    yield
    access.setLevel(logging.NOTSET)


def requests(schools: list[School], number: int, paths: tuple[str, ...], seed: int) -> list[Request]:
    """``number`` (slug, path) pairs in an order that the seed decides."""
    chance = random.Random(seed)
    return [(chance.choice(schools).slug, chance.choice(paths)) for _ in range(number)]


def verdict(slug: str, status: int, body: Any) -> str:
    """``right``, ``wrong`` (it names another school, or none) or ``refused``."""
    if status == 200 and "refused" in body:
        return "refused"
    assert status == 200, (status, body)
    return "right" if {body["marker"], body.get("again", slug)} == {slug} else "wrong"


def by_wsgi(application: Callable[..., Any], request: Request) -> str:
    slug, path = request
    answered: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "HTTP_HOST": f"{slug}.localhost",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "http",
    }
    response = application(environ, lambda status, _headers: answered.append(status))
    body = b"".join(response)
    response.close()
    return verdict(slug, int(answered[0][:3]), orjson.loads(body))


def through_threads(wanted: list[Request]) -> Counter[str]:
    """Send the requests from ``THREADS`` threads, each with the connection it keeps."""
    application = get_wsgi_application()

    def work(share: list[Request]) -> Counter[str]:
        try:
            return Counter(by_wsgi(application, request) for request in share)
        finally:
            connections.close_all()

    try:
        with ThreadPoolExecutor(THREADS) as executor:
            return sum(executor.map(work, [wanted[start::THREADS] for start in range(THREADS)]), Counter())
    finally:
        urls.dismiss_helpers()


def through_asgi(wanted: list[Request]) -> Counter[str]:
    """Send the requests through the ASGI handler, ``AT_ONCE`` of them in the air."""
    application = get_asgi_application()

    async def send(lane: list[Request], counted: Counter[str]) -> None:
        for slug, path in lane:
            status, body = await asgi.get(application, f"{slug}.localhost", path)
            counted[verdict(slug, status, body)] += 1

    async def all_of_them() -> Counter[str]:
        counted: Counter[str] = Counter()
        await asyncio.gather(*(send(wanted[start::AT_ONCE], counted) for start in range(AT_ONCE)))
        return counted

    try:
        return async_to_sync(all_of_them)()
    finally:
        urls.dismiss_helpers()


def test_five_thousand_answers_name_their_own_school(real_commits: None, twenty_schools: list[School]) -> None:
    counted: Counter[str] = Counter()
    counted += through_threads(requests(twenty_schools, 2500, SOUND, seed=1))
    with engines.engine(pool=3):
        counted += through_threads(requests(twenty_schools, 1500, SOUND, seed=2))
    with engines.engine(pool=3):
        counted += through_asgi(requests(twenty_schools, 1000, ("/where-async", "/where-async", "/where"), seed=3))
    assert counted == {"right": 5000}


def test_bugs_are_refused_by_the_wall(real_commits: None, twenty_schools: list[School]) -> None:
    counted = through_threads(requests(twenty_schools, 1000, SOUND + BUGGY, seed=4))
    assert counted["wrong"] == 0
    assert counted["refused"] > 100
    assert counted["right"] > 500


def test_the_soak_finds_the_bugs_when_the_wall_is_down(real_commits: None, twenty_schools: list[School]) -> None:
    owner = connections.settings["admin"]
    with engines.engine(engines.LEAKY, USER=owner["USER"], PASSWORD=owner["PASSWORD"]):
        counted = through_threads(requests(twenty_schools, 1000, SOUND + BUGGY, seed=4))
    assert counted["wrong"] > 100
    assert counted["refused"] == 0


def test_the_soak_finds_each_bug_alone(real_commits: None, twenty_schools: list[School]) -> None:
    owner = connections.settings["admin"]
    for bug in BUGGY:
        with engines.engine(engines.LEAKY, USER=owner["USER"], PASSWORD=owner["PASSWORD"]):
            counted = through_threads(requests(twenty_schools, 200, ("/handed-over", bug), seed=5))
        assert counted["wrong"] > 20, bug


def test_prepared_statements_name_their_own_school(real_commits: None, twenty_schools: list[School]) -> None:
    counted: Counter[str] = Counter()
    counted += through_threads(requests(twenty_schools, 1500, PREPARED, seed=6))
    with engines.engine(pool=3):
        counted += through_threads(requests(twenty_schools, 1000, PREPARED, seed=7))
    with engines.engine(pool=3):
        counted += through_asgi(requests(twenty_schools, 500, ("/prepared-async", "/prepared", "/where"), seed=8))
    assert counted == {"right": 3000}


def test_a_prepared_statement_in_a_bare_thread_is_refused(real_commits: None, twenty_schools: list[School]) -> None:
    wanted = requests(twenty_schools, 600, (*PREPARED, "/prepared-forgetfully"), seed=9)
    counted = through_threads(wanted)
    assert counted["wrong"] == 0
    assert counted["refused"] == sum(path == "/prepared-forgetfully" for _, path in wanted)


def test_the_soak_finds_it_when_the_wall_is_down(real_commits: None, twenty_schools: list[School]) -> None:
    owner = connections.settings["admin"]
    with engines.engine(engines.LEAKY, USER=owner["USER"], PASSWORD=owner["PASSWORD"]):
        counted = through_threads(
            requests(twenty_schools, 600, ("/prepared-and-handed-over", "/prepared-forgetfully"), seed=10)
        )
    assert counted["wrong"] > 50
    assert counted["refused"] == 0
