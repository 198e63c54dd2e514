"""One more door for a school's requests: which of its own jobs are under way."""

from django.db import migrations

FORWARD = """
-- Tracked jobs of the calling school that have not ended, newest first: those that p_user asked for (NULL: anybody), and
-- whoever asked for it, those of p_tasks.
CREATE FUNCTION platform.jobs_unfinished(p_user text, p_tasks text[], p_before bigint, p_most integer)
RETURNS TABLE (job_id bigint, queue text, task text, state text, attempts integer, run_at timestamptz,
               done integer, "of" integer, result jsonb, error text, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_school text := platform.calling_school();
BEGIN
    RETURN QUERY
    SELECT j.id, j.queue::text, j.task::text,
           CASE WHEN j.lease_until > clock_timestamp() THEN 'running'
                WHEN j.run_at IS NOT NULL AND j.attempts > 0 THEN 'retrying'
                WHEN j.run_at IS NOT NULL THEN 'scheduled'
                ELSE 'waiting' END::text,
           j.attempts::integer, j.run_at, o.done, o."of", NULL::jsonb, coalesce(o.error, '')::text, j.created_at
      FROM (SELECT * FROM public.queues_job AS q
             WHERE q.school = v_school AND q.tracked AND (p_before IS NULL OR q.id < p_before)
               AND (p_user IS NULL OR q.meta ->> 'user' = p_user OR q.task = ANY (p_tasks))
             ORDER BY q.id DESC LIMIT p_most) AS j
      LEFT JOIN public.queues_outcome AS o ON o.job_id = j.id AND o.school = v_school
     ORDER BY j.id DESC;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("queues", "0005_withdrawn_frees_its_key")]
    operations = [migrations.RunSQL(FORWARD, "DROP FUNCTION platform.jobs_unfinished")]
