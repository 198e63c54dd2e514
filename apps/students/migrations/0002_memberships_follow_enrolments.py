"""A membership belongs to its enrolment's student, level, year and time; an enrolment to a year of its institution."""

from django.db import migrations

FORWARD = """
ALTER TABLE students_sectionmembership ADD CONSTRAINT membership_student_of_enrolment
    FOREIGN KEY (enrolment_id, student_id) REFERENCES students_enrolment (id, student_id)
    ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE students_enrolment ADD CONSTRAINT enrolment_year_of_institution
    FOREIGN KEY (year_id, institution_id) REFERENCES institutions_academicyear (id, institution_id);

CREATE FUNCTION students_enrolment_inside_year() RETURNS trigger LANGUAGE plpgsql AS $$
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
END $$;
CREATE TRIGGER enrolment_inside_year AFTER INSERT OR UPDATE OF year_id, entered_on, exited_on ON students_enrolment
    FOR EACH ROW EXECUTE FUNCTION students_enrolment_inside_year();
CREATE TRIGGER enrolment_inside_year AFTER UPDATE OF starts_on, ends_on ON institutions_academicyear
    FOR EACH ROW EXECUTE FUNCTION students_enrolment_inside_year();

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
             OR s.grade_level_id <> e.grade_level_id
             OR NOT daterange(e.entered_on, e.exited_on) @> daterange(m.starts_on, m.ends_on)))',
        TG_TABLE_SCHEMA) INTO outside USING wanted;
    IF outside THEN
        RAISE EXCEPTION 'a section membership must lie inside its enrolment, in a section of the same level and year'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'membership_inside_enrolment';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER membership_inside_enrolment AFTER INSERT OR UPDATE ON students_sectionmembership
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION students_membership_inside_enrolment();
CREATE CONSTRAINT TRIGGER membership_inside_enrolment
    AFTER UPDATE OF entered_on, exited_on, year_id, institution_id, grade_level_id ON students_enrolment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION students_membership_inside_enrolment();
"""
BACKWARD = """
DROP TRIGGER enrolment_inside_year ON institutions_academicyear;
DROP TRIGGER enrolment_inside_year ON students_enrolment;
DROP FUNCTION students_enrolment_inside_year();
ALTER TABLE students_enrolment DROP CONSTRAINT enrolment_year_of_institution;
DROP TRIGGER membership_inside_enrolment ON students_enrolment;
DROP TRIGGER membership_inside_enrolment ON students_sectionmembership;
DROP FUNCTION students_membership_inside_enrolment();
ALTER TABLE students_sectionmembership DROP CONSTRAINT membership_student_of_enrolment;
"""


class Migration(migrations.Migration):
    dependencies = [("students", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
