"""Real servers, two schools, and how a test says where it stands.

* ``db``, ``in_oak``: one transaction on one connection, rolled back afterwards, for work in both schools.
* ``fresh_school``: a school of the test's own with real commits, for threads, other connections and other processes.

Nothing is chosen when a test begins: a query without ``inside(school)`` raises, as it does in production.
"""

from __future__ import annotations

import copy
import datetime as dt
import gc
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests import floor
from tests.support.kept import Wanted, kept, standing, wanted_by

if TYPE_CHECKING:
    from django.test import Client

    from apps.accounts.models import User
    from schoolops.tenancy.models import School
    from tests.factories.people import Campus
    from tests.factories.used_again import UsedAgain

# Of two runs of the same code none is red by chance: the same examples each time; `make proof` takes any.
settings.register_profile("same", derandomize=True)
settings.register_profile("any")
settings.load_profile("same")

_GROUND = pytest.StashKey[floor.Ground]()
_WORKER = pytest.StashKey[str]()
# More than 25 s of a processor each (`-p tests.support.costs` shows them); the others are begun in order of name.
LONGEST_FIRST = (
    "tests/api/test_days_of_reach.py",
    "tests/api/test_who_may_do_what.py",
    "tests/upgrade/",
    "tests/browser/",
    "tests/apps/students/test_custody_in_merging.py",
    "tests/apps/exchange/test_in_chunks.py",
    "tests/apps/office/test_what_a_list_can_be_asked.py",
)

# A browser and a site that serves it, for all of its files.
WHOLE = ("tests/browser/",)


