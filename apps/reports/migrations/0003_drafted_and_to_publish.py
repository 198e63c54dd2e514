"""When a card was drafted, and from when on families are to see one that waits to be printed."""

import datetime as dt

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0002_what_is_published_stays")]
    operations = [
        migrations.AddField(
            "reportcard", "drafted_at", models.DateTimeField(db_default=dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
        ),
        migrations.AddField("reportcard", "publish_at", models.DateTimeField(null=True)),
        migrations.AddConstraint(
            "reportcard",
            models.CheckConstraint(
                condition=models.Q(("publish_at", None), ("state", "proof-read"), _connector="OR"),
                name="report_card_waits_proof_read",
            ),
        ),
    ]
