"""The doors to the ledger: a school's role cannot touch ``public``; these functions act for the school that calls.

Each finds out by itself who calls (``SET ROLE`` survives SECURITY DEFINER, an argument could lie).
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION platform.calling_school() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_role text := current_setting('role');
    v_school text;
BEGIN
    IF v_role = 'none' THEN
        RETURN '';
    END IF;
    SELECT slug INTO v_school FROM public.tenancy_school WHERE role_name = v_role;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the role % belongs to no school', v_role USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN v_school;
END $$;

CREATE FUNCTION platform.jobs_refuse_when_full(p_school text) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM public.queues_backlog WHERE school IN (p_school, '*') AND "full") THEN
        RAISE EXCEPTION 'the ledger is full' USING ERRCODE = 'SO503';
    END IF;
END $$;

CREATE FUNCTION platform.jobs_enqueue(
    p_queue text, p_task text, p_payload jsonb, p_meta jsonb, p_delay interval, p_priority smallint, p_tracked boolean
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_role text := current_setting('role');
    v_school text := '';
    v_id bigint;
BEGIN
    -- As in calling_school(), spelt out: this is the hot path.
    IF v_role <> 'none' THEN
        SELECT slug INTO v_school FROM public.tenancy_school WHERE role_name = v_role;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the role % belongs to no school', v_role USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    IF EXISTS (SELECT 1 FROM public.queues_backlog WHERE school IN (v_school, '*') AND "full") THEN
        RAISE EXCEPTION 'the ledger is full' USING ERRCODE = 'SO503';
    END IF;
    INSERT INTO public.queues_job (school, queue, task, payload, meta, run_at, priority, tracked)
    VALUES (v_school, p_queue, p_task, p_payload, p_meta, clock_timestamp() + p_delay, p_priority, p_tracked)
    RETURNING id INTO v_id;
    RETURN v_id;
END $$;

CREATE FUNCTION platform.jobs_enqueue_many(
    p_queue text, p_task text, p_payloads jsonb, p_meta jsonb, p_delay interval, p_priority smallint, p_tracked boolean
) RETURNS TABLE (job_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_school text := platform.calling_school();
BEGIN
    PERFORM platform.jobs_refuse_when_full(v_school);
    RETURN QUERY
    INSERT INTO public.queues_job (school, queue, task, payload, meta, run_at, priority, tracked)
    SELECT v_school, p_queue, p_task, each.payload, p_meta, clock_timestamp() + p_delay, p_priority, p_tracked
      FROM jsonb_array_elements(p_payloads) WITH ORDINALITY AS each (payload, place)
     ORDER BY each.place
    RETURNING id;
END $$;

-- One answer per payload: its job, and whether that job is new. p_hold NULL: the key counts only while its job waits.
CREATE FUNCTION platform.jobs_enqueue_once(
    p_queue text, p_task text, p_payloads jsonb, p_meta jsonb, p_delay interval, p_priority smallint,
    p_tracked boolean, p_keys bytea[], p_hold interval
) RETURNS TABLE (place integer, job_id bigint, fresh boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
    v_school text := platform.calling_school();
    v_keys bytea[];
    v_places integer[];
    v_new bigint[];
    v_held bigint[];
    v_waiting bigint[];
BEGIN
    PERFORM platform.jobs_refuse_when_full(v_school);
    -- Distinct keys in order, so that twins wait for one another instead of deadlocking.
    SELECT array_agg(w.key ORDER BY w.key), array_agg(w.first ORDER BY w.key),
           array_agg(w.new ORDER BY w.key)
      INTO v_keys, v_places, v_new
      FROM (SELECT k.key, k.first, nextval('public.queues_job_id_seq') AS new
              FROM (SELECT key, min(place)::integer AS first
                      FROM unnest(p_keys) WITH ORDINALITY AS given (key, place) GROUP BY key ORDER BY first) AS k) AS w;
    -- A twin that has not committed yet holds us up here; then we see its job.
    WITH locked AS (
        INSERT INTO public.queues_oncekey AS held (school, queue, key, job_id, expires_at)
        SELECT v_school, p_queue, w.key, w.new, now() + coalesce(p_hold, interval '24 hours')
          FROM unnest(v_keys, v_new) AS w (key, new) ORDER BY w.key
        ON CONFLICT (school, queue, key) DO UPDATE
           SET job_id = CASE WHEN p_hold IS NOT NULL AND held.expires_at <= now() THEN excluded.job_id
                             ELSE held.job_id END,
               expires_at = CASE WHEN p_hold IS NULL OR held.expires_at <= now() THEN excluded.expires_at
                                 ELSE held.expires_at END
        RETURNING held.key, held.job_id)
    SELECT array_agg(locked.job_id ORDER BY w.n) INTO v_held
      FROM unnest(v_keys) WITH ORDINALITY AS w (key, n) JOIN locked ON locked.key = w.key;
    IF p_hold IS NULL AND v_held <> v_new THEN
        -- A job that has begun may have read what our caller is changing, so only one that has not begun counts;
        -- and our lock keeps it from beginning before we commit.
        SELECT array_agg(w.id) INTO v_waiting
          FROM (SELECT j.id FROM public.queues_job AS j
                 WHERE j.id = ANY (v_held) AND (j.lease_until IS NULL OR j.lease_until < clock_timestamp())
                   FOR KEY SHARE SKIP LOCKED) AS w;
        SELECT array_agg(CASE WHEN w.held = ANY (coalesce(v_waiting, '{}')) THEN w.held ELSE w.new END ORDER BY w.n)
          INTO v_held
          FROM unnest(v_held, v_new) WITH ORDINALITY AS w (held, new, n);
        UPDATE public.queues_oncekey AS held SET job_id = w.now
          FROM unnest(v_keys, v_held) AS w (key, now)
         WHERE held.school = v_school AND held.queue = p_queue AND held.key = w.key AND held.job_id <> w.now;
    END IF;
    INSERT INTO public.queues_job (id, school, queue, task, payload, meta, run_at, priority, tracked)
    SELECT w.new, v_school, p_queue, p_task, p_payloads -> (w.place - 1), p_meta, clock_timestamp() + p_delay,
           p_priority, p_tracked
      FROM unnest(v_places, v_new, v_held) AS w (place, new, held)
     WHERE w.new = w.held
     ORDER BY w.place;
    RETURN QUERY
    SELECT k.place::integer, w.held, w.held = w.new AND w.first = k.place
      FROM unnest(p_keys) WITH ORDINALITY AS k (key, place)
      JOIN unnest(v_keys, v_places, v_new, v_held) AS w (key, first, new, held) ON w.key = k.key;
END $$;

-- The autovacuum of a table whose rows live for milliseconds; fillfactor leaves room for a retry's update.
ALTER TABLE public.queues_job SET (
    fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000
);
"""
BACKWARD = """
DROP FUNCTION platform.jobs_enqueue_once;
DROP FUNCTION platform.jobs_enqueue_many;
DROP FUNCTION platform.jobs_enqueue;
DROP FUNCTION platform.jobs_refuse_when_full;
DROP FUNCTION platform.calling_school;
ALTER TABLE public.queues_job RESET (
    fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_vacuum_cost_delay, autovacuum_analyze_scale_factor, autovacuum_analyze_threshold
);
"""


class Migration(migrations.Migration):
    dependencies = [("queues", "0001_initial"), ("tenancy", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
