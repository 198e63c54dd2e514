"""Writes ``before_0.1.0.sql``: two schools as the release before 0.1.0 made them, with rows and decisions.

To be run in a checkout of that release, whose models these rows are written with::

    git worktree add ../before d100d73
    cd ../before && python ../schoolops/tests/upgrade/dump.py ../schoolops/tests/upgrade/before_0.1.0.sql
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# The release's folder, in which this is run, not ours.
sys.path[0] = str(Path.cwd())
DATABASE = "released_schoolops"


def rows() -> None:
    """Half a school, of a campus, a roll, logins, and what the school decided of roles and codes."""
    from apps.access.models import Role, RolePermission
    from apps.access.services import create_role, set_permissions
    from apps.attendance.models import AttendanceCode
    from schoolops import clock
    from tests.factories import people, rolls

    with clock.frozen(people.SCHOOL_MOMENT):
        campus = people.a_school_year(name="Main", sections=("7 B",))
        pupils = people.some_students(6, section=campus.section)
        erin = people.a_user("erin", role="administrator")
        bob = people.a_teacher("bob", of=campus.section)
        people.a_guardian("carol", of=pupils[:2])
        people.a_user("alice", role="head")
        rolls.take(campus.section, {pupils[0]: "A", pupils[1]: "L"}, by=bob)
        # Guardians of this school do not ask for leave here; nobody but the administrator takes the roster away.
        for code, taken in (("guardian", "leave.request"), ("registrar", "exports.roster")):
            role = Role.objects.get(code=code)
            held = set(RolePermission.objects.filter(role=role).values_list("permission", flat=True))
            set_permissions(role=role, permissions=held - {taken}, expected_version=None, by=erin)
        create_role(name="Librarian", permissions=["students.view"], by=erin)
        AttendanceCode.objects.filter(code="H").update(code="HD", retired=True)
        AttendanceCode.objects.filter(code="S").update(name="At home, ill")


def main(target: Path) -> None:
    from schoolops import launcher

    folder = Path(tempfile.mkdtemp()) / "dump"
    with launcher.start(launcher.THROWAWAY, folder) as servers:
        admin_url, web_url = launcher.ensure_logins(servers.superuser_url, DATABASE)
        from config.env import VARIABLES

        os.environ |= {variable.name: variable.default for variable in VARIABLES}
        os.environ |= {
            "DATABASE_URL": web_url,
            "DATABASE_ADMIN_URL": admin_url,
            "REDIS_URL": servers.redis_url,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
        }
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import transaction

        from schoolops.context import inside, outside_schools
        from tests.factories.schools import make_school

        with outside_schools():
            call_command("migrate", verbosity=0, skip_checks=True)
        for slug in ("ash", "yew"):
            with inside(make_school(slug)), transaction.atomic():
                rows()
        dumped = subprocess.run(
            [
                str(launcher.bundled_postgres() / "pg_dump"), "--no-owner", "--no-comments", "--inserts",
                "--rows-per-insert=500", servers.superuser_url.rpartition("/")[0] + f"/{DATABASE}",
            ],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    kept = [line for line in dumped.splitlines() if line and not re.match(r"--|\\|SET transaction_timeout", line)]
    target.write_text("\n".join(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
