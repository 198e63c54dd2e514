"""How a job is claimed, ended, put off and buried: the SQL that more than one module says.

Enqueueing stands in `task`, picking in `relay`, progress and the good end in `job`. All of it runs outside schools, as
the web login, with names fully qualified.
"""

from __future__ import annotations

from schoolops.queues.models import Reason

# Claim and school: one statement, prepared once per connection (by protocol: EXECUTE would be
# parsed again under the school's role). A second delivery finds the row gone or locked.
# The settings are local to the transaction, so the connection stands outside schools again after COMMIT or ROLLBACK.
_STANDING = """
       set_config('search_path', CASE WHEN s.state = 'active' THEN '"' || s.schema_name || '", extensions'
                                      ELSE 'public, extensions' END, {local}),
       set_config('role', CASE WHEN s.state = 'active' THEN s.role_name ELSE 'none' END, {local})
"""
_COLUMNS = """c.queue, c.task, c.payload::text, c.meta::text, c.attempts, c.spent, c.tracked, c.school, c.lease_token,
       c.sending_at IS NOT NULL, s.id, s.state, s.schema_name, s.role_name"""
CLAIM = f"""
WITH c AS (
    DELETE FROM public.queues_job
     WHERE id = (SELECT id FROM public.queues_job
                  WHERE id = %s::bigint AND run_at IS NULL
                    AND (lease_until IS NULL OR lease_until < clock_timestamp())
                    FOR UPDATE SKIP LOCKED)
    RETURNING *)
SELECT {_COLUMNS}, {_STANDING.format(local="true")}
  FROM c LEFT JOIN public.tenancy_school s ON s.slug = c.school
"""  # noqa: S608 - our own text
# Set once per connection and again only when they differ: a worker's jobs mostly have the same.
LIMITS = """
SELECT set_config('statement_timeout', %(limit)s, false), set_config('lock_timeout', %(lock)s, false),
       set_config('idle_in_transaction_session_timeout', %(limit)s, false),
       set_config('synchronous_commit', %(commit)s, false)
"""
LEASE = f"""
WITH c AS (
    UPDATE public.queues_job
       SET lease_token = lease_token + 1, lease_until = clock_timestamp() + make_interval(secs => %s)
     WHERE id = (SELECT id FROM public.queues_job
                  WHERE id = %s AND run_at IS NULL AND (lease_until IS NULL OR lease_until < clock_timestamp())
                    FOR UPDATE SKIP LOCKED)
    RETURNING *)
SELECT {_COLUMNS}
  FROM c LEFT JOIN public.tenancy_school s ON s.slug = c.school
"""  # noqa: S608 - our own text

GIVE_LEASE_BACK = "UPDATE public.queues_job SET lease_until = NULL WHERE id = %(id)s AND lease_token = %(token)s"

IS_DUE = """
SELECT queue FROM public.queues_job
 WHERE id = %s AND run_at IS NULL AND (lease_until IS NULL OR lease_until < clock_timestamp())
"""

_LETTER = "id, school, queue, task, payload, meta, priority, attempts, crashes, tracked, created_at"
_OUTCOME_OF_DEAD = """
INSERT INTO public.queues_outcome AS o (job_id, school, queue, task, user_id, state, error, expires_at)
SELECT id, school, queue, task, coalesce(meta ->> 'user', ''), 'dead', %(error)s, clock_timestamp() + interval '7 days'
  FROM dead WHERE tracked
ON CONFLICT (job_id) DO UPDATE SET state = 'dead', error = excluded.error, updated_at = clock_timestamp(),
   expires_at = excluded.expires_at
"""

# The try that is reported, and nobody else's: counted once, and by whoever had the job last.
_OURS = "id = %(id)s AND attempts = %(attempts)s AND lease_token = %(token)s"
# Counted over the whole life of a job: an operator who sends it back begins no second count.
_NUMBER = "(SELECT count(*) + 1 FROM public.queues_attempt AS a WHERE a.job_id = tried.id)"

