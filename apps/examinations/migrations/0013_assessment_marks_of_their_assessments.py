"""An assessment's mark has its assessment's maximum."""

from django.db import migrations

FORWARD = """
ALTER TABLE examinations_assessmentmark ADD CONSTRAINT examinations_assessmentmark_of_assessment
    FOREIGN KEY (assessment_id, max_marks) REFERENCES examinations_assessment (id, max_marks) ON UPDATE CASCADE;
"""
BACKWARD = "ALTER TABLE examinations_assessmentmark DROP CONSTRAINT examinations_assessmentmark_of_assessment;"


class Migration(migrations.Migration):
    dependencies = [("examinations", "0012_gradebooks")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
