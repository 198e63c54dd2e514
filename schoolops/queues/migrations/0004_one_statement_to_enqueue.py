"""The common enqueue as one statement: the function is called for every job, and each statement in it costs 15 µs."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION platform.jobs_enqueue(
    p_queue text, p_task text, p_payload jsonb, p_meta jsonb, p_delay interval, p_priority smallint, p_tracked boolean
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_role text := current_setting('role');
    v_id bigint;
BEGIN
    IF v_role <> 'none' THEN
        INSERT INTO public.queues_job (school, queue, task, payload, meta, run_at, priority, tracked)
        SELECT s.slug, p_queue, p_task, p_payload, p_meta, clock_timestamp() + p_delay, p_priority, p_tracked
          FROM public.tenancy_school AS s
         WHERE s.role_name = v_role
           AND NOT EXISTS (SELECT 1 FROM public.queues_backlog AS b WHERE b.school IN (s.slug, '*') AND b."full")
        RETURNING id INTO v_id;
    ELSE
        INSERT INTO public.queues_job (school, queue, task, payload, meta, run_at, priority, tracked)
        SELECT '', p_queue, p_task, p_payload, p_meta, clock_timestamp() + p_delay, p_priority, p_tracked
         WHERE NOT EXISTS (SELECT 1 FROM public.queues_backlog AS b WHERE b.school IN ('', '*') AND b."full")
        RETURNING id INTO v_id;
    END IF;
    IF v_id IS NULL THEN
        -- Nobody we know, or the ledger is full: find out which, and say so.
        PERFORM platform.calling_school();
        RAISE EXCEPTION 'the ledger is full' USING ERRCODE = 'SO503';
    END IF;
    RETURN v_id;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("queues", "0003_doors_for_requests")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