# A try failed: later again, or, at the last one, to the dead letters. One statement, so a job is in one table always.
# `sending_at` stays: whether somebody outside did it is not known any better by now.
FAIL = f"""
WITH later AS (
    UPDATE public.queues_job
       SET attempts = attempts + 1, run_at = clock_timestamp() + make_interval(secs => %(delay)s), lease_until = NULL
     WHERE {_OURS} AND attempts + 1 - spent < %(tries)s AND NOT %(now)s RETURNING *),
dead AS (
    DELETE FROM public.queues_job
     WHERE {_OURS} AND (attempts + 1 - spent >= %(tries)s OR %(now)s) RETURNING *),
letter AS (
    INSERT INTO public.queues_deadletter ({_LETTER}, reason, error_class, error, traceback)
    SELECT id, school, queue, task, payload, meta, priority, attempts + 1, crashes, tracked, created_at,
           %(reason)s, %(class)s, %(error)s, %(traceback)s FROM dead),
kept AS ({_OUTCOME_OF_DEAD} RETURNING 1)
INSERT INTO public.queues_attempt (job_id, school, task, number, outcome, worker, error_class, error, traceback)
SELECT id, school, task, {_NUMBER}, %(outcome)s, %(worker)s, %(class)s, %(error)s, %(traceback)s
  FROM (SELECT * FROM later UNION ALL SELECT * FROM dead) AS tried
RETURNING (SELECT count(*) FROM dead)
"""  # noqa: S608

# Refused for a reason that trying again does not change, and that is nobody's fault.
DISCARD = f"""
WITH tried AS (DELETE FROM public.queues_job WHERE {_OURS} RETURNING *),
kept AS (
    INSERT INTO public.queues_outcome AS o (job_id, school, queue, task, user_id, state, error, expires_at)
    SELECT id, school, queue, task, coalesce(meta ->> 'user', ''), 'discarded', %(error)s,
           clock_timestamp() + interval '7 days' FROM tried WHERE tracked
    ON CONFLICT (job_id) DO UPDATE SET state = 'discarded', error = excluded.error, updated_at = clock_timestamp(),
       expires_at = excluded.expires_at RETURNING 1)
INSERT INTO public.queues_attempt (job_id, school, task, number, outcome, worker, error_class, error, traceback)
SELECT id, school, task, {_NUMBER}, 'refused', %(worker)s, %(class)s, %(error)s, '' FROM tried
RETURNING 1
"""  # noqa: S608

# Not its own fault: code that does not know the task (yet), a school still being made, somebody who is away. Such a job
# waits, longer from time to time, and no try is counted; but not for ever. Each cause has a patience of its own.
DEFER = f"""
UPDATE public.queues_job
   SET run_at = clock_timestamp() + make_interval(secs => greatest(%(soonest)s, least(%(latest)s,
           extract(epoch FROM clock_timestamp() - since) / 2))),
       lease_until = NULL,
       meta = meta || jsonb_build_object('deferred_since', since, 'deferred_by', %(cause)s::text)
  FROM (SELECT CASE WHEN meta ->> 'deferred_by' = %(cause)s THEN (meta ->> 'deferred_since')::timestamptz
                    ELSE clock_timestamp() END AS since
          FROM public.queues_job WHERE id = %(id)s) AS waits
 WHERE {_OURS} AND since > clock_timestamp() - make_interval(secs => %(patience)s)
RETURNING 1
"""  # noqa: S608

# What a dead process had in hand is its own to report, unless the lease has passed to another since.
_IN_HAND_OF_DEAD = "(j.lease_until IS NULL OR j.lease_until < clock_timestamp() OR j.lease_token = dead.token)"
# The process died with these in hand. `worker` names the try, so that reporting it twice counts once.
SUSPECT = f"""
WITH tried AS (
    UPDATE public.queues_job AS j SET crashes = crashes + 1, lease_until = NULL
      FROM unnest(%(ids)s::bigint[], %(workers)s::text[], %(tokens)s::int[]) AS dead (id, worker, token)
     WHERE j.id = dead.id AND {_IN_HAND_OF_DEAD} AND NOT EXISTS (
           SELECT 1 FROM public.queues_attempt AS a
            WHERE a.job_id = dead.id AND a.outcome = 'crashed' AND a.worker = dead.worker)
    RETURNING j.id, j.school, j.task, dead.worker)
INSERT INTO public.queues_attempt (job_id, school, task, number, outcome, worker, error_class, error, traceback)
SELECT id, school, task, {_NUMBER}, 'crashed', worker, 'ProcessDied', %(error)s, '' FROM tried
RETURNING job_id
"""  # noqa: S608
# One that was over its time, as it stands now.
OVER_TIME = f"""
SELECT j.queue, j.task, j.attempts, j.spent, j.lease_token
  FROM public.queues_job AS j, (VALUES (%(id)s::bigint, %(token)s::int)) AS dead (id, token)
 WHERE j.id = dead.id AND {_IN_HAND_OF_DEAD}
"""  # noqa: S608
BURY_POISON = f"""
WITH dead AS (
    DELETE FROM public.queues_job WHERE id IN (
        SELECT id FROM public.queues_job WHERE id = ANY (%(ids)s) AND crashes >= %(most)s FOR UPDATE SKIP LOCKED)
    RETURNING *),
kept AS ({_OUTCOME_OF_DEAD} RETURNING 1)
INSERT INTO public.queues_deadletter ({_LETTER}, reason, error_class, error, traceback)
SELECT {_LETTER}, 'poison', 'ProcessDied', %(error)s, '' FROM dead
RETURNING id, queue, meta ->> 'request_id'
"""  # noqa: S608
# Fetched once more, and nothing came of it. Whoever runs it at this moment is not waited for.
FETCHED_IN_VAIN = """
UPDATE public.queues_job SET deliveries = deliveries + 1
 WHERE id IN (SELECT id FROM public.queues_job WHERE id = ANY (%s) FOR UPDATE SKIP LOCKED)
"""
BURY_NO_OUTCOME = f"""
WITH dead AS (
    DELETE FROM public.queues_job WHERE id IN (
        SELECT id FROM public.queues_job WHERE id = ANY (%(ids)s) AND deliveries >= %(most)s
           AND (lease_until IS NULL OR lease_until < clock_timestamp()) FOR UPDATE SKIP LOCKED)
    RETURNING *),
kept AS ({_OUTCOME_OF_DEAD} RETURNING 1)
INSERT INTO public.queues_deadletter ({_LETTER}, reason, error_class, error, traceback)
SELECT {_LETTER}, 'no_outcome', '', %(error)s, '' FROM dead
RETURNING id, queue, meta ->> 'request_id'
"""  # noqa: S608

