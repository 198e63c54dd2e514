SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA extensions;
CREATE SCHEMA platform;
CREATE SCHEMA school_ash;
CREATE SCHEMA school_yew;
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA extensions;
CREATE FUNCTION platform.answer_begin(p_user text, p_key text, p_fingerprint bytea) RETURNS TABLE(state text, status smallint, headers jsonb, body bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET lock_timeout TO '50ms'
    AS $$
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
CREATE FUNCTION platform.answer_keep(p_user text, p_key text, p_status smallint, p_headers jsonb, p_body bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE public.queues_rememberedanswer SET status = p_status, headers = p_headers, body = p_body
     WHERE school = platform.calling_school() AND user_id = p_user AND key = p_key AND status IS NULL;
END $$;
CREATE FUNCTION platform.calling_school() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
CREATE FUNCTION platform.job_cancel(p_job bigint, p_user text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
    DELETE FROM public.queues_oncekey WHERE school = v_school AND queue = v_job.queue AND job_id = p_job;
    IF v_job.tracked THEN
        INSERT INTO public.queues_outcome (job_id, school, queue, task, user_id, state, expires_at)
        VALUES (p_job, v_school, v_job.queue, v_job.task, coalesce(v_job.meta ->> 'user', ''), 'cancelled',
                clock_timestamp() + interval '7 days')
        ON CONFLICT (job_id) DO UPDATE SET state = 'cancelled', updated_at = clock_timestamp();
    END IF;
    RETURN true;
END $$;
CREATE FUNCTION platform.job_once_keys(p_job bigint) RETURNS SETOF bytea
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT k.key FROM public.queues_job AS j
      JOIN public.queues_oncekey AS k ON k.school = j.school AND k.queue = j.queue AND k.job_id = j.id
     WHERE j.id = p_job AND j.school = platform.calling_school()
$$;
CREATE FUNCTION platform.job_run_now(p_job bigint, p_user text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
CREATE FUNCTION platform.job_status(p_job bigint, p_user text) RETURNS TABLE(job_id bigint, queue text, task text, state text, attempts integer, run_at timestamp with time zone, done integer, of integer, result jsonb, error text, created_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
CREATE FUNCTION platform.jobs_enqueue(p_queue text, p_task text, p_payload jsonb, p_meta jsonb, p_delay interval, p_priority smallint, p_tracked boolean) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
CREATE FUNCTION platform.jobs_enqueue_many(p_queue text, p_task text, p_payloads jsonb, p_meta jsonb, p_delay interval, p_priority smallint, p_tracked boolean) RETURNS TABLE(job_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
CREATE FUNCTION platform.jobs_enqueue_once(p_queue text, p_task text, p_payloads jsonb, p_meta jsonb, p_delay interval, p_priority smallint, p_tracked boolean, p_keys bytea[], p_hold interval) RETURNS TABLE(place integer, job_id bigint, fresh boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET lock_timeout TO '2s'
    AS $$
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
CREATE FUNCTION platform.jobs_refuse_when_full(p_school text) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM public.queues_backlog WHERE school IN (p_school, '*') AND "full") THEN
        RAISE EXCEPTION 'the ledger is full' USING ERRCODE = 'SO503';
    END IF;
END $$;
CREATE FUNCTION platform.jobs_unfinished(p_user text, p_tasks text[], p_before bigint, p_most integer) RETURNS TABLE(job_id bigint, queue text, task text, state text, attempts integer, run_at timestamp with time zone, done integer, of integer, result jsonb, error text, created_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
CREATE FUNCTION public.audit_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION school_ash.attendance_code_in_use() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
DECLARE used boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %1$I.attendance_attendancerecord WHERE teacher_code_id = $1 OR office_code_id = $1)
             OR EXISTS (SELECT 1 FROM %1$I.attendance_deskentry WHERE code_id = $1)
             OR EXISTS (SELECT 1 FROM %1$I.attendance_leave WHERE code_id = $1)',
        TG_TABLE_SCHEMA) INTO used USING OLD.id;
    IF used THEN
        RAISE EXCEPTION 'a code in use keeps its letter and what it counts as'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attendance_code_in_use';
    END IF;
    RETURN NEW;
END $_$;
CREATE FUNCTION school_ash.attendance_history_stays() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the history of attendance is append-only'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attendance_history_stays';
END $$;
CREATE FUNCTION school_ash.attendance_record_follows_session() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
DECLARE wrong boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM written w JOIN %1$I.attendance_attendancesession s ON s.id = w.session_id
          WHERE (w.institution_id, w.section_id, w.day) IS DISTINCT FROM (s.institution_id, s.section_id, s.day))',
        TG_TABLE_SCHEMA) INTO wrong;
    IF wrong THEN
        RAISE EXCEPTION 'an attendance record must repeat its session''s institution, section and day'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attendance_record_follows_session';
    END IF;
    RETURN NULL;
END $_$;
CREATE FUNCTION school_ash.attendance_session_of_institution() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
DECLARE wrong boolean;
BEGIN
    EXECUTE format(
        'SELECT NOT EXISTS (SELECT 1 FROM %1$I.institutions_section s WHERE s.id = $1 AND s.institution_id = $4
                      UNION SELECT 1 FROM %1$I.institutions_courseclass c WHERE c.id = $2 AND c.institution_id = $4)
         OR ($3 IS NOT NULL AND NOT EXISTS
             (SELECT 1 FROM %1$I.timetable_period p WHERE p.id = $3 AND p.institution_id = $4))',
        TG_TABLE_SCHEMA) INTO wrong USING NEW.section_id, NEW.course_class_id, NEW.period_id, NEW.institution_id;
    IF wrong THEN
        RAISE EXCEPTION 'a roll, its section or class and its period belong to one institution'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attendance_session_of_institution';
    END IF;
    RETURN NEW;
END $_$;
CREATE FUNCTION school_ash.attendance_session_stays() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF (NEW.institution_id, NEW.section_id, NEW.course_class_id, NEW.day, NEW.period_id)
       IS DISTINCT FROM (OLD.institution_id, OLD.section_id, OLD.course_class_id, OLD.day, OLD.period_id) THEN
        RAISE EXCEPTION 'a roll keeps its section, day and period'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attendance_session_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION school_ash.audit_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION school_ash.institutions_term_inside_year() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
DECLARE outside boolean;
BEGIN
    -- The table's own schema, not the path: an owner's maintenance may run with another path.
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %1$I.institutions_term t JOIN %1$I.institutions_academicyear y ON y.id = t.year_id
          WHERE y.id = $1 AND (t.starts_on < y.starts_on OR t.ends_on > y.ends_on))', TG_TABLE_SCHEMA)
        INTO outside USING CASE TG_TABLE_NAME WHEN 'institutions_term' THEN (to_jsonb(NEW)->>'year_id')::bigint ELSE NEW.id END;
    IF outside THEN
        RAISE EXCEPTION 'a term must lie inside its year'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'term_inside_year';
    END IF;
    RETURN NULL;
END $_$;
CREATE FUNCTION school_ash.students_enrolment_inside_year() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
DECLARE outside boolean;
BEGIN
    -- An exit is the first day no longer enrolled: the day after the year's last one at the latest.
    IF TG_TABLE_NAME = 'students_enrolment' THEN
        EXECUTE format(
            'SELECT EXISTS (SELECT 1 FROM %1$I.institutions_academicyear y WHERE y.id = $1
              AND ($2 < y.starts_on OR $2 > y.ends_on OR $3 > y.ends_on + 1))', TG_TABLE_SCHEMA)
            INTO outside USING NEW.year_id, NEW.entered_on, NEW.exited_on;
    ELSE
        EXECUTE format(
            'SELECT EXISTS (SELECT 1 FROM %1$I.students_enrolment e WHERE e.year_id = $1
              AND (e.entered_on < $2 OR e.entered_on > $3 OR e.exited_on > $3 + 1))', TG_TABLE_SCHEMA)
            INTO outside USING NEW.id, NEW.starts_on, NEW.ends_on;
    END IF;
    IF outside THEN
        RAISE EXCEPTION 'an enrolment must lie inside its year'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'enrolment_inside_year';
    END IF;
    RETURN NULL;
END $_$;
CREATE FUNCTION school_ash.students_membership_inside_enrolment() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
DECLARE
    wanted bigint := CASE TG_TABLE_NAME WHEN 'students_enrolment' THEN NEW.id
                     ELSE (to_jsonb(NEW)->>'enrolment_id')::bigint END;
    outside boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %1$I.students_sectionmembership m
           JOIN %1$I.students_enrolment e ON e.id = m.enrolment_id
           JOIN %1$I.institutions_section s ON s.id = m.section_id
          WHERE e.id = $1 AND (s.year_id <> e.year_id OR s.institution_id <> e.institution_id
             OR s.grade_level_id <> e.grade_level_id
             OR NOT daterange(e.entered_on, e.exited_on) @> daterange(m.starts_on, m.ends_on)))',
        TG_TABLE_SCHEMA) INTO outside USING wanted;
    IF outside THEN
        RAISE EXCEPTION 'a section membership must lie inside its enrolment, in a section of the same level and year'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'membership_inside_enrolment';
    END IF;
    RETURN NULL;
END $_$;
CREATE FUNCTION school_yew.attendance_code_in_use() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
DECLARE used boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %1$I.attendance_attendancerecord WHERE teacher_code_id = $1 OR office_code_id = $1)
             OR EXISTS (SELECT 1 FROM %1$I.attendance_deskentry WHERE code_id = $1)
             OR EXISTS (SELECT 1 FROM %1$I.attendance_leave WHERE code_id = $1)',
        TG_TABLE_SCHEMA) INTO used USING OLD.id;
    IF used THEN
        RAISE EXCEPTION 'a code in use keeps its letter and what it counts as'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attendance_code_in_use';
    END IF;
    RETURN NEW;
END $_$;
CREATE FUNCTION school_yew.attendance_history_stays() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the history of attendance is append-only'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attendance_history_stays';
END $$;
CREATE FUNCTION school_yew.attendance_record_follows_session() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
DECLARE wrong boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM written w JOIN %1$I.attendance_attendancesession s ON s.id = w.session_id
          WHERE (w.institution_id, w.section_id, w.day) IS DISTINCT FROM (s.institution_id, s.section_id, s.day))',
        TG_TABLE_SCHEMA) INTO wrong;
    IF wrong THEN
        RAISE EXCEPTION 'an attendance record must repeat its session''s institution, section and day'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attendance_record_follows_session';
    END IF;
    RETURN NULL;
END $_$;
CREATE FUNCTION school_yew.attendance_session_of_institution() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
DECLARE wrong boolean;
BEGIN
    EXECUTE format(
        'SELECT NOT EXISTS (SELECT 1 FROM %1$I.institutions_section s WHERE s.id = $1 AND s.institution_id = $4
                      UNION SELECT 1 FROM %1$I.institutions_courseclass c WHERE c.id = $2 AND c.institution_id = $4)
         OR ($3 IS NOT NULL AND NOT EXISTS
             (SELECT 1 FROM %1$I.timetable_period p WHERE p.id = $3 AND p.institution_id = $4))',
        TG_TABLE_SCHEMA) INTO wrong USING NEW.section_id, NEW.course_class_id, NEW.period_id, NEW.institution_id;
    IF wrong THEN
        RAISE EXCEPTION 'a roll, its section or class and its period belong to one institution'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attendance_session_of_institution';
    END IF;
    RETURN NEW;
END $_$;
CREATE FUNCTION school_yew.attendance_session_stays() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF (NEW.institution_id, NEW.section_id, NEW.course_class_id, NEW.day, NEW.period_id)
       IS DISTINCT FROM (OLD.institution_id, OLD.section_id, OLD.course_class_id, OLD.day, OLD.period_id) THEN
        RAISE EXCEPTION 'a roll keeps its section, day and period'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attendance_session_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION school_yew.audit_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION school_yew.institutions_term_inside_year() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
DECLARE outside boolean;
BEGIN
    -- The table's own schema, not the path: an owner's maintenance may run with another path.
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %1$I.institutions_term t JOIN %1$I.institutions_academicyear y ON y.id = t.year_id
          WHERE y.id = $1 AND (t.starts_on < y.starts_on OR t.ends_on > y.ends_on))', TG_TABLE_SCHEMA)
        INTO outside USING CASE TG_TABLE_NAME WHEN 'institutions_term' THEN (to_jsonb(NEW)->>'year_id')::bigint ELSE NEW.id END;
    IF outside THEN
        RAISE EXCEPTION 'a term must lie inside its year'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'term_inside_year';
    END IF;
    RETURN NULL;
END $_$;
CREATE FUNCTION school_yew.students_enrolment_inside_year() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
DECLARE outside boolean;
BEGIN
    -- An exit is the first day no longer enrolled: the day after the year's last one at the latest.
    IF TG_TABLE_NAME = 'students_enrolment' THEN
        EXECUTE format(
            'SELECT EXISTS (SELECT 1 FROM %1$I.institutions_academicyear y WHERE y.id = $1
              AND ($2 < y.starts_on OR $2 > y.ends_on OR $3 > y.ends_on + 1))', TG_TABLE_SCHEMA)
            INTO outside USING NEW.year_id, NEW.entered_on, NEW.exited_on;
    ELSE
        EXECUTE format(
            'SELECT EXISTS (SELECT 1 FROM %1$I.students_enrolment e WHERE e.year_id = $1
              AND (e.entered_on < $2 OR e.entered_on > $3 OR e.exited_on > $3 + 1))', TG_TABLE_SCHEMA)
            INTO outside USING NEW.id, NEW.starts_on, NEW.ends_on;
    END IF;
    IF outside THEN
        RAISE EXCEPTION 'an enrolment must lie inside its year'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'enrolment_inside_year';
    END IF;
    RETURN NULL;
END $_$;
CREATE FUNCTION school_yew.students_membership_inside_enrolment() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
DECLARE
    wanted bigint := CASE TG_TABLE_NAME WHEN 'students_enrolment' THEN NEW.id
                     ELSE (to_jsonb(NEW)->>'enrolment_id')::bigint END;
    outside boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %1$I.students_sectionmembership m
           JOIN %1$I.students_enrolment e ON e.id = m.enrolment_id
           JOIN %1$I.institutions_section s ON s.id = m.section_id
          WHERE e.id = $1 AND (s.year_id <> e.year_id OR s.institution_id <> e.institution_id
             OR s.grade_level_id <> e.grade_level_id
             OR NOT daterange(e.entered_on, e.exited_on) @> daterange(m.starts_on, m.ends_on)))',
        TG_TABLE_SCHEMA) INTO outside USING wanted;
    IF outside THEN
        RAISE EXCEPTION 'a section membership must lie inside its enrolment, in a section of the same level and year'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'membership_inside_enrolment';
    END IF;
    RETURN NULL;
END $_$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.accounts_accountpolicy (
    id smallint NOT NULL,
    staff_need_totp boolean NOT NULL,
    version integer NOT NULL,
    CONSTRAINT account_policy_is_one_row CHECK ((id = 1)),
    CONSTRAINT accounts_accountpolicy_id_check CHECK ((id >= 0)),
    CONSTRAINT accounts_accountpolicy_version_check CHECK ((version >= 0))
);
CREATE TABLE public.accounts_onetimelink (
    id bigint NOT NULL,
    purpose character varying(10) NOT NULL,
    digest bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    user_id bigint NOT NULL
);
ALTER TABLE public.accounts_onetimelink ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_onetimelink_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.accounts_token (
    id bigint NOT NULL,
    kind character varying(1) NOT NULL,
    digest bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    family_id bigint NOT NULL
);
ALTER TABLE public.accounts_token ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.accounts_tokenfamily (
    id bigint NOT NULL,
    school_schema character varying(63) NOT NULL,
    label character varying(200) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_because character varying(100) NOT NULL,
    setup_only boolean NOT NULL,
    user_id bigint NOT NULL
);
ALTER TABLE public.accounts_tokenfamily ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_tokenfamily_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.accounts_user (
    id bigint NOT NULL,
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    sourced_id uuid NOT NULL,
    username character varying(150) NOT NULL,
    email character varying(254) NOT NULL,
    given_name character varying(100) NOT NULL,
    family_name character varying(100) NOT NULL,
    language character varying(12) NOT NULL,
    is_active boolean NOT NULL,
    must_change_password boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    deactivated_at timestamp with time zone,
    logins_ended_at timestamp with time zone,
    access_until timestamp with time zone,
    access_version integer DEFAULT 0 NOT NULL,
    CONSTRAINT accounts_user_access_version_check CHECK ((access_version >= 0)),
    CONSTRAINT user_username_form CHECK (((NOT ((username)::text ~~ '%@%'::text)) AND (NOT ((username)::text = ''::text))))
);
ALTER TABLE public.accounts_user ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_user_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.audit_auditentry (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id character varying(64) NOT NULL,
    actor_name character varying(200) NOT NULL,
    action character varying(100) NOT NULL,
    object_type character varying(100) NOT NULL,
    object_id character varying(64) NOT NULL,
    before jsonb,
    after jsonb,
    reason character varying(500) NOT NULL,
    request_id character varying(64) NOT NULL
);
ALTER TABLE public.audit_auditentry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.audit_auditentry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);
ALTER TABLE public.django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);
ALTER TABLE public.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);
CREATE TABLE public.otp_static_staticdevice (
    id integer NOT NULL,
    name character varying(64) NOT NULL,
    confirmed boolean NOT NULL,
    user_id bigint NOT NULL,
    throttling_failure_count integer NOT NULL,
    throttling_failure_timestamp timestamp with time zone,
    created_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT otp_static_staticdevice_throttling_failure_count_check CHECK ((throttling_failure_count >= 0))
);
ALTER TABLE public.otp_static_staticdevice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.otp_static_staticdevice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.otp_static_statictoken (
    id integer NOT NULL,
    token character varying(16) NOT NULL,
    device_id integer NOT NULL
);
ALTER TABLE public.otp_static_statictoken ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.otp_static_statictoken_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.otp_totp_totpdevice (
    id integer NOT NULL,
    name character varying(64) NOT NULL,
    confirmed boolean NOT NULL,
    key character varying(80) NOT NULL,
    step smallint NOT NULL,
    t0 bigint NOT NULL,
    digits smallint NOT NULL,
    tolerance smallint NOT NULL,
    drift smallint NOT NULL,
    last_t bigint NOT NULL,
    user_id bigint NOT NULL,
    throttling_failure_count integer NOT NULL,
    throttling_failure_timestamp timestamp with time zone,
    created_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT otp_totp_totpdevice_digits_check CHECK ((digits >= 0)),
    CONSTRAINT otp_totp_totpdevice_step_check CHECK ((step >= 0)),
    CONSTRAINT otp_totp_totpdevice_throttling_failure_count_check CHECK ((throttling_failure_count >= 0)),
    CONSTRAINT otp_totp_totpdevice_tolerance_check CHECK ((tolerance >= 0))
);
ALTER TABLE public.otp_totp_totpdevice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.otp_totp_totpdevice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.queues_attempt (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    school character varying(40) NOT NULL,
    task character varying(128) NOT NULL,
    number smallint NOT NULL,
    outcome character varying(12) NOT NULL,
    worker character varying(200) NOT NULL,
    error_class character varying(200) NOT NULL,
    error text NOT NULL,
    traceback text NOT NULL,
    at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);
ALTER TABLE public.queues_attempt ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.queues_attempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.queues_backlog (
    school character varying(40) NOT NULL,
    jobs integer NOT NULL,
    "full" boolean DEFAULT false NOT NULL,
    counted_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);
