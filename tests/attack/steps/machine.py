"""What is left of a school, what a school's role can do beside its schema, and how the whole starts again."""

from __future__ import annotations

import time
from uuid import uuid4

import psycopg

from tests.attack.bombing import upload
from tests.attack.target import Target

PATIENCE_S = 90.0
# Kept of a school on purpose: who did what to it.
KEPT = "queues_operatoraction"
HOLDING = """
SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'school'
"""
LARGE_OBJECTS = "SELECT count(*) FROM pg_largeobject_metadata WHERE lomowner = %s::regrole"
LONG_AGO = "UPDATE tenancy_school SET deleted_at = now() - interval '31 days' WHERE slug = %s"
OWNED = "SELECT schema_name, role_name FROM tenancy_school WHERE slug = %s"
# What PostgreSQL gives everybody, and what no purge would find or others would wait for.
TAKEN_AWAY = (
    "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x'::bytea)", "SELECT lo_creat(-1)",
    "SELECT pg_advisory_lock(1)", "SELECT pg_advisory_xact_lock(1)", "SELECT pg_try_advisory_lock(1, 2)",
)  # fmt: skip


def _left_of(target: Target, schema: str, role: str) -> list[str]:
    """What a search finds of a school, one line each."""
    look = target.outside
    found = [f"file {each}" for each in look.files(schema)]
    found += [f"schema {schema}" for _ in look.rows("SELECT 1 FROM pg_namespace WHERE nspname = %s", schema)]
    found += [f"role {role}" for _ in look.rows("SELECT 1 FROM pg_roles WHERE rolname = %s", role)]
    for (table,) in look.rows(HOLDING):
        if table != KEPT:
            query = f'SELECT count(*) FROM public."{table}" WHERE school IN (%s, %s)'
            ((count,),) = look.rows(query, target.slug, schema)
            found += [f"{count} rows of {table}"] if count else []
    return found


def a_purge_leaves_nothing(oak: Target) -> str:
    """A school whose time is over is gone: files, ledger, kept answers, letters; and it keeps no other's purge."""
    doomed = [oak.outside.another_school(f"oak-gone-{uuid4().hex[:6]}") for _ in range(2)]
    owned = [oak.outside.rows(OWNED, each.slug)[0] for each in doomed]
    for school, (schema, role) in zip(doomed, owned, strict=True):
        key = {"Idempotency-Key": str(uuid4())}
        school.ask("POST", "guardians", "erin", {"given_name": "Perpetua"}, **key).expect(201)
        if upload(school, "students.csv", b"Admission number,Given name,Campus\nX1,Ada,MAIN\n")[0] != 202:
            raise RuntimeError("a roster is not taken")
        if not school.outside.files(schema) or len(_left_of(school, schema, role)) < 4:
            raise RuntimeError("the search finds nothing of a school that is there")
        # Left by the first, in the way of the second.
        oak.outside.rows(
            "DO $$ BEGIN EXECUTE format('GRANT %I TO CURRENT_USER WITH INHERIT TRUE, SET TRUE', $r$" + role + "$r$);"
            " EXECUTE format('ALTER LARGE OBJECT %s OWNER TO %I', lo_create(0), $r$" + role + "$r$); END $$"
        )
        oak.outside.manage("suspend_school", school.slug, "--reason", "over")
        oak.outside.manage("delete_school", school.slug, "--reason", "over", "--confirm", school.slug)
        oak.outside.rows(
            "UPDATE tenancy_school SET deleted_at = now() - interval '31 days' WHERE slug = %s", school.slug
        )
    oak.outside.manage("purge_deleted_schools")
    left = [
        f"{school.slug}: {what}" for school, of in zip(doomed, owned, strict=True) for what in _left_of(school, *of)
    ]
    return ", ".join(left)


def nothing_outside_the_schema(oak: Target) -> str:
    """A school's role makes no large object and takes no lock that others could wait for."""
    ((_, role),) = oak.outside.rows(OWNED, oak.slug)
    if oak.outside.rows("SELECT 1", role=role) != [(1,)]:
        raise RuntimeError("nothing can be asked as the school's role")
    for statement in TAKEN_AWAY:
        try:
            oak.outside.rows(statement, role=role)
        except psycopg.errors.InsufficientPrivilege:
            continue
        return f"{role} may {statement}"
    ((count,),) = oak.outside.rows(LARGE_OBJECTS, role)
    return f"{role} has {count} large objects" if count else ""


def a_merged_login_at_the_next_start(oak: Target) -> str:
    """What ``make demo`` prepares at each start is prepared also after a student with a login was merged."""
    own = oak.outside.another_school(f"oak-merged-{uuid4().hex[:6]}")
    hugo = own.ask("GET", "students?limit=1", "hugo").expect(200).json["results"][0]
    other = next(each for each in own.rows("students?limit=50", "erin") if each["id"] != hugo["id"])
    said = {"duplicate_id": hugo["id"], "reason": "Entered twice"}
    own.ask("POST", f"students/{other['id']}/merge", "erin", said).expect()
    try:
        oak.outside.another_school(own.slug)
    except Exception as refusal:  # noqa: BLE001 - whatever it is, the demo would not start
        return str(refusal)
    return ""


def what_is_killed_comes_again(oak: Target) -> str:
    """A program that was killed costs its own restart: the school answers meanwhile, and the program is there again."""
    for program in ("quarantine", "beat"):
        before = oak.outside.processes_of(program)
        if not before:
            raise RuntimeError(f"{program} does not run")
        oak.outside.kill(program)
        until = time.monotonic() + PATIENCE_S
        while True:
            if oak.ask("GET", "school").status >= 500:
                return f"without {program} the school is not there"
            if oak.outside.processes_of(program) - before:
                break
            if time.monotonic() > until:
                return f"{program} stays dead"
            time.sleep(0.2)
    return ""
