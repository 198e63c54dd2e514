"""A teacher's own times stay when the office says others; a rule that nothing read goes.

The column of the rule stays, with a default, for processes of the release before that still write it.
"""

from django.db import migrations, models

# A time that no desk entry of the day says is the teacher's.
TIMES = """
UPDATE attendance_attendancerecord r
   SET teacher_arrived_at = CASE WHEN NOT EXISTS (SELECT FROM attendance_deskentry e WHERE e.student_id = r.student_id
                                       AND e.day = r.day AND e.arrived_at = r.arrived_at) THEN r.arrived_at END,
       teacher_left_at = CASE WHEN NOT EXISTS (SELECT FROM attendance_deskentry e WHERE e.student_id = r.student_id
                                       AND e.day = r.day AND e.left_at = r.left_at) THEN r.left_at END
 WHERE r.arrived_at IS NOT NULL OR r.left_at IS NOT NULL
"""
UNREAD = "ALTER TABLE attendance_attendancepolicy ALTER COLUMN correction_window_minutes SET DEFAULT 30"
READ = "ALTER TABLE attendance_attendancepolicy ALTER COLUMN correction_window_minutes DROP DEFAULT"


class Migration(migrations.Migration):
    dependencies = [("attendance", "0002_records_follow_sessions")]
    operations = [
        migrations.AddField("attendancerecord", "teacher_arrived_at", models.TimeField(null=True)),
        migrations.AddField("attendancerecord", "teacher_left_at", models.TimeField(null=True)),
        migrations.RunSQL(TIMES, migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(UNREAD, READ)],
            state_operations=[migrations.RemoveField("attendancepolicy", "correction_window_minutes")],
        ),
    ]
