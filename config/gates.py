"""``python -m config.gates [NAME …] [--write]``: what must agree with what, and no linter can see.

Each gate prints one line. All run, side by side; one that fails also prints why, and the exit code is 1. With
``--write`` the gates that compare a generated file write it instead (``make template``, ``make docs``).
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import secrets
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from config.env import BASE_DIR, SETTINGS, VARIABLES, inherited
from schoolops import launcher

# A gate that hangs would hold the pipeline for ever.
LONGEST_S = 300
EXTRAS = ("embedded", "gunicorn", "otel", "stripe", "dev")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)")


class GateFailed(Exception):
    """What does not agree, as a text for people."""


@dataclass(frozen=True, slots=True)
class Gate:
    """``check`` returns a sentence about what agrees, or raises ``GateFailed`` or a launcher's refusal.

    ``write`` makes it agree, where what is compared is generated.
    """

    name: str
    check: Callable[[], str]
    write: Callable[[], str] | None = None


def manage(*arguments: str, settings: str, environment: Mapping[str, str] | None = None) -> str:
    """Run ``manage.py`` with every variable of ours fixed, so that no ``.env`` of this machine has a say."""
    fixed = {variable.name: variable.default for variable in VARIABLES}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(BASE_DIR / "manage.py"), *arguments],
        env={**inherited(), **fixed, **(environment or {}), SETTINGS: settings},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    if done.returncode:
        raise GateFailed((done.stdout + done.stderr).strip())
    return done.stdout.strip()


def migrations(*options: str) -> str:
    """The models and the migrations say the same, and what was released of them is as it was."""
    try:
        manage("makemigrations", "--check", "--dry-run", settings="config.settings.offline")
    except GateFailed as failure:
        raise GateFailed(f"Models changed without a migration: run `manage.py makemigrations`.\n{failure}") from None
    return manage("released_migrations", *options, settings="config.settings.offline").splitlines()[-1]


def deployment() -> str:
    """Django's own list of what is unsafe in production, under our production settings."""
    strong = {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "PLATFORM_TOKEN": secrets.token_urlsafe(32),
        "ALLOWED_HOSTS": ".schools.example.org",
        "DATABASE_URL": "postgres://web:secret@127.0.0.1:1/schoolops",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    manage("check", "--deploy", "--fail-level", "WARNING", settings="config.settings.production", environment=strong)
    return "production settings pass `check --deploy` without a warning"


def reference(*options: str) -> str:
    """docs/reference and .env.example are what the registries in the code say."""
    said = manage("build_reference", *options, settings="config.settings.offline")
    return said.splitlines()[-1]


def template(*options: str) -> str:
    """config/school.sql is what the migrations and the declared indexes make. On a PostgreSQL of its own."""
    folder = launcher.spare_folder(BASE_DIR / ".schoolops" / "check")
    with launcher.start_postgres(launcher.THROWAWAY, folder) as servers:
        manage(
            "build_school_template",
            *options,
            settings="config.settings.test",
            environment={**servers.environment(), "REDIS_URL": "redis://127.0.0.1:1/0"},
        )
    return "config/school.sql is what the migrations and indexes make"


def statements() -> str:
    """What squawk says of the SQL of migrations that no release has, but for what config/squawk.toml says of it."""
    said = tomllib.loads((BASE_DIR / "config" / "squawk.toml").read_text(encoding="utf-8"))
    spare = launcher.spare_folder(BASE_DIR / ".schoolops" / "check-statements")
    with tempfile.TemporaryDirectory() as folder, launcher.start_postgres(launcher.THROWAWAY, spare) as servers:
        counted = manage(
            "migration_sql",
            folder,
            settings="config.settings.test",
            environment={**servers.environment(), "REDIS_URL": "redis://127.0.0.1:1/0"},
        )
        command = [str(Path(sys.executable).with_name("squawk")), "--reporter=json", f"--pg-version={said['postgres']}"]
        command += [f"--exclude={','.join(said['excluded'])}", "--no-error-on-unmatched-pattern", f"{folder}/*.sql"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST_S)
        if done.returncode not in {0, 1}:
            raise GateFailed((done.stdout + done.stderr).strip())
        texts = {str(file): file.read_text(encoding="utf-8") for file in Path(folder).glob("*.sql")}
    if wrong := set(unsettled(json.loads(done.stdout or "[]"), texts, said["settled"])):
        raise GateFailed("Write it otherwise, or say in config/squawk.toml why it may.\n" + "\n".join(sorted(wrong)))
    return f"squawk has nothing against {counted}"


_TABLE = re.compile(r'\b(?:TABLE|ON)\s+(?:ONLY\s+)?"?(\w+)"?')
_MADE = re.compile(r'^CREATE TABLE "?(\w+)"?', re.MULTILINE)


def unsettled(found: list[dict[str, Any]], texts: Mapping[str, str], settled: list[dict[str, Any]]) -> Iterator[str]:
    """Sentences about what squawk found and nobody has said why it may be.

    What is about a table that one of ``texts`` makes is left out: the release before has written no rows of it.
    """
    allowed = {(name, rule) for each in settled for name in each["migrations"] for rule in each["rules"]}
    made = {table for text in texts.values() for table in _MADE.findall(text)}
    for each in found:
        name = Path(each["file"]).stem
        about = _TABLE.search("\n".join(texts[each["file"]].splitlines()[each["line"] :]))
        if (name, each["rule_name"]) not in allowed and not (about and about.group(1) in made):
            yield f"{name}: {each['rule_name']}: {each['message']}"


def requirements() -> str:
    """Every range of pyproject.toml is met by the pins, everything is pinned, and the two files agree."""
    project = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = {
        name: (BASE_DIR / name).read_text(encoding="utf-8") for name in ("requirements.txt", "requirements-dev.txt")
    }
    wanted = [Requirement(line) for line in project["dependencies"]]
    extra = [Requirement(line) for name in EXTRAS for line in project["optional-dependencies"][name]]
    wrong = [
        *disagreements(lines["requirements.txt"], wanted),
        *disagreements(lines["requirements-dev.txt"], [*wanted, *extra]),
    ]
    pins, dev_pins = dict(pins_of(lines["requirements.txt"])), dict(pins_of(lines["requirements-dev.txt"]))
    wrong += [
        f"{name}: requirements.txt has {version}, requirements-dev.txt {dev_pins.get(name, 'nothing')}"
        for name, version in pins.items()
        if dev_pins.get(name) != version
    ]
    if wrong:
        raise GateFailed("Run `make lock` and commit the result.\n" + "\n".join(wrong))
    return f"{len(dev_pins)} pins meet the ranges of pyproject.toml"


def pins_of(text: str) -> Iterator[tuple[str, str]]:
    """(canonical name, version) of every pinned line of a requirements file."""
    for line in text.splitlines():
        if found := PIN.match(line):
            yield canonicalize_name(found["name"]), found["version"]


def disagreements(text: str, wanted: list[Requirement]) -> Iterator[str]:
    """Sentences about lines that are not pinned and requirements that no pin meets."""
    pins = dict(pins_of(text))
    for line in text.splitlines():
        if line and not line.startswith(("#", " ")) and not PIN.match(line):
            yield f"not pinned: {line}"
    for line, below in itertools.pairwise(text.splitlines()):
        if PIN.match(line) and not below.lstrip().startswith("--hash=sha256:"):
            yield f"without the hash of what is installed: {line}"
    for requirement in wanted:
        version = pins.get(canonicalize_name(requirement.name))
        if version is None:
            yield f"{requirement} has no pin"
        elif not requirement.specifier.contains(version, prereleases=True):
            yield f"{requirement} is pinned to {version}"


# What a school may have, and what it has: docs/decisions/0021-a-budget-of-relations.md. Each costs every backend that
# touches the school some 6 kB, and a thousand schools a thousand of it.
BUDGET = {"TABLE": 106, "INDEX": 368, "SEQUENCE": 101, "TRIGGER": 105}
PLURALS = {"TABLE": "tables", "INDEX": "indexes", "SEQUENCE": "sequences", "TRIGGER": "triggers"}


def relations() -> str:
    """A school's tables, indexes, sequences and triggers are within their budget."""
    ddl = (BASE_DIR / "config" / "school.sql").read_text(encoding="utf-8")
    counted = relations_of(ddl)
    over = [f"{counted[kind]} {PLURALS[kind]}, budget {most}" for kind, most in BUDGET.items() if counted[kind] > most]
    if over:
        raise GateFailed(
            "Take out what does not earn its place, or raise the budget in the decision.\n" + "\n".join(over)
        )
    return ", ".join(f"{counted[kind]} of {most} {PLURALS[kind]}" for kind, most in BUDGET.items())


def relations_of(ddl: str) -> dict[str, int]:
    """How many tables, indexes (those of constraints too), sequences and triggers a school's DDL makes."""
    return {
        "TABLE": len(re.findall(r"^CREATE TABLE ", ddl, re.MULTILINE)),
        "INDEX": len(
            re.findall(r"^CREATE (?:UNIQUE )?INDEX |\bCONSTRAINT \S+ (?:PRIMARY KEY|UNIQUE|EXCLUDE)", ddl, re.MULTILINE)
        ),
        "SEQUENCE": len(re.findall(r"GENERATED \w+(?: DEFAULT)? AS IDENTITY|^CREATE SEQUENCE ", ddl, re.MULTILINE)),
        "TRIGGER": len(re.findall(r"^CREATE (?:CONSTRAINT )?TRIGGER ", ddl, re.MULTILINE)),
    }


GATES = (
    # The slowest first, so that the others run beside it.
    Gate("template", lambda: template("--check"), write=template),
    Gate("migrations", migrations, write=lambda: migrations("--write")),
    Gate("statements", statements),
    Gate("deployment", deployment),
    Gate("reference", lambda: reference("--check"), write=reference),
    Gate("requirements", requirements),
    Gate("relations", relations),
)


def outcome(name: str, run: Callable[[], str]) -> tuple[bool, str]:
    """Whether ``run`` came through, and the line to print."""
    began = time.monotonic()
    try:
        passed, said = True, run()
    except (GateFailed, launcher.LauncherError, subprocess.TimeoutExpired) as failure:
        passed, said = False, str(failure)
    first, *more = said.splitlines() or ["failed without a word"]
    line = f"{'ok' if passed else 'FAILED':<8}{name:<14}{first} ({time.monotonic() - began:.1f} s)"
    return passed, "\n".join([line, *(f"        {each}" for each in more)])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m config.gates", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(gate.name for gate in GATES)}; all")
    parser.add_argument("--write", action="store_true", help="write the generated file instead of comparing")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {gate.name for gate in GATES}:
        parser.error(f"there is no gate called {', '.join(sorted(unknown))}")
    if options.write and not options.names:
        parser.error("say what is to be written")
    chosen = [gate for gate in GATES if not options.names or gate.name in options.names]
    runs = [(gate.name, gate.write if options.write else gate.check) for gate in chosen]
    with ThreadPoolExecutor(max_workers=2) as pool:
        passed = True
        for through, text in pool.map(lambda pair: outcome(*pair), [(name, run) for name, run in runs if run]):
            print(text, flush=True)
            passed &= through
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
