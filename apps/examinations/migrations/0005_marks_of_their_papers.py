"""A mark has its paper's maximum, and its history is kept."""

from django.db import migrations

from schoolops import append_only

FORWARD = """
ALTER TABLE examinations_mark ADD CONSTRAINT examinations_mark_of_exam
    FOREIGN KEY (exam_id, max_marks) REFERENCES examinations_exam (id, max_marks) ON UPDATE CASCADE;
"""
BACKWARD = "ALTER TABLE examinations_mark DROP CONSTRAINT examinations_mark_of_exam;"


class Migration(migrations.Migration):
    dependencies = [("examinations", "0004_marks")]
    operations = [append_only.keep("examinations_markchange"), migrations.RunSQL(FORWARD, BACKWARD)]
