"""``python -m config.demo``: all of SchoolOps on this machine, with two schools to look at, until Ctrl-C."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from config.env import BASE_DIR, Environment
from schoolops import clock, launcher

FOLDER = BASE_DIR / ".schoolops" / "demo"
POSTGRES_PORT, VALKEY_PORT = 54329, 63790
READY_SECONDS = 120.0
# Friday: the demo's schools rest on Saturday and Sunday.
LAST_SCHOOL_DAY = 5
COUNTER = "SANDBOX_GATEWAY_URL"
# What a running demo said of itself, for whoever asks for a second one.
WELCOME = "welcome.txt"
PAGES = (
    ("/office/", "the office"),
    ("/roll/", "rolls, for a teacher's phone"),
    ("/family/", "for guardians and students"),
    ("/api/v1/docs", "the API"),
)
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DemoFailed(launcher.LauncherError):
    """The demo was started but does not answer as it should."""


class Stopped(BaseException):
    """Somebody asked us to stop. Like KeyboardInterrupt not an Exception, so that nothing swallows it on the way."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """What the programs are given to work with, and the servers among it that we run ourselves."""

    values: dict[str, str]
    embedded: tuple[str, ...]
    servers: launcher.Servers | None

    def check(self) -> None:
        """Raise ``ServerEnded`` when one of ours has."""
        if self.servers:
            self.servers.check()


@dataclass(frozen=True, slots=True)
class Stack:
    """All of SchoolOps, up and answering on ``port``: its servers, its programs, its schools with their logins."""

    addresses: Addresses
    port: int
    schools: list[dict[str, Any]]
    operators: dict[str, Any]
    supervisor: launcher.Supervisor

    def check(self) -> None:
        """Raise ``ProgramEnded`` or ``ServerEnded`` when a part of it has died."""
        self.supervisor.check()
        self.addresses.check()

    def tend(self) -> None:
        """Start again what of it has died, as systemd does in production. Raises ``LauncherError`` where that fails."""
        if self.addresses.servers:
            for name in self.addresses.servers.tend():
                _say(f"{name} had ended and was started again.")
        self.supervisor.tend()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m config.demo", description=__doc__)
    parser.add_argument("--until-ready", action="store_true", help="stop again as soon as everything answers")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    env = Environment()
    day = school_day(clock.now().date()) if env.leaves_open("SCHOOLOPS_TODAY") else None
    if day is not None:
        _say(f"There is no school today: the demo lives on {day:%A, %-d %B}. SCHOOLOPS_TODAY=… names another day.")
    on_it = {"SCHOOLOPS_TODAY": day.isoformat()} if day is not None else {}
    try:
        with stop_on_signals(), stack(FOLDER, more={**_quiet(env), **on_it}) as up:
            text = welcome(up.schools, up.operators, up.addresses, up.port, seconds=time.monotonic() - began)
            launcher.write_private(FOLDER / WELCOME, text)
            _say(text)
            while not given.until_ready:
                up.tend()
                time.sleep(0.2)
    except Stopped:
        return 0
    except launcher.FolderInUse as problem:
        print(problem, file=sys.stderr)
        with suppress(FileNotFoundError):
            _say((FOLDER / WELCOME).read_text(encoding="utf-8"))
        return 1
    except launcher.LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def school_day(today: dt.date) -> dt.date | None:
    """The last day of school before ``today``, where that is none; else ``None``. Nobody takes a roll on a Sunday."""
    days_since = max(0, today.isoweekday() - LAST_SCHOOL_DAY)
    return today - dt.timedelta(days=days_since) if days_since else None


def _quiet(env: Environment) -> dict[str, str]:
    """A line for every request would carry the logins out of sight: in a demo it is there for who asks for it."""
    level = {"LOG_LEVEL": "WARNING"} if env.leaves_open("LOG_LEVEL") else {}
    # Said once by each of eight workers, to whoever tries this as root.
    return {**level, "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into ``Stopped``. Further ones are ignored: we are stopping already."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for each in STOPPING_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    before = {number: signal.signal(number, stop) for number in STOPPING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore the signals that ask us to stop, for as long as we are stopping."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in STOPPING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stack(
    folder: Path,
    *,
    read_environment: Callable[[], Environment] = Environment,
    more: Mapping[str, str] | None = None,
    profile: launcher.Profile = launcher.DURABLE,
    programs: Collection[str] = (),
    lock: launcher.FolderLock | None = None,
) -> Iterator[Stack]:
    """Start everything, or only these ``programs`` of the Procfile, with its data in ``folder``; stop all on leaving.

    It waits until the stack answers.

    The servers that ``read_environment`` names are used, embedded ones take the place of the others; ``more`` are
    variables for the programs on top; ``lock`` is the one from ``hold``, if you have it. Raises a
    ``LauncherError`` when it cannot be started or does not answer.
    """
    lock = lock or launcher.hold(folder)
    supervisor: launcher.Supervisor | None = None
    try:
        # The lock is ours, so what these files speak of is past: the environment must not be read from them.
        _forget_what_was_said(folder)
        record = folder / launcher.RECORD
        leftovers = launcher.clear_leftovers(record)
        if leftovers:
            _say(f"Ended {len(leftovers)} processes an earlier demo left behind.")
        env = read_environment()
        addresses = _servers(env, folder, profile, lock)
        # A port that somebody named is the one they will ask at: another would be found by nobody.
        port = launcher.claimed(env.number("PORT"), insist=not env.leaves_open("PORT"))
        # A card gateway of our own, where nobody named one.
        counter = 0 if env.text(COUNTER) else launcher.free_port()
        gateway = {COUNTER: env.text(COUNTER) or f"http://127.0.0.1:{counter}"}
        # For manage.py in another terminal; with the port, which stands in the links it makes.
        launcher.write_environment(folder, {**addresses.values, **gateway, "PORT": str(port)})
        told = {**_programs_environment(addresses, port), **(more or {}), **gateway}
        supervisor = launcher.Supervisor(BASE_DIR, record, told)
        chosen = {
            name: command
            for name, command in procfile(BASE_DIR / "Procfile").items()
            if not programs or name in programs
        }
        # It needs no school to begin, and one processor would have nothing to do.
        if (first := chosen.pop("web", None)) is not None:
            _say("Starting web …")
            supervisor.start("web", first)
        schools, operators = _prepare(supervisor)
        # What is asked of a queue before its worker is there waits in the ledger.
        _say(f"Starting {', '.join(chosen)} …")
        for name, command in chosen.items():
            supervisor.start(name, command)
        if counter and not programs:
            supervisor.start("gateway", f"python -m schoolops.gateways.counter --port {counter}")
        _wait_until_ready(supervisor, port, schools)
        yield Stack(addresses, port, schools, operators, supervisor)
    finally:
        _stop(folder, supervisor, lock)


def _servers(env: Environment, folder: Path, profile: launcher.Profile, lock: launcher.FolderLock) -> Addresses:
    """The servers the environment names, and embedded ones for those it does not."""
    values: dict[str, str] = {}
    database_url, admin_url = env.text("DATABASE_URL"), env.text("DATABASE_ADMIN_URL")
    if database_url and admin_url:
        values |= {"DATABASE_URL": database_url, "DATABASE_ADMIN_URL": admin_url}
    elif database_url or admin_url:
        values |= external_logins(database_url or admin_url, folder / "external-passwords.json")
    if env.text("REDIS_URL"):
        values["REDIS_URL"] = env.text("REDIS_URL")
    wanted = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
    embedded = tuple(server for server, variable in wanted.items() if variable not in values)
    servers = None
    if embedded:
        _say(f"Starting {' and '.join(embedded)} in {folder} …")
        servers = launcher.start(
            profile,
            folder,
            postgres_port=POSTGRES_PORT,
            valkey_port=VALKEY_PORT,
            which=embedded,
            lock=lock,
        )
        values |= servers.environment()
    return Addresses(values, embedded, servers)


def external_logins(url: str, memory: Path) -> dict[str, str]:
    """The admin and the web login on a PostgreSQL of yours, made through ``url`` and kept in the file ``memory``.

    Raises ``LoginsNotMade`` when ``url`` may not create roles.
    """
    try:
        remembered: dict[str, dict[str, str]] = json.loads(memory.read_text(encoding="utf-8"))
    except FileNotFoundError:
        remembered = {}
    server = launcher.server_of(url)
    admin_url, web_url = launcher.ensure_logins(
        url,
        launcher.database_of(url) or "schoolops",
        passwords=remembered.get(server, {}),
    )
    remembered[server] = {
        **remembered.get(server, {}),
        **dict(launcher.login_of(made) for made in (admin_url, web_url) if made != url),
    }
    launcher.write_private(memory, json.dumps(remembered, indent=1))
    return {"DATABASE_ADMIN_URL": admin_url, "DATABASE_URL": web_url}


def _programs_environment(addresses: Addresses, port: int) -> dict[str, str]:
    here = str(Path(sys.executable).parent)
    return {
        **addresses.values,
        "PORT": str(port),
        "PATH": launcher.path_starting_with(here),  # `python` in the Procfile is this one
        "PYTHONUNBUFFERED": "1",
    }


def _prepare(supervisor: launcher.Supervisor) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Bring the database up to date, make the demo's schools and operator, and return hosts and logins of both."""
    _say("Bringing the database up to date, making the demo schools …")
    # By one process: each would need two seconds to begin.
    lines = supervisor.run("demo_schools", [sys.executable, "manage.py", "demo_schools", "--all"]).splitlines()
    try:
        made = json.loads(lines[-1])
        return made["schools"], made["operators"]
    except (IndexError, ValueError, KeyError) as unreadable:
        raise DemoFailed(f"demo_schools did not end with a JSON line of schools: {lines[-1:]}") from unreadable


