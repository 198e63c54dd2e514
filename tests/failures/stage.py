"""The stack of the matrix: every program reaches its servers through a proxy; and clients who keep a journal."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import psycopg

from config.env import BASE_DIR
from schoolops.launcher import Servers
from tests.observe.stage import PASSWORD, PYTHON, Failed, Stage, ask, until

PEOPLE = f"""
from schoolops.context import inside, outside_schools
from schoolops.tenancy.provisioning import create_school
from tests.factories import people
with outside_schools():
    oak = create_school(slug="oak", name="Oak School", domains=["oak.localhost"])
with inside(oak):
    campus = people.a_school_year(sections=())
    people.a_section(20, campus=campus)
    user = people.a_user("writer", role="administrator")
    user.set_password({PASSWORD!r})
    user.save()
"""
EFFECTS = """
CREATE TABLE {schema}.failures_effect (n bigint);
GRANT ALL ON {schema}.failures_effect TO "{role}"
"""
CLIENTS = 4
# The database was lost while it was being asked to keep it: as good as no answer.
UNKNOWN = "tenancy:outcome-unknown"


@dataclass(frozen=True, slots=True)
class Said:
    """What a client was answered: ``status`` 0 is no answer."""

    name: str
    key: str
    status: int
    seconds: float
    code: str
    request_id: str = ""


@dataclass(slots=True)
class Journal:
    """What clients wrote, as they saw it."""

    said: list[Said] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def seen(self) -> str:
        found = Counter(f"{each.status} {each.code}".strip() if each.status else "no answer" for each in self.said)
        return ", ".join(f"{number} × {what}" for what, number in sorted(found.items()))

    @property
    def worst_s(self) -> float:
        return max((each.seconds for each in self.said), default=0.0)


class Scene(Stage):
    """``Stage``, all of whose programs stand behind the proxies. ``ports``: whom clients ask, in turn."""

    def __init__(
        self, folder: Path, servers: Servers, *, code: Path = BASE_DIR, settings: str = "tests.failures.settings"
    ) -> None:
        super().__init__(folder, servers)
        self.servers, self.code = servers, code
        self.ports: Iterator[int] = repeat(self.port)
        self.lost = self.doubled = self.unwanted = 0
        more = {"DJANGO_SETTINGS_MODULE": settings, "RATE_LIMIT_FACTOR": "1000"}
        self.environment |= more
        self.behind |= more
        self.admin_url = self.environment["DATABASE_ADMIN_URL"].replace("postgres://", "postgresql://", 1)

    def raise_curtain(self) -> None:
        self.group(0.5)
        (self.folder / "media").mkdir(exist_ok=True)
        for command in (["migrate", "--verbosity", "0"], ["shell", "--no-imports", "-c", PEOPLE]):
            subprocess.run([PYTHON, "manage.py", *command], cwd=self.code, env=self.environment, check=True)
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            (self.role,) = connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname LIKE '%school_oak'"
                " AND has_schema_privilege(oid, 'school_oak', 'USAGE')"
            ).fetchone() or ("",)
            for statement in EFFECTS.format(schema="school_oak", role=self.role).strip().split(";"):
                connection.execute(statement.encode())
        self.programs()
        status, login = ask(self.port, "/api/v1/auth/login", body={"login": "writer", "password": PASSWORD})
        if status != 200:
            raise Failed(f"Nobody can log in: {status} {login}")
        self.token = login["access_token"]
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            # The matrix may outlast an access token.
            connection.execute("UPDATE school_oak.accounts_token SET expires_at = now() + interval '1 day'")

    def programs(self) -> None:
        self.web()
        self.relay()
        self.worker()

    def restart(self) -> None:
        """All programs, with what the scene says of their surroundings by now."""
        for name in ("web", "relay", "worker-attendance"):
            self.stop(name)
        self.programs()

    def web(self) -> None:
        self.start("web", "-m", "config.serve", environment=self.behind)
        until("the web server answers", lambda: ask(self.port, "/health")[0] == 200)

    def relay(self) -> None:
        self.start("relay", "manage.py", "relay", environment=self.behind)

    def worker(self, queue: str = "attendance") -> None:
        self.start(f"worker-{queue}", "-m", "config.worker", queue, environment=self.behind)

    def kill(self, name: str) -> None:
        """SIGKILL a program with all its processes."""
        program = self.running.pop(name)
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()

    # --- what is written --------------------------------------------------------------------------------------------
    def write(self, name: str, key: str, port: int | None = None) -> Said:
        """A guardian of that name, once for the key."""
        began = time.monotonic()
        body = {"given_name": "Kept", "family_name": name}
        headers = {"Idempotency-Key": key}
        status, said = ask(port or next(self.ports), "/api/v1/guardians", body=body, token=self.token, **headers)
        code = said.get("code", "") if isinstance(said, dict) else ""
        where = said.get("instance", "").rpartition(":")[2] if isinstance(said, dict) else ""
        return Said(name, key, status, time.monotonic() - began, code, where)

    @contextmanager
    def writing(self, what: str) -> Iterator[Journal]:
        """Clients who write one guardian after the other while the block runs; then all of it is settled.

        Raises:
            Failed: an acknowledged write is not there once, or one that was refused is there.
        """
        journal, over = Journal(), threading.Event()
        once = uuid.uuid4().hex[:6]

        def client(number: int) -> None:
            count = 0
            while not over.is_set():
                count += 1
                said = self.write(f"{what} {once} {number}-{count}", str(uuid.uuid4()))
                with journal.lock:
                    journal.said.append(said)
                # Nobody there at all is not asked twenty times a second.
                over.wait(0.05 if said.status else 0.5)

        threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield journal
        finally:
            over.set()
            for thread in threads:
                thread.join()
        self.settle(journal)

    def there(self, names: list[str]) -> Counter[str]:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            rows = connection.execute(
                "SELECT family_name FROM school_oak.students_guardian WHERE family_name = ANY(%s)", [names]
            )
            return Counter(name for (name,) in rows)

    def settle(self, journal: Journal) -> None:
        """What was refused is not there; what had no answer is sent again under its key; then all are there once."""
        until(
            "the web server writes again", lambda: self.write(f"again {uuid.uuid4()}", str(uuid.uuid4())).status == 201
        )
        refused = [each.name for each in journal.said if each.code not in {"", UNKNOWN}]
        if left := self.there(refused):
            self.unwanted += len(left)
            said = next(each for each in journal.said if each.name in left)
            raise Failed(
                f"refused and there all the same: {said.name} with {said.status} {said.code} {said.request_id}"
            )
        for each in [each for each in journal.said if each.status != 201]:
            until(f"{each.name} is taken", lambda each=each: self.write(each.name, each.key).status == 201)  # type: ignore[misc]
        found = self.there([each.name for each in journal.said])
        wrong = {each.name: found[each.name] for each in journal.said if found[each.name] != 1}
        self.lost += sum(not number for number in wrong.values())
        self.doubled += sum(number > 1 for number in wrong.values())
        if wrong:
            raise Failed(f"lost or twice: {dict(list(wrong.items())[:3])}")

    def counted(self) -> int:
        """Rows of guardians and of effects of jobs."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            found = connection.execute(
                "SELECT count(*) FROM school_oak.students_guardian"
                " UNION ALL SELECT count(*) FROM school_oak.failures_effect"
            ).fetchall()
        return sum(number for (number,) in found)

    def effects(self) -> Counter[int]:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            return Counter(n for (n,) in connection.execute("SELECT n FROM school_oak.failures_effect"))

    def want(self, kind: str, n: int) -> int:
        status: int = self.ask(f"/failures/{kind}/{n}", body={})[0]
        return status

    def ready(self) -> tuple[int, Any]:
        return ask(self.port, "/health/ready")
