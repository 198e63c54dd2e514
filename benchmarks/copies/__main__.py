"""``python -m benchmarks.copies``: a school of 500 students is backed up, restored and compared; and one of 60.

On servers of its own. Every step is a process: seconds from start to end, of which Django takes about two, and the most
memory it had. ``memory_growth``: the large school's beside the small one's, which has an eighth of the rows.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pyrage import x25519

from config.env import BASE_DIR
from schoolops import launcher
from tests.outside import refuse_base_url

SIZES = {"small": 60, "large": 500}


def step(environment: dict[str, str], *command: str) -> tuple[float, float, str]:
    """Seconds, MiB at most, and the last line of ``manage.py command``."""
    began = time.monotonic()
    program = [sys.executable, "-m", "benchmarks.copies", "--step", *command]
    done = subprocess.run(program, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    *_, said, memory = done.stdout.splitlines()
    return time.monotonic() - began, float(memory), said


def one(command: list[str]) -> None:
    """This process is a step: do it, and say how much memory it took."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *command])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    refuse_base_url("bench-copies fills, copies and drops schools of its own.")
    with tempfile.TemporaryDirectory(prefix="schoolops-copies-") as name:
        folder = Path(name)
        identity = x25519.Identity.generate()
        (folder / "key").write_text(f"{identity}\n", encoding="ascii")
        with launcher.start(launcher.THROWAWAY, folder / "servers") as servers:
            environment = {
                **os.environ,
                **servers.environment(),
                "DJANGO_SETTINGS_MODULE": "config.settings.local",
                "MEDIA_ROOT": str(folder / "media"),
                "BACKUP_FOLDER": str(folder / "backups"),
                "BACKUP_RECIPIENTS": str(identity.to_public()),
            }
            step(environment, "migrate", "--verbosity", "0")
            found = {size: measured(environment, folder, size, students) for size, students in SIZES.items()}
    large, small = found["large"], found["small"]
    for size, facts in found.items():
        print(size, json.dumps(facts))
    growth = max(large[each] / small[each] for each in ("backup_mb", "restore_mb"))
    print("RESULT", json.dumps({**large, "memory_growth": round(growth, 3)}))


def measured(environment: dict[str, str], folder: Path, slug: str, students: int) -> dict[str, float]:
    step(environment, "create_school", slug, "--name", slug.title(), "--domain", f"{slug}.localhost")
    step(environment, "demo_data", "--school", slug, "--students", str(students), "--days", "180")
    backup_s, backup_mb, said = step(environment, "school", "backup", slug)
    (file,) = (folder / "backups").glob(f"{slug}-*.school.age")
    key = ("--identity", str(folder / "key"))
    verify_s, _, _ = step(environment, "school", "verify", str(file), *key)
    restore_s, restore_mb, _ = step(environment, "school", "restore", str(file), *key, "--into", f"{slug}-before")
    diff_s, _, differ = step(environment, "school", "diff", slug, f"{slug}-before")
    print(said, differ, flush=True)
    return {
        "students": students,
        "rows": int(said.split(": ")[1].split()[0]),
        "bytes": file.stat().st_size,
        "backup_seconds": round(backup_s, 2),
        "verify_seconds": round(verify_s, 2),
        "restore_seconds": round(restore_s, 2),
        "diff_seconds": round(diff_s, 2),
        "backup_mb": round(backup_mb, 1),
        "restore_mb": round(restore_mb, 1),
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        one(sys.argv[2:])
    else:
        main()
