"""schemathesis against the API, as four people, with ids of rows that exist."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.attack.steps import API, Target

PEOPLE = ("bob", "dave", "erin", "carol")
# Collections whose rows the operations below them are about.
SEEDED = (
    "students", "guardians", "staff", "institutions", "sections", "classes", "courses", "roles", "users", "imports",
)  # fmt: skip
# Would end the very login that asks.
ENDS_THE_LOGIN = r"auth/(logout|logout-everywhere|password|refresh|second-factor)|logout-everywhere|reset|invite"


def _configuration(target: Target) -> str:
    parts = []
    for each in SEEDED:
        found = target.ask("GET", f"{each}?limit=1", "erin")
        rows = (found.json or {}).get("results") if found.ok else None
        if rows and "id" in rows[0]:
            parts.append(
                f'[[operations]]\ninclude-path-regex = "/{each}/\\\\{{id\\\\}}"\n'
                f'parameters = {{ "path.id" = "{rows[0]["id"]}" }}\n'
            )
    return "\n".join(parts)


def failures(target: Target, seconds: float) -> dict[str, str]:
    """Who found what, in ``seconds`` for all of them together."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "schemathesis.toml"
        configuration.write_text(_configuration(target))
        for who in PEOPLE:
            # Others may have ended it: everybody asks with a login of their own.
            target.tokens.pop(who, None)
            report = Path(folder) / f"{who}.json"
            command = [
                str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(configuration), "run",
                f"http://127.0.0.1:{target.port}{API}/schema",
                "--url", f"http://127.0.0.1:{target.port}", "--max-time", str(max(10, int(seconds / len(PEOPLE)))),
                "-H", f"Host: {target.host}", "-H", f"Authorization: Bearer {target.token(who)}",
                "--checks", "not_a_server_error", "--exclude-path-regex", ENDS_THE_LOGIN,
                "--continue-on-failure", "--no-color", "--report-json-path", str(report), "--no-shrink",
            ]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                said = json.loads(report.read_text()) if report.exists() else {}
                found[who] = f"{said.get('failures') or ''} {done.stdout[-3000:]} {done.stderr[-500:]}"
    return found
