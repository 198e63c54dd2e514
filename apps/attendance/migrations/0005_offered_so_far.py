"""The codes that the schools that exist were made with: they are not offered a second time."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("attendance", "0004_history_as_every_append_only_table"), ("seeds", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            INSERT INTO seeds_offered (subject, item)
            SELECT 'attendance-codes', code FROM unnest(ARRAY['P', 'A', 'L', 'E', 'H', 'S', 'T', 'D']) AS code
             WHERE EXISTS (SELECT FROM attendance_attendancecode)
            ON CONFLICT DO NOTHING
            """,
            migrations.RunSQL.noop,
        )
    ]
