"""Scales never change and have no gaps, papers are of their session's campus and year, invigilators of their papers."""

from django.db import migrations

from schoolops import append_only

FORWARD = """
CREATE FUNCTION examinations_scale_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of a scale never changes'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'examinations_scale_stays';
END $$;
CREATE TRIGGER examinations_scale_stays BEFORE UPDATE ON examinations_gradingscale FOR EACH ROW
    WHEN ((OLD.name, OLD.version, OLD.kind, OLD.decimals) IS DISTINCT FROM (NEW.name, NEW.version, NEW.kind, NEW.decimals))
    EXECUTE FUNCTION examinations_scale_stays();

CREATE FUNCTION examinations_scale_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE whole boolean;
BEGIN
    EXECUTE format(
        'SELECT range_agg(numrange(lower, upper)) = ''{[0,)}'' FROM %1$I.examinations_gradeband WHERE scale_id = $1',
        TG_TABLE_SCHEMA) INTO whole USING NEW.id;
    IF whole IS NOT TRUE THEN
        RAISE EXCEPTION 'the bands of a scale have no gaps, from zero on'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'examinations_scale_whole';
    END IF;
    RETURN NULL;
END $$;
-- Once a scale: its bands are only ever added to, and a whole scale has no room for more.
CREATE CONSTRAINT TRIGGER examinations_scale_whole AFTER INSERT ON examinations_gradingscale
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION examinations_scale_whole();

CREATE FUNCTION examinations_exam_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE fits boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (
            SELECT FROM %1$I.examinations_examsession s
              JOIN %1$I.institutions_term t ON t.id = s.term_id
              JOIN %1$I.institutions_academicyear y ON y.id = t.year_id
              JOIN %1$I.institutions_course k ON k.id = $5 AND k.institution_id = y.institution_id
              LEFT JOIN %1$I.institutions_courseclass c ON c.id = $4
              LEFT JOIN %1$I.institutions_section g ON g.id = $3
             WHERE s.id = $1 AND y.institution_id = $2 AND $6 BETWEEN y.starts_on AND y.ends_on
               AND ($3 IS NULL OR g.year_id = y.id)
               AND ($4 IS NULL OR (c.year_id = y.id AND c.course_id = $5 AND c.section_id IS NOT DISTINCT FROM $3)))',
        TG_TABLE_SCHEMA)
        INTO fits
        USING NEW.session_id, NEW.institution_id, NEW.section_id, NEW.course_class_id, NEW.course_id, NEW.day;
    IF NOT fits THEN
        RAISE EXCEPTION 'a paper is of the campus and year of its session, and of its class''s course and section'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'examinations_exam_of_session';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER examinations_exam_of_session
    BEFORE INSERT OR UPDATE OF session_id, institution_id, section_id, course_class_id, course_id, day
    ON examinations_exam FOR EACH ROW EXECUTE FUNCTION examinations_exam_of_session();

ALTER TABLE examinations_invigilation ADD CONSTRAINT examinations_invigilation_of_exam
    FOREIGN KEY (exam_id, day, starts_at, ends_at, standing)
    REFERENCES examinations_exam (id, day, starts_at, ends_at, standing) ON UPDATE CASCADE ON DELETE CASCADE;
"""
BACKWARD = """
ALTER TABLE examinations_invigilation DROP CONSTRAINT examinations_invigilation_of_exam;
DROP TRIGGER examinations_exam_of_session ON examinations_exam;
DROP FUNCTION examinations_exam_of_session();
DROP TRIGGER examinations_scale_whole ON examinations_gradingscale;
DROP FUNCTION examinations_scale_whole();
DROP TRIGGER examinations_scale_stays ON examinations_gradingscale;
DROP FUNCTION examinations_scale_stays();
"""


class Migration(migrations.Migration):
    # The trail's comes first: it makes the one function that every append-only table asks.
    dependencies = [("examinations", "0001_initial"), ("audit", "0003_as_every_append_only_table")]
    operations = [append_only.keep("examinations_gradeband"), migrations.RunSQL(FORWARD, BACKWARD)]
