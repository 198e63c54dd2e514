"""An enrolment without an exit ends with its year, in the exclusion constraint too, and a year's end is checked again."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
from django.db import migrations, models
from django.db.models.functions import Coalesce, Greatest

COLUMN = """
ALTER TABLE students_enrolment ADD COLUMN year_ends_on date;
UPDATE students_enrolment e SET year_ends_on = y.ends_on FROM institutions_academicyear y WHERE y.id = e.year_id;
ALTER TABLE students_enrolment ALTER COLUMN year_ends_on SET NOT NULL;
"""
FORWARD = """
ALTER TABLE students_enrolment ADD CONSTRAINT enrolment_ends_with_year
    FOREIGN KEY (year_id, year_ends_on) REFERENCES institutions_academicyear (id, ends_on) ON UPDATE CASCADE;

CREATE FUNCTION students_enrolment_year_ends_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT ends_on FROM %I.institutions_academicyear WHERE id = $1', TG_TABLE_SCHEMA)
        INTO NEW.year_ends_on USING NEW.year_id;
    RETURN NEW;
END $$;
CREATE TRIGGER enrolment_year_ends_on BEFORE INSERT OR UPDATE OF year_id ON students_enrolment
    FOR EACH ROW EXECUTE FUNCTION students_enrolment_year_ends_on();

CREATE OR REPLACE FUNCTION students_enrolment_inside_year() RETURNS trigger LANGUAGE plpgsql AS $$
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
              AND (e.entered_on < $2 OR e.entered_on > $3 OR e.exited_on > $3 + 1))
             OR EXISTS (SELECT 1 FROM %1$I.students_sectionmembership m
               JOIN %1$I.institutions_section s ON s.id = m.section_id WHERE s.year_id = $1
              AND m.starts_on IS DISTINCT FROM m.ends_on AND (m.starts_on > $3 OR m.ends_on > $3 + 1))
             OR EXISTS (SELECT 1 FROM %1$I.students_classenrolment p
               JOIN %1$I.institutions_courseclass c ON c.id = p.course_class_id WHERE c.year_id = $1
              AND p.starts_on IS DISTINCT FROM p.ends_on AND (p.starts_on > $3 OR p.ends_on > $3 + 1))',
            TG_TABLE_SCHEMA) INTO outside USING NEW.id, NEW.starts_on, NEW.ends_on;
    END IF;
    IF outside THEN
        RAISE EXCEPTION 'an enrolment must lie inside its year'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'enrolment_inside_year';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION students_membership_inside_enrolment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint := CASE TG_TABLE_NAME WHEN 'students_enrolment' THEN NEW.id
                     ELSE (to_jsonb(NEW)->>'enrolment_id')::bigint END;
    outside boolean;
BEGIN
    -- Without ends of their own both end with the year.
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %1$I.students_sectionmembership m
           JOIN %1$I.students_enrolment e ON e.id = m.enrolment_id
           JOIN %1$I.institutions_section s ON s.id = m.section_id
          WHERE e.id = $1 AND (s.year_id <> e.year_id OR s.institution_id <> e.institution_id
             OR s.grade_level_id <> e.grade_level_id
             OR (m.starts_on IS DISTINCT FROM m.ends_on AND (m.starts_on < e.entered_on OR m.starts_on > e.year_ends_on
                 OR COALESCE(m.ends_on, e.year_ends_on + 1) > COALESCE(e.exited_on, e.year_ends_on + 1)))))',
        TG_TABLE_SCHEMA) INTO outside USING wanted;
    IF outside THEN
        RAISE EXCEPTION 'a section membership must lie inside its enrolment, in a section of the same level and year'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'membership_inside_enrolment';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("institutions", "0003_year_id_ends_on"),
        ("students", "0002_memberships_follow_enrolments"),
    ]
    operations = [
        migrations.RemoveConstraint(model_name="enrolment", name="enrolment_no_overlap"),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(COLUMN, "ALTER TABLE students_enrolment DROP COLUMN year_ends_on")],
            [
                migrations.AddField(
                    model_name="enrolment",
                    name="year_ends_on",
                    field=models.DateField(editable=False, default=None),
                    preserve_default=False,
                )
            ],
        ),
        # Backwards the wider triggers stay: what they allow, the narrower ones did.
        migrations.RunSQL(
            FORWARD,
            """
            DROP TRIGGER enrolment_year_ends_on ON students_enrolment;
            DROP FUNCTION students_enrolment_year_ends_on();
            ALTER TABLE students_enrolment DROP CONSTRAINT enrolment_ends_with_year;
            """,
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                name="enrolment_no_overlap",
                condition=models.Q(("primary", True)),
                expressions=[
                    ("student", "="),
                    (
                        models.Func(
                            models.F("entered_on"),
                            Greatest(
                                "entered_on",
                                Coalesce(
                                    "exited_on",
                                    models.ExpressionWrapper(
                                        models.F("year_ends_on") + models.Value(1), output_field=models.DateField()
                                    ),
                                ),
                            ),
                            models.Value("[)"),
                            function="daterange",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
            ),
        ),
    ]