CREATE TABLE public.queues_deadletter (
    id bigint NOT NULL,
    school character varying(40) NOT NULL,
    queue character varying(32) NOT NULL,
    task character varying(128) NOT NULL,
    payload jsonb NOT NULL,
    meta jsonb NOT NULL,
    priority smallint NOT NULL,
    attempts smallint NOT NULL,
    crashes smallint NOT NULL,
    tracked boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    reason character varying(32) NOT NULL,
    error_class character varying(200) NOT NULL,
    error text NOT NULL,
    traceback text NOT NULL,
    dead_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    discarded_at timestamp with time zone,
    discarded_by character varying(200) DEFAULT ''::character varying NOT NULL,
    discard_reason character varying(500) DEFAULT ''::character varying NOT NULL
);
CREATE TABLE public.queues_job (
    id bigint NOT NULL,
    school character varying(40) NOT NULL,
    queue character varying(32) NOT NULL,
    task character varying(128) NOT NULL,
    payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    meta jsonb DEFAULT '{}'::jsonb NOT NULL,
    run_at timestamp with time zone,
    priority smallint DEFAULT 0 NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    crashes smallint DEFAULT 0 NOT NULL,
    deliveries smallint DEFAULT 0 NOT NULL,
    lease_token integer DEFAULT 0 NOT NULL,
    lease_until timestamp with time zone,
    sending_at timestamp with time zone,
    tracked boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
)
WITH (fillfactor='90', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='2000', autovacuum_vacuum_cost_delay='0', autovacuum_analyze_scale_factor='0', autovacuum_analyze_threshold='20000');
ALTER TABLE public.queues_job ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.queues_job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.queues_oncekey (
    school character varying(40) NOT NULL,
    queue character varying(32) NOT NULL,
    key bytea NOT NULL,
    job_id bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.queues_operatoraction (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    by character varying(200) NOT NULL,
    action character varying(64) NOT NULL,
    job_id bigint,
    school character varying(40) NOT NULL,
    facts jsonb DEFAULT '{}'::jsonb NOT NULL,
    reason character varying(500) NOT NULL
);
ALTER TABLE public.queues_operatoraction ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.queues_operatoraction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.queues_outcome (
    job_id bigint NOT NULL,
    school character varying(40) NOT NULL,
    queue character varying(32) NOT NULL,
    task character varying(128) NOT NULL,
    user_id character varying(64) NOT NULL,
    state character varying(12) NOT NULL,
    done integer,
    of integer,
    result jsonb,
    error text DEFAULT ''::text NOT NULL,
    updated_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.queues_queuestate (
    queue character varying(32) NOT NULL,
    paused_at timestamp with time zone,
    paused_by character varying(200) NOT NULL,
    reason character varying(500) NOT NULL
);
CREATE TABLE public.queues_rememberedanswer (
    school character varying(40) NOT NULL,
    user_id character varying(64) NOT NULL,
    key character varying(255) NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint,
    headers jsonb,
    body bytea,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.queues_tick (
    name character varying(128) NOT NULL,
    slot timestamp with time zone NOT NULL,
    job_id bigint NOT NULL,
    at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);
CREATE TABLE public.tenancy_domain (
    id bigint NOT NULL,
    domain character varying(253) NOT NULL,
    is_primary boolean NOT NULL,
    tenant_id bigint NOT NULL,
    CONSTRAINT domain_is_lower_case CHECK (((domain)::text = lower((domain)::text)))
);
ALTER TABLE public.tenancy_domain ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.tenancy_domain_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.tenancy_school (
    id bigint NOT NULL,
    schema_name character varying(63) NOT NULL,
    sourced_id uuid NOT NULL,
    slug character varying(40) NOT NULL,
    name character varying(200) NOT NULL,
    role_name character varying(63) NOT NULL,
    state character varying(16) NOT NULL,
    state_reason character varying(500) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT school_deleted_has_date CHECK ((((deleted_at IS NOT NULL) AND ((state)::text = 'deleted'::text)) OR ((NOT ((state)::text = 'deleted'::text)) AND (deleted_at IS NULL)))),
    CONSTRAINT school_stands_in_its_own_schema CHECK ((((schema_name)::text ~~ 'school\_%'::text) AND (NOT ((role_name)::text = ANY ((ARRAY[''::character varying, 'none'::character varying])::text[])))))
);
ALTER TABLE public.tenancy_school ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.tenancy_school_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.tenancy_supportgrant (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    operator_id uuid NOT NULL,
    operator character varying(150) NOT NULL,
    reason character varying(500) NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    school_id bigint NOT NULL,
    CONSTRAINT support_is_short_and_has_a_reason CHECK (((ends_at > starts_at) AND (ends_at <= (starts_at + '08:00:00'::interval)) AND (NOT ((reason)::text = ''::text))))
);
ALTER TABLE public.tenancy_supportgrant ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.tenancy_supportgrant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.access_role (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    code character varying(40) NOT NULL,
    name character varying(80) NOT NULL,
    builtin boolean NOT NULL,
    scope character varying(20) NOT NULL,
    version integer NOT NULL,
    CONSTRAINT access_role_version_check CHECK ((version >= 0))
);
ALTER TABLE school_ash.access_role ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.access_role_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.access_roleassignment (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    starts_on date,
    ends_on date,
    institution_id bigint,
    role_id bigint NOT NULL,
    user_id bigint NOT NULL,
    CONSTRAINT role_ends_after_it_starts CHECK (((ends_on IS NULL) OR (starts_on IS NULL) OR (ends_on >= starts_on)))
);
ALTER TABLE school_ash.access_roleassignment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.access_roleassignment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.access_rolepermission (
    id bigint NOT NULL,
    permission character varying(80) NOT NULL,
    role_id bigint NOT NULL
);
ALTER TABLE school_ash.access_rolepermission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.access_rolepermission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.accounts_accountpolicy (
    id smallint NOT NULL,
    staff_need_totp boolean NOT NULL,
    version integer NOT NULL,
    CONSTRAINT account_policy_is_one_row CHECK ((id = 1)),
    CONSTRAINT accounts_accountpolicy_id_check CHECK ((id >= 0)),
    CONSTRAINT accounts_accountpolicy_version_check CHECK ((version >= 0))
);
CREATE TABLE school_ash.accounts_onetimelink (
    id bigint NOT NULL,
    purpose character varying(10) NOT NULL,
    digest bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    user_id bigint NOT NULL
);
ALTER TABLE school_ash.accounts_onetimelink ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.accounts_onetimelink_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.accounts_token (
    id bigint NOT NULL,
    kind character varying(1) NOT NULL,
    digest bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    family_id bigint NOT NULL
);
ALTER TABLE school_ash.accounts_token ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.accounts_token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.accounts_tokenfamily (
    id bigint NOT NULL,
    school_schema character varying(63) NOT NULL,
    label character varying(200) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_because character varying(100) NOT NULL,
    setup_only boolean NOT NULL,
    user_id bigint NOT NULL
);
ALTER TABLE school_ash.accounts_tokenfamily ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.accounts_tokenfamily_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.accounts_user (
    id bigint NOT NULL,
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    sourced_id uuid NOT NULL,
    username character varying(150) NOT NULL,
    email character varying(254) NOT NULL,
    given_name character varying(100) NOT NULL,
    family_name character varying(100) NOT NULL,
    language character varying(12) NOT NULL,
    is_active boolean NOT NULL,
    must_change_password boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    deactivated_at timestamp with time zone,
    logins_ended_at timestamp with time zone,
    access_until timestamp with time zone,
    access_version integer DEFAULT 0 NOT NULL,
    CONSTRAINT accounts_user_access_version_check CHECK ((access_version >= 0)),
    CONSTRAINT user_username_form CHECK (((NOT ((username)::text ~~ '%@%'::text)) AND (NOT ((username)::text = ''::text))))
);
ALTER TABLE school_ash.accounts_user ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.accounts_user_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.attendance_attendancechange (
    id bigint NOT NULL,
    day date NOT NULL,
    session_version integer NOT NULL,
    before jsonb,
    after jsonb,
    at timestamp with time zone NOT NULL,
    by_id bigint,
    student_id bigint NOT NULL,
    session_id bigint NOT NULL,
    CONSTRAINT attendance_attendancechange_session_version_check CHECK ((session_version >= 0))
);
ALTER TABLE school_ash.attendance_attendancechange ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.attendance_attendancechange_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.attendance_attendancecode (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    code character varying(8) NOT NULL,
    name character varying(60) NOT NULL,
    direction character varying(3) NOT NULL,
    state character varying(7) NOT NULL,
    excused boolean NOT NULL,
    late boolean NOT NULL,
    teacher_selectable boolean NOT NULL,
    "default" boolean NOT NULL,
    retired boolean NOT NULL,
    "position" smallint NOT NULL,
    version integer NOT NULL,
    CONSTRAINT attendance_attendancecode_position_check CHECK (("position" >= 0)),
    CONSTRAINT attendance_attendancecode_version_check CHECK ((version >= 0)),
    CONSTRAINT attendance_default_can_be_chosen CHECK (((NOT "default") OR ((NOT retired) AND teacher_selectable)))
);
ALTER TABLE school_ash.attendance_attendancecode ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.attendance_attendancecode_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.attendance_attendancepolicy (
    id bigint NOT NULL,
    edit_window_days smallint NOT NULL,
    correction_window_minutes smallint NOT NULL,
    absent_from_share numeric(3,2) NOT NULL,
    half_from_share numeric(3,2) NOT NULL,
    day_starts_at time without time zone NOT NULL,
    day_ends_at time without time zone NOT NULL,
    daily_rolls boolean NOT NULL,
    period_rolls boolean NOT NULL,
    version integer NOT NULL,
    institution_id bigint NOT NULL,
    CONSTRAINT attendance_attendancepolicy_correction_window_minutes_check CHECK ((correction_window_minutes >= 0)),
    CONSTRAINT attendance_attendancepolicy_edit_window_days_check CHECK ((edit_window_days >= 0)),
    CONSTRAINT attendance_attendancepolicy_version_check CHECK ((version >= 0)),
    CONSTRAINT attendance_policy_day_ends_after_it_starts CHECK ((day_ends_at > day_starts_at)),
    CONSTRAINT attendance_policy_shares CHECK (((half_from_share > (0)::numeric) AND (absent_from_share > half_from_share) AND (absent_from_share <= (1)::numeric)))
);
ALTER TABLE school_ash.attendance_attendancepolicy ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.attendance_attendancepolicy_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.attendance_attendancerecord (
    id bigint NOT NULL,
    day date NOT NULL,
    code bigint GENERATED ALWAYS AS (COALESCE(office_code_id, teacher_code_id)) STORED,
    state character varying(7) NOT NULL,
    excused boolean NOT NULL,
    arrived_at time without time zone,
    left_at time without time zone,
    remark character varying(300) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    institution_id bigint NOT NULL,
    office_code_id bigint,
    section_id bigint,
    student_id bigint NOT NULL,
    teacher_code_id bigint,
    session_id bigint NOT NULL,
    CONSTRAINT attendance_has_a_code CHECK (((teacher_code_id IS NOT NULL) OR (office_code_id IS NOT NULL)))
);
ALTER TABLE school_ash.attendance_attendancerecord ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.attendance_attendancerecord_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.attendance_attendancesession (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    day date NOT NULL,
    state character varying(9) NOT NULL,
    version integer NOT NULL,
    taken_at timestamp with time zone,
    locked_at timestamp with time zone,
    locked_reason character varying(200) NOT NULL,
    reopened_until timestamp with time zone,
    reopened_reason character varying(200) NOT NULL,
    course_class_id bigint,
    institution_id bigint NOT NULL,
    period_id bigint,
    section_id bigint,
    taken_by_id bigint,
    CONSTRAINT attendance_attendancesession_version_check CHECK ((version >= 0)),
    CONSTRAINT attendance_locked_with_reason CHECK (((NOT ((state)::text = 'locked'::text)) OR (NOT ((locked_reason)::text = ''::text)))),
    CONSTRAINT attendance_reopened_with_reason CHECK ((((reopened_until IS NOT NULL) AND ((state)::text = 'reopened'::text) AND (NOT ((reopened_reason)::text = ''::text))) OR (NOT ((state)::text = 'reopened'::text)))),
    CONSTRAINT attendance_section_or_class CHECK ((((course_class_id IS NULL) AND (section_id IS NOT NULL)) OR ((course_class_id IS NOT NULL) AND (section_id IS NULL))))
);
ALTER TABLE school_ash.attendance_attendancesession ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.attendance_attendancesession_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.attendance_dailyattendance (
    id bigint NOT NULL,
    day date NOT NULL,
    state character varying(7) NOT NULL,
    excused boolean NOT NULL,
    late boolean NOT NULL,
    minutes_missed smallint NOT NULL,
    institution_id bigint NOT NULL,
    section_id bigint,
    student_id bigint NOT NULL,
    CONSTRAINT attendance_dailyattendance_minutes_missed_check CHECK ((minutes_missed >= 0))
);
ALTER TABLE school_ash.attendance_dailyattendance ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.attendance_dailyattendance_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.attendance_deskentry (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    day date NOT NULL,
    arrived_at time without time zone,
    left_at time without time zone,
    remark character varying(300) NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    code_id bigint NOT NULL,
    entered_by_id bigint,
    institution_id bigint NOT NULL,
    period_id bigint,
    student_id bigint NOT NULL
);
ALTER TABLE school_ash.attendance_deskentry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.attendance_deskentry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.attendance_leave (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    reason character varying(300) NOT NULL,
    state character varying(9) NOT NULL,
    decided_at timestamp with time zone,
    decision_note character varying(300) NOT NULL,
    code_id bigint NOT NULL,
    decided_by_id bigint,
    requested_by_id bigint,
    student_id bigint NOT NULL,
    CONSTRAINT leave_ends_after_start CHECK ((ends_on >= starts_on))
);
ALTER TABLE school_ash.attendance_leave ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.attendance_leave_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.audit_auditentry (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id character varying(64) NOT NULL,
    actor_name character varying(200) NOT NULL,
    action character varying(100) NOT NULL,
    object_type character varying(100) NOT NULL,
    object_id character varying(64) NOT NULL,
    before jsonb,
    after jsonb,
    reason character varying(500) NOT NULL,
    request_id character varying(64) NOT NULL
);
ALTER TABLE school_ash.audit_auditentry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.audit_auditentry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);
ALTER TABLE school_ash.django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);
ALTER TABLE school_ash.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);
CREATE TABLE school_ash.exchange_counterpart (
    id bigint NOT NULL,
    kind character varying(16) NOT NULL,
    row_id bigint NOT NULL,
    external_id character varying(520),
    "values" jsonb NOT NULL,
    run_id bigint
);
ALTER TABLE school_ash.exchange_counterpart ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.exchange_counterpart_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.exchange_headermapping (
    id bigint NOT NULL,
    source character varying(10) NOT NULL,
    header character varying(200) NOT NULL,
    field character varying(60) NOT NULL
);
ALTER TABLE school_ash.exchange_headermapping ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.exchange_headermapping_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.exchange_import (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    source character varying(10) NOT NULL,
    file character varying(300) NOT NULL,
    file_name character varying(200) NOT NULL,
    sha256 character varying(64) NOT NULL,
    state character varying(9) NOT NULL,
    received_at timestamp with time zone NOT NULL,
    validated_at timestamp with time zone,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    counts jsonb NOT NULL,
    notes jsonb NOT NULL,
    problem jsonb,
    headers jsonb NOT NULL,
    mapping jsonb NOT NULL,
    done integer NOT NULL,
    of integer NOT NULL,
    job_id bigint,
    by_id bigint,
    institution_id bigint,
    moved_at timestamp with time zone,
    reading integer NOT NULL,
    turn integer NOT NULL,
    cleared_at timestamp with time zone,
    CONSTRAINT exchange_import_done_check CHECK ((done >= 0)),
    CONSTRAINT exchange_import_of_check CHECK ((of >= 0)),
    CONSTRAINT exchange_import_reading_check CHECK ((reading >= 0)),
    CONSTRAINT exchange_import_turn_check CHECK ((turn >= 0))
);
ALTER TABLE school_ash.exchange_import ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.exchange_import_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.exchange_importrow (
    id bigint NOT NULL,
    file character varying(100) NOT NULL,
    "row" integer NOT NULL,
    kind character varying(16) NOT NULL,
    key character varying(520) NOT NULL,
    "natural" character varying(320) NOT NULL,
    name character varying(250) NOT NULL,
    "values" jsonb NOT NULL,
    action character varying(9) NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    kept jsonb NOT NULL,
    errors jsonb NOT NULL,
    target_id bigint,
    "table" character varying(16) NOT NULL,
    applied boolean NOT NULL,
    undo jsonb NOT NULL,
    run_id bigint NOT NULL,
    CONSTRAINT exchange_importrow_row_check CHECK (("row" >= 0))
);
ALTER TABLE school_ash.exchange_importrow ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.exchange_importrow_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.institutions_academicyear (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    name character varying(60) NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    state character varying(8) NOT NULL,
    institution_id bigint NOT NULL,
    CONSTRAINT year_ends_after_it_starts CHECK ((ends_on > starts_on))
);
ALTER TABLE school_ash.institutions_academicyear ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.institutions_academicyear_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.institutions_calendarday (
    id bigint NOT NULL,
    day date NOT NULL,
    kind character varying(13) NOT NULL,
    title character varying(120) NOT NULL,
    starts_at time without time zone,
    ends_at time without time zone,
    institution_id bigint NOT NULL,
    CONSTRAINT calendar_timing_change_has_times CHECK (((NOT ((kind)::text = 'timing-change'::text)) OR ((ends_at > starts_at) AND (starts_at IS NOT NULL))))
);
ALTER TABLE school_ash.institutions_calendarday ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.institutions_calendarday_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.institutions_course (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    code character varying(40) NOT NULL,
    title character varying(200) NOT NULL,
    subject character varying(100) NOT NULL,
    subject_code character varying(40) NOT NULL,
    grade_level_id bigint,
    institution_id bigint NOT NULL
);
ALTER TABLE school_ash.institutions_course ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.institutions_course_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.institutions_courseclass (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    code character varying(60) NOT NULL,
    title character varying(200) NOT NULL,
    room character varying(60) NOT NULL,
    course_id bigint NOT NULL,
    year_id bigint NOT NULL,
    institution_id bigint NOT NULL,
    section_id bigint
);
ALTER TABLE school_ash.institutions_courseclass ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.institutions_courseclass_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.institutions_courseclassterm (
    id bigint NOT NULL,
    course_class_id bigint NOT NULL,
    term_id bigint NOT NULL
);
ALTER TABLE school_ash.institutions_courseclassterm ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.institutions_courseclassterm_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.institutions_gradelevel (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    name character varying(60) NOT NULL,
    code character varying(12) NOT NULL,
    "position" smallint NOT NULL,
    next_level_id bigint,
    CONSTRAINT institutions_gradelevel_position_check CHECK (("position" >= 0))
);
ALTER TABLE school_ash.institutions_gradelevel ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.institutions_gradelevel_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.institutions_institution (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    code character varying(20) NOT NULL,
    timezone character varying(64) NOT NULL,
    currency character varying(3) NOT NULL,
    locale character varying(12) NOT NULL,
    address text NOT NULL,
    phone character varying(40) NOT NULL,
    email character varying(254) NOT NULL,
    logo character varying(100) NOT NULL,
    brand_colour character varying(7) NOT NULL,
    weekend smallint[] NOT NULL,
    CONSTRAINT institution_currency_iso4217 CHECK (((currency)::text ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT institution_weekend_iso_weekdays CHECK ((weekend <@ ARRAY[(1)::smallint, (2)::smallint, (3)::smallint, (4)::smallint, (5)::smallint, (6)::smallint, (7)::smallint]))
);
ALTER TABLE school_ash.institutions_institution ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.institutions_institution_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.institutions_section (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    name character varying(60) NOT NULL,
    room character varying(60) NOT NULL,
    capacity smallint,
    grade_level_id bigint NOT NULL,
    institution_id bigint NOT NULL,
    year_id bigint NOT NULL,
    CONSTRAINT institutions_section_capacity_check CHECK ((capacity >= 0))
);
ALTER TABLE school_ash.institutions_section ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.institutions_section_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.institutions_term (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    name character varying(60) NOT NULL,
    kind character varying(13) NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    posting_opens_on date,
    posting_closes_on date,
    parent_id bigint,
    year_id bigint NOT NULL,
    CONSTRAINT term_ends_after_it_starts CHECK ((ends_on >= starts_on)),
    CONSTRAINT term_posting_closes_after_it_opens CHECK ((posting_closes_on >= posting_opens_on))
);
ALTER TABLE school_ash.institutions_term ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.institutions_term_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.office_savedfilter (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    listed character varying(100) NOT NULL,
    name character varying(60) NOT NULL,
    query character varying(1000) NOT NULL,
    user_id bigint NOT NULL
);
ALTER TABLE school_ash.office_savedfilter ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.office_savedfilter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.otp_static_staticdevice (
    id integer NOT NULL,
    name character varying(64) NOT NULL,
    confirmed boolean NOT NULL,
    user_id bigint NOT NULL,
    throttling_failure_count integer NOT NULL,
    throttling_failure_timestamp timestamp with time zone,
    created_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT otp_static_staticdevice_throttling_failure_count_check CHECK ((throttling_failure_count >= 0))
);
ALTER TABLE school_ash.otp_static_staticdevice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.otp_static_staticdevice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.otp_static_statictoken (
    id integer NOT NULL,
    token character varying(16) NOT NULL,
    device_id integer NOT NULL
);
ALTER TABLE school_ash.otp_static_statictoken ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.otp_static_statictoken_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.otp_totp_totpdevice (
    id integer NOT NULL,
    name character varying(64) NOT NULL,
    confirmed boolean NOT NULL,
    key character varying(80) NOT NULL,
    step smallint NOT NULL,
    t0 bigint NOT NULL,
    digits smallint NOT NULL,
    tolerance smallint NOT NULL,
    drift smallint NOT NULL,
    last_t bigint NOT NULL,
    user_id bigint NOT NULL,
    throttling_failure_count integer NOT NULL,
    throttling_failure_timestamp timestamp with time zone,
    created_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT otp_totp_totpdevice_digits_check CHECK ((digits >= 0)),
    CONSTRAINT otp_totp_totpdevice_step_check CHECK ((step >= 0)),
    CONSTRAINT otp_totp_totpdevice_throttling_failure_count_check CHECK ((throttling_failure_count >= 0)),
    CONSTRAINT otp_totp_totpdevice_tolerance_check CHECK ((tolerance >= 0))
);
ALTER TABLE school_ash.otp_totp_totpdevice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.otp_totp_totpdevice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.staff_staffmember (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    staff_number character varying(40) NOT NULL,
    given_name character varying(100) NOT NULL,
    family_name character varying(100) NOT NULL,
    email character varying(254) NOT NULL,
    phone character varying(40) NOT NULL,
    job_title character varying(100) NOT NULL,
    starts_on date,
    ends_on date,
    version integer NOT NULL,
    institution_id bigint NOT NULL,
    user_id bigint,
    CONSTRAINT staff_ends_after_start CHECK (((ends_on IS NULL) OR (starts_on IS NULL) OR (ends_on >= starts_on))),
    CONSTRAINT staff_staffmember_version_check CHECK ((version >= 0))
);
ALTER TABLE school_ash.staff_staffmember ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.staff_staffmember_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.staff_substitution (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    day date NOT NULL,
    reason character varying(200) NOT NULL,
    course_class_id bigint,
    instead_of_id bigint,
    section_id bigint,
    staff_id bigint NOT NULL,
    CONSTRAINT substitution_by_another CHECK (((instead_of_id IS NULL) OR (NOT ((instead_of_id = staff_id) AND (instead_of_id IS NOT NULL))))),
    CONSTRAINT substitution_section_or_class CHECK ((((course_class_id IS NULL) AND (section_id IS NOT NULL)) OR ((course_class_id IS NOT NULL) AND (section_id IS NULL))))
);
ALTER TABLE school_ash.staff_substitution ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.staff_substitution_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.staff_teachingassignment (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    kind character varying(9) NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    course_class_id bigint,
    section_id bigint,
    staff_id bigint NOT NULL,
    CONSTRAINT assignment_ends_after_start CHECK (((ends_on IS NULL) OR (ends_on >= starts_on))),
    CONSTRAINT assignment_section_or_class CHECK ((((course_class_id IS NULL) AND (section_id IS NOT NULL)) OR ((course_class_id IS NOT NULL) AND (section_id IS NULL))))
);
ALTER TABLE school_ash.staff_teachingassignment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.staff_teachingassignment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.students_classenrolment (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    course_class_id bigint NOT NULL,
    student_id bigint NOT NULL,
    CONSTRAINT class_enrolment_ends_after_start CHECK (((ends_on IS NULL) OR (ends_on >= starts_on)))
);
ALTER TABLE school_ash.students_classenrolment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.students_classenrolment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.students_enrolment (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    entered_on date NOT NULL,
    entry_kind character varying(14) NOT NULL,
    exited_on date,
    exit_kind character varying(15) NOT NULL,
    "primary" boolean NOT NULL,
    grade_level_id bigint NOT NULL,
    institution_id bigint NOT NULL,
    year_id bigint NOT NULL,
    student_id bigint NOT NULL,
    CONSTRAINT enrolment_exit_after_entry CHECK (((((exit_kind)::text = ''::text) AND (exited_on IS NULL)) OR ((exited_on >= entered_on) AND (NOT ((exit_kind)::text = ''::text)))))
);
ALTER TABLE school_ash.students_enrolment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.students_enrolment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.students_guardian (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    given_name character varying(100) NOT NULL,
    family_name character varying(100) NOT NULL,
    email character varying(254) NOT NULL,
    phone character varying(40) NOT NULL,
    address text NOT NULL,
    language character varying(12) NOT NULL,
    version integer NOT NULL,
    user_id bigint,
    CONSTRAINT students_guardian_version_check CHECK ((version >= 0))
);
ALTER TABLE school_ash.students_guardian ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.students_guardian_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.students_sectionmembership (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    roll_number smallint,
    enrolment_id bigint NOT NULL,
    section_id bigint NOT NULL,
    student_id bigint NOT NULL,
    CONSTRAINT membership_ends_after_start CHECK (((ends_on IS NULL) OR (ends_on >= starts_on))),
    CONSTRAINT students_sectionmembership_roll_number_check CHECK ((roll_number >= 0))
);
ALTER TABLE school_ash.students_sectionmembership ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.students_sectionmembership_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.students_student (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    admission_number character varying(40) NOT NULL,
    given_name character varying(100) NOT NULL,
    middle_name character varying(100) NOT NULL,
    family_name character varying(100) NOT NULL,
    preferred_name character varying(100) NOT NULL,
    birth_date date,
    sex character varying(11) NOT NULL,
    email character varying(254) NOT NULL,
    phone character varying(40) NOT NULL,
    address text NOT NULL,
    photo character varying(100) NOT NULL,
    medical_note text NOT NULL,
    version integer NOT NULL,
    institution_id bigint NOT NULL,
    merged_into_id bigint,
    user_id bigint,
    CONSTRAINT student_has_a_name CHECK ((NOT ((given_name)::text = ''::text))),
    CONSTRAINT student_not_merged_into_itself CHECK (((merged_into_id IS NULL) OR (NOT ((merged_into_id = id) AND (merged_into_id IS NOT NULL))))),
    CONSTRAINT students_student_version_check CHECK ((version >= 0))
);
ALTER TABLE school_ash.students_student ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.students_student_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.students_studentguardian (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    relation character varying(13) NOT NULL,
    legal_guardian boolean NOT NULL,
    lives_with boolean NOT NULL,
    emergency_contact boolean NOT NULL,
    contact_priority smallint NOT NULL,
    data_access boolean NOT NULL,
    restriction_note text NOT NULL,
    receives_invoices boolean NOT NULL,
    channels character varying(8)[] NOT NULL,
    guardian_id bigint NOT NULL,
    student_id bigint NOT NULL,
    CONSTRAINT guardian_priority_from_one CHECK ((contact_priority >= 1)),
    CONSTRAINT students_studentguardian_contact_priority_check CHECK ((contact_priority >= 0))
);
ALTER TABLE school_ash.students_studentguardian ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.students_studentguardian_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.timetable_meeting (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    weekday smallint NOT NULL,
    room character varying(60) NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    course_class_id bigint NOT NULL,
    period_id bigint NOT NULL,
    CONSTRAINT meeting_ends_after_start CHECK (((ends_on IS NULL) OR (ends_on >= starts_on))),
    CONSTRAINT meeting_iso_weekday CHECK (((weekday >= 1) AND (weekday <= 7))),
    CONSTRAINT timetable_meeting_weekday_check CHECK ((weekday >= 0))
);
ALTER TABLE school_ash.timetable_meeting ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.timetable_meeting_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_ash.timetable_period (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    name character varying(40) NOT NULL,
    "position" smallint NOT NULL,
    starts_at time without time zone NOT NULL,
    ends_at time without time zone NOT NULL,
    institution_id bigint NOT NULL,
    CONSTRAINT period_ends_after_start CHECK ((ends_at > starts_at)),
    CONSTRAINT timetable_period_position_check CHECK (("position" >= 0))
);
ALTER TABLE school_ash.timetable_period ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_ash.timetable_period_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.access_role (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    code character varying(40) NOT NULL,
    name character varying(80) NOT NULL,
    builtin boolean NOT NULL,
    scope character varying(20) NOT NULL,
    version integer NOT NULL,
    CONSTRAINT access_role_version_check CHECK ((version >= 0))
);
ALTER TABLE school_yew.access_role ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.access_role_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.access_roleassignment (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    starts_on date,
    ends_on date,
    institution_id bigint,
    role_id bigint NOT NULL,
    user_id bigint NOT NULL,
    CONSTRAINT role_ends_after_it_starts CHECK (((ends_on IS NULL) OR (starts_on IS NULL) OR (ends_on >= starts_on)))
);
ALTER TABLE school_yew.access_roleassignment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.access_roleassignment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.access_rolepermission (
    id bigint NOT NULL,
    permission character varying(80) NOT NULL,
    role_id bigint NOT NULL
);
ALTER TABLE school_yew.access_rolepermission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.access_rolepermission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.accounts_accountpolicy (
    id smallint NOT NULL,
    staff_need_totp boolean NOT NULL,
    version integer NOT NULL,
    CONSTRAINT account_policy_is_one_row CHECK ((id = 1)),
    CONSTRAINT accounts_accountpolicy_id_check CHECK ((id >= 0)),
    CONSTRAINT accounts_accountpolicy_version_check CHECK ((version >= 0))
);
CREATE TABLE school_yew.accounts_onetimelink (
    id bigint NOT NULL,
    purpose character varying(10) NOT NULL,
    digest bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    user_id bigint NOT NULL
);
ALTER TABLE school_yew.accounts_onetimelink ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.accounts_onetimelink_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.accounts_token (
    id bigint NOT NULL,
    kind character varying(1) NOT NULL,
    digest bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    family_id bigint NOT NULL
);
ALTER TABLE school_yew.accounts_token ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.accounts_token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.accounts_tokenfamily (
    id bigint NOT NULL,
    school_schema character varying(63) NOT NULL,
    label character varying(200) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_because character varying(100) NOT NULL,
    setup_only boolean NOT NULL,
    user_id bigint NOT NULL
);
ALTER TABLE school_yew.accounts_tokenfamily ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.accounts_tokenfamily_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.accounts_user (
    id bigint NOT NULL,
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    sourced_id uuid NOT NULL,
    username character varying(150) NOT NULL,
    email character varying(254) NOT NULL,
    given_name character varying(100) NOT NULL,
    family_name character varying(100) NOT NULL,
    language character varying(12) NOT NULL,
    is_active boolean NOT NULL,
    must_change_password boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    deactivated_at timestamp with time zone,
    logins_ended_at timestamp with time zone,
    access_until timestamp with time zone,
    access_version integer DEFAULT 0 NOT NULL,
    CONSTRAINT accounts_user_access_version_check CHECK ((access_version >= 0)),
    CONSTRAINT user_username_form CHECK (((NOT ((username)::text ~~ '%@%'::text)) AND (NOT ((username)::text = ''::text))))
);
ALTER TABLE school_yew.accounts_user ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.accounts_user_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.attendance_attendancechange (
    id bigint NOT NULL,
    day date NOT NULL,
    session_version integer NOT NULL,
    before jsonb,
    after jsonb,
    at timestamp with time zone NOT NULL,
    by_id bigint,
    student_id bigint NOT NULL,
    session_id bigint NOT NULL,
    CONSTRAINT attendance_attendancechange_session_version_check CHECK ((session_version >= 0))
);
ALTER TABLE school_yew.attendance_attendancechange ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.attendance_attendancechange_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.attendance_attendancecode (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    code character varying(8) NOT NULL,
    name character varying(60) NOT NULL,
    direction character varying(3) NOT NULL,
    state character varying(7) NOT NULL,
    excused boolean NOT NULL,
    late boolean NOT NULL,
    teacher_selectable boolean NOT NULL,
    "default" boolean NOT NULL,
    retired boolean NOT NULL,
    "position" smallint NOT NULL,
    version integer NOT NULL,
    CONSTRAINT attendance_attendancecode_position_check CHECK (("position" >= 0)),
    CONSTRAINT attendance_attendancecode_version_check CHECK ((version >= 0)),
    CONSTRAINT attendance_default_can_be_chosen CHECK (((NOT "default") OR ((NOT retired) AND teacher_selectable)))
);
ALTER TABLE school_yew.attendance_attendancecode ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.attendance_attendancecode_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.attendance_attendancepolicy (
    id bigint NOT NULL,
    edit_window_days smallint NOT NULL,
    correction_window_minutes smallint NOT NULL,
    absent_from_share numeric(3,2) NOT NULL,
    half_from_share numeric(3,2) NOT NULL,
    day_starts_at time without time zone NOT NULL,
    day_ends_at time without time zone NOT NULL,
    daily_rolls boolean NOT NULL,
    period_rolls boolean NOT NULL,
    version integer NOT NULL,
    institution_id bigint NOT NULL,
    CONSTRAINT attendance_attendancepolicy_correction_window_minutes_check CHECK ((correction_window_minutes >= 0)),
    CONSTRAINT attendance_attendancepolicy_edit_window_days_check CHECK ((edit_window_days >= 0)),
    CONSTRAINT attendance_attendancepolicy_version_check CHECK ((version >= 0)),
    CONSTRAINT attendance_policy_day_ends_after_it_starts CHECK ((day_ends_at > day_starts_at)),
    CONSTRAINT attendance_policy_shares CHECK (((half_from_share > (0)::numeric) AND (absent_from_share > half_from_share) AND (absent_from_share <= (1)::numeric)))
);
ALTER TABLE school_yew.attendance_attendancepolicy ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.attendance_attendancepolicy_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.attendance_attendancerecord (
    id bigint NOT NULL,
    day date NOT NULL,
    code bigint GENERATED ALWAYS AS (COALESCE(office_code_id, teacher_code_id)) STORED,
    state character varying(7) NOT NULL,
    excused boolean NOT NULL,
    arrived_at time without time zone,
    left_at time without time zone,
    remark character varying(300) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    institution_id bigint NOT NULL,
    office_code_id bigint,
    section_id bigint,
    student_id bigint NOT NULL,
    teacher_code_id bigint,
    session_id bigint NOT NULL,
    CONSTRAINT attendance_has_a_code CHECK (((teacher_code_id IS NOT NULL) OR (office_code_id IS NOT NULL)))
);
ALTER TABLE school_yew.attendance_attendancerecord ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.attendance_attendancerecord_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.attendance_attendancesession (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    day date NOT NULL,
    state character varying(9) NOT NULL,
    version integer NOT NULL,
    taken_at timestamp with time zone,
    locked_at timestamp with time zone,
    locked_reason character varying(200) NOT NULL,
    reopened_until timestamp with time zone,
    reopened_reason character varying(200) NOT NULL,
    course_class_id bigint,
    institution_id bigint NOT NULL,
    period_id bigint,
    section_id bigint,
    taken_by_id bigint,
    CONSTRAINT attendance_attendancesession_version_check CHECK ((version >= 0)),
    CONSTRAINT attendance_locked_with_reason CHECK (((NOT ((state)::text = 'locked'::text)) OR (NOT ((locked_reason)::text = ''::text)))),
    CONSTRAINT attendance_reopened_with_reason CHECK ((((reopened_until IS NOT NULL) AND ((state)::text = 'reopened'::text) AND (NOT ((reopened_reason)::text = ''::text))) OR (NOT ((state)::text = 'reopened'::text)))),
    CONSTRAINT attendance_section_or_class CHECK ((((course_class_id IS NULL) AND (section_id IS NOT NULL)) OR ((course_class_id IS NOT NULL) AND (section_id IS NULL))))
);
ALTER TABLE school_yew.attendance_attendancesession ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.attendance_attendancesession_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.attendance_dailyattendance (
    id bigint NOT NULL,
    day date NOT NULL,
    state character varying(7) NOT NULL,
    excused boolean NOT NULL,
    late boolean NOT NULL,
    minutes_missed smallint NOT NULL,
    institution_id bigint NOT NULL,
    section_id bigint,
    student_id bigint NOT NULL,
    CONSTRAINT attendance_dailyattendance_minutes_missed_check CHECK ((minutes_missed >= 0))
);
ALTER TABLE school_yew.attendance_dailyattendance ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.attendance_dailyattendance_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.attendance_deskentry (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    day date NOT NULL,
    arrived_at time without time zone,
    left_at time without time zone,
    remark character varying(300) NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    code_id bigint NOT NULL,
    entered_by_id bigint,
    institution_id bigint NOT NULL,
    period_id bigint,
    student_id bigint NOT NULL
);
ALTER TABLE school_yew.attendance_deskentry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.attendance_deskentry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.attendance_leave (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    reason character varying(300) NOT NULL,
    state character varying(9) NOT NULL,
    decided_at timestamp with time zone,
    decision_note character varying(300) NOT NULL,
    code_id bigint NOT NULL,
    decided_by_id bigint,
    requested_by_id bigint,
    student_id bigint NOT NULL,
    CONSTRAINT leave_ends_after_start CHECK ((ends_on >= starts_on))
);
ALTER TABLE school_yew.attendance_leave ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.attendance_leave_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.audit_auditentry (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id character varying(64) NOT NULL,
    actor_name character varying(200) NOT NULL,
    action character varying(100) NOT NULL,
    object_type character varying(100) NOT NULL,
    object_id character varying(64) NOT NULL,
    before jsonb,
    after jsonb,
    reason character varying(500) NOT NULL,
    request_id character varying(64) NOT NULL
);
ALTER TABLE school_yew.audit_auditentry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.audit_auditentry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);
ALTER TABLE school_yew.django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);
ALTER TABLE school_yew.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);
CREATE TABLE school_yew.exchange_counterpart (
    id bigint NOT NULL,
    kind character varying(16) NOT NULL,
    row_id bigint NOT NULL,
    external_id character varying(520),
    "values" jsonb NOT NULL,
    run_id bigint
);
ALTER TABLE school_yew.exchange_counterpart ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.exchange_counterpart_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.exchange_headermapping (
    id bigint NOT NULL,
    source character varying(10) NOT NULL,
    header character varying(200) NOT NULL,
    field character varying(60) NOT NULL
);
ALTER TABLE school_yew.exchange_headermapping ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.exchange_headermapping_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.exchange_import (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    source character varying(10) NOT NULL,
    file character varying(300) NOT NULL,
    file_name character varying(200) NOT NULL,
    sha256 character varying(64) NOT NULL,
    state character varying(9) NOT NULL,
    received_at timestamp with time zone NOT NULL,
    validated_at timestamp with time zone,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    counts jsonb NOT NULL,
    notes jsonb NOT NULL,
    problem jsonb,
    headers jsonb NOT NULL,
    mapping jsonb NOT NULL,
    done integer NOT NULL,
    of integer NOT NULL,
    job_id bigint,
    by_id bigint,
    institution_id bigint,
    moved_at timestamp with time zone,
    reading integer NOT NULL,
    turn integer NOT NULL,
    cleared_at timestamp with time zone,
    CONSTRAINT exchange_import_done_check CHECK ((done >= 0)),
    CONSTRAINT exchange_import_of_check CHECK ((of >= 0)),
    CONSTRAINT exchange_import_reading_check CHECK ((reading >= 0)),
    CONSTRAINT exchange_import_turn_check CHECK ((turn >= 0))
);
ALTER TABLE school_yew.exchange_import ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.exchange_import_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.exchange_importrow (
    id bigint NOT NULL,
    file character varying(100) NOT NULL,
    "row" integer NOT NULL,
    kind character varying(16) NOT NULL,
    key character varying(520) NOT NULL,
    "natural" character varying(320) NOT NULL,
    name character varying(250) NOT NULL,
    "values" jsonb NOT NULL,
    action character varying(9) NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    kept jsonb NOT NULL,
    errors jsonb NOT NULL,
    target_id bigint,
    "table" character varying(16) NOT NULL,
    applied boolean NOT NULL,
    undo jsonb NOT NULL,
    run_id bigint NOT NULL,
    CONSTRAINT exchange_importrow_row_check CHECK (("row" >= 0))
);
ALTER TABLE school_yew.exchange_importrow ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.exchange_importrow_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.institutions_academicyear (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    name character varying(60) NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    state character varying(8) NOT NULL,
    institution_id bigint NOT NULL,
    CONSTRAINT year_ends_after_it_starts CHECK ((ends_on > starts_on))
);
ALTER TABLE school_yew.institutions_academicyear ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.institutions_academicyear_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.institutions_calendarday (
    id bigint NOT NULL,
    day date NOT NULL,
    kind character varying(13) NOT NULL,
    title character varying(120) NOT NULL,
    starts_at time without time zone,
    ends_at time without time zone,
    institution_id bigint NOT NULL,
    CONSTRAINT calendar_timing_change_has_times CHECK (((NOT ((kind)::text = 'timing-change'::text)) OR ((ends_at > starts_at) AND (starts_at IS NOT NULL))))
);
ALTER TABLE school_yew.institutions_calendarday ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.institutions_calendarday_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.institutions_course (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    code character varying(40) NOT NULL,
    title character varying(200) NOT NULL,
    subject character varying(100) NOT NULL,
    subject_code character varying(40) NOT NULL,
    grade_level_id bigint,
    institution_id bigint NOT NULL
);
ALTER TABLE school_yew.institutions_course ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.institutions_course_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.institutions_courseclass (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    code character varying(60) NOT NULL,
    title character varying(200) NOT NULL,
    room character varying(60) NOT NULL,
    course_id bigint NOT NULL,
    year_id bigint NOT NULL,
    institution_id bigint NOT NULL,
    section_id bigint
);
ALTER TABLE school_yew.institutions_courseclass ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.institutions_courseclass_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.institutions_courseclassterm (
    id bigint NOT NULL,
    course_class_id bigint NOT NULL,
    term_id bigint NOT NULL
);
ALTER TABLE school_yew.institutions_courseclassterm ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.institutions_courseclassterm_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.institutions_gradelevel (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    name character varying(60) NOT NULL,
    code character varying(12) NOT NULL,
    "position" smallint NOT NULL,
    next_level_id bigint,
    CONSTRAINT institutions_gradelevel_position_check CHECK (("position" >= 0))
);
ALTER TABLE school_yew.institutions_gradelevel ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.institutions_gradelevel_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.institutions_institution (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    code character varying(20) NOT NULL,
    timezone character varying(64) NOT NULL,
    currency character varying(3) NOT NULL,
    locale character varying(12) NOT NULL,
    address text NOT NULL,
    phone character varying(40) NOT NULL,
    email character varying(254) NOT NULL,
    logo character varying(100) NOT NULL,
    brand_colour character varying(7) NOT NULL,
    weekend smallint[] NOT NULL,
    CONSTRAINT institution_currency_iso4217 CHECK (((currency)::text ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT institution_weekend_iso_weekdays CHECK ((weekend <@ ARRAY[(1)::smallint, (2)::smallint, (3)::smallint, (4)::smallint, (5)::smallint, (6)::smallint, (7)::smallint]))
);
ALTER TABLE school_yew.institutions_institution ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.institutions_institution_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.institutions_section (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    name character varying(60) NOT NULL,
    room character varying(60) NOT NULL,
    capacity smallint,
    grade_level_id bigint NOT NULL,
    institution_id bigint NOT NULL,
    year_id bigint NOT NULL,
    CONSTRAINT institutions_section_capacity_check CHECK ((capacity >= 0))
);
ALTER TABLE school_yew.institutions_section ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.institutions_section_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.institutions_term (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    name character varying(60) NOT NULL,
    kind character varying(13) NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    posting_opens_on date,
    posting_closes_on date,
    parent_id bigint,
    year_id bigint NOT NULL,
    CONSTRAINT term_ends_after_it_starts CHECK ((ends_on >= starts_on)),
    CONSTRAINT term_posting_closes_after_it_opens CHECK ((posting_closes_on >= posting_opens_on))
);
ALTER TABLE school_yew.institutions_term ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.institutions_term_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.office_savedfilter (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    listed character varying(100) NOT NULL,
    name character varying(60) NOT NULL,
    query character varying(1000) NOT NULL,
    user_id bigint NOT NULL
);
ALTER TABLE school_yew.office_savedfilter ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.office_savedfilter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.otp_static_staticdevice (
    id integer NOT NULL,
    name character varying(64) NOT NULL,
    confirmed boolean NOT NULL,
    user_id bigint NOT NULL,
    throttling_failure_count integer NOT NULL,
    throttling_failure_timestamp timestamp with time zone,
    created_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT otp_static_staticdevice_throttling_failure_count_check CHECK ((throttling_failure_count >= 0))
);
ALTER TABLE school_yew.otp_static_staticdevice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.otp_static_staticdevice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.otp_static_statictoken (
    id integer NOT NULL,
    token character varying(16) NOT NULL,
    device_id integer NOT NULL
);
ALTER TABLE school_yew.otp_static_statictoken ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.otp_static_statictoken_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.otp_totp_totpdevice (
    id integer NOT NULL,
    name character varying(64) NOT NULL,
    confirmed boolean NOT NULL,
    key character varying(80) NOT NULL,
    step smallint NOT NULL,
    t0 bigint NOT NULL,
    digits smallint NOT NULL,
    tolerance smallint NOT NULL,
    drift smallint NOT NULL,
    last_t bigint NOT NULL,
    user_id bigint NOT NULL,
    throttling_failure_count integer NOT NULL,
    throttling_failure_timestamp timestamp with time zone,
    created_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT otp_totp_totpdevice_digits_check CHECK ((digits >= 0)),
    CONSTRAINT otp_totp_totpdevice_step_check CHECK ((step >= 0)),
    CONSTRAINT otp_totp_totpdevice_throttling_failure_count_check CHECK ((throttling_failure_count >= 0)),
    CONSTRAINT otp_totp_totpdevice_tolerance_check CHECK ((tolerance >= 0))
);
ALTER TABLE school_yew.otp_totp_totpdevice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.otp_totp_totpdevice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.staff_staffmember (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    staff_number character varying(40) NOT NULL,
    given_name character varying(100) NOT NULL,
    family_name character varying(100) NOT NULL,
    email character varying(254) NOT NULL,
    phone character varying(40) NOT NULL,
    job_title character varying(100) NOT NULL,
    starts_on date,
    ends_on date,
    version integer NOT NULL,
    institution_id bigint NOT NULL,
    user_id bigint,
    CONSTRAINT staff_ends_after_start CHECK (((ends_on IS NULL) OR (starts_on IS NULL) OR (ends_on >= starts_on))),
    CONSTRAINT staff_staffmember_version_check CHECK ((version >= 0))
);
ALTER TABLE school_yew.staff_staffmember ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.staff_staffmember_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.staff_substitution (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    day date NOT NULL,
    reason character varying(200) NOT NULL,
    course_class_id bigint,
    instead_of_id bigint,
    section_id bigint,
    staff_id bigint NOT NULL,
    CONSTRAINT substitution_by_another CHECK (((instead_of_id IS NULL) OR (NOT ((instead_of_id = staff_id) AND (instead_of_id IS NOT NULL))))),
    CONSTRAINT substitution_section_or_class CHECK ((((course_class_id IS NULL) AND (section_id IS NOT NULL)) OR ((course_class_id IS NOT NULL) AND (section_id IS NULL))))
);
ALTER TABLE school_yew.staff_substitution ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.staff_substitution_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.staff_teachingassignment (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    kind character varying(9) NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    course_class_id bigint,
    section_id bigint,
    staff_id bigint NOT NULL,
    CONSTRAINT assignment_ends_after_start CHECK (((ends_on IS NULL) OR (ends_on >= starts_on))),
    CONSTRAINT assignment_section_or_class CHECK ((((course_class_id IS NULL) AND (section_id IS NOT NULL)) OR ((course_class_id IS NOT NULL) AND (section_id IS NULL))))
);
ALTER TABLE school_yew.staff_teachingassignment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.staff_teachingassignment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.students_classenrolment (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    course_class_id bigint NOT NULL,
    student_id bigint NOT NULL,
    CONSTRAINT class_enrolment_ends_after_start CHECK (((ends_on IS NULL) OR (ends_on >= starts_on)))
);
ALTER TABLE school_yew.students_classenrolment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.students_classenrolment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.students_enrolment (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    entered_on date NOT NULL,
    entry_kind character varying(14) NOT NULL,
    exited_on date,
    exit_kind character varying(15) NOT NULL,
    "primary" boolean NOT NULL,
    grade_level_id bigint NOT NULL,
    institution_id bigint NOT NULL,
    year_id bigint NOT NULL,
    student_id bigint NOT NULL,
    CONSTRAINT enrolment_exit_after_entry CHECK (((((exit_kind)::text = ''::text) AND (exited_on IS NULL)) OR ((exited_on >= entered_on) AND (NOT ((exit_kind)::text = ''::text)))))
);
ALTER TABLE school_yew.students_enrolment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.students_enrolment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.students_guardian (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    given_name character varying(100) NOT NULL,
    family_name character varying(100) NOT NULL,
    email character varying(254) NOT NULL,
    phone character varying(40) NOT NULL,
    address text NOT NULL,
    language character varying(12) NOT NULL,
    version integer NOT NULL,
    user_id bigint,
    CONSTRAINT students_guardian_version_check CHECK ((version >= 0))
);
ALTER TABLE school_yew.students_guardian ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.students_guardian_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.students_sectionmembership (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    roll_number smallint,
    enrolment_id bigint NOT NULL,
    section_id bigint NOT NULL,
    student_id bigint NOT NULL,
    CONSTRAINT membership_ends_after_start CHECK (((ends_on IS NULL) OR (ends_on >= starts_on))),
    CONSTRAINT students_sectionmembership_roll_number_check CHECK ((roll_number >= 0))
);
ALTER TABLE school_yew.students_sectionmembership ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.students_sectionmembership_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.students_student (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    admission_number character varying(40) NOT NULL,
    given_name character varying(100) NOT NULL,
    middle_name character varying(100) NOT NULL,
    family_name character varying(100) NOT NULL,
    preferred_name character varying(100) NOT NULL,
    birth_date date,
    sex character varying(11) NOT NULL,
    email character varying(254) NOT NULL,
    phone character varying(40) NOT NULL,
    address text NOT NULL,
    photo character varying(100) NOT NULL,
    medical_note text NOT NULL,
    version integer NOT NULL,
    institution_id bigint NOT NULL,
    merged_into_id bigint,
    user_id bigint,
    CONSTRAINT student_has_a_name CHECK ((NOT ((given_name)::text = ''::text))),
    CONSTRAINT student_not_merged_into_itself CHECK (((merged_into_id IS NULL) OR (NOT ((merged_into_id = id) AND (merged_into_id IS NOT NULL))))),
    CONSTRAINT students_student_version_check CHECK ((version >= 0))
);
ALTER TABLE school_yew.students_student ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.students_student_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.students_studentguardian (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    relation character varying(13) NOT NULL,
    legal_guardian boolean NOT NULL,
    lives_with boolean NOT NULL,
    emergency_contact boolean NOT NULL,
    contact_priority smallint NOT NULL,
    data_access boolean NOT NULL,
    restriction_note text NOT NULL,
    receives_invoices boolean NOT NULL,
    channels character varying(8)[] NOT NULL,
    guardian_id bigint NOT NULL,
    student_id bigint NOT NULL,
    CONSTRAINT guardian_priority_from_one CHECK ((contact_priority >= 1)),
    CONSTRAINT students_studentguardian_contact_priority_check CHECK ((contact_priority >= 0))
);
ALTER TABLE school_yew.students_studentguardian ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.students_studentguardian_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.timetable_meeting (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    weekday smallint NOT NULL,
    room character varying(60) NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    course_class_id bigint NOT NULL,
    period_id bigint NOT NULL,
    CONSTRAINT meeting_ends_after_start CHECK (((ends_on IS NULL) OR (ends_on >= starts_on))),
    CONSTRAINT meeting_iso_weekday CHECK (((weekday >= 1) AND (weekday <= 7))),
    CONSTRAINT timetable_meeting_weekday_check CHECK ((weekday >= 0))
);
ALTER TABLE school_yew.timetable_meeting ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.timetable_meeting_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE school_yew.timetable_period (
    id bigint NOT NULL,
    sourced_id uuid NOT NULL,
    status character varying(12) NOT NULL,
    date_last_modified timestamp with time zone NOT NULL,
    name character varying(40) NOT NULL,
    "position" smallint NOT NULL,
    starts_at time without time zone NOT NULL,
    ends_at time without time zone NOT NULL,
    institution_id bigint NOT NULL,
    CONSTRAINT period_ends_after_start CHECK ((ends_at > starts_at)),
    CONSTRAINT timetable_period_position_check CHECK (("position" >= 0))
);
ALTER TABLE school_yew.timetable_period ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME school_yew.timetable_period_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO public.django_content_type VALUES
	(1, 'tenancy', 'school'),
	(2, 'tenancy', 'domain'),
	(3, 'tenancy', 'supportgrant'),
	(4, 'queues', 'attempt'),
	(5, 'queues', 'backlog'),
	(6, 'queues', 'deadletter'),
	(7, 'queues', 'job'),
	(8, 'queues', 'oncekey'),
	(9, 'queues', 'operatoraction'),
	(10, 'queues', 'outcome'),
	(11, 'queues', 'queuestate'),
	(12, 'queues', 'rememberedanswer'),
	(13, 'queues', 'tick'),
	(14, 'audit', 'auditentry'),
	(15, 'contenttypes', 'contenttype'),
	(16, 'sessions', 'session'),
	(17, 'accounts', 'user'),
	(18, 'accounts', 'accountpolicy'),
	(19, 'accounts', 'onetimelink'),
	(20, 'accounts', 'tokenfamily'),
	(21, 'accounts', 'token'),
	(22, 'otp_totp', 'totpdevice'),
	(23, 'otp_static', 'staticdevice'),
	(24, 'otp_static', 'statictoken'),
	(25, 'institutions', 'gradelevel'),
	(26, 'institutions', 'institution'),
	(27, 'institutions', 'course'),
	(28, 'institutions', 'calendarday'),
	(29, 'institutions', 'academicyear'),
	(30, 'institutions', 'section'),
	(31, 'institutions', 'courseclass'),
	(32, 'institutions', 'term'),
	(33, 'institutions', 'courseclassterm'),
	(34, 'access', 'role'),
	(35, 'access', 'roleassignment'),
	(36, 'access', 'rolepermission'),
	(37, 'students', 'enrolment'),
	(38, 'students', 'guardian'),
	(39, 'students', 'student'),
	(40, 'students', 'sectionmembership'),
	(41, 'students', 'classenrolment'),
	(42, 'students', 'studentguardian'),
	(43, 'staff', 'staffmember'),
	(44, 'staff', 'substitution'),
	(45, 'staff', 'teachingassignment'),
	(46, 'timetable', 'period'),
	(47, 'timetable', 'meeting'),
	(48, 'attendance', 'attendancecode'),
	(49, 'attendance', 'attendancesession'),
	(50, 'attendance', 'attendancerecord'),
	(51, 'attendance', 'attendancechange'),
	(52, 'attendance', 'dailyattendance'),
	(53, 'attendance', 'deskentry'),
	(54, 'attendance', 'leave'),
	(55, 'attendance', 'attendancepolicy'),
	(56, 'exchange', 'headermapping'),
	(57, 'exchange', 'import'),
	(58, 'exchange', 'counterpart'),
	(59, 'exchange', 'importrow'),
	(60, 'office', 'savedfilter'),
	(61, 'auth', 'permission'),
	(62, 'auth', 'group'),
	(63, 'admin', 'logentry');
INSERT INTO public.django_migrations VALUES
	(1, 'institutions', '0001_initial', '2026-11-29 14:36:58.715929+00'),
	(2, 'institutions', '0002_inside_their_year', '2026-11-29 14:36:58.72161+00'),
	(3, 'accounts', '0001_initial', '2026-11-29 14:36:58.82093+00'),
	(4, 'access', '0001_initial', '2026-11-29 14:36:58.959857+00'),
	(5, 'accounts', '0002_access_version', '2026-11-29 14:36:58.994055+00'),
	(6, 'accounts', '0003_support_links', '2026-11-29 14:36:59.021521+00'),
	(7, 'contenttypes', '0001_initial', '2026-11-29 14:36:59.040634+00'),
	(8, 'admin', '0001_initial', '2026-11-29 14:36:59.103231+00'),
	(9, 'admin', '0002_logentry_remove_auto_add', '2026-11-29 14:36:59.148995+00'),
	(10, 'admin', '0003_logentry_add_action_flag_choices', '2026-11-29 14:36:59.178279+00'),
	(11, 'timetable', '0001_initial', '2026-11-29 14:36:59.552619+00'),
	(12, 'students', '0001_initial', '2026-11-29 14:37:01.115874+00'),
	(13, 'students', '0002_memberships_follow_enrolments', '2026-11-29 14:37:01.125762+00'),
	(14, 'attendance', '0001_initial', '2026-11-29 14:37:03.818515+00'),
	(15, 'attendance', '0002_records_follow_sessions', '2026-11-29 14:37:03.828167+00'),
	(16, 'audit', '0001_initial', '2026-11-29 14:37:03.843785+00'),
	(17, 'audit', '0002_append_only', '2026-11-29 14:37:03.85635+00'),
	(18, 'contenttypes', '0002_remove_content_type_name', '2026-11-29 14:37:04.05674+00'),
	(19, 'auth', '0001_initial', '2026-11-29 14:37:04.56639+00'),
	(20, 'auth', '0002_alter_permission_name_max_length', '2026-11-29 14:37:04.709607+00'),
	(21, 'auth', '0003_alter_user_email_max_length', '2026-11-29 14:37:04.727227+00'),
	(22, 'auth', '0004_alter_user_username_opts', '2026-11-29 14:37:04.738114+00'),
	(23, 'auth', '0005_alter_user_last_login_null', '2026-11-29 14:37:04.755025+00'),
	(24, 'auth', '0006_require_contenttypes_0002', '2026-11-29 14:37:04.765763+00'),
	(25, 'auth', '0007_alter_validators_add_error_messages', '2026-11-29 14:37:04.779379+00'),
	(26, 'auth', '0008_alter_user_username_max_length', '2026-11-29 14:37:04.80161+00'),
	(27, 'auth', '0009_alter_user_last_name_max_length', '2026-11-29 14:37:04.818279+00'),
	(28, 'auth', '0010_alter_group_name_max_length', '2026-11-29 14:37:04.953649+00'),
	(29, 'auth', '0011_update_proxy_permissions', '2026-11-29 14:37:04.961423+00'),
	(30, 'auth', '0012_alter_user_first_name_max_length', '2026-11-29 14:37:04.988063+00'),
	(31, 'exchange', '0001_initial', '2026-11-29 14:37:05.815589+00'),
	(32, 'exchange', '0002_stopping', '2026-11-29 14:37:06.610427+00'),
	(33, 'exchange', '0003_clearing', '2026-11-29 14:37:06.748417+00'),
	(34, 'exchange', '0004_expiring', '2026-11-29 14:37:06.875188+00'),
	(35, 'office', '0001_initial', '2026-11-29 14:37:06.993611+00'),
	(36, 'otp_static', '0001_initial', '2026-11-29 14:37:07.53676+00'),
	(37, 'otp_static', '0002_throttling', '2026-11-29 14:37:07.644709+00'),
	(38, 'otp_static', '0003_add_timestamps', '2026-11-29 14:37:07.765504+00'),
	(39, 'otp_totp', '0001_initial', '2026-11-29 14:37:07.902462+00'),
	(40, 'otp_totp', '0002_auto_20190420_0723', '2026-11-29 14:37:08.00202+00'),
	(41, 'otp_totp', '0003_add_timestamps', '2026-11-29 14:37:08.111805+00'),
	(42, 'tenancy', '0001_initial', '2026-11-29 14:37:08.157736+00'),
	(43, 'queues', '0001_initial', '2026-11-29 14:37:08.295852+00'),
	(44, 'queues', '0002_doors', '2026-11-29 14:37:08.30102+00'),
	(45, 'queues', '0003_doors_for_requests', '2026-11-29 14:37:08.313467+00'),
	(46, 'queues', '0004_one_statement_to_enqueue', '2026-11-29 14:37:08.325612+00'),
	(47, 'queues', '0005_withdrawn_frees_its_key', '2026-11-29 14:37:08.336602+00'),
	(48, 'queues', '0006_unfinished_jobs', '2026-11-29 14:37:08.345779+00'),
	(49, 'sessions', '0001_initial', '2026-11-29 14:37:08.364908+00'),
	(50, 'staff', '0001_initial', '2026-11-29 14:37:09.686314+00'),
	(51, 'tenancy', '0002_its_own_schema', '2026-11-29 14:37:09.712851+00'),
	(52, 'tenancy', '0003_support_grants', '2026-11-29 14:37:09.745207+00');
INSERT INTO public.tenancy_domain VALUES
	(1, 'ash.localhost', true, 1),
	(2, 'yew.localhost', true, 2);
INSERT INTO public.tenancy_school VALUES
	(1, 'school_ash', '01a227bd-0a9d-72c8-9cb4-d14f9a061140', 'ash', 'Ash School', 'released_schoolops__school_ash', 'active', '', '2026-11-29 14:37:10.173908+00', NULL),
	(2, 'school_yew', '01a227bd-0fb9-74f4-8469-78e5dff3b732', 'yew', 'Yew School', 'released_schoolops__school_yew', 'active', '', '2026-11-29 14:37:11.481312+00', NULL);
INSERT INTO school_ash.access_role VALUES
	(1, '01a227bd-0d85-720f-b768-6f6118e2b147', 'administrator', 'Administrator', true, 'everything', 1),
	(2, '01a227bd-0d95-711c-800e-acd27fb3bd7d', 'head', 'Head', true, 'everything', 1),
	(4, '01a227bd-0db0-74cc-a36c-34ab843a9373', 'teacher', 'Teacher', true, 'teacher', 1),
	(5, '01a227bd-0dbf-7363-bd0e-598de7e6c724', 'accountant', 'Accountant', true, 'everything', 1),
	(7, '01a227bd-0dd5-767f-be4b-7cc49e61b9d1', 'student', 'Student', true, 'student', 1),
	(8, '01a227bd-0de3-71ab-a22d-7f8d4f23464f', 'support', 'Support', true, 'everything', 1),
	(6, '01a227bd-0dcb-704c-8b1a-665b145036fd', 'guardian', 'Guardian', true, 'guardian', 2),
	(3, '01a227bd-0dab-7762-acd9-58088ea6194a', 'registrar', 'Registrar', true, 'everything', 2),
	(9, '01a227bd-0f61-75c5-aacd-0d7cae62788d', 'librarian', 'Librarian', false, 'everything', 1);
INSERT INTO school_ash.access_roleassignment VALUES
	(1, '01a227bd-0e9b-73f3-84f3-fb881741e908', NULL, NULL, NULL, 1, 1),
	(2, '01a227bd-0ea1-70f8-aa29-3e06efbf3f8b', NULL, NULL, NULL, 4, 2),
	(3, '01a227bd-0eaf-70a6-a827-02641207caa2', NULL, NULL, NULL, 6, 3),
	(4, '01a227bd-0ebf-7301-ada4-4f2bd1be642c', NULL, NULL, NULL, 2, 4);
INSERT INTO school_ash.access_rolepermission VALUES
	(1, 'institutions.view', 2),
	(2, 'institutions.manage', 2),
	(3, 'sections.view', 2),
	(4, 'sections.manage', 2),
	(5, 'students.view', 2),
	(6, 'students.view_medical', 2),
	(7, 'students.view_custody', 2),
	(8, 'guardians.view', 2),
	(9, 'staff.view', 2),
	(10, 'staff.manage', 2),
	(11, 'attendance.view', 2),
	(12, 'attendance.mark', 2),
	(13, 'attendance.lock', 2),
	(14, 'attendance.configure', 2),
	(15, 'leave.request', 2),
	(16, 'leave.decide', 2),
	(17, 'accounts.view', 2),
	(18, 'access.view', 2),
	(19, 'audit.view', 2),
	(20, 'imports.view', 2),
	(21, 'exports.run', 2),
	(22, 'institutions.view', 3),
	(23, 'sections.view', 3),
	(24, 'sections.manage', 3),
	(25, 'students.view', 3),
	(26, 'students.manage', 3),
	(27, 'students.merge', 3),
	(28, 'students.view_medical', 3),
	(29, 'students.view_custody', 3),
	(30, 'guardians.view', 3),
	(31, 'guardians.manage', 3),
	(32, 'staff.view', 3),
	(33, 'staff.manage', 3),
	(34, 'attendance.view', 3),
	(35, 'attendance.mark', 3),
	(36, 'attendance.desk', 3),
	(37, 'leave.request', 3),
	(38, 'leave.decide', 3),
	(39, 'accounts.view', 3),
	(40, 'accounts.manage', 3),
	(41, 'imports.view', 3),
	(42, 'imports.run', 3),
	(44, 'exports.run', 3),
	(45, 'institutions.view', 4),
	(46, 'sections.view', 4),
	(47, 'students.view', 4),
	(48, 'guardians.view', 4),
	(49, 'staff.view', 4),
	(50, 'attendance.view', 4),
	(51, 'attendance.mark', 4),
	(52, 'exports.run', 4),
	(53, 'institutions.view', 5),
	(54, 'sections.view', 5),
	(55, 'students.view', 5),
	(56, 'guardians.view', 5),
	(57, 'staff.view', 5),
	(58, 'exports.run', 5),
	(59, 'institutions.view', 6),
	(60, 'sections.view', 6),
	(61, 'students.view', 6),
	(62, 'attendance.view', 6),
	(64, 'institutions.view', 7),
	(65, 'sections.view', 7),
	(66, 'students.view', 7),
	(67, 'attendance.view', 7),
	(68, 'institutions.view', 8),
	(69, 'sections.view', 8),
	(70, 'students.view', 8),
	(71, 'staff.view', 8),
	(72, 'students.view', 9);
INSERT INTO school_ash.accounts_user VALUES
	(1, 'argon2$argon2id$v=19$m=19456,t=2,p=1$QTBZU0pHNjU0Y2d1RTdSYndHZ0l3SA$TgfLCVRYFQ5wX3UBmVqkZeMyO2AC4sxgciOofs4L/eg', NULL, '01a227bd-0e94-76e0-9733-c055a7b1d2d2', 'erin', '', 'Erin', '', '', true, false, '2026-11-04 10:00:00+00', NULL, NULL, NULL, 0),
	(2, 'argon2$argon2id$v=19$m=19456,t=2,p=1$QTBZU0pHNjU0Y2d1RTdSYndHZ0l3SA$TgfLCVRYFQ5wX3UBmVqkZeMyO2AC4sxgciOofs4L/eg', NULL, '01a227bd-0e9e-7451-a821-a945b1df6775', 'bob', '', 'Bob', '', '', true, false, '2026-11-04 10:00:00+00', NULL, NULL, NULL, 0),
	(4, 'argon2$argon2id$v=19$m=19456,t=2,p=1$QTBZU0pHNjU0Y2d1RTdSYndHZ0l3SA$TgfLCVRYFQ5wX3UBmVqkZeMyO2AC4sxgciOofs4L/eg', NULL, '01a227bd-0eb8-716a-aa05-577d04685f5e', 'alice', '', 'Alice', '', '', true, false, '2026-11-04 10:00:00+00', NULL, NULL, NULL, 0),
	(3, 'argon2$argon2id$v=19$m=19456,t=2,p=1$QTBZU0pHNjU0Y2d1RTdSYndHZ0l3SA$TgfLCVRYFQ5wX3UBmVqkZeMyO2AC4sxgciOofs4L/eg', NULL, '01a227bd-0eac-76f0-861d-890daa648132', 'carol', '', 'Carol', '', '', true, false, '2026-11-04 10:00:00+00', NULL, NULL, NULL, 1);
INSERT INTO school_ash.attendance_attendancechange VALUES
	(1, '2026-11-04', 1, NULL, '{"code": "A", "teacher_code": "A"}', '2026-11-04 10:00:00+00', 2, 1, 1),
	(2, '2026-11-04', 1, NULL, '{"code": "L", "teacher_code": "L"}', '2026-11-04 10:00:00+00', 2, 2, 1),
	(3, '2026-11-04', 1, NULL, '{"code": "P", "teacher_code": "P"}', '2026-11-04 10:00:00+00', 2, 3, 1),
	(4, '2026-11-04', 1, NULL, '{"code": "P", "teacher_code": "P"}', '2026-11-04 10:00:00+00', 2, 4, 1),
	(5, '2026-11-04', 1, NULL, '{"code": "P", "teacher_code": "P"}', '2026-11-04 10:00:00+00', 2, 5, 1),
	(6, '2026-11-04', 1, NULL, '{"code": "P", "teacher_code": "P"}', '2026-11-04 10:00:00+00', 2, 6, 1);
INSERT INTO school_ash.attendance_attendancecode VALUES
	(1, '01a227bd-0de5-7301-b443-abf12a3265f2', 'P', 'Present', 'in', 'present', false, false, true, true, false, 0, 1),
	(2, '01a227bd-0de5-7301-b443-abf2de4fd1e7', 'A', 'Absent', 'out', 'absent', false, false, true, false, false, 1, 1),
	(3, '01a227bd-0de5-7301-b443-abf33396209e', 'L', 'Late', 'in', 'present', false, true, true, false, false, 2, 1),
	(4, '01a227bd-0de5-7301-b443-abf492c8e1bb', 'E', 'Excused absence', 'out', 'absent', true, false, true, false, false, 3, 1),
	(7, '01a227bd-0de5-7301-b443-abf7cdf5cc0d', 'T', 'School trip', 'in', 'present', false, false, false, false, false, 6, 1),
	(8, '01a227bd-0de5-7301-b443-abf8ee6abcc8', 'D', 'Left early', 'out', 'present', false, false, false, false, false, 7, 1),
	(5, '01a227bd-0de5-7301-b443-abf5829da6c6', 'HD', 'Half a day', 'out', 'half', false, false, true, false, true, 4, 1),
	(6, '01a227bd-0de5-7301-b443-abf6693ec94d', 'S', 'At home, ill', 'out', 'absent', true, false, false, false, false, 5, 1);
INSERT INTO school_ash.attendance_attendancerecord VALUES
	(1, '2026-11-04', DEFAULT, 'absent', false, NULL, NULL, '', '2026-11-04 10:00:00+00', 1, NULL, 1, 1, 2, 1),
	(2, '2026-11-04', DEFAULT, 'present', false, NULL, NULL, '', '2026-11-04 10:00:00+00', 1, NULL, 1, 2, 3, 1),
	(3, '2026-11-04', DEFAULT, 'present', false, NULL, NULL, '', '2026-11-04 10:00:00+00', 1, NULL, 1, 3, 1, 1),
	(4, '2026-11-04', DEFAULT, 'present', false, NULL, NULL, '', '2026-11-04 10:00:00+00', 1, NULL, 1, 4, 1, 1),
	(5, '2026-11-04', DEFAULT, 'present', false, NULL, NULL, '', '2026-11-04 10:00:00+00', 1, NULL, 1, 5, 1, 1),
	(6, '2026-11-04', DEFAULT, 'present', false, NULL, NULL, '', '2026-11-04 10:00:00+00', 1, NULL, 1, 6, 1, 1);
INSERT INTO school_ash.attendance_attendancesession VALUES
	(1, '01a227bd-0ef5-7590-82b3-88f410f3631e', '2026-11-04', 'submitted', 1, '2026-11-04 10:00:00+00', NULL, '', NULL, '', NULL, 1, NULL, 1, 2);
INSERT INTO school_ash.attendance_dailyattendance VALUES
	(1, '2026-11-04', 'absent', false, false, 420, 1, 1, 1),
	(2, '2026-11-04', 'present', false, true, 0, 1, 1, 2),
	(3, '2026-11-04', 'present', false, false, 0, 1, 1, 3),
	(4, '2026-11-04', 'present', false, false, 0, 1, 1, 4),
	(5, '2026-11-04', 'present', false, false, 0, 1, 1, 5),
	(6, '2026-11-04', 'present', false, false, 0, 1, 1, 6);
INSERT INTO school_ash.audit_auditentry VALUES
	(1, '2026-11-04 10:00:00+00', '01a227bd-0e9e-7451-a821-a945b1df6775', 'Bob', 'attendance.marked', 'attendance.attendancesession', '01a227bd-0ef5-7590-82b3-88f410f3631e', NULL, '{"absent": 1, "changed": 6, "version": 1, "students": 6}', '', ''),
	(2, '2026-11-04 10:00:00+00', '01a227bd-0e94-76e0-9733-c055a7b1d2d2', 'Erin', 'access.role-changed', 'access.role', '01a227bd-0dcb-704c-8b1a-665b145036fd', '{"permissions": ["attendance.view", "institutions.view", "leave.request", "sections.view", "students.view"]}', '{"permissions": ["attendance.view", "institutions.view", "sections.view", "students.view"]}', '', ''),
	(3, '2026-11-04 10:00:00+00', '01a227bd-0e94-76e0-9733-c055a7b1d2d2', 'Erin', 'access.role-changed', 'access.role', '01a227bd-0dab-7762-acd9-58088ea6194a', '{"permissions": ["accounts.manage", "accounts.view", "attendance.desk", "attendance.mark", "attendance.view", "exports.roster", "exports.run", "guardians.manage", "guardians.view", "imports.run", "imports.view", "institutions.view", "leave.decide", "leave.request", "sections.manage", "sections.view", "staff.manage", "staff.view", "students.manage", "students.merge", "students.view", "students.view_custody", "students.view_medical"]}', '{"permissions": ["accounts.manage", "accounts.view", "attendance.desk", "attendance.mark", "attendance.view", "exports.run", "guardians.manage", "guardians.view", "imports.run", "imports.view", "institutions.view", "leave.decide", "leave.request", "sections.manage", "sections.view", "staff.manage", "staff.view", "students.manage", "students.merge", "students.view", "students.view_custody", "students.view_medical"]}', '', ''),
	(4, '2026-11-04 10:00:00+00', '01a227bd-0e94-76e0-9733-c055a7b1d2d2', 'Erin', 'access.role-created', 'access.role', '01a227bd-0f61-75c5-aacd-0d7cae62788d', NULL, '{"code": "librarian", "name": "Librarian", "scope": "everything", "permissions": ["students.view"]}', '', '');
INSERT INTO school_ash.django_content_type VALUES
	(1, 'access', 'role'),
	(2, 'access', 'roleassignment'),
	(3, 'access', 'rolepermission'),
	(4, 'accounts', 'accountpolicy'),
	(5, 'accounts', 'onetimelink'),
	(6, 'accounts', 'token'),
	(7, 'accounts', 'tokenfamily'),
	(8, 'accounts', 'user'),
	(9, 'attendance', 'attendancechange'),
	(10, 'attendance', 'attendancecode'),
	(11, 'attendance', 'attendancepolicy'),
	(12, 'attendance', 'attendancerecord'),
	(13, 'attendance', 'attendancesession'),
	(14, 'attendance', 'dailyattendance'),
	(15, 'attendance', 'deskentry'),
	(16, 'attendance', 'leave'),
	(17, 'audit', 'auditentry'),
	(18, 'contenttypes', 'contenttype'),
	(19, 'exchange', 'counterpart'),
	(20, 'exchange', 'headermapping'),
	(21, 'exchange', 'import'),
	(22, 'exchange', 'importrow'),
	(23, 'institutions', 'academicyear'),
	(24, 'institutions', 'calendarday'),
	(25, 'institutions', 'course'),
	(26, 'institutions', 'courseclass'),
	(27, 'institutions', 'courseclassterm'),
	(28, 'institutions', 'gradelevel'),
	(29, 'institutions', 'institution'),
	(30, 'institutions', 'section'),
	(31, 'institutions', 'term'),
	(32, 'office', 'savedfilter'),
	(33, 'otp_static', 'staticdevice'),
	(34, 'otp_static', 'statictoken'),
	(35, 'otp_totp', 'totpdevice'),
	(36, 'sessions', 'session'),
	(37, 'staff', 'staffmember'),
	(38, 'staff', 'substitution'),
	(39, 'staff', 'teachingassignment'),
	(40, 'students', 'classenrolment'),
	(41, 'students', 'enrolment'),
	(42, 'students', 'guardian'),
	(43, 'students', 'sectionmembership'),
	(44, 'students', 'student'),
	(45, 'students', 'studentguardian'),
	(46, 'timetable', 'meeting'),
	(47, 'timetable', 'period');
INSERT INTO school_ash.django_migrations VALUES
	(1, 'access', '0001_initial', '2026-01-01 00:00:00+00'),
	(2, 'accounts', '0001_initial', '2026-01-01 00:00:00+00'),
	(3, 'accounts', '0002_access_version', '2026-01-01 00:00:00+00'),
	(4, 'accounts', '0003_support_links', '2026-01-01 00:00:00+00'),
	(5, 'attendance', '0001_initial', '2026-01-01 00:00:00+00'),
	(6, 'attendance', '0002_records_follow_sessions', '2026-01-01 00:00:00+00'),
	(7, 'audit', '0001_initial', '2026-01-01 00:00:00+00'),
	(8, 'audit', '0002_append_only', '2026-01-01 00:00:00+00'),
	(9, 'contenttypes', '0001_initial', '2026-01-01 00:00:00+00'),
	(10, 'contenttypes', '0002_remove_content_type_name', '2026-01-01 00:00:00+00'),
	(11, 'exchange', '0001_initial', '2026-01-01 00:00:00+00'),
	(12, 'exchange', '0002_stopping', '2026-01-01 00:00:00+00'),
	(13, 'exchange', '0003_clearing', '2026-01-01 00:00:00+00'),
	(14, 'exchange', '0004_expiring', '2026-01-01 00:00:00+00'),
	(15, 'institutions', '0001_initial', '2026-01-01 00:00:00+00'),
	(16, 'institutions', '0002_inside_their_year', '2026-01-01 00:00:00+00'),
	(17, 'office', '0001_initial', '2026-01-01 00:00:00+00'),
	(18, 'otp_static', '0001_initial', '2026-01-01 00:00:00+00'),
	(19, 'otp_static', '0002_throttling', '2026-01-01 00:00:00+00'),
	(20, 'otp_static', '0003_add_timestamps', '2026-01-01 00:00:00+00'),
	(21, 'otp_totp', '0001_initial', '2026-01-01 00:00:00+00'),
	(22, 'otp_totp', '0002_auto_20190420_0723', '2026-01-01 00:00:00+00'),
	(23, 'otp_totp', '0003_add_timestamps', '2026-01-01 00:00:00+00'),
	(24, 'sessions', '0001_initial', '2026-01-01 00:00:00+00'),
	(25, 'staff', '0001_initial', '2026-01-01 00:00:00+00'),
	(26, 'students', '0001_initial', '2026-01-01 00:00:00+00'),
	(27, 'students', '0002_memberships_follow_enrolments', '2026-01-01 00:00:00+00'),
	(28, 'timetable', '0001_initial', '2026-01-01 00:00:00+00');
INSERT INTO school_ash.institutions_academicyear VALUES
	(1, '01a227bd-0e05-776c-bb8c-ccd4d098eeb5', 'active', '2026-11-04 10:00:00+00', '2026/27', '2026-09-01', '2027-07-16', 'active', 1);
INSERT INTO school_ash.institutions_gradelevel VALUES
	(1, '01a227bd-0e12-74c5-bef8-8c7e03771bfc', 'active', '2026-11-04 10:00:00+00', 'Grade 7', '07', 7, NULL);
INSERT INTO school_ash.institutions_institution VALUES
	(1, '01a227bd-0e00-7697-be7f-1d5cebb1c2ef', 'active', '2026-11-04 10:00:00+00', 'Main', 'C1', 'Europe/London', 'GBP', 'en-gb', '', '', '', '', '#1d4ed8', '{6,7}');
INSERT INTO school_ash.institutions_section VALUES
	(1, '01a227bd-0e16-7293-be64-b9d352a01185', 'active', '2026-11-04 10:00:00+00', 'B', '', NULL, 1, 1, 1);
INSERT INTO school_ash.institutions_term VALUES
	(1, '01a227bd-0e0b-7418-a5a6-b9250c9a8a2a', 'active', '2026-11-04 10:00:00+00', 'Autumn', 'term', '2026-09-01', '2027-02-07', NULL, NULL, NULL, 1),
	(2, '01a227bd-0e0b-7418-a5a6-b9265bca67fa', 'active', '2026-11-04 10:00:00+00', 'Spring', 'term', '2027-02-08', '2027-07-16', NULL, NULL, NULL, 1);
INSERT INTO school_ash.staff_staffmember VALUES
	(1, '01a227bd-0ea2-72aa-8fd4-ab9a2e7004b1', 'active', '2026-11-04 10:00:00+00', 'S0008', 'Bob', 'Baker', '', '', '', NULL, NULL, 1, 1, 2);
INSERT INTO school_ash.staff_teachingassignment VALUES
	(1, '01a227bd-0eab-70a6-9224-fd21dafcb9ee', 'teacher', '2026-09-01', NULL, NULL, 1, 1);
INSERT INTO school_ash.students_enrolment VALUES
	(1, '01a227bd-0e23-71e0-a047-24777ddca95c', 'active', '2026-11-04 10:00:00+00', '2026-09-01', 'new', NULL, '', true, 1, 1, 1, 1),
	(2, '01a227bd-0e24-7262-becc-69ba2b6115ee', 'active', '2026-11-04 10:00:00+00', '2026-09-01', 'new', NULL, '', true, 1, 1, 1, 2),
	(3, '01a227bd-0e24-7262-becc-69bb3043c081', 'active', '2026-11-04 10:00:00+00', '2026-09-01', 'new', NULL, '', true, 1, 1, 1, 3),
	(4, '01a227bd-0e24-7262-becc-69bc0783e3f3', 'active', '2026-11-04 10:00:00+00', '2026-09-01', 'new', NULL, '', true, 1, 1, 1, 4),
	(5, '01a227bd-0e24-7262-becc-69bd70651e26', 'active', '2026-11-04 10:00:00+00', '2026-09-01', 'new', NULL, '', true, 1, 1, 1, 5),
	(6, '01a227bd-0e24-7262-becc-69becc4f9551', 'active', '2026-11-04 10:00:00+00', '2026-09-01', 'new', NULL, '', true, 1, 1, 1, 6);
INSERT INTO school_ash.students_guardian VALUES
	(1, '01a227bd-0eb0-75bd-9b3a-3911b1547891', 'active', '2026-11-04 10:00:00+00', 'Carol', 'Rivera', '', '', '', '', 1, 3);
INSERT INTO school_ash.students_sectionmembership VALUES
	(1, '01a227bd-0e29-709f-91ec-679d9d192648', '2026-09-01', NULL, 1, 1, 1, 1),
	(2, '01a227bd-0e29-709f-91ec-679efc5e19ae', '2026-09-01', NULL, 2, 2, 1, 2),
	(3, '01a227bd-0e29-709f-91ec-679f980560ac', '2026-09-01', NULL, 3, 3, 1, 3),
	(4, '01a227bd-0e29-709f-91ec-67a0b4090935', '2026-09-01', NULL, 4, 4, 1, 4),
	(5, '01a227bd-0e29-709f-91ec-67a1f519ace0', '2026-09-01', NULL, 5, 5, 1, 5),
	(6, '01a227bd-0e2a-7223-ba5f-2c66963c172c', '2026-09-01', NULL, 6, 6, 1, 6);
INSERT INTO school_ash.students_student VALUES
	(1, '01a227bd-0e17-706d-916e-201e78f10bb1', 'active', '2026-11-04 10:00:00+00', 'A00002', 'Amina', '', 'Hassan', '', '2014-03-03', 'unspecified', '', '', '', '', '', 1, 1, NULL, NULL),
	(2, '01a227bd-0e17-706d-916e-201fcc568e36', 'active', '2026-11-04 10:00:00+00', 'A00003', 'Bilal', '', 'Khan', '', '2014-04-04', 'unspecified', '', '', '', '', '', 1, 1, NULL, NULL),
	(3, '01a227bd-0e17-706d-916e-20201fb5daeb', 'active', '2026-11-04 10:00:00+00', 'A00004', 'Chloé', '', 'Dubois', '', '2014-05-05', 'unspecified', '', '', '', '', '', 1, 1, NULL, NULL),
	(4, '01a227bd-0e17-706d-916e-2021b50ccd7e', 'active', '2026-11-04 10:00:00+00', 'A00005', 'Dmitri', '', 'Соколов', '', '2014-06-06', 'unspecified', '', '', '', '', '', 1, 1, NULL, NULL),
	(5, '01a227bd-0e17-706d-916e-2022ebd71ee5', 'active', '2026-11-04 10:00:00+00', 'A00006', 'Esi', '', 'Mensah', '', '2014-07-07', 'unspecified', '', '', '', '', '', 1, 1, NULL, NULL),
	(6, '01a227bd-0e17-706d-916e-20239fcb7938', 'active', '2026-11-04 10:00:00+00', 'A00007', 'Farid', '', 'حداد', '', '2014-08-08', 'unspecified', '', '', '', '', '', 1, 1, NULL, NULL);
INSERT INTO school_ash.students_studentguardian VALUES
	(1, '01a227bd-0eb4-76f9-a586-5fdb444f490e', 'guardian', true, true, true, 1, true, '', false, '{}', 1, 1),
	(2, '01a227bd-0eb4-76f9-a586-5fdcf1187e72', 'guardian', true, true, true, 1, true, '', false, '{}', 1, 2);
INSERT INTO school_yew.access_role VALUES
	(1, '01a227bd-117f-74b1-a0fa-e459513d58d2', 'administrator', 'Administrator', true, 'everything', 1),
	(2, '01a227bd-1186-74d0-bde1-d69c1c35f53e', 'head', 'Head', true, 'everything', 1),
	(4, '01a227bd-119d-71ba-8757-4cb5a92caeb6', 'teacher', 'Teacher', true, 'teacher', 1),
	(5, '01a227bd-11a0-72e4-9496-19ec67c52c2f', 'accountant', 'Accountant', true, 'everything', 1),
	(7, '01a227bd-11ad-721a-a13e-1a1b5fd9b878', 'student', 'Student', true, 'student', 1),
	(8, '01a227bd-11b3-778f-9100-03dee1ef4f5a', 'support', 'Support', true, 'everything', 1),
	(6, '01a227bd-11a7-7659-83e5-7e5f2abcff7e', 'guardian', 'Guardian', true, 'guardian', 2),
	(3, '01a227bd-1192-75c6-8c5c-ed15025277c1', 'registrar', 'Registrar', true, 'everything', 2),
	(9, '01a227bd-128c-7643-b5b2-a9ee4aef0015', 'librarian', 'Librarian', false, 'everything', 1);
INSERT INTO school_yew.access_roleassignment VALUES
	(1, '01a227bd-11eb-75cc-b4c8-55dfdac03d77', NULL, NULL, NULL, 1, 1),
	(2, '01a227bd-11f3-738b-8f0e-54684b212eb4', NULL, NULL, NULL, 4, 2),
	(3, '01a227bd-11fc-7415-9836-a53f1e756edf', NULL, NULL, NULL, 6, 3),
	(4, '01a227bd-1206-7677-8409-4154ee965918', NULL, NULL, NULL, 2, 4);
INSERT INTO school_yew.access_rolepermission VALUES
	(1, 'institutions.view', 2),
	(2, 'institutions.manage', 2),
	(3, 'sections.view', 2),
	(4, 'sections.manage', 2),
	(5, 'students.view', 2),
	(6, 'students.view_medical', 2),
	(7, 'students.view_custody', 2),
	(8, 'guardians.view', 2),
	(9, 'staff.view', 2),
	(10, 'staff.manage', 2),
	(11, 'attendance.view', 2),
	(12, 'attendance.mark', 2),
	(13, 'attendance.lock', 2),
	(14, 'attendance.configure', 2),
	(15, 'leave.request', 2),
	(16, 'leave.decide', 2),
	(17, 'accounts.view', 2),
	(18, 'access.view', 2),
	(19, 'audit.view', 2),
	(20, 'imports.view', 2),
	(21, 'exports.run', 2),
	(22, 'institutions.view', 3),
	(23, 'sections.view', 3),
	(24, 'sections.manage', 3),
	(25, 'students.view', 3),
	(26, 'students.manage', 3),
	(27, 'students.merge', 3),
	(28, 'students.view_medical', 3),
	(29, 'students.view_custody', 3),
	(30, 'guardians.view', 3),
	(31, 'guardians.manage', 3),
	(32, 'staff.view', 3),
	(33, 'staff.manage', 3),
	(34, 'attendance.view', 3),
	(35, 'attendance.mark', 3),
	(36, 'attendance.desk', 3),
	(37, 'leave.request', 3),
	(38, 'leave.decide', 3),
	(39, 'accounts.view', 3),
	(40, 'accounts.manage', 3),
	(41, 'imports.view', 3),
	(42, 'imports.run', 3),
	(44, 'exports.run', 3),
	(45, 'institutions.view', 4),
	(46, 'sections.view', 4),
	(47, 'students.view', 4),
	(48, 'guardians.view', 4),
	(49, 'staff.view', 4),
	(50, 'attendance.view', 4),
	(51, 'attendance.mark', 4),
	(52, 'exports.run', 4),
	(53, 'institutions.view', 5),
	(54, 'sections.view', 5),
	(55, 'students.view', 5),
	(56, 'guardians.view', 5),
	(57, 'staff.view', 5),
	(58, 'exports.run', 5),
	(59, 'institutions.view', 6),
	(60, 'sections.view', 6),
	(61, 'students.view', 6),
	(62, 'attendance.view', 6),
	(64, 'institutions.view', 7),
	(65, 'sections.view', 7),
	(66, 'students.view', 7),
	(67, 'attendance.view', 7),
	(68, 'institutions.view', 8),
	(69, 'sections.view', 8),
	(70, 'students.view', 8),
	(71, 'staff.view', 8),
	(72, 'students.view', 9);
INSERT INTO school_yew.accounts_user VALUES
	(1, 'argon2$argon2id$v=19$m=19456,t=2,p=1$QTBZU0pHNjU0Y2d1RTdSYndHZ0l3SA$TgfLCVRYFQ5wX3UBmVqkZeMyO2AC4sxgciOofs4L/eg', NULL, '01a227bd-11e8-7054-a76d-0a466c61c621', 'erin', '', 'Erin', '', '', true, false, '2026-11-04 10:00:00+00', NULL, NULL, NULL, 0),
	(2, 'argon2$argon2id$v=19$m=19456,t=2,p=1$QTBZU0pHNjU0Y2d1RTdSYndHZ0l3SA$TgfLCVRYFQ5wX3UBmVqkZeMyO2AC4sxgciOofs4L/eg', NULL, '01a227bd-11f0-71d6-bc08-9622fe84f776', 'bob', '', 'Bob', '', '', true, false, '2026-11-04 10:00:00+00', NULL, NULL, NULL, 0),
	(4, 'argon2$argon2id$v=19$m=19456,t=2,p=1$QTBZU0pHNjU0Y2d1RTdSYndHZ0l3SA$TgfLCVRYFQ5wX3UBmVqkZeMyO2AC4sxgciOofs4L/eg', NULL, '01a227bd-1204-7319-b31b-2fd4e451411e', 'alice', '', 'Alice', '', '', true, false, '2026-11-04 10:00:00+00', NULL, NULL, NULL, 0),
	(3, 'argon2$argon2id$v=19$m=19456,t=2,p=1$QTBZU0pHNjU0Y2d1RTdSYndHZ0l3SA$TgfLCVRYFQ5wX3UBmVqkZeMyO2AC4sxgciOofs4L/eg', NULL, '01a227bd-11fa-7288-87d1-79b7a1367c3f', 'carol', '', 'Carol', '', '', true, false, '2026-11-04 10:00:00+00', NULL, NULL, NULL, 1);
INSERT INTO school_yew.attendance_attendancechange VALUES
	(1, '2026-11-04', 1, NULL, '{"code": "A", "teacher_code": "A"}', '2026-11-04 10:00:00+00', 2, 1, 1),
	(2, '2026-11-04', 1, NULL, '{"code": "L", "teacher_code": "L"}', '2026-11-04 10:00:00+00', 2, 2, 1),
	(3, '2026-11-04', 1, NULL, '{"code": "P", "teacher_code": "P"}', '2026-11-04 10:00:00+00', 2, 3, 1),
	(4, '2026-11-04', 1, NULL, '{"code": "P", "teacher_code": "P"}', '2026-11-04 10:00:00+00', 2, 4, 1),
	(5, '2026-11-04', 1, NULL, '{"code": "P", "teacher_code": "P"}', '2026-11-04 10:00:00+00', 2, 5, 1),
	(6, '2026-11-04', 1, NULL, '{"code": "P", "teacher_code": "P"}', '2026-11-04 10:00:00+00', 2, 6, 1);
INSERT INTO school_yew.attendance_attendancecode VALUES
	(1, '01a227bd-11b7-7387-b1f6-3b2f70316375', 'P', 'Present', 'in', 'present', false, false, true, true, false, 0, 1),
	(2, '01a227bd-11b7-7387-b1f6-3b30880f8788', 'A', 'Absent', 'out', 'absent', false, false, true, false, false, 1, 1),
	(3, '01a227bd-11b7-7387-b1f6-3b310eec7c00', 'L', 'Late', 'in', 'present', false, true, true, false, false, 2, 1),
	(4, '01a227bd-11b7-7387-b1f6-3b32f1c89650', 'E', 'Excused absence', 'out', 'absent', true, false, true, false, false, 3, 1),
	(7, '01a227bd-11b7-7387-b1f6-3b353da03609', 'T', 'School trip', 'in', 'present', false, false, false, false, false, 6, 1),
	(8, '01a227bd-11b7-7387-b1f6-3b3635cd7ac4', 'D', 'Left early', 'out', 'present', false, false, false, false, false, 7, 1),
	(5, '01a227bd-11b7-7387-b1f6-3b3361beed5c', 'HD', 'Half a day', 'out', 'half', false, false, true, false, true, 4, 1),
	(6, '01a227bd-11b7-7387-b1f6-3b349b85de79', 'S', 'At home, ill', 'out', 'absent', true, false, false, false, false, 5, 1);
INSERT INTO school_yew.attendance_attendancerecord VALUES
	(1, '2026-11-04', DEFAULT, 'absent', false, NULL, NULL, '', '2026-11-04 10:00:00+00', 1, NULL, 1, 1, 2, 1),
	(2, '2026-11-04', DEFAULT, 'present', false, NULL, NULL, '', '2026-11-04 10:00:00+00', 1, NULL, 1, 2, 3, 1),
	(3, '2026-11-04', DEFAULT, 'present', false, NULL, NULL, '', '2026-11-04 10:00:00+00', 1, NULL, 1, 3, 1, 1),
	(4, '2026-11-04', DEFAULT, 'present', false, NULL, NULL, '', '2026-11-04 10:00:00+00', 1, NULL, 1, 4, 1, 1),
	(5, '2026-11-04', DEFAULT, 'present', false, NULL, NULL, '', '2026-11-04 10:00:00+00', 1, NULL, 1, 5, 1, 1),
	(6, '2026-11-04', DEFAULT, 'present', false, NULL, NULL, '', '2026-11-04 10:00:00+00', 1, NULL, 1, 6, 1, 1);
INSERT INTO school_yew.attendance_attendancesession VALUES
	(1, '01a227bd-123d-75e6-9739-e28c4f65f9f2', '2026-11-04', 'submitted', 1, '2026-11-04 10:00:00+00', NULL, '', NULL, '', NULL, 1, NULL, 1, 2);
INSERT INTO school_yew.attendance_dailyattendance VALUES
	(1, '2026-11-04', 'absent', false, false, 420, 1, 1, 1),
	(2, '2026-11-04', 'present', false, true, 0, 1, 1, 2),
	(3, '2026-11-04', 'present', false, false, 0, 1, 1, 3),
	(4, '2026-11-04', 'present', false, false, 0, 1, 1, 4),
	(5, '2026-11-04', 'present', false, false, 0, 1, 1, 5),
	(6, '2026-11-04', 'present', false, false, 0, 1, 1, 6);
INSERT INTO school_yew.audit_auditentry VALUES
	(1, '2026-11-04 10:00:00+00', '01a227bd-11f0-71d6-bc08-9622fe84f776', 'Bob', 'attendance.marked', 'attendance.attendancesession', '01a227bd-123d-75e6-9739-e28c4f65f9f2', NULL, '{"absent": 1, "changed": 6, "version": 1, "students": 6}', '', ''),
	(2, '2026-11-04 10:00:00+00', '01a227bd-11e8-7054-a76d-0a466c61c621', 'Erin', 'access.role-changed', 'access.role', '01a227bd-11a7-7659-83e5-7e5f2abcff7e', '{"permissions": ["attendance.view", "institutions.view", "leave.request", "sections.view", "students.view"]}', '{"permissions": ["attendance.view", "institutions.view", "sections.view", "students.view"]}', '', ''),
	(3, '2026-11-04 10:00:00+00', '01a227bd-11e8-7054-a76d-0a466c61c621', 'Erin', 'access.role-changed', 'access.role', '01a227bd-1192-75c6-8c5c-ed15025277c1', '{"permissions": ["accounts.manage", "accounts.view", "attendance.desk", "attendance.mark", "attendance.view", "exports.roster", "exports.run", "guardians.manage", "guardians.view", "imports.run", "imports.view", "institutions.view", "leave.decide", "leave.request", "sections.manage", "sections.view", "staff.manage", "staff.view", "students.manage", "students.merge", "students.view", "students.view_custody", "students.view_medical"]}', '{"permissions": ["accounts.manage", "accounts.view", "attendance.desk", "attendance.mark", "attendance.view", "exports.run", "guardians.manage", "guardians.view", "imports.run", "imports.view", "institutions.view", "leave.decide", "leave.request", "sections.manage", "sections.view", "staff.manage", "staff.view", "students.manage", "students.merge", "students.view", "students.view_custody", "students.view_medical"]}', '', ''),
	(4, '2026-11-04 10:00:00+00', '01a227bd-11e8-7054-a76d-0a466c61c621', 'Erin', 'access.role-created', 'access.role', '01a227bd-128c-7643-b5b2-a9ee4aef0015', NULL, '{"code": "librarian", "name": "Librarian", "scope": "everything", "permissions": ["students.view"]}', '', '');
INSERT INTO school_yew.django_content_type VALUES
	(1, 'access', 'role'),
	(2, 'access', 'roleassignment'),
	(3, 'access', 'rolepermission'),
	(4, 'accounts', 'accountpolicy'),
	(5, 'accounts', 'onetimelink'),
	(6, 'accounts', 'token'),
	(7, 'accounts', 'tokenfamily'),
	(8, 'accounts', 'user'),
	(9, 'attendance', 'attendancechange'),
	(10, 'attendance', 'attendancecode'),
	(11, 'attendance', 'attendancepolicy'),
	(12, 'attendance', 'attendancerecord'),
	(13, 'attendance', 'attendancesession'),
	(14, 'attendance', 'dailyattendance'),
	(15, 'attendance', 'deskentry'),
	(16, 'attendance', 'leave'),
	(17, 'audit', 'auditentry'),
	(18, 'contenttypes', 'contenttype'),
	(19, 'exchange', 'counterpart'),
	(20, 'exchange', 'headermapping'),
	(21, 'exchange', 'import'),
	(22, 'exchange', 'importrow'),
	(23, 'institutions', 'academicyear'),
	(24, 'institutions', 'calendarday'),
	(25, 'institutions', 'course'),
	(26, 'institutions', 'courseclass'),
	(27, 'institutions', 'courseclassterm'),
	(28, 'institutions', 'gradelevel'),
	(29, 'institutions', 'institution'),
	(30, 'institutions', 'section'),
	(31, 'institutions', 'term'),
	(32, 'office', 'savedfilter'),
	(33, 'otp_static', 'staticdevice'),
	(34, 'otp_static', 'statictoken'),
	(35, 'otp_totp', 'totpdevice'),
	(36, 'sessions', 'session'),
	(37, 'staff', 'staffmember'),
	(38, 'staff', 'substitution'),
	(39, 'staff', 'teachingassignment'),
	(40, 'students', 'classenrolment'),
	(41, 'students', 'enrolment'),
	(42, 'students', 'guardian'),
	(43, 'students', 'sectionmembership'),
	(44, 'students', 'student'),
	(45, 'students', 'studentguardian'),
	(46, 'timetable', 'meeting'),
	(47, 'timetable', 'period');
INSERT INTO school_yew.django_migrations VALUES
	(1, 'access', '0001_initial', '2026-01-01 00:00:00+00'),
	(2, 'accounts', '0001_initial', '2026-01-01 00:00:00+00'),
	(3, 'accounts', '0002_access_version', '2026-01-01 00:00:00+00'),
	(4, 'accounts', '0003_support_links', '2026-01-01 00:00:00+00'),
	(5, 'attendance', '0001_initial', '2026-01-01 00:00:00+00'),
	(6, 'attendance', '0002_records_follow_sessions', '2026-01-01 00:00:00+00'),
	(7, 'audit', '0001_initial', '2026-01-01 00:00:00+00'),
	(8, 'audit', '0002_append_only', '2026-01-01 00:00:00+00'),
	(9, 'contenttypes', '0001_initial', '2026-01-01 00:00:00+00'),
	(10, 'contenttypes', '0002_remove_content_type_name', '2026-01-01 00:00:00+00'),
	(11, 'exchange', '0001_initial', '2026-01-01 00:00:00+00'),
	(12, 'exchange', '0002_stopping', '2026-01-01 00:00:00+00'),
	(13, 'exchange', '0003_clearing', '2026-01-01 00:00:00+00'),
	(14, 'exchange', '0004_expiring', '2026-01-01 00:00:00+00'),
	(15, 'institutions', '0001_initial', '2026-01-01 00:00:00+00'),
	(16, 'institutions', '0002_inside_their_year', '2026-01-01 00:00:00+00'),
	(17, 'office', '0001_initial', '2026-01-01 00:00:00+00'),
	(18, 'otp_static', '0001_initial', '2026-01-01 00:00:00+00'),
	(19, 'otp_static', '0002_throttling', '2026-01-01 00:00:00+00'),
	(20, 'otp_static', '0003_add_timestamps', '2026-01-01 00:00:00+00'),
	(21, 'otp_totp', '0001_initial', '2026-01-01 00:00:00+00'),
	(22, 'otp_totp', '0002_auto_20190420_0723', '2026-01-01 00:00:00+00'),
	(23, 'otp_totp', '0003_add_timestamps', '2026-01-01 00:00:00+00'),
	(24, 'sessions', '0001_initial', '2026-01-01 00:00:00+00'),
	(25, 'staff', '0001_initial', '2026-01-01 00:00:00+00'),
	(26, 'students', '0001_initial', '2026-01-01 00:00:00+00'),
	(27, 'students', '0002_memberships_follow_enrolments', '2026-01-01 00:00:00+00'),
	(28, 'timetable', '0001_initial', '2026-01-01 00:00:00+00');
INSERT INTO school_yew.institutions_academicyear VALUES
	(1, '01a227bd-11c6-7363-9910-a9e0a96e1362', 'active', '2026-11-04 10:00:00+00', '2026/27', '2026-09-01', '2027-07-16', 'active', 1);
INSERT INTO school_yew.institutions_gradelevel VALUES
	(1, '01a227bd-11cf-717d-bdca-04c33f2297e8', 'active', '2026-11-04 10:00:00+00', 'Grade 7', '07', 7, NULL);
INSERT INTO school_yew.institutions_institution VALUES
	(1, '01a227bd-11c1-70b6-a544-caa761826db3', 'active', '2026-11-04 10:00:00+00', 'Main', 'C9', 'Europe/London', 'GBP', 'en-gb', '', '', '', '', '#1d4ed8', '{6,7}');
INSERT INTO school_yew.institutions_section VALUES
	(1, '01a227bd-11d3-748f-8308-cbe6c0584d42', 'active', '2026-11-04 10:00:00+00', 'B', '', NULL, 1, 1, 1);
INSERT INTO school_yew.institutions_term VALUES
	(1, '01a227bd-11ca-719f-8ee6-92cc661e05ca', 'active', '2026-11-04 10:00:00+00', 'Autumn', 'term', '2026-09-01', '2027-02-07', NULL, NULL, NULL, 1),
	(2, '01a227bd-11ca-719f-8ee6-92cd7389c223', 'active', '2026-11-04 10:00:00+00', 'Spring', 'term', '2027-02-08', '2027-07-16', NULL, NULL, NULL, 1);
INSERT INTO school_yew.staff_staffmember VALUES
	(1, '01a227bd-11f3-738b-8f0e-5469a4efa67a', 'active', '2026-11-04 10:00:00+00', 'S0016', 'Bob', 'Baker', '', '', '', NULL, NULL, 1, 1, 2);
INSERT INTO school_yew.staff_teachingassignment VALUES
	(1, '01a227bd-11f6-738f-b4cb-217aa72948f7', 'teacher', '2026-09-01', NULL, NULL, 1, 1);
INSERT INTO school_yew.students_enrolment VALUES
	(1, '01a227bd-11d9-7711-98aa-ce96fffcfd4c', 'active', '2026-11-04 10:00:00+00', '2026-09-01', 'new', NULL, '', true, 1, 1, 1, 1),
	(2, '01a227bd-11d9-7711-98aa-ce97f62ec5a0', 'active', '2026-11-04 10:00:00+00', '2026-09-01', 'new', NULL, '', true, 1, 1, 1, 2),
	(3, '01a227bd-11d9-7711-98aa-ce9846812172', 'active', '2026-11-04 10:00:00+00', '2026-09-01', 'new', NULL, '', true, 1, 1, 1, 3),
	(4, '01a227bd-11da-7121-ba20-cc49694ebbe3', 'active', '2026-11-04 10:00:00+00', '2026-09-01', 'new', NULL, '', true, 1, 1, 1, 4),
	(5, '01a227bd-11da-7121-ba20-cc4ae8484174', 'active', '2026-11-04 10:00:00+00', '2026-09-01', 'new', NULL, '', true, 1, 1, 1, 5),
	(6, '01a227bd-11da-7121-ba20-cc4b4efb0aeb', 'active', '2026-11-04 10:00:00+00', '2026-09-01', 'new', NULL, '', true, 1, 1, 1, 6);
INSERT INTO school_yew.students_guardian VALUES
	(1, '01a227bd-11fd-74f7-b33d-e50186fb81f0', 'active', '2026-11-04 10:00:00+00', 'Carol', 'Rivera', '', '', '', '', 1, 3);
INSERT INTO school_yew.students_sectionmembership VALUES
	(1, '01a227bd-11e4-705b-901d-d5e567c6c226', '2026-09-01', NULL, 1, 1, 1, 1),
	(2, '01a227bd-11e4-705b-901d-d5e65fc36564', '2026-09-01', NULL, 2, 2, 1, 2),
	(3, '01a227bd-11e4-705b-901d-d5e7543096cd', '2026-09-01', NULL, 3, 3, 1, 3),
	(4, '01a227bd-11e4-705b-901d-d5e8cd670175', '2026-09-01', NULL, 4, 4, 1, 4),
	(5, '01a227bd-11e4-705b-901d-d5e92c56e49e', '2026-09-01', NULL, 5, 5, 1, 5),
	(6, '01a227bd-11e4-705b-901d-d5ea86da96b5', '2026-09-01', NULL, 6, 6, 1, 6);
INSERT INTO school_yew.students_student VALUES
	(1, '01a227bd-11d5-7771-8afa-ab2e0d49c43f', 'active', '2026-11-04 10:00:00+00', 'A00010', 'Amina', '', 'Hassan', '', '2014-11-11', 'unspecified', '', '', '', '', '', 1, 1, NULL, NULL),
	(2, '01a227bd-11d5-7771-8afa-ab2f983b71e9', 'active', '2026-11-04 10:00:00+00', 'A00011', 'Bilal', '', 'Khan', '', '2014-12-12', 'unspecified', '', '', '', '', '', 1, 1, NULL, NULL),
	(3, '01a227bd-11d5-7771-8afa-ab30ce2c5038', 'active', '2026-11-04 10:00:00+00', 'A00012', 'Chloé', '', 'Dubois', '', '2014-01-13', 'unspecified', '', '', '', '', '', 1, 1, NULL, NULL),
	(4, '01a227bd-11d5-7771-8afa-ab319452012c', 'active', '2026-11-04 10:00:00+00', 'A00013', 'Dmitri', '', 'Соколов', '', '2014-02-14', 'unspecified', '', '', '', '', '', 1, 1, NULL, NULL),
	(5, '01a227bd-11d5-7771-8afa-ab32eab758ec', 'active', '2026-11-04 10:00:00+00', 'A00014', 'Esi', '', 'Mensah', '', '2014-03-15', 'unspecified', '', '', '', '', '', 1, 1, NULL, NULL),
	(6, '01a227bd-11d5-7771-8afa-ab338e61e3d1', 'active', '2026-11-04 10:00:00+00', 'A00015', 'Farid', '', 'حداد', '', '2014-04-16', 'unspecified', '', '', '', '', '', 1, 1, NULL, NULL);
INSERT INTO school_yew.students_studentguardian VALUES
	(1, '01a227bd-1200-7486-8bd2-36de69892520', 'guardian', true, true, true, 1, true, '', false, '{}', 1, 1),
	(2, '01a227bd-1200-7486-8bd2-36df327750cd', 'guardian', true, true, true, 1, true, '', false, '{}', 1, 2);
SELECT pg_catalog.setval('public.accounts_onetimelink_id_seq', 1, false);
SELECT pg_catalog.setval('public.accounts_token_id_seq', 1, false);
SELECT pg_catalog.setval('public.accounts_tokenfamily_id_seq', 1, false);
SELECT pg_catalog.setval('public.accounts_user_id_seq', 1, false);
SELECT pg_catalog.setval('public.audit_auditentry_id_seq', 1, false);
SELECT pg_catalog.setval('public.django_content_type_id_seq', 63, true);
SELECT pg_catalog.setval('public.django_migrations_id_seq', 52, true);
SELECT pg_catalog.setval('public.otp_static_staticdevice_id_seq', 1, false);
SELECT pg_catalog.setval('public.otp_static_statictoken_id_seq', 1, false);
SELECT pg_catalog.setval('public.otp_totp_totpdevice_id_seq', 1, false);
SELECT pg_catalog.setval('public.queues_attempt_id_seq', 1, false);
SELECT pg_catalog.setval('public.queues_job_id_seq', 1, false);
SELECT pg_catalog.setval('public.queues_operatoraction_id_seq', 1, false);
SELECT pg_catalog.setval('public.tenancy_domain_id_seq', 2, true);
SELECT pg_catalog.setval('public.tenancy_school_id_seq', 2, true);
SELECT pg_catalog.setval('public.tenancy_supportgrant_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.access_role_id_seq', 9, true);
SELECT pg_catalog.setval('school_ash.access_roleassignment_id_seq', 4, true);
SELECT pg_catalog.setval('school_ash.access_rolepermission_id_seq', 72, true);
SELECT pg_catalog.setval('school_ash.accounts_onetimelink_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.accounts_token_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.accounts_tokenfamily_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.accounts_user_id_seq', 4, true);
SELECT pg_catalog.setval('school_ash.attendance_attendancechange_id_seq', 6, true);
SELECT pg_catalog.setval('school_ash.attendance_attendancecode_id_seq', 8, true);
SELECT pg_catalog.setval('school_ash.attendance_attendancepolicy_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.attendance_attendancerecord_id_seq', 6, true);
SELECT pg_catalog.setval('school_ash.attendance_attendancesession_id_seq', 1, true);
SELECT pg_catalog.setval('school_ash.attendance_dailyattendance_id_seq', 6, true);
SELECT pg_catalog.setval('school_ash.attendance_deskentry_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.attendance_leave_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.audit_auditentry_id_seq', 4, true);
SELECT pg_catalog.setval('school_ash.django_content_type_id_seq', 47, true);
SELECT pg_catalog.setval('school_ash.django_migrations_id_seq', 28, true);
SELECT pg_catalog.setval('school_ash.exchange_counterpart_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.exchange_headermapping_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.exchange_import_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.exchange_importrow_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.institutions_academicyear_id_seq', 1, true);
SELECT pg_catalog.setval('school_ash.institutions_calendarday_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.institutions_course_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.institutions_courseclass_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.institutions_courseclassterm_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.institutions_gradelevel_id_seq', 1, true);
SELECT pg_catalog.setval('school_ash.institutions_institution_id_seq', 1, true);
SELECT pg_catalog.setval('school_ash.institutions_section_id_seq', 1, true);
SELECT pg_catalog.setval('school_ash.institutions_term_id_seq', 2, true);
SELECT pg_catalog.setval('school_ash.office_savedfilter_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.otp_static_staticdevice_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.otp_static_statictoken_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.otp_totp_totpdevice_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.staff_staffmember_id_seq', 1, true);
SELECT pg_catalog.setval('school_ash.staff_substitution_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.staff_teachingassignment_id_seq', 1, true);
SELECT pg_catalog.setval('school_ash.students_classenrolment_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.students_enrolment_id_seq', 6, true);
SELECT pg_catalog.setval('school_ash.students_guardian_id_seq', 1, true);
SELECT pg_catalog.setval('school_ash.students_sectionmembership_id_seq', 6, true);
SELECT pg_catalog.setval('school_ash.students_student_id_seq', 6, true);
SELECT pg_catalog.setval('school_ash.students_studentguardian_id_seq', 2, true);
SELECT pg_catalog.setval('school_ash.timetable_meeting_id_seq', 1, false);
SELECT pg_catalog.setval('school_ash.timetable_period_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.access_role_id_seq', 9, true);
SELECT pg_catalog.setval('school_yew.access_roleassignment_id_seq', 4, true);
SELECT pg_catalog.setval('school_yew.access_rolepermission_id_seq', 72, true);
SELECT pg_catalog.setval('school_yew.accounts_onetimelink_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.accounts_token_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.accounts_tokenfamily_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.accounts_user_id_seq', 4, true);
SELECT pg_catalog.setval('school_yew.attendance_attendancechange_id_seq', 6, true);
SELECT pg_catalog.setval('school_yew.attendance_attendancecode_id_seq', 8, true);
SELECT pg_catalog.setval('school_yew.attendance_attendancepolicy_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.attendance_attendancerecord_id_seq', 6, true);
SELECT pg_catalog.setval('school_yew.attendance_attendancesession_id_seq', 1, true);
SELECT pg_catalog.setval('school_yew.attendance_dailyattendance_id_seq', 6, true);
SELECT pg_catalog.setval('school_yew.attendance_deskentry_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.attendance_leave_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.audit_auditentry_id_seq', 4, true);
SELECT pg_catalog.setval('school_yew.django_content_type_id_seq', 47, true);
SELECT pg_catalog.setval('school_yew.django_migrations_id_seq', 28, true);
SELECT pg_catalog.setval('school_yew.exchange_counterpart_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.exchange_headermapping_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.exchange_import_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.exchange_importrow_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.institutions_academicyear_id_seq', 1, true);
SELECT pg_catalog.setval('school_yew.institutions_calendarday_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.institutions_course_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.institutions_courseclass_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.institutions_courseclassterm_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.institutions_gradelevel_id_seq', 1, true);
SELECT pg_catalog.setval('school_yew.institutions_institution_id_seq', 1, true);
SELECT pg_catalog.setval('school_yew.institutions_section_id_seq', 1, true);
SELECT pg_catalog.setval('school_yew.institutions_term_id_seq', 2, true);
SELECT pg_catalog.setval('school_yew.office_savedfilter_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.otp_static_staticdevice_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.otp_static_statictoken_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.otp_totp_totpdevice_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.staff_staffmember_id_seq', 1, true);
SELECT pg_catalog.setval('school_yew.staff_substitution_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.staff_teachingassignment_id_seq', 1, true);
SELECT pg_catalog.setval('school_yew.students_classenrolment_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.students_enrolment_id_seq', 6, true);
SELECT pg_catalog.setval('school_yew.students_guardian_id_seq', 1, true);
SELECT pg_catalog.setval('school_yew.students_sectionmembership_id_seq', 6, true);
SELECT pg_catalog.setval('school_yew.students_student_id_seq', 6, true);
SELECT pg_catalog.setval('school_yew.students_studentguardian_id_seq', 2, true);
SELECT pg_catalog.setval('school_yew.timetable_meeting_id_seq', 1, false);
SELECT pg_catalog.setval('school_yew.timetable_period_id_seq', 1, false);
ALTER TABLE ONLY public.accounts_accountpolicy
    ADD CONSTRAINT accounts_accountpolicy_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_onetimelink
    ADD CONSTRAINT accounts_onetimelink_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.accounts_onetimelink
    ADD CONSTRAINT accounts_onetimelink_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_token
    ADD CONSTRAINT accounts_token_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.accounts_token
    ADD CONSTRAINT accounts_token_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_tokenfamily
    ADD CONSTRAINT accounts_tokenfamily_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_user
    ADD CONSTRAINT accounts_user_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_user
    ADD CONSTRAINT accounts_user_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY public.audit_auditentry
    ADD CONSTRAINT audit_auditentry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);
ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);
ALTER TABLE ONLY public.otp_static_staticdevice
    ADD CONSTRAINT otp_static_staticdevice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.otp_static_statictoken
    ADD CONSTRAINT otp_static_statictoken_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.otp_totp_totpdevice
    ADD CONSTRAINT otp_totp_totpdevice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.queues_attempt
    ADD CONSTRAINT queues_attempt_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.queues_backlog
    ADD CONSTRAINT queues_backlog_pkey PRIMARY KEY (school);
