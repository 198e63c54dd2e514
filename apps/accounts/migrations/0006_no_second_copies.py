"""Indexes that Django's own apps make a second time for `LIKE 'x%'`, which nothing asks of sessions and codes."""

from django.db import migrations

# Name, table, what it was made of. A code's token is always looked for among those of its device, which has an index.
GONE = (
    ("django_session_session_key_c0390e0f_like", "django_session", "session_key varchar_pattern_ops"),
    ("otp_static_statictoken_token_d0a51866_like", "otp_static_statictoken", "token varchar_pattern_ops"),
    ("otp_static_statictoken_token_d0a51866", "otp_static_statictoken", "token"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_one_by_the_fold"),
        ("otp_static", "0003_add_timestamps"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(f"DROP INDEX IF EXISTS {name}", f"CREATE INDEX {name} ON {table} ({columns})")
        for name, table, columns in GONE
    ]
