"""Records repeat their session's keys and their code's meaning, and the database compares; history is append-only."""

from django.db import migrations

FORWARD = """
ALTER TABLE attendance_attendancerecord ADD CONSTRAINT attendance_state_of_code
    FOREIGN KEY (code, state, excused) REFERENCES attendance_attendancecode (id, state, excused)
    DEFERRABLE INITIALLY DEFERRED;

-- Once per statement, whatever the size of the class.
CREATE FUNCTION attendance_record_follows_session() RETURNS trigger LANGUAGE plpgsql AS $$
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
END $$;
CREATE TRIGGER attendance_record_inserted AFTER INSERT ON attendance_attendancerecord
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION attendance_record_follows_session();
CREATE TRIGGER attendance_record_updated AFTER UPDATE ON attendance_attendancerecord
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION attendance_record_follows_session();

CREATE FUNCTION attendance_session_of_institution() RETURNS trigger LANGUAGE plpgsql AS $$
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
END $$;
CREATE TRIGGER attendance_session_of_institution BEFORE INSERT ON attendance_attendancesession
    FOR EACH ROW EXECUTE FUNCTION attendance_session_of_institution();

-- The foreign key of the records guards the code that counts; this also one that an office code overrules, its other
-- meanings, and what the desk and leave say with it.
CREATE FUNCTION attendance_code_in_use() RETURNS trigger LANGUAGE plpgsql AS $$
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
END $$;
CREATE TRIGGER attendance_code_in_use BEFORE UPDATE ON attendance_attendancecode FOR EACH ROW
    WHEN ((OLD.code, OLD.state, OLD.excused, OLD.late, OLD.direction)
          IS DISTINCT FROM (NEW.code, NEW.state, NEW.excused, NEW.late, NEW.direction))
    EXECUTE FUNCTION attendance_code_in_use();

CREATE FUNCTION attendance_session_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.institution_id, NEW.section_id, NEW.course_class_id, NEW.day, NEW.period_id)
       IS DISTINCT FROM (OLD.institution_id, OLD.section_id, OLD.course_class_id, OLD.day, OLD.period_id) THEN
        RAISE EXCEPTION 'a roll keeps its section, day and period'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attendance_session_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attendance_session_stays BEFORE UPDATE ON attendance_attendancesession
    FOR EACH ROW EXECUTE FUNCTION attendance_session_stays();

CREATE FUNCTION attendance_history_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of attendance is append-only'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attendance_history_stays';
END $$;
CREATE TRIGGER attendance_history_stays BEFORE UPDATE OR DELETE ON attendance_attendancechange
    FOR EACH ROW EXECUTE FUNCTION attendance_history_stays();
"""
BACKWARD = """
DROP TRIGGER attendance_history_stays ON attendance_attendancechange;
DROP FUNCTION attendance_history_stays();
DROP TRIGGER attendance_session_stays ON attendance_attendancesession;
DROP FUNCTION attendance_session_stays();
DROP TRIGGER attendance_code_in_use ON attendance_attendancecode;
DROP FUNCTION attendance_code_in_use();
DROP TRIGGER attendance_session_of_institution ON attendance_attendancesession;
DROP FUNCTION attendance_session_of_institution();
DROP TRIGGER attendance_record_updated ON attendance_attendancerecord;
DROP TRIGGER attendance_record_inserted ON attendance_attendancerecord;
DROP FUNCTION attendance_record_follows_session();
ALTER TABLE attendance_attendancerecord DROP CONSTRAINT attendance_state_of_code;
"""


class Migration(migrations.Migration):
    dependencies = [("attendance", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
