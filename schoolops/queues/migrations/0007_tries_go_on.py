"""Tries go on counting when an operator sends a job back, and a refusal may be for a person to decide."""

from django.db import migrations, models

REASONS = [
    ("exhausted", "failed at every try"),
    ("timeout", "took too long at every try"),
    ("poison", "took its process down, several times"),
    ("no_outcome", "was fetched again and again and came to nothing"),
    ("refused", "was refused, and its task leaves that to a person"),
    ("unknown_task", "no code of this name"),
    ("payload_refused", "the task does not accept this payload"),
    ("unknown_school", "its school was deleted"),
    ("school_suspended", "its school is suspended"),
    ("outcome_unknown", "somebody outside may or may not have done it"),
]


class Migration(migrations.Migration):
    dependencies = [("queues", "0006_unfinished_jobs")]
    operations = [
        migrations.AddField(model_name="job", name="spent", field=models.SmallIntegerField(db_default=0)),
        migrations.AlterField(
            model_name="deadletter", name="reason", field=models.CharField(choices=REASONS, max_length=32)
        ),
    ]
