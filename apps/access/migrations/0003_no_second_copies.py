"""The index of a role's code that Django makes a second time for `LIKE 'x%'`, which nobody asks of it."""

from django.db import migrations

NAME = "access_role_code_85843d26_like"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_offered_so_far"),
    ]

    operations = [
        migrations.RunSQL(
            f"DROP INDEX IF EXISTS {NAME}", f"CREATE INDEX {NAME} ON access_role (code varchar_pattern_ops)"
        ),
    ]
