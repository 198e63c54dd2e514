"""``python -m config.audit``: known weaknesses of every package that is pinned. ``make audit``.

Exit code 0: every pin was asked about, and nothing is known against it. 1: something is. 2: not run, for the service of
advisories did not answer, or did not know a package: what was not asked about is not clean. (make itself ends
with 2 in both cases; the line says which.)
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from config.env import BASE_DIR
from config.gates import pins_of

PINS = BASE_DIR / "requirements-dev.txt"
CLEAN, WEAK, NOT_RUN = 0, 1, 2
# Asked for first and alone: where the service is away, a hundred and more questions would each wait for it.
FIRST = "django"
LONGEST_S = 600

Told = tuple[int, list[str]]


def asked(pins: Sequence[str]) -> tuple[str, str]:
    """What pip-audit writes about ``pins``, and what it complains of."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text("\n".join(pins) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(listed), "--no-deps", "--disable-pip"]
        try:
            done = subprocess.run(
                [*command, "--format=json", "--progress-spinner=off"],
                capture_output=True, text=True, check=False, timeout=LONGEST_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "", f"no answer in {LONGEST_S} s"
    return done.stdout, done.stderr


def told(pins: Sequence[str], written: str, complaint: str = "") -> Told:
    """The exit code and the lines that pip-audit's JSON about ``pins`` comes to. Its own exit code says 0 of a package
    that nobody knew, and 1 of a service that is away."""
    try:
        found: list[dict[str, Any]] = json.loads(written)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return NOT_RUN, [f"not run: {(complaint.strip().splitlines() or ['pip-audit said nothing'])[-1]}"]
    weak = [
        f"{each['name']} {each['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'none yet'}"
        for each in found
        for one in each.get("vulns", [])
    ]
    unasked = {pin.partition("==")[0] for pin in pins} - {each["name"] for each in found if "vulns" in each}
    if weak:
        return WEAK, weak
    if unasked:
        why = {each["name"]: f" ({each['skip_reason']})" for each in found if each.get("skip_reason")}
        first = f"{min(unasked)} first{why.get(min(unasked), '')}"
        return NOT_RUN, [f"not run: nothing was told of {len(unasked)} of {len(pins)}, {first}"]
    return CLEAN, [f"nothing is known against the {len(pins)} packages that are pinned"]


def main() -> int:
    pins = [f"{name}=={version}" for name, version in pins_of(PINS.read_text(encoding="utf-8"))]
    first = [pin for pin in pins if pin.startswith(f"{FIRST}==")]
    code, lines = told(first, *asked(first))
    if code != NOT_RUN:
        code, lines = told(pins, *asked(pins))
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