def procfile(path: Path) -> dict[str, str]:
    """The programs of a Procfile by name. Raises ``DemoFailed`` for a line that is none."""
    programs = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, command = line.partition(":")
        if not colon or not command.strip():
            raise DemoFailed(f"{path.name}: not a line of the form `name: command`: {line!r}")
        programs[name.strip()] = command.strip()
    return programs


def _wait_until_ready(supervisor: launcher.Supervisor, port: int, schools: list[dict[str, Any]]) -> None:
    school = schools[0]["host"]
    questions = {
        ("/health/ready", "localhost"): ("database, Redis and queues", (200,)),
        ("/api/v1/school", school): (f"the school at {school}", (200, 401)),
    }
    deadline = time.monotonic() + READY_SECONDS
    for (path, host), (what, accepted) in questions.items():
        _say(f"Waiting until {what} can be reached …")
        answer: int | str = "no answer"
        while answer not in accepted:
            supervisor.check()
            if time.monotonic() > deadline:
                raise DemoFailed(f"GET {path} on {host} did not become ready in {READY_SECONDS:.0f} s: {answer}.")
            answer = _status(port, path, host)
            if isinstance(answer, int) and answer not in accepted and answer < 500:
                raise DemoFailed(f"GET {path} on {host} is answered with {answer}; waiting would not change that.")
            time.sleep(0.2 if answer not in accepted else 0)