# --- the run ----------------------------------------------------------------------------------------------------------
@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Servers once per run, a database per worker, and the environment before Django's settings are read."""
    if os.environ.get("DJANGO_SETTINGS_MODULE") and not hasattr(config, "workerinput"):
        pytest.exit("Unset DJANGO_SETTINGS_MODULE: the tests choose config.settings.test and servers of their own.", 4)
    if hasattr(config, "workerinput"):
        config.stash[_GROUND] = floor.Ground(*config.workerinput["ground"])
        config.stash[_WORKER] = config.workerinput["workerid"]
    else:
        config.stash[_GROUND] = floor.break_ground()
        if getattr(config.option, "dist", "no") != "no":
            # The workers run the tests; this process only holds the servers.
            return
        config.stash[_WORKER] = "main"
    floor.stake_out(config.stash[_GROUND], config.stash[_WORKER])
    import django

    django.setup()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker where the servers are."""
    ground = node.config.stash[_GROUND]
    node.workerinput["ground"] = (ground.provisioning_url, ground.redis_url)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file is one worker's, and so is a folder of ``WHOLE``: what its tests share is made once.

    With ``--dist worksteal`` each test is anybody's.
    """
    from xdist.scheduler import LoadFileScheduling

    if config.option.dist == "worksteal":
        return None

    class Shared(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((folder for folder in WHOLE if nodeid.startswith(folder)), nodeid.partition("::")[0])

    config.option.loadscopereorder = False
    return Shared(config, log)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nothing has sent KEYS, which stops Redis for as long as it looks through everything: the run fails otherwise."""
    ground = session.config.stash.get(_GROUND, None)
    if ground is None or hasattr(session.config, "workerinput") or not ground.started:
        # A worker does not know of the others, and of a Redis of yours we do not know who else uses it.
        return
    import redis

    with redis.Redis.from_url(ground.redis_url) as server:
        sent = server.info("commandstats").get("cmdstat_keys", {}).get("calls", 0)
    if sent:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"KEYS was sent to Redis {sent} times: use SCAN.", red=True)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if _GROUND not in config.stash:
        return
    ground = config.stash[_GROUND]
    if _WORKER in config.stash:
        floor.clear(ground, config.stash[_WORKER])
    ground.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # A long file begun last would keep one worker busy while the others have nothing left. Within a file those that ask
    # for the same people follow one another, so that they are made once.
    files = {file: number for number, file in enumerate(dict.fromkeys(item.path for item in items))}
    items.sort(
        key=lambda item: (
            next((n for n, file in enumerate(LONGEST_FIRST) if item.nodeid.startswith(file)), 99),
            files[item.path],
            [each.given.__name__ for each in wanted_by(item)],
        )
    )
    for item in items:
        marker = item.get_closest_marker("django_db")
        names = getattr(item, "fixturenames", ())
        if (marker and marker.kwargs.get("transaction")) or {"transactional_db", "live_server"} & set(names):
            raise pytest.UsageError(
                f"{item.nodeid}: Django would empty the tables afterwards, and our login owns none. Use fresh_school."
            )


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Modules and collected tests stay for the run: looking through them for garbage was a twelfth of it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """The campus and the people that a test names are there before its transaction begins."""
    _have(item, wanted_by(item))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if nextitem is None:
        _have(item, [])


def _have(item: pytest.Item, wanted: list[Wanted]) -> None:
    from pytest_django.plugin import blocking_manager_key

    with item.config.stash[blocking_manager_key].unblock():
        standing().ask_for(wanted)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Our own floor instead of pytest-django's: the login that tests use could not create a database."""
    from django.db import connections

    with django_db_blocker.unblock():
        floor.build()
        # The first connection of each test is new, as nobody's leftovers would be.
        connections.close_all()
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(autouse=True)
def _every_test_begins_nowhere() -> Iterator[None]:
    """Nothing is chosen or remembered, every circuit is closed; a test that leaves a school entered fails."""
    from schoolops import context
    from schoolops.redis import connection
    from schoolops.resilience.breaker import State, breakers
    from schoolops.tenancy import resolution

    resolution.forget_here()
    # The machine may be busy: a slow answer of a real server is no outage, and no outage is inherited.
    connection.circuit.slow_s = float("inf")
    for circuit in breakers():
        if circuit.state is not State.CLOSED:
            circuit.reset()
    yield
    assert context.place() is None, f"the test left {context.place()} entered"


@pytest.fixture(scope="session", autouse=True)
def _nothing_leaves_before_the_commit() -> Iterator[None]:
    """Mail and HTTP from inside a transaction fail the test, whatever library sends them."""
    from tests.support.leaving import guarded

    with guarded():
        yield


# --- schools ----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def _schools(django_db_setup: None, django_db_blocker: Any) -> dict[str, School]:
    from schoolops.context import outside_schools
    from schoolops.tenancy.models import School

    with django_db_blocker.unblock(), outside_schools():
        schools = {school.slug: school for school in School.objects.filter(slug__in=["oak", "elm"])}
    standing().oak = schools["oak"]
    return schools


def _cold(school: School) -> School:
    # What an earlier test undid may still be cached.
    from schoolops.cache.entry import forget_school
    from schoolops.context import inside

    with inside(school):
        forget_school()
    return copy.copy(school)


@pytest.fixture
def oak(_schools: dict[str, School]) -> School:
    """Oak School, at oak.localhost, with nothing of it cached. A copy: changing it changes no other test's."""
    return _cold(_schools["oak"])


@pytest.fixture
def elm(_schools: dict[str, School]) -> School:
    """Elm School, at elm.localhost."""
    return _cold(_schools["elm"])


@pytest.fixture
def in_oak(db: None, oak: School) -> Iterator[School]:
    """The test works inside Oak, and is undone afterwards."""
    from schoolops.context import inside

    with inside(oak):
        yield oak


@pytest.fixture
def real_commits(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database without a surrounding transaction: what is written stays, so write into a ``fresh_school`` only."""
    from django.db import connections

    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        raise pytest.UsageError("A test either commits (fresh_school) or is undone (db, in_oak), not both.")
    with django_db_blocker.unblock():
        yield
        connections.close_all()


_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def _used_again(request: pytest.FixtureRequest, django_db_setup: None) -> UsedAgain | None:
    """Where servers of yours let us do less than everything, each school is made anew."""
    from tests.factories.used_again import UsedAgain

    config = request.config
    url = floor.everything_in(config.stash[_GROUND], config.stash[_WORKER])
    return UsedAgain(url) if url else None


@pytest.fixture
def fresh_school(real_commits: None, _used_again: UsedAgain | None) -> Iterator[Callable[..., School]]:
    """``fresh_school()`` is a committed school as one from the template is; what is written there is gone afterwards.

    With a slug it is made by ``create_school`` and dropped.
    """
    from tests.factories.schools import forget_name, make_school, remove_school

    made: list[School] = []

    def make(slug: str = "", *, name: str = "", **more: Any) -> School:
        if slug or more or _used_again is None:
            school = make_school(slug or f"fresh-{next(_numbers)}", name=name, **more)
        else:
            slug = f"fresh-{next(_numbers)}"
            found = _used_again.taken(slug, name or f"{slug.title()} School")
            school = found or make_school(slug, name=name)
            if found is None:
                _used_again.learn(school)
        made.append(school)
        return school

    yield make
    for school in made:
        if _used_again is None or not _used_again.given_back(school):
            remove_school(school)
        forget_name(school.slug)


@pytest.fixture
def client_for() -> Callable[[School], Client]:
    """``client_for(oak)`` is a browser at Oak's address. Its answers carry no exceptions: a 500 is a 500."""
    from django.test import Client

    return lambda school: Client(raise_request_exception=False, headers={"host": f"{school.slug}.localhost"})


# --- queries ----------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Counted:
    """The statements a block of work sent, without the bookkeeping of transactions."""

    statements: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.statements)


_BOOKKEEPING = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK", "BEGIN", "COMMIT")


@pytest.fixture
def query_count() -> Callable[..., AbstractContextManager[Counted]]:
    """``with query_count(3):`` passes with exactly three queries; without a number it counts only.

    It begins with nothing cached of the school the test stands in, so that no count depends on who asked before; with
    ``warm=True`` what is cached stays.
    """
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from schoolops.cache.entry import forget_school
    from schoolops.context import school_or_none

    @contextmanager
    def counting(expected: int | None = None, *, warm: bool = False) -> Iterator[Counted]:
        counted = Counted()
        if not warm and school_or_none() is not None:
            forget_school()
        with CaptureQueriesContext(connection) as captured:
            yield counted
        counted.statements += [
            query["sql"] for query in captured.captured_queries if not query["sql"].startswith(_BOOKKEEPING)
        ]
        if expected is not None:
            listing = "\n".join(counted.statements)
            assert counted.count == expected, f"{counted.count} queries instead of {expected}:\n{listing}"

    return counting


# --- people -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def school_day() -> Iterator[dt.date]:
    """It is ten in the morning of ``people.SCHOOL_DAY``, a Wednesday in the first term."""
    from schoolops import clock
    from tests.factories import people

    with clock.frozen(people.SCHOOL_MOMENT):
        yield people.SCHOOL_DAY


@pytest.fixture
@kept
def campus(in_oak: School, school_day: dt.date) -> Campus:
    """Oak's campus: sections 7 B with twelve students and 7 C with three."""
    from tests.factories import people

    made = people.a_school_year(name="Oak Campus", sections=("7 B", "7 C"))
    people.some_students(12, section=made.sections["7 B"])
    people.some_students(3, section=made.sections["7 C"])
    return made


@pytest.fixture
@kept
def alice(campus: Campus) -> User:
    """The head of Oak."""
    from tests.factories import people

    return people.a_user("alice", role="head")


@pytest.fixture
@kept
def bob(campus: Campus) -> User:
    """The teacher of 7 B."""
    from tests.factories import people

    return people.a_teacher("bob", of=campus.sections["7 B"])


@pytest.fixture
@kept
def carol(campus: Campus) -> User:
    """The guardian of two: the first of 7 B and the first of 7 C."""
    from tests.factories import people

    return people.a_guardian("carol", of=[people.students_in(campus.sections[name])[0] for name in ("7 B", "7 C")])


@pytest.fixture
@kept
def dave(campus: Campus) -> User:
    """The registrar of Oak."""
    from tests.factories import people

    return people.a_user("dave", role="registrar")


@pytest.fixture
@kept
def erin(campus: Campus) -> User:
    """The administrator of Oak."""
    from tests.factories import people

    return people.a_user("erin", role="administrator")
