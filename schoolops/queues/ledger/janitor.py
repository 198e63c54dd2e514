"""What may be forgotten: expired keys, answers, outcomes, failed tries of jobs that are gone. Never a dead letter."""

from __future__ import annotations

from django.db import connection

from schoolops.context import outside_schools

KEPT_ATTEMPTS = "7 days"
AT_ONCE = 5_000

_SWEEPS = {
    "keys": "DELETE FROM queues_oncekey WHERE (school, queue, key) IN ("
    "SELECT school, queue, key FROM queues_oncekey k WHERE expires_at < clock_timestamp()"
    " AND NOT EXISTS (SELECT 1 FROM queues_job j WHERE j.id = k.job_id) LIMIT %(most)s)",
    "answers": "DELETE FROM queues_rememberedanswer WHERE (school, user_id, key) IN ("
    "SELECT school, user_id, key FROM queues_rememberedanswer WHERE expires_at < clock_timestamp() LIMIT %(most)s)",
    "outcomes": "DELETE FROM queues_outcome WHERE job_id IN ("
    "SELECT job_id FROM queues_outcome WHERE expires_at < clock_timestamp() LIMIT %(most)s)",
    "attempts": "DELETE FROM queues_attempt WHERE id IN ("
    "SELECT id FROM queues_attempt a WHERE at < clock_timestamp() - %(kept)s::interval"
    " AND NOT EXISTS (SELECT 1 FROM queues_job j WHERE j.id = a.job_id)"
    " AND NOT EXISTS (SELECT 1 FROM queues_deadletter d WHERE d.id = a.job_id) LIMIT %(most)s)",
}


def sweep() -> dict[str, int]:
    """Delete what has expired, a few thousand rows of each kind at once. Returns how many of each."""
    swept = {}
    with outside_schools(), connection.cursor() as cursor:
        for kind, statement in _SWEEPS.items():
            cursor.execute(statement, {"most": AT_ONCE, "kept": KEPT_ATTEMPTS})
            swept[kind] = cursor.rowcount
    return swept
