"""Terms stand inside their year, sections and classes belong to a year of their own institution."""

from django.db import migrations

FORWARD = """
ALTER TABLE institutions_academicyear ADD CONSTRAINT year_id_institution UNIQUE (id, institution_id);
ALTER TABLE institutions_section ADD CONSTRAINT section_year_of_institution
    FOREIGN KEY (year_id, institution_id) REFERENCES institutions_academicyear (id, institution_id);
ALTER TABLE institutions_courseclass ADD CONSTRAINT class_year_of_institution
    FOREIGN KEY (year_id, institution_id) REFERENCES institutions_academicyear (id, institution_id);

CREATE FUNCTION institutions_term_inside_year() RETURNS trigger LANGUAGE plpgsql AS $$
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
END $$;
CREATE CONSTRAINT TRIGGER term_inside_year AFTER INSERT OR UPDATE ON institutions_term
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION institutions_term_inside_year();
CREATE CONSTRAINT TRIGGER term_inside_year AFTER UPDATE OF starts_on, ends_on ON institutions_academicyear
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION institutions_term_inside_year();
"""
BACKWARD = """
DROP TRIGGER term_inside_year ON institutions_academicyear;
DROP TRIGGER term_inside_year ON institutions_term;
DROP FUNCTION institutions_term_inside_year();
ALTER TABLE institutions_courseclass DROP CONSTRAINT class_year_of_institution;
ALTER TABLE institutions_section DROP CONSTRAINT section_year_of_institution;
ALTER TABLE institutions_academicyear DROP CONSTRAINT year_id_institution;
"""


class Migration(migrations.Migration):
    dependencies = [("institutions", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
