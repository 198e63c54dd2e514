from django.db import migrations, models

# Notes were sentences; they are what a page can word in its reader's language.
WITH_FACTS = """
UPDATE exchange_import SET notes = (
    SELECT jsonb_agg(
        CASE jsonb_typeof(note)
        WHEN 'string' THEN jsonb_build_object('message', note, 'said', note, 'facts', jsonb_build_object())
        ELSE note END
    ) FROM jsonb_array_elements(notes) AS note
) WHERE jsonb_typeof(notes) = 'array' AND notes <> jsonb_build_array()
"""


class Migration(migrations.Migration):
    dependencies = [("exchange", "0006_in_chunks")]

    operations = [
        migrations.AddField(
            model_name="import",
            name="sheet",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="Which was asked for.", max_length=100
            ),
        ),
        migrations.RunSQL(WITH_FACTS, migrations.RunSQL.noop),
    ]
