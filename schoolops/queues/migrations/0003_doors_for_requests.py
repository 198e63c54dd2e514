"""More doors for a school's requests: its own jobs, and the answers it was given to requests with an Idempotency-Key."""

from django.db import migrations

FORWARD = """
-- One job of the calling school, where it was asked for by p_user (NULL: by anybody). No row: not theirs, or forgotten.
CREATE FUNCTION platform.job_status(p_job bigint, p_user text)
RETURNS TABLE (job_id bigint, queue text, task text, state text, attempts integer, run_at timestamptz,
               done integer, "of" integer, result jsonb, error text, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_school text := platform.calling_school();
BEGIN
    RETURN QUERY
    SELECT coalesce(j.id, o.job_id), coalesce(j.queue, o.queue)::text, coalesce(j.task, o.task)::text,
           CASE WHEN j.id IS NULL THEN o.state
                WHEN j.lease_until > clock_timestamp() THEN 'running'
                WHEN j.run_at IS NOT NULL AND j.attempts > 0 THEN 'retrying'
                WHEN j.run_at IS NOT NULL THEN 'scheduled'
                ELSE 'waiting' END::text,
           j.attempts::integer, j.run_at, o.done, o."of", o.result, coalesce(o.error, '')::text, j.created_at
      FROM (SELECT * FROM public.queues_job AS q
             WHERE q.id = p_job AND q.school = v_school
               AND (p_user IS NULL OR q.meta ->> 'user' = p_user)) AS j
      FULL JOIN (SELECT * FROM public.queues_outcome AS r
                  WHERE r.job_id = p_job AND r.school = v_school
                    AND (p_user IS NULL OR r.user_id = p_user)) AS o ON o.job_id = j.id
     WHERE coalesce(j.tracked, true);
END $$;

-- Withdraw a job of the calling school. True: gone; false: it is running; NULL: no such job.
CREATE FUNCTION platform.job_cancel(p_job bigint, p_user text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_school text := platform.calling_school();
    v_job public.queues_job;
BEGIN
    PERFORM 1 FROM public.queues_job
      WHERE id = p_job AND school = v_school AND (p_user IS NULL OR meta ->> 'user' = p_user);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    DELETE FROM public.queues_job
     WHERE id = (SELECT id FROM public.queues_job
                  WHERE id = p_job AND (lease_until IS NULL OR lease_until < clock_timestamp())
                    FOR UPDATE SKIP LOCKED)
    RETURNING * INTO v_job;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF v_job.tracked THEN
        INSERT INTO public.queues_outcome (job_id, school, queue, task, user_id, state, expires_at)
        VALUES (p_job, v_school, v_job.queue, v_job.task, coalesce(v_job.meta ->> 'user', ''), 'cancelled',
                clock_timestamp() + interval '7 days')
        ON CONFLICT (job_id) DO UPDATE SET state = 'cancelled', updated_at = clock_timestamp();
    END IF;
    RETURN true;
END $$;

-- Do not wait for its moment. True: it is due now; NULL: no such job.
CREATE FUNCTION platform.job_run_now(p_job bigint, p_user text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_school text := platform.calling_school();
BEGIN
    UPDATE public.queues_job SET run_at = NULL
     WHERE id = p_job AND school = v_school AND (p_user IS NULL OR meta ->> 'user' = p_user);
    IF FOUND THEN
        RETURN true;
    END IF;
    RETURN NULL;
END $$;

-- Begin a request that carries a key. `state`: new (go on), again (give the same answer), other (another request).
-- A twin that is still in flight makes us wait 50 ms, then 55P03 says so.
CREATE FUNCTION platform.answer_begin(p_user text, p_key text, p_fingerprint bytea)
RETURNS TABLE (state text, status smallint, headers jsonb, body bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '50ms' AS $$
#variable_conflict use_column
DECLARE
    v_school text := platform.calling_school();
    v_known public.queues_rememberedanswer;
BEGIN
    INSERT INTO public.queues_rememberedanswer AS a (school, user_id, key, fingerprint, expires_at)
    VALUES (v_school, p_user, p_key, p_fingerprint, clock_timestamp() + interval '24 hours')
    ON CONFLICT (school, user_id, key) DO UPDATE
       SET fingerprint = excluded.fingerprint, expires_at = excluded.expires_at, status = NULL, headers = NULL, body = NULL
     WHERE a.expires_at < clock_timestamp();
    IF FOUND THEN
        RETURN QUERY SELECT 'new'::text, NULL::smallint, NULL::jsonb, NULL::bytea;
        RETURN;
    END IF;
    SELECT * INTO v_known FROM public.queues_rememberedanswer AS a
     WHERE a.school = v_school AND a.user_id = p_user AND a.key = p_key;
    IF v_known.fingerprint <> p_fingerprint THEN
        RETURN QUERY SELECT 'other'::text, NULL::smallint, NULL::jsonb, NULL::bytea;
    ELSE
        RETURN QUERY SELECT 'again'::text, v_known.status, v_known.headers, v_known.body;
    END IF;
END $$;

CREATE FUNCTION platform.answer_keep(p_user text, p_key text, p_status smallint, p_headers jsonb, p_body bytea)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.queues_rememberedanswer SET status = p_status, headers = p_headers, body = p_body
     WHERE school = platform.calling_school() AND user_id = p_user AND key = p_key AND status IS NULL;
END $$;
"""
BACKWARD = """
DROP FUNCTION platform.answer_keep;
DROP FUNCTION platform.answer_begin;
DROP FUNCTION platform.job_run_now;
DROP FUNCTION platform.job_cancel;
DROP FUNCTION platform.job_status;
"""


class Migration(migrations.Migration):
    dependencies = [("queues", "0002_doors")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