ALTER TABLE ONLY public.queues_deadletter
    ADD CONSTRAINT queues_deadletter_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.queues_job
    ADD CONSTRAINT queues_job_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.queues_oncekey
    ADD CONSTRAINT queues_oncekey_pkey PRIMARY KEY (school, queue, key);
ALTER TABLE ONLY public.queues_operatoraction
    ADD CONSTRAINT queues_operatoraction_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.queues_outcome
    ADD CONSTRAINT queues_outcome_pkey PRIMARY KEY (job_id);
ALTER TABLE ONLY public.queues_queuestate
    ADD CONSTRAINT queues_queuestate_pkey PRIMARY KEY (queue);
ALTER TABLE ONLY public.queues_rememberedanswer
    ADD CONSTRAINT queues_rememberedanswer_pkey PRIMARY KEY (school, user_id, key);
ALTER TABLE ONLY public.queues_tick
    ADD CONSTRAINT queues_tick_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.tenancy_domain
    ADD CONSTRAINT tenancy_domain_domain_key UNIQUE (domain);
ALTER TABLE ONLY public.tenancy_domain
    ADD CONSTRAINT tenancy_domain_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tenancy_school
    ADD CONSTRAINT tenancy_school_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tenancy_school
    ADD CONSTRAINT tenancy_school_role_name_key UNIQUE (role_name);