# --- what the relay asks ----------------------------------------------------------------------------------------------
# By queue, those with jobs that are due: a probe of the index for each, whatever lies between.
SCHOOLS_WITH_DUE_JOBS = """
WITH RECURSIVE pairs AS (
    (SELECT queue, school FROM public.queues_job WHERE run_at IS NULL ORDER BY queue, school LIMIT 1)
    UNION ALL
    SELECT n.queue, n.school FROM pairs p CROSS JOIN LATERAL (
        SELECT j.queue, j.school FROM public.queues_job j
         WHERE j.run_at IS NULL AND (j.queue, j.school) > (p.queue, p.school)
         ORDER BY j.queue, j.school LIMIT 1) n)
SELECT queue, school FROM pairs
"""
# Each school's oldest, as many as it has room for. `turn`: the how-manieth of its school's that are out it would be.
PICK = """
SELECT j.id, j.task, j.crashes, s.school, s.n + j.nth AS turn
  FROM unnest(%(schools)s::text[], %(out)s::int[], %(rooms)s::int[]) AS s (school, n, room)
 CROSS JOIN LATERAL (
    SELECT id, task, crashes, row_number() OVER (ORDER BY priority DESC, id) AS nth
      FROM public.queues_job
     WHERE queue = %(queue)s AND school = s.school AND run_at IS NULL AND id <> ALL (%(known)s)
       AND (lease_until IS NULL OR lease_until < clock_timestamp())
     ORDER BY priority DESC, id LIMIT s.room) AS j
 ORDER BY turn, j.id
 LIMIT %(most)s
"""
STILL_DUE = "SELECT id FROM public.queues_job WHERE id = ANY (%s) AND run_at IS NULL"
PROMOTE = """
UPDATE public.queues_job SET run_at = NULL
 WHERE id IN (SELECT id FROM public.queues_job WHERE run_at <= clock_timestamp() ORDER BY run_at LIMIT 2000
                 FOR UPDATE SKIP LOCKED)
RETURNING queue
"""
COUNT_BACKLOGS = """
WITH counted AS (SELECT school, count(*)::int AS jobs FROM public.queues_job GROUP BY school),
backlogs AS (
    SELECT school, jobs, jobs > %(per_school)s AS "full" FROM counted
    UNION ALL
    SELECT '*', coalesce(sum(jobs), 0)::int, coalesce(sum(jobs), 0) > %(in_all)s FROM counted),
gone AS (DELETE FROM public.queues_backlog WHERE school NOT IN (SELECT school FROM backlogs))
INSERT INTO public.queues_backlog AS b (school, jobs, "full", counted_at)
SELECT school, jobs, "full", clock_timestamp() FROM backlogs
ON CONFLICT (school) DO UPDATE SET jobs = excluded.jobs, "full" = excluded."full", counted_at = excluded.counted_at
"""


def last_reason(*, timed_out: bool) -> str:
    return str((Reason.TIMEOUT if timed_out else Reason.EXHAUSTED).value)
