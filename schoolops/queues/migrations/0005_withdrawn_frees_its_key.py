"""What was withdrawn may be asked for again: its key in ``queues_oncekey`` goes with it."""

from django.db import migrations

CANCEL = """
CREATE OR REPLACE FUNCTION platform.job_cancel(p_job bigint, p_user text) RETURNS boolean
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
    {forget}
    IF v_job.tracked THEN
        INSERT INTO public.queues_outcome (job_id, school, queue, task, user_id, state, expires_at)
        VALUES (p_job, v_school, v_job.queue, v_job.task, coalesce(v_job.meta ->> 'user', ''), 'cancelled',
                clock_timestamp() + interval '7 days')
        ON CONFLICT (job_id) DO UPDATE SET state = 'cancelled', updated_at = clock_timestamp();
    END IF;
    RETURN true;
END $$;
"""
FORGET = "DELETE FROM public.queues_oncekey WHERE school = v_school AND queue = v_job.queue AND job_id = p_job;"
KEYS = """
-- The keys that one job of the calling school holds, for whoever has to forget them elsewhere.
CREATE FUNCTION platform.job_once_keys(p_job bigint) RETURNS SETOF bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT k.key FROM public.queues_job AS j
      JOIN public.queues_oncekey AS k ON k.school = j.school AND k.queue = j.queue AND k.job_id = j.id
     WHERE j.id = p_job AND j.school = platform.calling_school()
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("queues", "0004_one_statement_to_enqueue")]
    operations = [
        migrations.RunSQL(CANCEL.replace("{forget}", FORGET), CANCEL.replace("{forget}", "")),
        migrations.RunSQL(KEYS, "DROP FUNCTION platform.job_once_keys"),
    ]
