"""A membership belongs to its enrolment's student, year and time."""

from django.db import migrations

FORWARD = """
ALTER TABLE students_sectionmembership ADD CONSTRAINT membership_student_of_enrolment
    FOREIGN KEY (enrolment_id, student_id) REFERENCES students_enrolment (id, student_id)
    ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION students_membership_inside_enrolment() RETURNS trigger LANGUAGE plpgsql AS $$
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
             OR NOT daterange(e.entered_on, e.exited_on) @> daterange(m.starts_on, m.ends_on)))',
        TG_TABLE_SCHEMA) INTO outside USING wanted;
    IF outside THEN
        RAISE EXCEPTION 'a section membership must lie inside its enrolment, in a section of the same year'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'membership_inside_enrolment';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER membership_inside_enrolment AFTER INSERT OR UPDATE ON students_sectionmembership
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION students_membership_inside_enrolment();
CREATE CONSTRAINT TRIGGER membership_inside_enrolment
    AFTER UPDATE OF entered_on, exited_on, year_id, institution_id ON students_enrolment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION students_membership_inside_enrolment();
"""
BACKWARD = """
DROP TRIGGER membership_inside_enrolment ON students_enrolment;
DROP TRIGGER membership_inside_enrolment ON students_sectionmembership;
DROP FUNCTION students_membership_inside_enrolment();
ALTER TABLE students_sectionmembership DROP CONSTRAINT membership_student_of_enrolment;
"""


class Migration(migrations.Migration):
    dependencies = [("students", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
