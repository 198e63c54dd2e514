"""``python -m config.demo``: all of SchoolOps on this machine, with two schools to look at, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from config.env import BASE_DIR, Environment
from schoolops import launcher

FOLDER = BASE_DIR / ".schoolops" / "demo"
RECORD = FOLDER / "programs.json"
EXTERNAL_PASSWORDS = FOLDER / "external-passwords.json"
POSTGRES_PORT, VALKEY_PORT = 54329, 63790
READY_SECONDS = 120.0


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


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m config.demo", description=__doc__)
    parser.add_argument(
        "--until-ready",
        action="store_true",
        help="stop again as soon as everything answers",
    )
    given = parser.parse_args(arguments)
    try:
        with stop_on_signals():
            _run(until_ready=given.until_ready)
    except Stopped:
        return 0
    except launcher.LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into ``Stopped``. Further ones are ignored: we are stopping already."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(*, until_ready: bool) -> None:
    began = time.monotonic()
    lock = launcher.hold(FOLDER)
    # The lock is ours, so what these files speak of is past: the environment must not be read from them.
    (FOLDER / "servers.env").unlink(missing_ok=True)
    leftovers = launcher.clear_leftovers(RECORD)
    if leftovers:
        _say(f"Ended {len(leftovers)} processes an earlier demo left behind.")
    env = Environment()
    supervisor: launcher.Supervisor | None = None
    try:
        addresses = _servers(env, lock)
        port = launcher.free_port(env.number("PORT"))
        supervisor = launcher.Supervisor(BASE_DIR, RECORD, _programs_environment(addresses, port))
        schools = _prepare(supervisor)
        for name, command in procfile(BASE_DIR / "Procfile").items():
            supervisor.start(name, command)
        _wait_until_ready(supervisor, port, schools)
        _say(welcome(schools, addresses, port, seconds=time.monotonic() - began))
        while not until_ready:
            supervisor.check()
            addresses.check()
            time.sleep(0.2)
    finally:
        _stop(supervisor, lock)


def _servers(env: Environment, lock: launcher.FolderLock) -> Addresses:
    """The servers the environment names, and embedded ones for those it does not."""
    values: dict[str, str] = {}
    database_url, admin_url = env.text("DATABASE_URL"), env.text("DATABASE_ADMIN_URL")
    if database_url and admin_url:
        values |= {"DATABASE_URL": database_url, "DATABASE_ADMIN_URL": admin_url}
    elif database_url or admin_url:
        values |= external_logins(database_url or admin_url)
    if env.text("REDIS_URL"):
        values["REDIS_URL"] = env.text("REDIS_URL")
    wanted = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
    embedded = tuple(server for server, variable in wanted.items() if variable not in values)
    servers = None
    if embedded:
        _say(f"Starting {' and '.join(embedded)} in {FOLDER.relative_to(BASE_DIR)} …")
        servers = launcher.start(
            launcher.DURABLE,
            FOLDER,
            postgres_port=POSTGRES_PORT,
            valkey_port=VALKEY_PORT,
            which=embedded,
            lock=lock,
        )
        values |= servers.environment()
    # For manage.py in another terminal.
    launcher.write_environment(FOLDER, values)
    return Addresses(values, embedded, servers)


def external_logins(url: str) -> dict[str, str]:
    """The admin and the web login on a PostgreSQL of yours, made through ``url`` and remembered for the next time.

    Raises ``LoginsNotMade`` when ``url`` may not create roles.
    """
    try:
        remembered: dict[str, dict[str, str]] = json.loads(EXTERNAL_PASSWORDS.read_text(encoding="utf-8"))
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
    launcher.write_private(EXTERNAL_PASSWORDS, json.dumps(remembered, indent=1))
    return {"DATABASE_ADMIN_URL": admin_url, "DATABASE_URL": web_url}


def _programs_environment(addresses: Addresses, port: int) -> dict[str, str]:
    here = str(Path(sys.executable).parent)
    return {
        **addresses.values,
        "PORT": str(port),
        "PATH": launcher.path_starting_with(here),  # `python` in the Procfile is this one
        "PYTHONUNBUFFERED": "1",
    }


def _prepare(supervisor: launcher.Supervisor) -> list[dict[str, Any]]:
    """Bring the database up to date, make the demo schools, and return their hosts and logins."""
    _say("Bringing the database up to date …")
    supervisor.run("migrate", [sys.executable, "manage.py", "migrate", "--verbosity", "0"])
    _say("Making the demo schools …")
    lines = supervisor.run("demo_schools", [sys.executable, "manage.py", "demo_schools"]).strip().splitlines()
    try:
        schools: list[dict[str, Any]] = json.loads(lines[-1])["schools"]
    except (IndexError, ValueError, KeyError) as unreadable:
        raise DemoFailed(f"demo_schools did not end with a JSON line of schools: {lines[-1:]}") from unreadable
    return schools


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
    _say("Waiting until everything answers …")
    school = schools[0]["host"]
    questions = {
        ("/health/ready", "localhost"): (200,),
        ("/api/v1/school", school): (200, 401),
    }
    deadline = time.monotonic() + READY_SECONDS
    for (path, host), accepted in questions.items():
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


def welcome(schools: list[dict[str, Any]], addresses: Addresses, port: int, *, seconds: float) -> str:
    """What a person needs to go on: addresses, logins, and a line that works where *.localhost does not resolve."""
    lines = ["", f"SchoolOps is up: ready in {seconds:.1f} s.", ""]
    for school in schools:
        lines.append(f"  http://{school['host']}:{port}/")
        lines.extend(
            f"      {login['role']:<14} {login['username']:<14} {login['password']}" for login in school["logins"]
        )
    first, login = schools[0]["host"], schools[0]["logins"][0]
    body = json.dumps({"username": login["username"], "password": login["password"]})
    lines += [
        "",
        "Where *.localhost does not resolve, name the school in a header:",
        f"  curl -H 'Host: {first}' http://127.0.0.1:{port}/api/v1/school",
        f"  curl -H 'Host: {first}' -H 'Content-Type: application/json' -d '{body}' \\",
        f"       http://127.0.0.1:{port}/api/v1/auth/token",
        "",
        f"Servers of its own: {', '.join(addresses.embedded) or 'none'}.",
        "In another terminal `.venv/bin/python manage.py …` finds this demo. Ctrl-C stops it,",
        "`make demo-reset` clears it.",
    ]
    return "\n".join(lines)


def _stop(supervisor: launcher.Supervisor | None, lock: launcher.FolderLock) -> None:
    # From here on nothing may interrupt us, not even a second Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _say("Stopping …")
    if supervisor:
        supervisor.stop()
    launcher.stop(FOLDER, lock=lock)
    (FOLDER / "servers.env").unlink(missing_ok=True)
    _say("Stopped.")


def _say(text: str) -> None:
    # When the terminal is gone, stopping matters more.
    with suppress(OSError):
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
