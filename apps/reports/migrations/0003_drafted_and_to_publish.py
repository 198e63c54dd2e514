"""When a card was drafted, and from when on families are to see one that waits to be printed."""

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("reports", "0002_what_is_published_stays")]
    operations = [
        migrations.AddField("reportcard", "drafted_at", models.DateTimeField(db_default=Now())),
        migrations.AlterField("reportcard", "drafted_at", models.DateTimeField()),
        migrations.AddField("reportcard", "publish_at", models.DateTimeField(null=True)),
        migrations.AddConstraint(
            "reportcard",
            models.CheckConstraint(
                condition=models.Q(("publish_at", None), ("state", "proof-read"), _connector="OR"),
                name="report_card_waits_proof_read",
            ),
        ),
    ]
