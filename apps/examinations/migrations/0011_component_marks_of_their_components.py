"""A component's mark has its component's maximum."""

from django.db import migrations

FORWARD = """
ALTER TABLE examinations_componentmark ADD CONSTRAINT examinations_componentmark_of_component
    FOREIGN KEY (component_id, max_marks) REFERENCES examinations_examcomponent (id, max_marks) ON UPDATE CASCADE;
"""
BACKWARD = "ALTER TABLE examinations_componentmark DROP CONSTRAINT examinations_componentmark_of_component;"


class Migration(migrations.Migration):
    dependencies = [("examinations", "0010_components")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