ALTER TABLE ONLY public.tenancy_school
    ADD CONSTRAINT tenancy_school_schema_name_key UNIQUE (schema_name);
ALTER TABLE ONLY public.tenancy_school
    ADD CONSTRAINT tenancy_school_slug_key UNIQUE (slug);
ALTER TABLE ONLY public.tenancy_school
    ADD CONSTRAINT tenancy_school_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY public.tenancy_supportgrant
    ADD CONSTRAINT tenancy_supportgrant_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tenancy_supportgrant
    ADD CONSTRAINT tenancy_supportgrant_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.access_role
    ADD CONSTRAINT access_role_code_key UNIQUE (code);
ALTER TABLE ONLY school_ash.access_role
    ADD CONSTRAINT access_role_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.access_role
    ADD CONSTRAINT access_role_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.access_roleassignment
    ADD CONSTRAINT access_roleassignment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.access_roleassignment
    ADD CONSTRAINT access_roleassignment_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.access_rolepermission
    ADD CONSTRAINT access_rolepermission_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.accounts_accountpolicy
    ADD CONSTRAINT accounts_accountpolicy_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.accounts_onetimelink
    ADD CONSTRAINT accounts_onetimelink_digest_key UNIQUE (digest);
ALTER TABLE ONLY school_ash.accounts_onetimelink
    ADD CONSTRAINT accounts_onetimelink_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.accounts_token
    ADD CONSTRAINT accounts_token_digest_key UNIQUE (digest);
