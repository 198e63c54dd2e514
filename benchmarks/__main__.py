"""``make bench``: the load of a school day against the p95 table, on a stack with 1,250 students and 50 teachers.

``BASE_URL=https://…`` points it at a running installation, and nothing is started: the demo's cast then only reads
there. ``CAST=file.json`` names other people: ``{"host", "day", "arriving": [{"login", "password"}], "teachers":
[{"login", "password", "section"}], "reader": {"login", "password"}}``; a teacher with a ``section`` takes its roll.

Exit code 1 when a target of ``locustfiles/targets.py`` is missed; the last line is ``RESULT {…}``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from config import demo
from config.env import BASE_DIR
from schoolops import launcher
from tests.smoke.stack import fresh_stack

STUDENTS, DAYS = 1250, 3
# A Tuesday without holidays: rolls can be taken whenever this is run.
TODAY = "2026-11-10"
FURNISH = """
import json
from django.contrib.auth.hashers import make_password
from schoolops.context import inside, outside_schools
from schoolops.tenancy.models import School
from apps.accounts.models import User
from apps.staff.models import TeachingAssignment
password = "a school day under load"
with outside_schools():
    oak = School.objects.get(slug="oak")
with inside(oak):
    known = make_password(password)
    User.objects.filter(username__startswith="teacher-").update(password=known)
    arriving = [f"arriving-{number}" for number in range(300)]
    User.objects.bulk_create(User(username=name, given_name=name, password=known) for name in arriving)
    held = TeachingAssignment.objects.filter(staff__user__username__startswith="teacher-", ends_on=None)
    teachers = held.order_by("id").values_list("staff__user__username", "section__sourced_id")[:50]
    print(json.dumps({
        "host": "oak.localhost", "day": "TODAY",
        "arriving": [{"login": name, "password": password} for name in arriving],
        "teachers": [{"login": name, "password": password, "section": str(section)} for name, section in teachers],
        "reader": {"login": "alice", "password": "alice-of-oak-demo"},
    }))
""".replace("TODAY", TODAY)


def drive(host: str, seconds: int, cast: str | None) -> int:
    """Run locust against ``host``; its exit code."""
    environment = {name: value for name, value in os.environ.items() if name != "CAST"}
    if cast:
        environment["CAST"] = cast
    command = [sys.executable, "-m", "locust", "-f", "locustfiles/school_day.py", "--headless", "--only-summary"]
    more = ["--host", host, "--run-time", f"{seconds}s", "--spawn-rate", "40", "--loglevel", "WARNING"]
    # Longer than a login may wait for an answer, and never for ever.
    return subprocess.run(
        [*command, *more], cwd=BASE_DIR, env=environment, check=False, timeout=seconds + 120
    ).returncode


def on_a_stack_of_our_own(seconds: int) -> int:
    # TRUSTED_PROXIES: the load says for each of its people where they are.
    stack = fresh_stack(TRUSTED_PROXIES="1", SCHOOLOPS_TODAY=TODAY)
    with demo.stop_on_signals(), stack as up, tempfile.TemporaryDirectory() as folder:
        python = sys.executable
        fill = ["demo_data", "--school", "oak", "--students", str(STUDENTS), "--days", str(DAYS)]
        up.supervisor.run("fill", [python, "manage.py", *fill])
        said = up.supervisor.run("furnish", [python, "manage.py", "shell", "--no-imports", "-c", FURNISH])
        cast = Path(folder) / "cast.json"
        cast.write_text(json.dumps(json.loads(said.strip().splitlines()[-1])), encoding="utf-8")
        return drive(f"http://127.0.0.1:{up.port}", seconds, str(cast))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long the load goes on")
    given = parser.parse_args()
    if base_url := os.environ.get("BASE_URL"):
        return drive(base_url, given.seconds, os.environ.get("CAST"))
    try:
        return on_a_stack_of_our_own(given.seconds)
    except demo.Stopped:
        return 130
    except launcher.LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
