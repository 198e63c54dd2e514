"""Whom announcements are for is compared as text: public ids that were written otherwise were found by nobody."""

from typing import Any
from uuid import UUID

from django.db import migrations


def in_one_form(apps: Any, schema_editor: Any) -> None:
    """Write each public id as ``str`` does. What is a code of a role stays."""
    announcements = apps.get_model("notifications", "Announcement")
    rows = announcements.objects.using(schema_editor.connection.alias).exclude(kind__in=("school", "role"))
    for row in rows.only("targets").order_by().iterator():
        targets = [_written(each) for each in row.targets]
        if targets != row.targets:
            row.targets = targets
            row.save(update_fields=["targets"])


def _written(said: str) -> str:
    try:
        return str(UUID(said))
    except ValueError:
        return said


class Migration(migrations.Migration):

    takes_away = "Nothing: the release before reads the form that it writes for the office's own pages."

    dependencies = [
        ("notifications", "0002_attachments"),
    ]

    operations = [
        migrations.RunPython(in_one_form, migrations.RunPython.noop),
    ]