ALTER TABLE ONLY school_ash.accounts_token
    ADD CONSTRAINT accounts_token_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.accounts_tokenfamily
    ADD CONSTRAINT accounts_tokenfamily_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.accounts_user
    ADD CONSTRAINT accounts_user_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.accounts_user
    ADD CONSTRAINT accounts_user_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.staff_teachingassignment
    ADD CONSTRAINT assignment_class_once EXCLUDE USING gist (staff_id WITH =, course_class_id WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&) WHERE ((course_class_id IS NOT NULL));
ALTER TABLE ONLY school_ash.staff_teachingassignment
    ADD CONSTRAINT assignment_section_once EXCLUDE USING gist (staff_id WITH =, section_id WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&) WHERE ((section_id IS NOT NULL));
ALTER TABLE ONLY school_ash.attendance_attendancechange
    ADD CONSTRAINT attendance_attendancechange_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.attendance_attendancecode
    ADD CONSTRAINT attendance_attendancecode_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.attendance_attendancecode
    ADD CONSTRAINT attendance_attendancecode_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.attendance_attendancepolicy
    ADD CONSTRAINT attendance_attendancepolicy_institution_id_key UNIQUE (institution_id);
ALTER TABLE ONLY school_ash.attendance_attendancepolicy
    ADD CONSTRAINT attendance_attendancepolicy_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.attendance_attendancerecord
    ADD CONSTRAINT attendance_attendancerecord_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.attendance_attendancesession
    ADD CONSTRAINT attendance_attendancesession_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.attendance_attendancesession
    ADD CONSTRAINT attendance_attendancesession_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.attendance_attendancecode
    ADD CONSTRAINT attendance_code_id_state UNIQUE (id, state, excused);
ALTER TABLE ONLY school_ash.attendance_attendancecode
    ADD CONSTRAINT attendance_code_once UNIQUE (code);
ALTER TABLE ONLY school_ash.attendance_dailyattendance
    ADD CONSTRAINT attendance_dailyattendance_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.attendance_leave
    ADD CONSTRAINT attendance_leave_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.attendance_leave
    ADD CONSTRAINT attendance_leave_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.attendance_attendancerecord
    ADD CONSTRAINT attendance_one_record UNIQUE (session_id, student_id);
ALTER TABLE ONLY school_ash.attendance_attendancesession
    ADD CONSTRAINT attendance_one_session UNIQUE NULLS NOT DISTINCT (section_id, course_class_id, day, period_id);
ALTER TABLE ONLY school_ash.audit_auditentry
    ADD CONSTRAINT audit_auditentry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.institutions_calendarday
    ADD CONSTRAINT calendar_one_row_per_day UNIQUE (institution_id, day);
ALTER TABLE ONLY school_ash.institutions_courseclass
    ADD CONSTRAINT class_code_per_year UNIQUE (year_id, code);
ALTER TABLE ONLY school_ash.students_classenrolment
    ADD CONSTRAINT class_enrolment_no_overlap EXCLUDE USING gist (course_class_id WITH =, student_id WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&);
ALTER TABLE ONLY school_ash.institutions_courseclassterm
    ADD CONSTRAINT class_term_once UNIQUE (course_class_id, term_id);
ALTER TABLE ONLY school_ash.exchange_counterpart
    ADD CONSTRAINT counterpart_external_id UNIQUE (kind, external_id);
ALTER TABLE ONLY school_ash.exchange_counterpart
    ADD CONSTRAINT counterpart_of_row UNIQUE (kind, row_id);
ALTER TABLE ONLY school_ash.institutions_course
    ADD CONSTRAINT course_code_per_institution UNIQUE (institution_id, code);
ALTER TABLE ONLY school_ash.attendance_dailyattendance
    ADD CONSTRAINT daily_attendance_once UNIQUE (student_id, day);
ALTER TABLE ONLY school_ash.attendance_deskentry
    ADD CONSTRAINT desk_entry_once UNIQUE NULLS NOT DISTINCT (student_id, day, period_id);
ALTER TABLE ONLY school_ash.django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);
ALTER TABLE ONLY school_ash.django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);
ALTER TABLE ONLY school_ash.students_enrolment
    ADD CONSTRAINT enrolment_id_student UNIQUE (id, student_id);
ALTER TABLE ONLY school_ash.students_enrolment
    ADD CONSTRAINT enrolment_no_overlap EXCLUDE USING gist (student_id WITH =, daterange(entered_on, exited_on, '[)'::text) WITH &&) WHERE ("primary");
ALTER TABLE ONLY school_ash.exchange_counterpart
    ADD CONSTRAINT exchange_counterpart_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.exchange_headermapping
    ADD CONSTRAINT exchange_headermapping_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.exchange_import
    ADD CONSTRAINT exchange_import_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.exchange_import
    ADD CONSTRAINT exchange_import_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.exchange_importrow
    ADD CONSTRAINT exchange_importrow_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.students_studentguardian
    ADD CONSTRAINT guardian_linked_once UNIQUE (student_id, guardian_id);
ALTER TABLE ONLY school_ash.students_studentguardian
    ADD CONSTRAINT guardian_priority_once UNIQUE (student_id, contact_priority) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_academicyear
    ADD CONSTRAINT institutions_academicyear_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.institutions_academicyear
    ADD CONSTRAINT institutions_academicyear_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.institutions_calendarday
    ADD CONSTRAINT institutions_calendarday_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.institutions_course
    ADD CONSTRAINT institutions_course_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.institutions_course
    ADD CONSTRAINT institutions_course_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.institutions_courseclass
    ADD CONSTRAINT institutions_courseclass_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.institutions_courseclass
    ADD CONSTRAINT institutions_courseclass_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.institutions_courseclassterm
    ADD CONSTRAINT institutions_courseclassterm_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.institutions_gradelevel
    ADD CONSTRAINT institutions_gradelevel_code_key UNIQUE (code);
