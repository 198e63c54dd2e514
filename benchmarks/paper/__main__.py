"""``make bench-paper``: printed lists by Typst beside the engine of 0.1.0's beginnings (fpdf2), A B A B.

The old engine comes from this repository's history and runs in a virtual environment of its own. The last line is
``RESULT {…}``: processor a list now ÷ before, memory after 2,000 lists ÷ after the first hundred, same data same bytes.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from config.env import BASE_DIR, inherited
from tests.outside import refuse_base_url

BEFORE = "d100d73"
PACKAGES = ("fpdf2==2.8.9", "uharfbuzz==0.57.0", "django==5.2.19", "manimgx-fonts==2026.9.26.post1")
ROUNDS = 3
STUDENTS = (30, 120)
DOCUMENTS = 2_000
GOALS = {"cpu_vs_before": 0.5, "memory_growth": 1.2}


def run(python: Path | str, root: Path, students: int, times: int) -> dict[str, Any]:
    """What ``times`` lists cost in a process that imports ``schoolops`` from ``root``."""
    script = BASE_DIR / "benchmarks" / "paper" / "document.py"
    done = subprocess.run(
        [str(python), str(script), str(students), str(times)],
        env={**inherited(), "PYTHONPATH": str(root)}, cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


def engine_before(folder: Path) -> Path:
    """The old ``schoolops/pdf.py`` in ``folder``, and the Python that can run it."""
    source = subprocess.run(
        ["git", "show", f"{BEFORE}:schoolops/pdf.py"], cwd=BASE_DIR, capture_output=True, check=True
    ).stdout
    package = folder / "schoolops"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "pdf.py").write_bytes(source)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "uv", "venv", "--quiet", str(folder / "venv")], check=True)
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python), *PACKAGES]
    subprocess.run(install, check=True)
    return python


def main() -> int:
    """Measure, print, and exit with 1 when a goal is missed."""
    refuse_base_url("it measures the engine itself.")
    with tempfile.TemporaryDirectory() as name:
        old = Path(name)
        python = engine_before(old)
        ratios = []
        for students in STUDENTS:
            for _ in range(ROUNDS):
                now, before = run(sys.executable, BASE_DIR, students, 10), run(python, old, students, 10)
                ratios.append(now["cpu"] / before["cpu"])
                print(
                    f"{students} students, {now['pages']} pages: {now['cpu'] * 1000:.0f} ms of processor "
                    f"({now['cpu'] / now['pages'] * 1000:.1f} a page), {before['cpu'] * 1000:.0f} before"
                )
        many = run(sys.executable, BASE_DIR, 30, DOCUMENTS)
    growth = many["after"] / many["before"]
    print(
        f"{DOCUMENTS} lists of 30: {many['before']:.0f} MiB after the first hundred, {many['after']:.0f} after the last"
    )
    whole = run(sys.executable, BASE_DIR, 2_000, 2)
    print(f"a school of 2,000: {whole['cpu']:.2f} s of processor, {whole['pages']} pages")
    result = {
        "cpu_vs_before": round(statistics.median(ratios), 3),
        "memory_growth": round(growth, 3),
        "same_bytes": bool(many["same_bytes"] and now["same_bytes"]),
    }
    print(f"RESULT {json.dumps(result)}")
    return int(not result["same_bytes"] or any(result[name] > goal for name, goal in GOALS.items()))


if __name__ == "__main__":
    sys.exit(main())