def _status(port: int, path: str, host: str) -> int | str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host})
    try:
        with _DIRECT.open(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        return answer.code
    except OSError as nothing:
        return str(nothing)


# Whatever proxy the environment names, it is not for the loopback.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def welcome(
    schools: list[dict[str, Any]], operators: dict[str, Any], addresses: Addresses, port: int, *, seconds: float
) -> str:
    """What a person needs to go on: addresses, logins, and a line that works where *.localhost does not resolve."""
    lines = ["", f"SchoolOps is up: ready in {seconds:.1f} s.", ""]
    for school in schools:
        lines += [f"  http://{school['host']}:{port}{path:<14} {what}" for path, what in PAGES]
        lines += _logins(school)
    lines.append(f"  http://{operators['host']}:{port}{'/operators/':<18} operators; wants an authenticator app")
    lines += _logins(operators)
    first, login = schools[0]["host"], schools[0]["logins"][0]
    body = json.dumps({"login": login["username"], "password": login["password"]})
    lines += [
        "",
        "Where *.localhost does not resolve, name the school in a header:",
        f"  curl -H 'Host: {first}' http://127.0.0.1:{port}/api/v1/school",
        f"  curl -H 'Host: {first}' -H 'Content-Type: application/json' -d '{body}' \\",
        f"       http://127.0.0.1:{port}/api/v1/auth/login",
        "",
        f"Servers of its own: {', '.join(addresses.embedded) or 'none'}.",
        "In another terminal `.venv/bin/python manage.py …` finds this demo, and `make demo` says all this again.",
        "Ctrl-C stops it, `make demo-reset` clears it. Requests are logged here with `LOG_LEVEL=INFO make demo`.",
    ]
    return "\n".join(lines)


def _logins(place: dict[str, Any]) -> list[str]:
    return [f"      {login['role']:<14} {login['username']:<14} {login['password']}" for login in place["logins"]]


def _forget_what_was_said(folder: Path) -> None:
    for name in ("servers.env", WELCOME):
        (folder / name).unlink(missing_ok=True)


def _stop(folder: Path, supervisor: launcher.Supervisor | None, lock: launcher.FolderLock) -> None:
    with undisturbed():
        _say("Stopping …")
        if supervisor:
            supervisor.stop()
        launcher.stop(folder, lock=lock)
        _forget_what_was_said(folder)
        _say("Stopped.")


def _say(text: str) -> None:
    # When the terminal is gone, stopping matters more.
    with suppress(OSError):
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