ALTER TABLE ONLY school_ash.institutions_gradelevel
    ADD CONSTRAINT institutions_gradelevel_name_key UNIQUE (name);
ALTER TABLE ONLY school_ash.institutions_gradelevel
    ADD CONSTRAINT institutions_gradelevel_next_level_id_key UNIQUE (next_level_id);
ALTER TABLE ONLY school_ash.institutions_gradelevel
    ADD CONSTRAINT institutions_gradelevel_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.institutions_gradelevel
    ADD CONSTRAINT institutions_gradelevel_position_key UNIQUE ("position");
ALTER TABLE ONLY school_ash.institutions_gradelevel
    ADD CONSTRAINT institutions_gradelevel_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.institutions_institution
    ADD CONSTRAINT institutions_institution_code_key UNIQUE (code);
ALTER TABLE ONLY school_ash.institutions_institution
    ADD CONSTRAINT institutions_institution_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.institutions_institution
    ADD CONSTRAINT institutions_institution_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.institutions_section
    ADD CONSTRAINT institutions_section_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.institutions_section
    ADD CONSTRAINT institutions_section_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.institutions_term
    ADD CONSTRAINT institutions_term_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.institutions_term
    ADD CONSTRAINT institutions_term_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.attendance_leave
    ADD CONSTRAINT leave_no_overlap EXCLUDE USING gist (student_id WITH =, daterange(starts_on, ends_on, '[]'::text) WITH &&) WHERE (((state)::text = ANY (ARRAY[('requested'::character varying)::text, ('approved'::character varying)::text])));
ALTER TABLE ONLY school_ash.exchange_headermapping
    ADD CONSTRAINT mapping_header_once UNIQUE (source, header);
ALTER TABLE ONLY school_ash.timetable_meeting
    ADD CONSTRAINT meeting_once EXCLUDE USING gist (course_class_id WITH =, period_id WITH =, weekday WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&);
ALTER TABLE ONLY school_ash.students_sectionmembership
    ADD CONSTRAINT membership_one_section EXCLUDE USING gist (enrolment_id WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&);
ALTER TABLE ONLY school_ash.students_sectionmembership
    ADD CONSTRAINT membership_roll_number EXCLUDE USING gist (section_id WITH =, roll_number WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&) WHERE ((roll_number IS NOT NULL));
ALTER TABLE ONLY school_ash.office_savedfilter
    ADD CONSTRAINT office_savedfilter_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.office_savedfilter
    ADD CONSTRAINT office_savedfilter_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.otp_static_staticdevice
    ADD CONSTRAINT otp_static_staticdevice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.otp_static_statictoken
    ADD CONSTRAINT otp_static_statictoken_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.otp_totp_totpdevice
    ADD CONSTRAINT otp_totp_totpdevice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.timetable_period
    ADD CONSTRAINT period_name_per_institution UNIQUE (institution_id, name);
ALTER TABLE ONLY school_ash.timetable_period
    ADD CONSTRAINT period_position_per_institution UNIQUE (institution_id, "position");
ALTER TABLE ONLY school_ash.access_roleassignment
    ADD CONSTRAINT role_assigned_once UNIQUE NULLS NOT DISTINCT (user_id, role_id, institution_id);
ALTER TABLE ONLY school_ash.access_rolepermission
    ADD CONSTRAINT role_permission_once UNIQUE (role_id, permission);
ALTER TABLE ONLY school_ash.institutions_section
    ADD CONSTRAINT section_name_per_level_and_year UNIQUE (year_id, grade_level_id, name);
ALTER TABLE ONLY school_ash.staff_staffmember
    ADD CONSTRAINT staff_number_per_institution UNIQUE (institution_id, staff_number);
ALTER TABLE ONLY school_ash.staff_staffmember
    ADD CONSTRAINT staff_staffmember_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.staff_staffmember
    ADD CONSTRAINT staff_staffmember_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.staff_staffmember
    ADD CONSTRAINT staff_staffmember_user_id_key UNIQUE (user_id);
ALTER TABLE ONLY school_ash.staff_substitution
    ADD CONSTRAINT staff_substitution_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.staff_substitution
    ADD CONSTRAINT staff_substitution_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.staff_teachingassignment
    ADD CONSTRAINT staff_teachingassignment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.staff_teachingassignment
    ADD CONSTRAINT staff_teachingassignment_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.students_student
    ADD CONSTRAINT student_admission_number UNIQUE (institution_id, admission_number);
ALTER TABLE ONLY school_ash.students_classenrolment
    ADD CONSTRAINT students_classenrolment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.students_classenrolment
    ADD CONSTRAINT students_classenrolment_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.students_enrolment
    ADD CONSTRAINT students_enrolment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.students_enrolment
    ADD CONSTRAINT students_enrolment_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.students_guardian
    ADD CONSTRAINT students_guardian_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.students_guardian
    ADD CONSTRAINT students_guardian_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.students_guardian
    ADD CONSTRAINT students_guardian_user_id_key UNIQUE (user_id);
ALTER TABLE ONLY school_ash.students_sectionmembership
    ADD CONSTRAINT students_sectionmembership_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.students_sectionmembership
    ADD CONSTRAINT students_sectionmembership_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.students_student
    ADD CONSTRAINT students_student_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.students_student
    ADD CONSTRAINT students_student_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.students_student
    ADD CONSTRAINT students_student_user_id_key UNIQUE (user_id);
ALTER TABLE ONLY school_ash.students_studentguardian
    ADD CONSTRAINT students_studentguardian_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.students_studentguardian
    ADD CONSTRAINT students_studentguardian_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.staff_substitution
    ADD CONSTRAINT substitution_once UNIQUE NULLS NOT DISTINCT (staff_id, section_id, course_class_id, day);
ALTER TABLE ONLY school_ash.institutions_term
    ADD CONSTRAINT term_name_per_year UNIQUE (year_id, name);
ALTER TABLE ONLY school_ash.institutions_term
    ADD CONSTRAINT term_no_overlap EXCLUDE USING gist (year_id WITH =, kind WITH =, daterange(starts_on, ends_on, '[]'::text) WITH &&);
ALTER TABLE ONLY school_ash.timetable_meeting
    ADD CONSTRAINT timetable_meeting_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.timetable_meeting
    ADD CONSTRAINT timetable_meeting_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.timetable_period
    ADD CONSTRAINT timetable_period_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_ash.timetable_period
    ADD CONSTRAINT timetable_period_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_ash.institutions_academicyear
    ADD CONSTRAINT year_id_institution UNIQUE (id, institution_id);
ALTER TABLE ONLY school_ash.institutions_academicyear
    ADD CONSTRAINT year_name_per_institution UNIQUE (institution_id, name);
ALTER TABLE ONLY school_ash.institutions_academicyear
    ADD CONSTRAINT year_no_overlap EXCLUDE USING gist (institution_id WITH =, daterange(starts_on, ends_on, '[]'::text) WITH &&);
ALTER TABLE ONLY school_yew.access_role
    ADD CONSTRAINT access_role_code_key UNIQUE (code);
ALTER TABLE ONLY school_yew.access_role
    ADD CONSTRAINT access_role_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.access_role
    ADD CONSTRAINT access_role_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.access_roleassignment
    ADD CONSTRAINT access_roleassignment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.access_roleassignment
    ADD CONSTRAINT access_roleassignment_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.access_rolepermission
    ADD CONSTRAINT access_rolepermission_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.accounts_accountpolicy
    ADD CONSTRAINT accounts_accountpolicy_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.accounts_onetimelink
    ADD CONSTRAINT accounts_onetimelink_digest_key UNIQUE (digest);
ALTER TABLE ONLY school_yew.accounts_onetimelink
    ADD CONSTRAINT accounts_onetimelink_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.accounts_token
    ADD CONSTRAINT accounts_token_digest_key UNIQUE (digest);
ALTER TABLE ONLY school_yew.accounts_token
    ADD CONSTRAINT accounts_token_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.accounts_tokenfamily
    ADD CONSTRAINT accounts_tokenfamily_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.accounts_user
    ADD CONSTRAINT accounts_user_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.accounts_user
    ADD CONSTRAINT accounts_user_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.staff_teachingassignment
    ADD CONSTRAINT assignment_class_once EXCLUDE USING gist (staff_id WITH =, course_class_id WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&) WHERE ((course_class_id IS NOT NULL));
ALTER TABLE ONLY school_yew.staff_teachingassignment
    ADD CONSTRAINT assignment_section_once EXCLUDE USING gist (staff_id WITH =, section_id WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&) WHERE ((section_id IS NOT NULL));
ALTER TABLE ONLY school_yew.attendance_attendancechange
    ADD CONSTRAINT attendance_attendancechange_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.attendance_attendancecode
    ADD CONSTRAINT attendance_attendancecode_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.attendance_attendancecode
    ADD CONSTRAINT attendance_attendancecode_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.attendance_attendancepolicy
    ADD CONSTRAINT attendance_attendancepolicy_institution_id_key UNIQUE (institution_id);
ALTER TABLE ONLY school_yew.attendance_attendancepolicy
    ADD CONSTRAINT attendance_attendancepolicy_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.attendance_attendancerecord
    ADD CONSTRAINT attendance_attendancerecord_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.attendance_attendancesession
    ADD CONSTRAINT attendance_attendancesession_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.attendance_attendancesession
    ADD CONSTRAINT attendance_attendancesession_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.attendance_attendancecode
    ADD CONSTRAINT attendance_code_id_state UNIQUE (id, state, excused);
ALTER TABLE ONLY school_yew.attendance_attendancecode
    ADD CONSTRAINT attendance_code_once UNIQUE (code);
ALTER TABLE ONLY school_yew.attendance_dailyattendance
    ADD CONSTRAINT attendance_dailyattendance_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.attendance_leave
    ADD CONSTRAINT attendance_leave_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.attendance_leave
    ADD CONSTRAINT attendance_leave_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.attendance_attendancerecord
    ADD CONSTRAINT attendance_one_record UNIQUE (session_id, student_id);
ALTER TABLE ONLY school_yew.attendance_attendancesession
    ADD CONSTRAINT attendance_one_session UNIQUE NULLS NOT DISTINCT (section_id, course_class_id, day, period_id);
ALTER TABLE ONLY school_yew.audit_auditentry
    ADD CONSTRAINT audit_auditentry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.institutions_calendarday
    ADD CONSTRAINT calendar_one_row_per_day UNIQUE (institution_id, day);
ALTER TABLE ONLY school_yew.institutions_courseclass
    ADD CONSTRAINT class_code_per_year UNIQUE (year_id, code);
ALTER TABLE ONLY school_yew.students_classenrolment
    ADD CONSTRAINT class_enrolment_no_overlap EXCLUDE USING gist (course_class_id WITH =, student_id WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&);
ALTER TABLE ONLY school_yew.institutions_courseclassterm
    ADD CONSTRAINT class_term_once UNIQUE (course_class_id, term_id);
ALTER TABLE ONLY school_yew.exchange_counterpart
    ADD CONSTRAINT counterpart_external_id UNIQUE (kind, external_id);
ALTER TABLE ONLY school_yew.exchange_counterpart
    ADD CONSTRAINT counterpart_of_row UNIQUE (kind, row_id);
ALTER TABLE ONLY school_yew.institutions_course
    ADD CONSTRAINT course_code_per_institution UNIQUE (institution_id, code);
ALTER TABLE ONLY school_yew.attendance_dailyattendance
    ADD CONSTRAINT daily_attendance_once UNIQUE (student_id, day);
ALTER TABLE ONLY school_yew.attendance_deskentry
    ADD CONSTRAINT desk_entry_once UNIQUE NULLS NOT DISTINCT (student_id, day, period_id);
ALTER TABLE ONLY school_yew.django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);
ALTER TABLE ONLY school_yew.django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);
ALTER TABLE ONLY school_yew.students_enrolment
    ADD CONSTRAINT enrolment_id_student UNIQUE (id, student_id);
ALTER TABLE ONLY school_yew.students_enrolment
    ADD CONSTRAINT enrolment_no_overlap EXCLUDE USING gist (student_id WITH =, daterange(entered_on, exited_on, '[)'::text) WITH &&) WHERE ("primary");
ALTER TABLE ONLY school_yew.exchange_counterpart
    ADD CONSTRAINT exchange_counterpart_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.exchange_headermapping
    ADD CONSTRAINT exchange_headermapping_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.exchange_import
    ADD CONSTRAINT exchange_import_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.exchange_import
    ADD CONSTRAINT exchange_import_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.exchange_importrow
    ADD CONSTRAINT exchange_importrow_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.students_studentguardian
    ADD CONSTRAINT guardian_linked_once UNIQUE (student_id, guardian_id);
ALTER TABLE ONLY school_yew.students_studentguardian
    ADD CONSTRAINT guardian_priority_once UNIQUE (student_id, contact_priority) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_academicyear
    ADD CONSTRAINT institutions_academicyear_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.institutions_academicyear
    ADD CONSTRAINT institutions_academicyear_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.institutions_calendarday
    ADD CONSTRAINT institutions_calendarday_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.institutions_course
    ADD CONSTRAINT institutions_course_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.institutions_course
    ADD CONSTRAINT institutions_course_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.institutions_courseclass
    ADD CONSTRAINT institutions_courseclass_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.institutions_courseclass
    ADD CONSTRAINT institutions_courseclass_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.institutions_courseclassterm
    ADD CONSTRAINT institutions_courseclassterm_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.institutions_gradelevel
    ADD CONSTRAINT institutions_gradelevel_code_key UNIQUE (code);
ALTER TABLE ONLY school_yew.institutions_gradelevel
    ADD CONSTRAINT institutions_gradelevel_name_key UNIQUE (name);
ALTER TABLE ONLY school_yew.institutions_gradelevel
    ADD CONSTRAINT institutions_gradelevel_next_level_id_key UNIQUE (next_level_id);
ALTER TABLE ONLY school_yew.institutions_gradelevel
    ADD CONSTRAINT institutions_gradelevel_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.institutions_gradelevel
    ADD CONSTRAINT institutions_gradelevel_position_key UNIQUE ("position");
ALTER TABLE ONLY school_yew.institutions_gradelevel
    ADD CONSTRAINT institutions_gradelevel_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.institutions_institution
    ADD CONSTRAINT institutions_institution_code_key UNIQUE (code);
ALTER TABLE ONLY school_yew.institutions_institution
    ADD CONSTRAINT institutions_institution_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.institutions_institution
    ADD CONSTRAINT institutions_institution_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.institutions_section
    ADD CONSTRAINT institutions_section_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.institutions_section
    ADD CONSTRAINT institutions_section_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.institutions_term
    ADD CONSTRAINT institutions_term_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.institutions_term
    ADD CONSTRAINT institutions_term_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.attendance_leave
    ADD CONSTRAINT leave_no_overlap EXCLUDE USING gist (student_id WITH =, daterange(starts_on, ends_on, '[]'::text) WITH &&) WHERE (((state)::text = ANY (ARRAY[('requested'::character varying)::text, ('approved'::character varying)::text])));
ALTER TABLE ONLY school_yew.exchange_headermapping
    ADD CONSTRAINT mapping_header_once UNIQUE (source, header);
ALTER TABLE ONLY school_yew.timetable_meeting
    ADD CONSTRAINT meeting_once EXCLUDE USING gist (course_class_id WITH =, period_id WITH =, weekday WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&);
ALTER TABLE ONLY school_yew.students_sectionmembership
    ADD CONSTRAINT membership_one_section EXCLUDE USING gist (enrolment_id WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&);
ALTER TABLE ONLY school_yew.students_sectionmembership
    ADD CONSTRAINT membership_roll_number EXCLUDE USING gist (section_id WITH =, roll_number WITH =, daterange(starts_on, ends_on, '[)'::text) WITH &&) WHERE ((roll_number IS NOT NULL));
ALTER TABLE ONLY school_yew.office_savedfilter
    ADD CONSTRAINT office_savedfilter_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.office_savedfilter
    ADD CONSTRAINT office_savedfilter_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.otp_static_staticdevice
    ADD CONSTRAINT otp_static_staticdevice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.otp_static_statictoken
    ADD CONSTRAINT otp_static_statictoken_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.otp_totp_totpdevice
    ADD CONSTRAINT otp_totp_totpdevice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.timetable_period
    ADD CONSTRAINT period_name_per_institution UNIQUE (institution_id, name);
ALTER TABLE ONLY school_yew.timetable_period
    ADD CONSTRAINT period_position_per_institution UNIQUE (institution_id, "position");
ALTER TABLE ONLY school_yew.access_roleassignment
    ADD CONSTRAINT role_assigned_once UNIQUE NULLS NOT DISTINCT (user_id, role_id, institution_id);
ALTER TABLE ONLY school_yew.access_rolepermission
    ADD CONSTRAINT role_permission_once UNIQUE (role_id, permission);
ALTER TABLE ONLY school_yew.institutions_section
    ADD CONSTRAINT section_name_per_level_and_year UNIQUE (year_id, grade_level_id, name);
ALTER TABLE ONLY school_yew.staff_staffmember
    ADD CONSTRAINT staff_number_per_institution UNIQUE (institution_id, staff_number);
ALTER TABLE ONLY school_yew.staff_staffmember
    ADD CONSTRAINT staff_staffmember_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.staff_staffmember
    ADD CONSTRAINT staff_staffmember_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.staff_staffmember
    ADD CONSTRAINT staff_staffmember_user_id_key UNIQUE (user_id);
ALTER TABLE ONLY school_yew.staff_substitution
    ADD CONSTRAINT staff_substitution_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.staff_substitution
    ADD CONSTRAINT staff_substitution_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.staff_teachingassignment
    ADD CONSTRAINT staff_teachingassignment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.staff_teachingassignment
    ADD CONSTRAINT staff_teachingassignment_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.students_student
    ADD CONSTRAINT student_admission_number UNIQUE (institution_id, admission_number);
ALTER TABLE ONLY school_yew.students_classenrolment
    ADD CONSTRAINT students_classenrolment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.students_classenrolment
    ADD CONSTRAINT students_classenrolment_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.students_enrolment
    ADD CONSTRAINT students_enrolment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.students_enrolment
    ADD CONSTRAINT students_enrolment_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.students_guardian
    ADD CONSTRAINT students_guardian_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.students_guardian
    ADD CONSTRAINT students_guardian_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.students_guardian
    ADD CONSTRAINT students_guardian_user_id_key UNIQUE (user_id);
ALTER TABLE ONLY school_yew.students_sectionmembership
    ADD CONSTRAINT students_sectionmembership_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.students_sectionmembership
    ADD CONSTRAINT students_sectionmembership_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.students_student
    ADD CONSTRAINT students_student_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.students_student
    ADD CONSTRAINT students_student_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.students_student
    ADD CONSTRAINT students_student_user_id_key UNIQUE (user_id);
ALTER TABLE ONLY school_yew.students_studentguardian
    ADD CONSTRAINT students_studentguardian_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.students_studentguardian
    ADD CONSTRAINT students_studentguardian_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.staff_substitution
    ADD CONSTRAINT substitution_once UNIQUE NULLS NOT DISTINCT (staff_id, section_id, course_class_id, day);
ALTER TABLE ONLY school_yew.institutions_term
    ADD CONSTRAINT term_name_per_year UNIQUE (year_id, name);
ALTER TABLE ONLY school_yew.institutions_term
    ADD CONSTRAINT term_no_overlap EXCLUDE USING gist (year_id WITH =, kind WITH =, daterange(starts_on, ends_on, '[]'::text) WITH &&);
ALTER TABLE ONLY school_yew.timetable_meeting
    ADD CONSTRAINT timetable_meeting_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.timetable_meeting
    ADD CONSTRAINT timetable_meeting_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.timetable_period
    ADD CONSTRAINT timetable_period_pkey PRIMARY KEY (id);
ALTER TABLE ONLY school_yew.timetable_period
    ADD CONSTRAINT timetable_period_sourced_id_key UNIQUE (sourced_id);
ALTER TABLE ONLY school_yew.institutions_academicyear
    ADD CONSTRAINT year_id_institution UNIQUE (id, institution_id);
ALTER TABLE ONLY school_yew.institutions_academicyear
    ADD CONSTRAINT year_name_per_institution UNIQUE (institution_id, name);
ALTER TABLE ONLY school_yew.institutions_academicyear
    ADD CONSTRAINT year_no_overlap EXCLUDE USING gist (institution_id WITH =, daterange(starts_on, ends_on, '[]'::text) WITH &&);
