"""The history of rolls is kept by the means of every append-only table: it cannot be emptied either."""

from django.db import migrations

from schoolops import append_only

BACK = """
CREATE FUNCTION attendance_history_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of attendance is append-only'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attendance_history_stays';
END $$;
CREATE TRIGGER attendance_history_stays BEFORE UPDATE OR DELETE ON attendance_attendancechange
    FOR EACH ROW EXECUTE FUNCTION attendance_history_stays();
"""
OUT = """
DROP TRIGGER IF EXISTS attendance_history_stays ON attendance_attendancechange;
DROP FUNCTION IF EXISTS attendance_history_stays();
"""


class Migration(migrations.Migration):
    # The trail's comes first: both make the one function, and going back must find it for the other.
    dependencies = [("attendance", "0003_teachers_times"), ("audit", "0003_as_every_append_only_table")]
    operations = [append_only.keep("attendance_attendancechange"), migrations.RunSQL(OUT, BACK)]