CREATE INDEX answer_expired ON public.queues_rememberedanswer USING btree (expires_at);
CREATE INDEX attempt_by_job ON public.queues_attempt USING btree (job_id);
CREATE INDEX django_session_expire_date_a5c62663 ON public.django_session USING btree (expire_date);
CREATE INDEX django_session_session_key_c0390e0f_like ON public.django_session USING btree (session_key varchar_pattern_ops);
CREATE INDEX job_due ON public.queues_job USING btree (run_at) WHERE (run_at IS NOT NULL);
CREATE INDEX job_ready ON public.queues_job USING btree (queue, school, priority DESC, id) WHERE (run_at IS NULL);
CREATE INDEX job_tracked ON public.queues_job USING btree (school, id DESC) WHERE tracked;
CREATE INDEX letter_on_the_desk ON public.queues_deadletter USING btree (queue, school, id) WHERE (discarded_at IS NULL);
CREATE INDEX once_key_expired ON public.queues_oncekey USING btree (expires_at);
CREATE INDEX operator_action_by_job ON public.queues_operatoraction USING btree (job_id) WHERE (job_id IS NOT NULL);
CREATE INDEX otp_static_staticdevice_user_id_7f9cff2b ON public.otp_static_staticdevice USING btree (user_id);
CREATE INDEX otp_static_statictoken_device_id_74b7c7d1 ON public.otp_static_statictoken USING btree (device_id);
CREATE INDEX otp_static_statictoken_token_d0a51866 ON public.otp_static_statictoken USING btree (token);
CREATE INDEX otp_static_statictoken_token_d0a51866_like ON public.otp_static_statictoken USING btree (token varchar_pattern_ops);
CREATE INDEX otp_totp_totpdevice_user_id_0fb18292 ON public.otp_totp_totpdevice USING btree (user_id);
CREATE INDEX outcome_expired ON public.queues_outcome USING btree (expires_at);
CREATE INDEX queues_backlog_school_5cbb4235_like ON public.queues_backlog USING btree (school varchar_pattern_ops);
CREATE INDEX queues_queuestate_queue_30478977_like ON public.queues_queuestate USING btree (queue varchar_pattern_ops);
CREATE INDEX queues_tick_name_c085606b_like ON public.queues_tick USING btree (name varchar_pattern_ops);
CREATE INDEX tenancy_domain_domain_5872c729_like ON public.tenancy_domain USING btree (domain varchar_pattern_ops);
CREATE INDEX tenancy_domain_is_primary_f2c2e5e3 ON public.tenancy_domain USING btree (is_primary);
CREATE INDEX tenancy_domain_tenant_id_5e325699 ON public.tenancy_domain USING btree (tenant_id);
CREATE INDEX tenancy_school_role_name_0b5fd9e5_like ON public.tenancy_school USING btree (role_name varchar_pattern_ops);
CREATE INDEX tenancy_school_schema_name_40ab6127_like ON public.tenancy_school USING btree (schema_name varchar_pattern_ops);
CREATE INDEX tenancy_school_slug_7a40bbb4_like ON public.tenancy_school USING btree (slug varchar_pattern_ops);
CREATE UNIQUE INDEX user_email_ci ON public.accounts_user USING btree (lower((email)::text)) WHERE (NOT ((email)::text = ''::text));
CREATE UNIQUE INDEX user_username_ci ON public.accounts_user USING btree (lower((username)::text));
CREATE INDEX access_role_code_85843d26_like ON school_ash.access_role USING btree (code varchar_pattern_ops);
CREATE INDEX assignment_by_class ON school_ash.staff_teachingassignment USING btree (course_class_id) INCLUDE (staff_id, starts_on, ends_on) WHERE (course_class_id IS NOT NULL);
CREATE INDEX assignment_by_section ON school_ash.staff_teachingassignment USING btree (section_id) INCLUDE (staff_id, starts_on, ends_on) WHERE (section_id IS NOT NULL);
CREATE UNIQUE INDEX attendance_code_one_default ON school_ash.attendance_attendancecode USING btree ("default") WHERE "default";
CREATE INDEX audit_by_actor ON school_ash.audit_auditentry USING btree (actor_id, id DESC) WHERE ((actor_id)::text <> ''::text);
CREATE INDEX audit_by_object ON school_ash.audit_auditentry USING btree (object_type, object_id, id DESC);
CREATE INDEX audit_by_time ON school_ash.audit_auditentry USING brin (at);
CREATE INDEX change_by_session ON school_ash.attendance_attendancechange USING btree (session_id, id);
CREATE INDEX change_by_student ON school_ash.attendance_attendancechange USING btree (student_id, id);
CREATE INDEX class_by_course ON school_ash.institutions_courseclass USING btree (course_id);
CREATE INDEX class_by_section ON school_ash.institutions_courseclass USING btree (section_id) WHERE (section_id IS NOT NULL);
CREATE INDEX class_enrolment_by_class ON school_ash.students_classenrolment USING btree (course_class_id, starts_on) INCLUDE (student_id, ends_on);
CREATE INDEX class_enrolment_by_student ON school_ash.students_classenrolment USING btree (student_id);
CREATE INDEX class_term_by_term ON school_ash.institutions_courseclassterm USING btree (term_id);
CREATE INDEX course_by_level ON school_ash.institutions_course USING btree (grade_level_id);
CREATE INDEX daily_absent ON school_ash.attendance_dailyattendance USING btree (day, institution_id) INCLUDE (student_id, section_id) WHERE ((state)::text = 'absent'::text);
CREATE INDEX daily_by_day ON school_ash.attendance_dailyattendance USING btree (day, institution_id, section_id) INCLUDE (student_id, state);
CREATE INDEX desk_by_day ON school_ash.attendance_deskentry USING btree (day, institution_id);
CREATE INDEX django_session_expire_date_a5c62663 ON school_ash.django_session USING btree (expire_date);
CREATE INDEX django_session_session_key_c0390e0f_like ON school_ash.django_session USING btree (session_key varchar_pattern_ops);
CREATE INDEX enrolment_by_student ON school_ash.students_enrolment USING btree (student_id, entered_on DESC);
CREATE INDEX enrolment_by_year ON school_ash.students_enrolment USING btree (year_id, grade_level_id) INCLUDE (student_id, entered_on, exited_on);
CREATE INDEX guardian_by_name ON school_ash.students_guardian USING btree (family_name, given_name, id);
CREATE INDEX guardian_link_by_guardian ON school_ash.students_studentguardian USING btree (guardian_id) INCLUDE (student_id);
CREATE INDEX import_latest ON school_ash.exchange_import USING btree (received_at DESC, id DESC);
CREATE UNIQUE INDEX import_one_applying ON school_ash.exchange_import USING btree (state) WHERE ((state)::text = 'applying'::text);
CREATE UNIQUE INDEX import_one_undoing ON school_ash.exchange_import USING btree (state) WHERE ((state)::text = 'undoing'::text);
CREATE INDEX import_row_by_key ON school_ash.exchange_importrow USING btree (run_id, kind, key);
CREATE INDEX import_row_by_kind ON school_ash.exchange_importrow USING btree (run_id, kind, action, id);
CREATE INDEX institutions_gradelevel_code_4f7ed3ce_like ON school_ash.institutions_gradelevel USING btree (code varchar_pattern_ops);
CREATE INDEX institutions_gradelevel_name_a3b7312f_like ON school_ash.institutions_gradelevel USING btree (name varchar_pattern_ops);
CREATE INDEX institutions_institution_code_1ada263d_like ON school_ash.institutions_institution USING btree (code varchar_pattern_ops);
CREATE INDEX leave_by_student ON school_ash.attendance_leave USING btree (student_id, starts_on);
CREATE INDEX leave_waiting ON school_ash.attendance_leave USING btree (starts_on, id) WHERE ((state)::text = 'requested'::text);
CREATE INDEX meeting_by_period ON school_ash.timetable_meeting USING btree (period_id, weekday);
CREATE INDEX membership_by_enrolment ON school_ash.students_sectionmembership USING btree (enrolment_id);
CREATE INDEX membership_by_section ON school_ash.students_sectionmembership USING btree (section_id, starts_on) INCLUDE (student_id, ends_on, roll_number);
CREATE INDEX membership_by_student ON school_ash.students_sectionmembership USING btree (student_id, starts_on DESC) INCLUDE (section_id, ends_on);
CREATE INDEX one_time_link_by_user ON school_ash.accounts_onetimelink USING btree (user_id) WHERE (used_at IS NULL);
CREATE INDEX otp_static_staticdevice_user_id_7f9cff2b ON school_ash.otp_static_staticdevice USING btree (user_id);
CREATE INDEX otp_static_statictoken_device_id_74b7c7d1 ON school_ash.otp_static_statictoken USING btree (device_id);
CREATE INDEX otp_static_statictoken_token_d0a51866 ON school_ash.otp_static_statictoken USING btree (token);
CREATE INDEX otp_static_statictoken_token_d0a51866_like ON school_ash.otp_static_statictoken USING btree (token varchar_pattern_ops);
CREATE INDEX otp_totp_totpdevice_user_id_0fb18292 ON school_ash.otp_totp_totpdevice USING btree (user_id);
CREATE INDEX record_by_day ON school_ash.attendance_attendancerecord USING brin (day);
CREATE INDEX record_by_section ON school_ash.attendance_attendancerecord USING btree (section_id, day) INCLUDE (student_id, state);
CREATE INDEX record_by_student ON school_ash.attendance_attendancerecord USING btree (student_id, day DESC, session_id DESC) INCLUDE (state, excused, code);
CREATE INDEX role_assignment_by_role ON school_ash.access_roleassignment USING btree (role_id) INCLUDE (user_id);
CREATE UNIQUE INDEX saved_filter_name_once ON school_ash.office_savedfilter USING btree (user_id, listed, lower((name)::text));
CREATE INDEX section_by_year ON school_ash.institutions_section USING btree (year_id, grade_level_id, name) INCLUDE (institution_id);
CREATE INDEX session_by_class ON school_ash.attendance_attendancesession USING btree (course_class_id, day) WHERE (course_class_id IS NOT NULL);
CREATE INDEX session_by_day ON school_ash.attendance_attendancesession USING btree (day, institution_id) INCLUDE (section_id, course_class_id, period_id, state);
CREATE INDEX staff_by_name ON school_ash.staff_staffmember USING btree (family_name, given_name, id);
CREATE INDEX student_by_institution_and_name ON school_ash.students_student USING btree (institution_id, family_name, given_name, id) WHERE (merged_into_id IS NULL);
CREATE INDEX student_by_name ON school_ash.students_student USING btree (family_name, given_name, id) WHERE (merged_into_id IS NULL);
CREATE INDEX student_merged ON school_ash.students_student USING btree (merged_into_id) WHERE (merged_into_id IS NOT NULL);
CREATE INDEX student_search ON school_ash.students_student USING gin (lower((((((((((given_name)::text || ' '::text) || (middle_name)::text) || ' '::text) || (family_name)::text) || ' '::text) || (preferred_name)::text) || ' '::text) || (admission_number)::text)) extensions.gin_trgm_ops) WHERE (merged_into_id IS NULL);
CREATE INDEX substitution_by_day ON school_ash.staff_substitution USING btree (day);
CREATE INDEX term_by_year ON school_ash.institutions_term USING btree (year_id, starts_on);
CREATE INDEX token_by_expiry ON school_ash.accounts_token USING btree (expires_at);
CREATE INDEX token_by_family ON school_ash.accounts_token USING btree (family_id);
CREATE INDEX token_family_by_user ON school_ash.accounts_tokenfamily USING btree (user_id) WHERE (revoked_at IS NULL);
CREATE UNIQUE INDEX user_email_ci ON school_ash.accounts_user USING btree (lower((email)::text)) WHERE (NOT ((email)::text = ''::text));
CREATE UNIQUE INDEX user_username_ci ON school_ash.accounts_user USING btree (lower((username)::text));
CREATE UNIQUE INDEX year_one_active ON school_ash.institutions_academicyear USING btree (institution_id) WHERE ((state)::text = 'active'::text);
CREATE INDEX access_role_code_85843d26_like ON school_yew.access_role USING btree (code varchar_pattern_ops);
CREATE INDEX assignment_by_class ON school_yew.staff_teachingassignment USING btree (course_class_id) INCLUDE (staff_id, starts_on, ends_on) WHERE (course_class_id IS NOT NULL);
CREATE INDEX assignment_by_section ON school_yew.staff_teachingassignment USING btree (section_id) INCLUDE (staff_id, starts_on, ends_on) WHERE (section_id IS NOT NULL);
CREATE UNIQUE INDEX attendance_code_one_default ON school_yew.attendance_attendancecode USING btree ("default") WHERE "default";
CREATE INDEX audit_by_actor ON school_yew.audit_auditentry USING btree (actor_id, id DESC) WHERE ((actor_id)::text <> ''::text);
CREATE INDEX audit_by_object ON school_yew.audit_auditentry USING btree (object_type, object_id, id DESC);
CREATE INDEX audit_by_time ON school_yew.audit_auditentry USING brin (at);
CREATE INDEX change_by_session ON school_yew.attendance_attendancechange USING btree (session_id, id);
CREATE INDEX change_by_student ON school_yew.attendance_attendancechange USING btree (student_id, id);
CREATE INDEX class_by_course ON school_yew.institutions_courseclass USING btree (course_id);
CREATE INDEX class_by_section ON school_yew.institutions_courseclass USING btree (section_id) WHERE (section_id IS NOT NULL);
CREATE INDEX class_enrolment_by_class ON school_yew.students_classenrolment USING btree (course_class_id, starts_on) INCLUDE (student_id, ends_on);
CREATE INDEX class_enrolment_by_student ON school_yew.students_classenrolment USING btree (student_id);
CREATE INDEX class_term_by_term ON school_yew.institutions_courseclassterm USING btree (term_id);
CREATE INDEX course_by_level ON school_yew.institutions_course USING btree (grade_level_id);
CREATE INDEX daily_absent ON school_yew.attendance_dailyattendance USING btree (day, institution_id) INCLUDE (student_id, section_id) WHERE ((state)::text = 'absent'::text);
CREATE INDEX daily_by_day ON school_yew.attendance_dailyattendance USING btree (day, institution_id, section_id) INCLUDE (student_id, state);
CREATE INDEX desk_by_day ON school_yew.attendance_deskentry USING btree (day, institution_id);
CREATE INDEX django_session_expire_date_a5c62663 ON school_yew.django_session USING btree (expire_date);
CREATE INDEX django_session_session_key_c0390e0f_like ON school_yew.django_session USING btree (session_key varchar_pattern_ops);
CREATE INDEX enrolment_by_student ON school_yew.students_enrolment USING btree (student_id, entered_on DESC);
CREATE INDEX enrolment_by_year ON school_yew.students_enrolment USING btree (year_id, grade_level_id) INCLUDE (student_id, entered_on, exited_on);
CREATE INDEX guardian_by_name ON school_yew.students_guardian USING btree (family_name, given_name, id);
CREATE INDEX guardian_link_by_guardian ON school_yew.students_studentguardian USING btree (guardian_id) INCLUDE (student_id);
CREATE INDEX import_latest ON school_yew.exchange_import USING btree (received_at DESC, id DESC);
CREATE UNIQUE INDEX import_one_applying ON school_yew.exchange_import USING btree (state) WHERE ((state)::text = 'applying'::text);
CREATE UNIQUE INDEX import_one_undoing ON school_yew.exchange_import USING btree (state) WHERE ((state)::text = 'undoing'::text);
CREATE INDEX import_row_by_key ON school_yew.exchange_importrow USING btree (run_id, kind, key);
CREATE INDEX import_row_by_kind ON school_yew.exchange_importrow USING btree (run_id, kind, action, id);
CREATE INDEX institutions_gradelevel_code_4f7ed3ce_like ON school_yew.institutions_gradelevel USING btree (code varchar_pattern_ops);
CREATE INDEX institutions_gradelevel_name_a3b7312f_like ON school_yew.institutions_gradelevel USING btree (name varchar_pattern_ops);
CREATE INDEX institutions_institution_code_1ada263d_like ON school_yew.institutions_institution USING btree (code varchar_pattern_ops);
CREATE INDEX leave_by_student ON school_yew.attendance_leave USING btree (student_id, starts_on);
CREATE INDEX leave_waiting ON school_yew.attendance_leave USING btree (starts_on, id) WHERE ((state)::text = 'requested'::text);
CREATE INDEX meeting_by_period ON school_yew.timetable_meeting USING btree (period_id, weekday);
CREATE INDEX membership_by_enrolment ON school_yew.students_sectionmembership USING btree (enrolment_id);
CREATE INDEX membership_by_section ON school_yew.students_sectionmembership USING btree (section_id, starts_on) INCLUDE (student_id, ends_on, roll_number);
CREATE INDEX membership_by_student ON school_yew.students_sectionmembership USING btree (student_id, starts_on DESC) INCLUDE (section_id, ends_on);
CREATE INDEX one_time_link_by_user ON school_yew.accounts_onetimelink USING btree (user_id) WHERE (used_at IS NULL);
CREATE INDEX otp_static_staticdevice_user_id_7f9cff2b ON school_yew.otp_static_staticdevice USING btree (user_id);
CREATE INDEX otp_static_statictoken_device_id_74b7c7d1 ON school_yew.otp_static_statictoken USING btree (device_id);
CREATE INDEX otp_static_statictoken_token_d0a51866 ON school_yew.otp_static_statictoken USING btree (token);
CREATE INDEX otp_static_statictoken_token_d0a51866_like ON school_yew.otp_static_statictoken USING btree (token varchar_pattern_ops);
CREATE INDEX otp_totp_totpdevice_user_id_0fb18292 ON school_yew.otp_totp_totpdevice USING btree (user_id);
CREATE INDEX record_by_day ON school_yew.attendance_attendancerecord USING brin (day);
CREATE INDEX record_by_section ON school_yew.attendance_attendancerecord USING btree (section_id, day) INCLUDE (student_id, state);
CREATE INDEX record_by_student ON school_yew.attendance_attendancerecord USING btree (student_id, day DESC, session_id DESC) INCLUDE (state, excused, code);
CREATE INDEX role_assignment_by_role ON school_yew.access_roleassignment USING btree (role_id) INCLUDE (user_id);
CREATE UNIQUE INDEX saved_filter_name_once ON school_yew.office_savedfilter USING btree (user_id, listed, lower((name)::text));
CREATE INDEX section_by_year ON school_yew.institutions_section USING btree (year_id, grade_level_id, name) INCLUDE (institution_id);
CREATE INDEX session_by_class ON school_yew.attendance_attendancesession USING btree (course_class_id, day) WHERE (course_class_id IS NOT NULL);
CREATE INDEX session_by_day ON school_yew.attendance_attendancesession USING btree (day, institution_id) INCLUDE (section_id, course_class_id, period_id, state);
CREATE INDEX staff_by_name ON school_yew.staff_staffmember USING btree (family_name, given_name, id);
CREATE INDEX student_by_institution_and_name ON school_yew.students_student USING btree (institution_id, family_name, given_name, id) WHERE (merged_into_id IS NULL);
CREATE INDEX student_by_name ON school_yew.students_student USING btree (family_name, given_name, id) WHERE (merged_into_id IS NULL);
CREATE INDEX student_merged ON school_yew.students_student USING btree (merged_into_id) WHERE (merged_into_id IS NOT NULL);
CREATE INDEX student_search ON school_yew.students_student USING gin (lower((((((((((given_name)::text || ' '::text) || (middle_name)::text) || ' '::text) || (family_name)::text) || ' '::text) || (preferred_name)::text) || ' '::text) || (admission_number)::text)) extensions.gin_trgm_ops) WHERE (merged_into_id IS NULL);
CREATE INDEX substitution_by_day ON school_yew.staff_substitution USING btree (day);
CREATE INDEX term_by_year ON school_yew.institutions_term USING btree (year_id, starts_on);
CREATE INDEX token_by_expiry ON school_yew.accounts_token USING btree (expires_at);
CREATE INDEX token_by_family ON school_yew.accounts_token USING btree (family_id);
CREATE INDEX token_family_by_user ON school_yew.accounts_tokenfamily USING btree (user_id) WHERE (revoked_at IS NULL);
CREATE UNIQUE INDEX user_email_ci ON school_yew.accounts_user USING btree (lower((email)::text)) WHERE (NOT ((email)::text = ''::text));
CREATE UNIQUE INDEX user_username_ci ON school_yew.accounts_user USING btree (lower((username)::text));
CREATE UNIQUE INDEX year_one_active ON school_yew.institutions_academicyear USING btree (institution_id) WHERE ((state)::text = 'active'::text);
CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON public.audit_auditentry FOR EACH ROW EXECUTE FUNCTION public.audit_refuse_change();
CREATE TRIGGER audit_never_truncated BEFORE TRUNCATE ON public.audit_auditentry FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse_change();
CREATE TRIGGER attendance_code_in_use BEFORE UPDATE ON school_ash.attendance_attendancecode FOR EACH ROW WHEN ((((old.code)::text IS DISTINCT FROM (new.code)::text) OR ((old.state)::text IS DISTINCT FROM (new.state)::text) OR (old.excused IS DISTINCT FROM new.excused) OR (old.late IS DISTINCT FROM new.late) OR ((old.direction)::text IS DISTINCT FROM (new.direction)::text))) EXECUTE FUNCTION school_ash.attendance_code_in_use();
CREATE TRIGGER attendance_history_stays BEFORE DELETE OR UPDATE ON school_ash.attendance_attendancechange FOR EACH ROW EXECUTE FUNCTION school_ash.attendance_history_stays();
CREATE TRIGGER attendance_record_inserted AFTER INSERT ON school_ash.attendance_attendancerecord REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION school_ash.attendance_record_follows_session();
CREATE TRIGGER attendance_record_updated AFTER UPDATE ON school_ash.attendance_attendancerecord REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION school_ash.attendance_record_follows_session();
CREATE TRIGGER attendance_session_of_institution BEFORE INSERT ON school_ash.attendance_attendancesession FOR EACH ROW EXECUTE FUNCTION school_ash.attendance_session_of_institution();
CREATE TRIGGER attendance_session_stays BEFORE UPDATE ON school_ash.attendance_attendancesession FOR EACH ROW EXECUTE FUNCTION school_ash.attendance_session_stays();
CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON school_ash.audit_auditentry FOR EACH ROW EXECUTE FUNCTION school_ash.audit_refuse_change();
CREATE TRIGGER audit_never_truncated BEFORE TRUNCATE ON school_ash.audit_auditentry FOR EACH STATEMENT EXECUTE FUNCTION school_ash.audit_refuse_change();
CREATE TRIGGER enrolment_inside_year AFTER UPDATE OF starts_on, ends_on ON school_ash.institutions_academicyear FOR EACH ROW EXECUTE FUNCTION school_ash.students_enrolment_inside_year();
CREATE TRIGGER enrolment_inside_year AFTER INSERT OR UPDATE OF year_id, entered_on, exited_on ON school_ash.students_enrolment FOR EACH ROW EXECUTE FUNCTION school_ash.students_enrolment_inside_year();
CREATE CONSTRAINT TRIGGER membership_inside_enrolment AFTER UPDATE OF entered_on, exited_on, year_id, institution_id, grade_level_id ON school_ash.students_enrolment DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION school_ash.students_membership_inside_enrolment();
CREATE CONSTRAINT TRIGGER membership_inside_enrolment AFTER INSERT OR UPDATE ON school_ash.students_sectionmembership DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION school_ash.students_membership_inside_enrolment();
CREATE CONSTRAINT TRIGGER term_inside_year AFTER UPDATE OF starts_on, ends_on ON school_ash.institutions_academicyear DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION school_ash.institutions_term_inside_year();
CREATE CONSTRAINT TRIGGER term_inside_year AFTER INSERT OR UPDATE ON school_ash.institutions_term DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION school_ash.institutions_term_inside_year();
CREATE TRIGGER attendance_code_in_use BEFORE UPDATE ON school_yew.attendance_attendancecode FOR EACH ROW WHEN ((((old.code)::text IS DISTINCT FROM (new.code)::text) OR ((old.state)::text IS DISTINCT FROM (new.state)::text) OR (old.excused IS DISTINCT FROM new.excused) OR (old.late IS DISTINCT FROM new.late) OR ((old.direction)::text IS DISTINCT FROM (new.direction)::text))) EXECUTE FUNCTION school_yew.attendance_code_in_use();
CREATE TRIGGER attendance_history_stays BEFORE DELETE OR UPDATE ON school_yew.attendance_attendancechange FOR EACH ROW EXECUTE FUNCTION school_yew.attendance_history_stays();
CREATE TRIGGER attendance_record_inserted AFTER INSERT ON school_yew.attendance_attendancerecord REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION school_yew.attendance_record_follows_session();
CREATE TRIGGER attendance_record_updated AFTER UPDATE ON school_yew.attendance_attendancerecord REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION school_yew.attendance_record_follows_session();
CREATE TRIGGER attendance_session_of_institution BEFORE INSERT ON school_yew.attendance_attendancesession FOR EACH ROW EXECUTE FUNCTION school_yew.attendance_session_of_institution();
CREATE TRIGGER attendance_session_stays BEFORE UPDATE ON school_yew.attendance_attendancesession FOR EACH ROW EXECUTE FUNCTION school_yew.attendance_session_stays();
CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON school_yew.audit_auditentry FOR EACH ROW EXECUTE FUNCTION school_yew.audit_refuse_change();
CREATE TRIGGER audit_never_truncated BEFORE TRUNCATE ON school_yew.audit_auditentry FOR EACH STATEMENT EXECUTE FUNCTION school_yew.audit_refuse_change();
CREATE TRIGGER enrolment_inside_year AFTER UPDATE OF starts_on, ends_on ON school_yew.institutions_academicyear FOR EACH ROW EXECUTE FUNCTION school_yew.students_enrolment_inside_year();
CREATE TRIGGER enrolment_inside_year AFTER INSERT OR UPDATE OF year_id, entered_on, exited_on ON school_yew.students_enrolment FOR EACH ROW EXECUTE FUNCTION school_yew.students_enrolment_inside_year();
CREATE CONSTRAINT TRIGGER membership_inside_enrolment AFTER UPDATE OF entered_on, exited_on, year_id, institution_id, grade_level_id ON school_yew.students_enrolment DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION school_yew.students_membership_inside_enrolment();
CREATE CONSTRAINT TRIGGER membership_inside_enrolment AFTER INSERT OR UPDATE ON school_yew.students_sectionmembership DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION school_yew.students_membership_inside_enrolment();
CREATE CONSTRAINT TRIGGER term_inside_year AFTER UPDATE OF starts_on, ends_on ON school_yew.institutions_academicyear DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION school_yew.institutions_term_inside_year();
CREATE CONSTRAINT TRIGGER term_inside_year AFTER INSERT OR UPDATE ON school_yew.institutions_term DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION school_yew.institutions_term_inside_year();
ALTER TABLE ONLY public.accounts_onetimelink
    ADD CONSTRAINT accounts_onetimelink_user_id_f40ce086_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_token
    ADD CONSTRAINT accounts_token_family_id_52e4364c_fk_accounts_tokenfamily_id FOREIGN KEY (family_id) REFERENCES public.accounts_tokenfamily(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_tokenfamily
    ADD CONSTRAINT accounts_tokenfamily_user_id_be700e5e_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.otp_static_staticdevice
    ADD CONSTRAINT otp_static_staticdevice_user_id_7f9cff2b_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.otp_static_statictoken
    ADD CONSTRAINT otp_static_statictok_device_id_74b7c7d1_fk_otp_stati FOREIGN KEY (device_id) REFERENCES public.otp_static_staticdevice(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.otp_totp_totpdevice
    ADD CONSTRAINT otp_totp_totpdevice_user_id_0fb18292_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.tenancy_domain
    ADD CONSTRAINT tenancy_domain_tenant_id_5e325699_fk_tenancy_school_id FOREIGN KEY (tenant_id) REFERENCES public.tenancy_school(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.tenancy_supportgrant
    ADD CONSTRAINT tenancy_supportgrant_school_id_cf90822f_fk_tenancy_school_id FOREIGN KEY (school_id) REFERENCES public.tenancy_school(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.access_roleassignment
    ADD CONSTRAINT access_roleassignmen_institution_id_05e7f643_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.access_roleassignment
    ADD CONSTRAINT access_roleassignment_role_id_e6a30b72_fk_access_role_id FOREIGN KEY (role_id) REFERENCES school_ash.access_role(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.access_roleassignment
    ADD CONSTRAINT access_roleassignment_user_id_cfe8c2d4_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.access_rolepermission
    ADD CONSTRAINT access_rolepermission_role_id_ce4a1fbb_fk_access_role_id FOREIGN KEY (role_id) REFERENCES school_ash.access_role(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.accounts_onetimelink
    ADD CONSTRAINT accounts_onetimelink_user_id_f40ce086_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.accounts_token
    ADD CONSTRAINT accounts_token_family_id_52e4364c_fk_accounts_tokenfamily_id FOREIGN KEY (family_id) REFERENCES school_ash.accounts_tokenfamily(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.accounts_tokenfamily
    ADD CONSTRAINT accounts_tokenfamily_user_id_be700e5e_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancesession
    ADD CONSTRAINT attendance_attendanc_course_class_id_1cf73f37_fk_instituti FOREIGN KEY (course_class_id) REFERENCES school_ash.institutions_courseclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancesession
    ADD CONSTRAINT attendance_attendanc_institution_id_545891d2_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancepolicy
    ADD CONSTRAINT attendance_attendanc_institution_id_fbcdbf84_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancerecord
    ADD CONSTRAINT attendance_attendanc_office_code_id_5c242acc_fk_attendanc FOREIGN KEY (office_code_id) REFERENCES school_ash.attendance_attendancecode(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancesession
    ADD CONSTRAINT attendance_attendanc_period_id_2dac777e_fk_timetable FOREIGN KEY (period_id) REFERENCES school_ash.timetable_period(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancesession
    ADD CONSTRAINT attendance_attendanc_section_id_8077b939_fk_instituti FOREIGN KEY (section_id) REFERENCES school_ash.institutions_section(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancechange
    ADD CONSTRAINT attendance_attendanc_session_id_cb6ec81e_fk_attendanc FOREIGN KEY (session_id) REFERENCES school_ash.attendance_attendancesession(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancerecord
    ADD CONSTRAINT attendance_attendanc_session_id_ddf44875_fk_attendanc FOREIGN KEY (session_id) REFERENCES school_ash.attendance_attendancesession(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancechange
    ADD CONSTRAINT attendance_attendanc_student_id_c260c4ae_fk_students_ FOREIGN KEY (student_id) REFERENCES school_ash.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancerecord
    ADD CONSTRAINT attendance_attendanc_student_id_d242c468_fk_students_ FOREIGN KEY (student_id) REFERENCES school_ash.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancesession
    ADD CONSTRAINT attendance_attendanc_taken_by_id_b087c296_fk_accounts_ FOREIGN KEY (taken_by_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancerecord
    ADD CONSTRAINT attendance_attendanc_teacher_code_id_49339c9f_fk_attendanc FOREIGN KEY (teacher_code_id) REFERENCES school_ash.attendance_attendancecode(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancechange
    ADD CONSTRAINT attendance_attendancechange_by_id_fdc2e944_fk_accounts_user_id FOREIGN KEY (by_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_dailyattendance
    ADD CONSTRAINT attendance_dailyatte_institution_id_5ef1a76b_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_dailyattendance
    ADD CONSTRAINT attendance_dailyatte_section_id_88ebe0af_fk_instituti FOREIGN KEY (section_id) REFERENCES school_ash.institutions_section(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_dailyattendance
    ADD CONSTRAINT attendance_dailyatte_student_id_abf3bed0_fk_students_ FOREIGN KEY (student_id) REFERENCES school_ash.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_code_id_3a945cac_fk_attendanc FOREIGN KEY (code_id) REFERENCES school_ash.attendance_attendancecode(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_entered_by_id_61393c7a_fk_accounts_user_id FOREIGN KEY (entered_by_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_institution_id_71d60185_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_period_id_33a2befc_fk_timetable_period_id FOREIGN KEY (period_id) REFERENCES school_ash.timetable_period(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_student_id_eed423b4_fk_students_student_id FOREIGN KEY (student_id) REFERENCES school_ash.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_leave
    ADD CONSTRAINT attendance_leave_code_id_a092a195_fk_attendanc FOREIGN KEY (code_id) REFERENCES school_ash.attendance_attendancecode(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_leave
    ADD CONSTRAINT attendance_leave_decided_by_id_8817329d_fk_accounts_user_id FOREIGN KEY (decided_by_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_leave
    ADD CONSTRAINT attendance_leave_requested_by_id_172a31f1_fk_accounts_user_id FOREIGN KEY (requested_by_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_leave
    ADD CONSTRAINT attendance_leave_student_id_f87b71c3_fk_students_student_id FOREIGN KEY (student_id) REFERENCES school_ash.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.attendance_attendancerecord
    ADD CONSTRAINT attendance_state_of_code FOREIGN KEY (code, state, excused) REFERENCES school_ash.attendance_attendancecode(id, state, excused) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_courseclass
    ADD CONSTRAINT class_year_of_institution FOREIGN KEY (year_id, institution_id) REFERENCES school_ash.institutions_academicyear(id, institution_id);
ALTER TABLE ONLY school_ash.students_enrolment
    ADD CONSTRAINT enrolment_year_of_institution FOREIGN KEY (year_id, institution_id) REFERENCES school_ash.institutions_academicyear(id, institution_id);
ALTER TABLE ONLY school_ash.exchange_counterpart
    ADD CONSTRAINT exchange_counterpart_run_id_2a353ec2_fk_exchange_import_id FOREIGN KEY (run_id) REFERENCES school_ash.exchange_import(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.exchange_import
    ADD CONSTRAINT exchange_import_by_id_f2fd06ab_fk_accounts_user_id FOREIGN KEY (by_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.exchange_import
    ADD CONSTRAINT exchange_import_institution_id_4e02b85c_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.exchange_importrow
    ADD CONSTRAINT exchange_importrow_run_id_b2f49860_fk_exchange_import_id FOREIGN KEY (run_id) REFERENCES school_ash.exchange_import(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_academicyear
    ADD CONSTRAINT institutions_academi_institution_id_5b76e60c_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_calendarday
    ADD CONSTRAINT institutions_calenda_institution_id_345397fd_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_course
    ADD CONSTRAINT institutions_course_grade_level_id_373d9162_fk_instituti FOREIGN KEY (grade_level_id) REFERENCES school_ash.institutions_gradelevel(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_course
    ADD CONSTRAINT institutions_course_institution_id_80bfaff1_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_courseclassterm
    ADD CONSTRAINT institutions_coursec_course_class_id_79b8ebea_fk_instituti FOREIGN KEY (course_class_id) REFERENCES school_ash.institutions_courseclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_courseclass
    ADD CONSTRAINT institutions_coursec_course_id_2c0ec70b_fk_instituti FOREIGN KEY (course_id) REFERENCES school_ash.institutions_course(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_courseclass
    ADD CONSTRAINT institutions_coursec_institution_id_4fac6542_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_courseclass
    ADD CONSTRAINT institutions_coursec_section_id_602810a1_fk_instituti FOREIGN KEY (section_id) REFERENCES school_ash.institutions_section(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_courseclassterm
    ADD CONSTRAINT institutions_coursec_term_id_5daaaacc_fk_instituti FOREIGN KEY (term_id) REFERENCES school_ash.institutions_term(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_courseclass
    ADD CONSTRAINT institutions_coursec_year_id_1886b407_fk_instituti FOREIGN KEY (year_id) REFERENCES school_ash.institutions_academicyear(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_gradelevel
    ADD CONSTRAINT institutions_gradele_next_level_id_e2ef0a98_fk_instituti FOREIGN KEY (next_level_id) REFERENCES school_ash.institutions_gradelevel(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_section
    ADD CONSTRAINT institutions_section_grade_level_id_ebb63970_fk_instituti FOREIGN KEY (grade_level_id) REFERENCES school_ash.institutions_gradelevel(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_section
    ADD CONSTRAINT institutions_section_institution_id_55dcb03c_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_section
    ADD CONSTRAINT institutions_section_year_id_207d8432_fk_instituti FOREIGN KEY (year_id) REFERENCES school_ash.institutions_academicyear(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_term
    ADD CONSTRAINT institutions_term_parent_id_1d895a92_fk_institutions_term_id FOREIGN KEY (parent_id) REFERENCES school_ash.institutions_term(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_term
    ADD CONSTRAINT institutions_term_year_id_35e2e6b3_fk_instituti FOREIGN KEY (year_id) REFERENCES school_ash.institutions_academicyear(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_sectionmembership
    ADD CONSTRAINT membership_student_of_enrolment FOREIGN KEY (enrolment_id, student_id) REFERENCES school_ash.students_enrolment(id, student_id) ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.office_savedfilter
    ADD CONSTRAINT office_savedfilter_user_id_3e554220_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.otp_static_staticdevice
    ADD CONSTRAINT otp_static_staticdevice_user_id_7f9cff2b_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.otp_static_statictoken
    ADD CONSTRAINT otp_static_statictok_device_id_74b7c7d1_fk_otp_stati FOREIGN KEY (device_id) REFERENCES school_ash.otp_static_staticdevice(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.otp_totp_totpdevice
    ADD CONSTRAINT otp_totp_totpdevice_user_id_0fb18292_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.institutions_section
    ADD CONSTRAINT section_year_of_institution FOREIGN KEY (year_id, institution_id) REFERENCES school_ash.institutions_academicyear(id, institution_id);
ALTER TABLE ONLY school_ash.staff_staffmember
    ADD CONSTRAINT staff_staffmember_institution_id_a3171f92_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.staff_staffmember
    ADD CONSTRAINT staff_staffmember_user_id_0522d12b_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.staff_substitution
    ADD CONSTRAINT staff_substitution_course_class_id_687252e5_fk_instituti FOREIGN KEY (course_class_id) REFERENCES school_ash.institutions_courseclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.staff_substitution
    ADD CONSTRAINT staff_substitution_instead_of_id_992df714_fk_staff_sta FOREIGN KEY (instead_of_id) REFERENCES school_ash.staff_staffmember(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.staff_substitution
    ADD CONSTRAINT staff_substitution_section_id_dc3f4ea2_fk_instituti FOREIGN KEY (section_id) REFERENCES school_ash.institutions_section(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.staff_substitution
    ADD CONSTRAINT staff_substitution_staff_id_26ea717f_fk_staff_staffmember_id FOREIGN KEY (staff_id) REFERENCES school_ash.staff_staffmember(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.staff_teachingassignment
    ADD CONSTRAINT staff_teachingassign_course_class_id_972cd913_fk_instituti FOREIGN KEY (course_class_id) REFERENCES school_ash.institutions_courseclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.staff_teachingassignment
    ADD CONSTRAINT staff_teachingassign_section_id_dcdaff03_fk_instituti FOREIGN KEY (section_id) REFERENCES school_ash.institutions_section(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.staff_teachingassignment
    ADD CONSTRAINT staff_teachingassign_staff_id_1fdc87d6_fk_staff_sta FOREIGN KEY (staff_id) REFERENCES school_ash.staff_staffmember(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_classenrolment
    ADD CONSTRAINT students_classenrolm_course_class_id_c69fe9a1_fk_instituti FOREIGN KEY (course_class_id) REFERENCES school_ash.institutions_courseclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_classenrolment
    ADD CONSTRAINT students_classenrolm_student_id_e59991dc_fk_students_ FOREIGN KEY (student_id) REFERENCES school_ash.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_enrolment
    ADD CONSTRAINT students_enrolment_grade_level_id_9f53b382_fk_instituti FOREIGN KEY (grade_level_id) REFERENCES school_ash.institutions_gradelevel(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_enrolment
    ADD CONSTRAINT students_enrolment_institution_id_1a17b3b0_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_enrolment
    ADD CONSTRAINT students_enrolment_student_id_3fd2a934_fk_students_student_id FOREIGN KEY (student_id) REFERENCES school_ash.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_enrolment
    ADD CONSTRAINT students_enrolment_year_id_f8384479_fk_instituti FOREIGN KEY (year_id) REFERENCES school_ash.institutions_academicyear(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_guardian
    ADD CONSTRAINT students_guardian_user_id_e47d0123_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_sectionmembership
    ADD CONSTRAINT students_sectionmemb_enrolment_id_40f6a0f7_fk_students_ FOREIGN KEY (enrolment_id) REFERENCES school_ash.students_enrolment(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_sectionmembership
    ADD CONSTRAINT students_sectionmemb_section_id_45a7e146_fk_instituti FOREIGN KEY (section_id) REFERENCES school_ash.institutions_section(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_sectionmembership
    ADD CONSTRAINT students_sectionmemb_student_id_d0f97108_fk_students_ FOREIGN KEY (student_id) REFERENCES school_ash.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_student
    ADD CONSTRAINT students_student_institution_id_ef451c30_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_student
    ADD CONSTRAINT students_student_merged_into_id_0dda0791_fk_students_student_id FOREIGN KEY (merged_into_id) REFERENCES school_ash.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_student
    ADD CONSTRAINT students_student_user_id_56286dbb_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_ash.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_studentguardian
    ADD CONSTRAINT students_studentguar_guardian_id_767ede9b_fk_students_ FOREIGN KEY (guardian_id) REFERENCES school_ash.students_guardian(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.students_studentguardian
    ADD CONSTRAINT students_studentguar_student_id_80ba0b54_fk_students_ FOREIGN KEY (student_id) REFERENCES school_ash.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.timetable_meeting
    ADD CONSTRAINT timetable_meeting_course_class_id_ddc216a5_fk_instituti FOREIGN KEY (course_class_id) REFERENCES school_ash.institutions_courseclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.timetable_meeting
    ADD CONSTRAINT timetable_meeting_period_id_7fef5845_fk_timetable_period_id FOREIGN KEY (period_id) REFERENCES school_ash.timetable_period(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_ash.timetable_period
    ADD CONSTRAINT timetable_period_institution_id_c75e6e5d_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_ash.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.access_roleassignment
    ADD CONSTRAINT access_roleassignmen_institution_id_05e7f643_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.access_roleassignment
    ADD CONSTRAINT access_roleassignment_role_id_e6a30b72_fk_access_role_id FOREIGN KEY (role_id) REFERENCES school_yew.access_role(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.access_roleassignment
    ADD CONSTRAINT access_roleassignment_user_id_cfe8c2d4_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.access_rolepermission
    ADD CONSTRAINT access_rolepermission_role_id_ce4a1fbb_fk_access_role_id FOREIGN KEY (role_id) REFERENCES school_yew.access_role(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.accounts_onetimelink
    ADD CONSTRAINT accounts_onetimelink_user_id_f40ce086_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.accounts_token
    ADD CONSTRAINT accounts_token_family_id_52e4364c_fk_accounts_tokenfamily_id FOREIGN KEY (family_id) REFERENCES school_yew.accounts_tokenfamily(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.accounts_tokenfamily
    ADD CONSTRAINT accounts_tokenfamily_user_id_be700e5e_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancesession
    ADD CONSTRAINT attendance_attendanc_course_class_id_1cf73f37_fk_instituti FOREIGN KEY (course_class_id) REFERENCES school_yew.institutions_courseclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancesession
    ADD CONSTRAINT attendance_attendanc_institution_id_545891d2_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancepolicy
    ADD CONSTRAINT attendance_attendanc_institution_id_fbcdbf84_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancerecord
    ADD CONSTRAINT attendance_attendanc_office_code_id_5c242acc_fk_attendanc FOREIGN KEY (office_code_id) REFERENCES school_yew.attendance_attendancecode(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancesession
    ADD CONSTRAINT attendance_attendanc_period_id_2dac777e_fk_timetable FOREIGN KEY (period_id) REFERENCES school_yew.timetable_period(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancesession
    ADD CONSTRAINT attendance_attendanc_section_id_8077b939_fk_instituti FOREIGN KEY (section_id) REFERENCES school_yew.institutions_section(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancechange
    ADD CONSTRAINT attendance_attendanc_session_id_cb6ec81e_fk_attendanc FOREIGN KEY (session_id) REFERENCES school_yew.attendance_attendancesession(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancerecord
    ADD CONSTRAINT attendance_attendanc_session_id_ddf44875_fk_attendanc FOREIGN KEY (session_id) REFERENCES school_yew.attendance_attendancesession(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancechange
    ADD CONSTRAINT attendance_attendanc_student_id_c260c4ae_fk_students_ FOREIGN KEY (student_id) REFERENCES school_yew.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancerecord
    ADD CONSTRAINT attendance_attendanc_student_id_d242c468_fk_students_ FOREIGN KEY (student_id) REFERENCES school_yew.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancesession
    ADD CONSTRAINT attendance_attendanc_taken_by_id_b087c296_fk_accounts_ FOREIGN KEY (taken_by_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancerecord
    ADD CONSTRAINT attendance_attendanc_teacher_code_id_49339c9f_fk_attendanc FOREIGN KEY (teacher_code_id) REFERENCES school_yew.attendance_attendancecode(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancechange
    ADD CONSTRAINT attendance_attendancechange_by_id_fdc2e944_fk_accounts_user_id FOREIGN KEY (by_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_dailyattendance
    ADD CONSTRAINT attendance_dailyatte_institution_id_5ef1a76b_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_dailyattendance
    ADD CONSTRAINT attendance_dailyatte_section_id_88ebe0af_fk_instituti FOREIGN KEY (section_id) REFERENCES school_yew.institutions_section(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_dailyattendance
    ADD CONSTRAINT attendance_dailyatte_student_id_abf3bed0_fk_students_ FOREIGN KEY (student_id) REFERENCES school_yew.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_code_id_3a945cac_fk_attendanc FOREIGN KEY (code_id) REFERENCES school_yew.attendance_attendancecode(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_entered_by_id_61393c7a_fk_accounts_user_id FOREIGN KEY (entered_by_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_institution_id_71d60185_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_period_id_33a2befc_fk_timetable_period_id FOREIGN KEY (period_id) REFERENCES school_yew.timetable_period(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_deskentry
    ADD CONSTRAINT attendance_deskentry_student_id_eed423b4_fk_students_student_id FOREIGN KEY (student_id) REFERENCES school_yew.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_leave
    ADD CONSTRAINT attendance_leave_code_id_a092a195_fk_attendanc FOREIGN KEY (code_id) REFERENCES school_yew.attendance_attendancecode(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_leave
    ADD CONSTRAINT attendance_leave_decided_by_id_8817329d_fk_accounts_user_id FOREIGN KEY (decided_by_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_leave
    ADD CONSTRAINT attendance_leave_requested_by_id_172a31f1_fk_accounts_user_id FOREIGN KEY (requested_by_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_leave
    ADD CONSTRAINT attendance_leave_student_id_f87b71c3_fk_students_student_id FOREIGN KEY (student_id) REFERENCES school_yew.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.attendance_attendancerecord
    ADD CONSTRAINT attendance_state_of_code FOREIGN KEY (code, state, excused) REFERENCES school_yew.attendance_attendancecode(id, state, excused) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_courseclass
    ADD CONSTRAINT class_year_of_institution FOREIGN KEY (year_id, institution_id) REFERENCES school_yew.institutions_academicyear(id, institution_id);
ALTER TABLE ONLY school_yew.students_enrolment
    ADD CONSTRAINT enrolment_year_of_institution FOREIGN KEY (year_id, institution_id) REFERENCES school_yew.institutions_academicyear(id, institution_id);
ALTER TABLE ONLY school_yew.exchange_counterpart
    ADD CONSTRAINT exchange_counterpart_run_id_2a353ec2_fk_exchange_import_id FOREIGN KEY (run_id) REFERENCES school_yew.exchange_import(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.exchange_import
    ADD CONSTRAINT exchange_import_by_id_f2fd06ab_fk_accounts_user_id FOREIGN KEY (by_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.exchange_import
    ADD CONSTRAINT exchange_import_institution_id_4e02b85c_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.exchange_importrow
    ADD CONSTRAINT exchange_importrow_run_id_b2f49860_fk_exchange_import_id FOREIGN KEY (run_id) REFERENCES school_yew.exchange_import(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_academicyear
    ADD CONSTRAINT institutions_academi_institution_id_5b76e60c_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_calendarday
    ADD CONSTRAINT institutions_calenda_institution_id_345397fd_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_course
    ADD CONSTRAINT institutions_course_grade_level_id_373d9162_fk_instituti FOREIGN KEY (grade_level_id) REFERENCES school_yew.institutions_gradelevel(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_course
    ADD CONSTRAINT institutions_course_institution_id_80bfaff1_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_courseclassterm
    ADD CONSTRAINT institutions_coursec_course_class_id_79b8ebea_fk_instituti FOREIGN KEY (course_class_id) REFERENCES school_yew.institutions_courseclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_courseclass
    ADD CONSTRAINT institutions_coursec_course_id_2c0ec70b_fk_instituti FOREIGN KEY (course_id) REFERENCES school_yew.institutions_course(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_courseclass
    ADD CONSTRAINT institutions_coursec_institution_id_4fac6542_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_courseclass
    ADD CONSTRAINT institutions_coursec_section_id_602810a1_fk_instituti FOREIGN KEY (section_id) REFERENCES school_yew.institutions_section(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_courseclassterm
    ADD CONSTRAINT institutions_coursec_term_id_5daaaacc_fk_instituti FOREIGN KEY (term_id) REFERENCES school_yew.institutions_term(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_courseclass
    ADD CONSTRAINT institutions_coursec_year_id_1886b407_fk_instituti FOREIGN KEY (year_id) REFERENCES school_yew.institutions_academicyear(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_gradelevel
    ADD CONSTRAINT institutions_gradele_next_level_id_e2ef0a98_fk_instituti FOREIGN KEY (next_level_id) REFERENCES school_yew.institutions_gradelevel(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_section
    ADD CONSTRAINT institutions_section_grade_level_id_ebb63970_fk_instituti FOREIGN KEY (grade_level_id) REFERENCES school_yew.institutions_gradelevel(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_section
    ADD CONSTRAINT institutions_section_institution_id_55dcb03c_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_section
    ADD CONSTRAINT institutions_section_year_id_207d8432_fk_instituti FOREIGN KEY (year_id) REFERENCES school_yew.institutions_academicyear(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_term
    ADD CONSTRAINT institutions_term_parent_id_1d895a92_fk_institutions_term_id FOREIGN KEY (parent_id) REFERENCES school_yew.institutions_term(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_term
    ADD CONSTRAINT institutions_term_year_id_35e2e6b3_fk_instituti FOREIGN KEY (year_id) REFERENCES school_yew.institutions_academicyear(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_sectionmembership
    ADD CONSTRAINT membership_student_of_enrolment FOREIGN KEY (enrolment_id, student_id) REFERENCES school_yew.students_enrolment(id, student_id) ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.office_savedfilter
    ADD CONSTRAINT office_savedfilter_user_id_3e554220_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.otp_static_staticdevice
    ADD CONSTRAINT otp_static_staticdevice_user_id_7f9cff2b_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.otp_static_statictoken
    ADD CONSTRAINT otp_static_statictok_device_id_74b7c7d1_fk_otp_stati FOREIGN KEY (device_id) REFERENCES school_yew.otp_static_staticdevice(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.otp_totp_totpdevice
    ADD CONSTRAINT otp_totp_totpdevice_user_id_0fb18292_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.institutions_section
    ADD CONSTRAINT section_year_of_institution FOREIGN KEY (year_id, institution_id) REFERENCES school_yew.institutions_academicyear(id, institution_id);
ALTER TABLE ONLY school_yew.staff_staffmember
    ADD CONSTRAINT staff_staffmember_institution_id_a3171f92_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.staff_staffmember
    ADD CONSTRAINT staff_staffmember_user_id_0522d12b_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.staff_substitution
    ADD CONSTRAINT staff_substitution_course_class_id_687252e5_fk_instituti FOREIGN KEY (course_class_id) REFERENCES school_yew.institutions_courseclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.staff_substitution
    ADD CONSTRAINT staff_substitution_instead_of_id_992df714_fk_staff_sta FOREIGN KEY (instead_of_id) REFERENCES school_yew.staff_staffmember(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.staff_substitution
    ADD CONSTRAINT staff_substitution_section_id_dc3f4ea2_fk_instituti FOREIGN KEY (section_id) REFERENCES school_yew.institutions_section(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.staff_substitution
    ADD CONSTRAINT staff_substitution_staff_id_26ea717f_fk_staff_staffmember_id FOREIGN KEY (staff_id) REFERENCES school_yew.staff_staffmember(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.staff_teachingassignment
    ADD CONSTRAINT staff_teachingassign_course_class_id_972cd913_fk_instituti FOREIGN KEY (course_class_id) REFERENCES school_yew.institutions_courseclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.staff_teachingassignment
    ADD CONSTRAINT staff_teachingassign_section_id_dcdaff03_fk_instituti FOREIGN KEY (section_id) REFERENCES school_yew.institutions_section(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.staff_teachingassignment
    ADD CONSTRAINT staff_teachingassign_staff_id_1fdc87d6_fk_staff_sta FOREIGN KEY (staff_id) REFERENCES school_yew.staff_staffmember(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_classenrolment
    ADD CONSTRAINT students_classenrolm_course_class_id_c69fe9a1_fk_instituti FOREIGN KEY (course_class_id) REFERENCES school_yew.institutions_courseclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_classenrolment
    ADD CONSTRAINT students_classenrolm_student_id_e59991dc_fk_students_ FOREIGN KEY (student_id) REFERENCES school_yew.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_enrolment
    ADD CONSTRAINT students_enrolment_grade_level_id_9f53b382_fk_instituti FOREIGN KEY (grade_level_id) REFERENCES school_yew.institutions_gradelevel(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_enrolment
    ADD CONSTRAINT students_enrolment_institution_id_1a17b3b0_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_enrolment
    ADD CONSTRAINT students_enrolment_student_id_3fd2a934_fk_students_student_id FOREIGN KEY (student_id) REFERENCES school_yew.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_enrolment
    ADD CONSTRAINT students_enrolment_year_id_f8384479_fk_instituti FOREIGN KEY (year_id) REFERENCES school_yew.institutions_academicyear(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_guardian
    ADD CONSTRAINT students_guardian_user_id_e47d0123_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_sectionmembership
    ADD CONSTRAINT students_sectionmemb_enrolment_id_40f6a0f7_fk_students_ FOREIGN KEY (enrolment_id) REFERENCES school_yew.students_enrolment(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_sectionmembership
    ADD CONSTRAINT students_sectionmemb_section_id_45a7e146_fk_instituti FOREIGN KEY (section_id) REFERENCES school_yew.institutions_section(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_sectionmembership
    ADD CONSTRAINT students_sectionmemb_student_id_d0f97108_fk_students_ FOREIGN KEY (student_id) REFERENCES school_yew.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_student
    ADD CONSTRAINT students_student_institution_id_ef451c30_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_student
    ADD CONSTRAINT students_student_merged_into_id_0dda0791_fk_students_student_id FOREIGN KEY (merged_into_id) REFERENCES school_yew.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_student
    ADD CONSTRAINT students_student_user_id_56286dbb_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES school_yew.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_studentguardian
    ADD CONSTRAINT students_studentguar_guardian_id_767ede9b_fk_students_ FOREIGN KEY (guardian_id) REFERENCES school_yew.students_guardian(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.students_studentguardian
    ADD CONSTRAINT students_studentguar_student_id_80ba0b54_fk_students_ FOREIGN KEY (student_id) REFERENCES school_yew.students_student(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.timetable_meeting
    ADD CONSTRAINT timetable_meeting_course_class_id_ddc216a5_fk_instituti FOREIGN KEY (course_class_id) REFERENCES school_yew.institutions_courseclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.timetable_meeting
    ADD CONSTRAINT timetable_meeting_period_id_7fef5845_fk_timetable_period_id FOREIGN KEY (period_id) REFERENCES school_yew.timetable_period(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY school_yew.timetable_period
    ADD CONSTRAINT timetable_period_institution_id_c75e6e5d_fk_instituti FOREIGN KEY (institution_id) REFERENCES school_yew.institutions_institution(id) DEFERRABLE INITIALLY DEFERRED;
GRANT USAGE ON SCHEMA extensions TO PUBLIC;
GRANT USAGE ON SCHEMA platform TO PUBLIC;
REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO released_schoolops_web;
GRANT USAGE ON SCHEMA school_ash TO released_schoolops__school_ash;
GRANT USAGE ON SCHEMA school_yew TO released_schoolops__school_yew;
REVOKE ALL ON FUNCTION public.audit_refuse_change() FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_refuse_change() TO released_schoolops_web;
REVOKE ALL ON FUNCTION school_ash.attendance_code_in_use() FROM PUBLIC;
GRANT ALL ON FUNCTION school_ash.attendance_code_in_use() TO released_schoolops__school_ash;
REVOKE ALL ON FUNCTION school_ash.attendance_history_stays() FROM PUBLIC;
GRANT ALL ON FUNCTION school_ash.attendance_history_stays() TO released_schoolops__school_ash;
REVOKE ALL ON FUNCTION school_ash.attendance_record_follows_session() FROM PUBLIC;
GRANT ALL ON FUNCTION school_ash.attendance_record_follows_session() TO released_schoolops__school_ash;
REVOKE ALL ON FUNCTION school_ash.attendance_session_of_institution() FROM PUBLIC;
GRANT ALL ON FUNCTION school_ash.attendance_session_of_institution() TO released_schoolops__school_ash;
REVOKE ALL ON FUNCTION school_ash.attendance_session_stays() FROM PUBLIC;
GRANT ALL ON FUNCTION school_ash.attendance_session_stays() TO released_schoolops__school_ash;
REVOKE ALL ON FUNCTION school_ash.audit_refuse_change() FROM PUBLIC;
GRANT ALL ON FUNCTION school_ash.audit_refuse_change() TO released_schoolops__school_ash;
REVOKE ALL ON FUNCTION school_ash.institutions_term_inside_year() FROM PUBLIC;
GRANT ALL ON FUNCTION school_ash.institutions_term_inside_year() TO released_schoolops__school_ash;
REVOKE ALL ON FUNCTION school_ash.students_enrolment_inside_year() FROM PUBLIC;
GRANT ALL ON FUNCTION school_ash.students_enrolment_inside_year() TO released_schoolops__school_ash;
REVOKE ALL ON FUNCTION school_ash.students_membership_inside_enrolment() FROM PUBLIC;
GRANT ALL ON FUNCTION school_ash.students_membership_inside_enrolment() TO released_schoolops__school_ash;
REVOKE ALL ON FUNCTION school_yew.attendance_code_in_use() FROM PUBLIC;
GRANT ALL ON FUNCTION school_yew.attendance_code_in_use() TO released_schoolops__school_yew;
REVOKE ALL ON FUNCTION school_yew.attendance_history_stays() FROM PUBLIC;
GRANT ALL ON FUNCTION school_yew.attendance_history_stays() TO released_schoolops__school_yew;
REVOKE ALL ON FUNCTION school_yew.attendance_record_follows_session() FROM PUBLIC;
GRANT ALL ON FUNCTION school_yew.attendance_record_follows_session() TO released_schoolops__school_yew;
REVOKE ALL ON FUNCTION school_yew.attendance_session_of_institution() FROM PUBLIC;
GRANT ALL ON FUNCTION school_yew.attendance_session_of_institution() TO released_schoolops__school_yew;
REVOKE ALL ON FUNCTION school_yew.attendance_session_stays() FROM PUBLIC;
GRANT ALL ON FUNCTION school_yew.attendance_session_stays() TO released_schoolops__school_yew;
REVOKE ALL ON FUNCTION school_yew.audit_refuse_change() FROM PUBLIC;
GRANT ALL ON FUNCTION school_yew.audit_refuse_change() TO released_schoolops__school_yew;
REVOKE ALL ON FUNCTION school_yew.institutions_term_inside_year() FROM PUBLIC;
GRANT ALL ON FUNCTION school_yew.institutions_term_inside_year() TO released_schoolops__school_yew;
REVOKE ALL ON FUNCTION school_yew.students_enrolment_inside_year() FROM PUBLIC;
GRANT ALL ON FUNCTION school_yew.students_enrolment_inside_year() TO released_schoolops__school_yew;
REVOKE ALL ON FUNCTION school_yew.students_membership_inside_enrolment() FROM PUBLIC;
GRANT ALL ON FUNCTION school_yew.students_membership_inside_enrolment() TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_accountpolicy TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_onetimelink TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.accounts_onetimelink_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_token TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.accounts_token_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_tokenfamily TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.accounts_tokenfamily_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_user TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.accounts_user_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.audit_auditentry TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.audit_auditentry_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.django_content_type TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.django_content_type_id_seq TO released_schoolops_web;
GRANT SELECT ON TABLE public.django_migrations TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.django_migrations_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.django_session TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.otp_static_staticdevice TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.otp_static_staticdevice_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.otp_static_statictoken TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.otp_static_statictoken_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.otp_totp_totpdevice TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.otp_totp_totpdevice_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.queues_attempt TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.queues_attempt_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.queues_backlog TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.queues_deadletter TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.queues_job TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.queues_job_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.queues_oncekey TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.queues_operatoraction TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.queues_operatoraction_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.queues_outcome TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.queues_queuestate TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.queues_rememberedanswer TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.queues_tick TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tenancy_domain TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.tenancy_domain_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tenancy_school TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.tenancy_school_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tenancy_supportgrant TO released_schoolops_web;
GRANT SELECT,USAGE ON SEQUENCE public.tenancy_supportgrant_id_seq TO released_schoolops_web;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.access_role TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.access_role_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.access_roleassignment TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.access_roleassignment_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.access_rolepermission TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.access_rolepermission_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.accounts_accountpolicy TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.accounts_onetimelink TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.accounts_onetimelink_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.accounts_token TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.accounts_token_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.accounts_tokenfamily TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.accounts_tokenfamily_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.accounts_user TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.accounts_user_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.attendance_attendancechange TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.attendance_attendancechange_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.attendance_attendancecode TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.attendance_attendancecode_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.attendance_attendancepolicy TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.attendance_attendancepolicy_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.attendance_attendancerecord TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.attendance_attendancerecord_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.attendance_attendancesession TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.attendance_attendancesession_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.attendance_dailyattendance TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.attendance_dailyattendance_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.attendance_deskentry TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.attendance_deskentry_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.attendance_leave TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.attendance_leave_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT ON TABLE school_ash.audit_auditentry TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.audit_auditentry_id_seq TO released_schoolops__school_ash;
GRANT SELECT ON TABLE school_ash.django_content_type TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.django_content_type_id_seq TO released_schoolops__school_ash;
GRANT SELECT ON TABLE school_ash.django_migrations TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.django_migrations_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.django_session TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.exchange_counterpart TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.exchange_counterpart_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.exchange_headermapping TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.exchange_headermapping_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.exchange_import TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.exchange_import_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.exchange_importrow TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.exchange_importrow_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.institutions_academicyear TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.institutions_academicyear_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.institutions_calendarday TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.institutions_calendarday_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.institutions_course TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.institutions_course_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.institutions_courseclass TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.institutions_courseclass_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.institutions_courseclassterm TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.institutions_courseclassterm_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.institutions_gradelevel TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.institutions_gradelevel_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.institutions_institution TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.institutions_institution_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.institutions_section TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.institutions_section_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.institutions_term TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.institutions_term_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.office_savedfilter TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.office_savedfilter_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.otp_static_staticdevice TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.otp_static_staticdevice_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.otp_static_statictoken TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.otp_static_statictoken_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.otp_totp_totpdevice TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.otp_totp_totpdevice_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.staff_staffmember TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.staff_staffmember_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.staff_substitution TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.staff_substitution_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.staff_teachingassignment TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.staff_teachingassignment_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.students_classenrolment TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.students_classenrolment_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.students_enrolment TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.students_enrolment_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.students_guardian TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.students_guardian_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.students_sectionmembership TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.students_sectionmembership_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.students_student TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.students_student_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.students_studentguardian TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.students_studentguardian_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.timetable_meeting TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.timetable_meeting_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_ash.timetable_period TO released_schoolops__school_ash;
GRANT SELECT,USAGE ON SEQUENCE school_ash.timetable_period_id_seq TO released_schoolops__school_ash;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.access_role TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.access_role_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.access_roleassignment TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.access_roleassignment_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.access_rolepermission TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.access_rolepermission_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.accounts_accountpolicy TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.accounts_onetimelink TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.accounts_onetimelink_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.accounts_token TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.accounts_token_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.accounts_tokenfamily TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.accounts_tokenfamily_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.accounts_user TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.accounts_user_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.attendance_attendancechange TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.attendance_attendancechange_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.attendance_attendancecode TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.attendance_attendancecode_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.attendance_attendancepolicy TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.attendance_attendancepolicy_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.attendance_attendancerecord TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.attendance_attendancerecord_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.attendance_attendancesession TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.attendance_attendancesession_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.attendance_dailyattendance TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.attendance_dailyattendance_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.attendance_deskentry TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.attendance_deskentry_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.attendance_leave TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.attendance_leave_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT ON TABLE school_yew.audit_auditentry TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.audit_auditentry_id_seq TO released_schoolops__school_yew;
GRANT SELECT ON TABLE school_yew.django_content_type TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.django_content_type_id_seq TO released_schoolops__school_yew;
GRANT SELECT ON TABLE school_yew.django_migrations TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.django_migrations_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.django_session TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.exchange_counterpart TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.exchange_counterpart_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.exchange_headermapping TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.exchange_headermapping_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.exchange_import TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.exchange_import_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.exchange_importrow TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.exchange_importrow_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.institutions_academicyear TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.institutions_academicyear_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.institutions_calendarday TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.institutions_calendarday_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.institutions_course TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.institutions_course_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.institutions_courseclass TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.institutions_courseclass_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.institutions_courseclassterm TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.institutions_courseclassterm_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.institutions_gradelevel TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.institutions_gradelevel_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.institutions_institution TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.institutions_institution_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.institutions_section TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.institutions_section_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.institutions_term TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.institutions_term_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.office_savedfilter TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.office_savedfilter_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.otp_static_staticdevice TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.otp_static_staticdevice_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.otp_static_statictoken TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.otp_static_statictoken_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.otp_totp_totpdevice TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.otp_totp_totpdevice_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.staff_staffmember TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.staff_staffmember_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.staff_substitution TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.staff_substitution_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.staff_teachingassignment TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.staff_teachingassignment_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.students_classenrolment TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.students_classenrolment_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.students_enrolment TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.students_enrolment_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.students_guardian TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.students_guardian_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.students_sectionmembership TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.students_sectionmembership_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.students_student TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.students_student_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.students_studentguardian TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.students_studentguardian_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.timetable_meeting TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.timetable_meeting_id_seq TO released_schoolops__school_yew;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE school_yew.timetable_period TO released_schoolops__school_yew;
GRANT SELECT,USAGE ON SEQUENCE school_yew.timetable_period_id_seq TO released_schoolops__school_yew;
