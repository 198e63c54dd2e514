"""An address says how long it may be."""

from django.db import migrations, models


class Migration(migrations.Migration):
    takes_away = "Nothing changes in the database: the length is what forms and the API ask for."

    dependencies = [
        ('institutions', '0006_terms_within_terms'),
    ]

    operations = [
        migrations.AlterField(
            model_name='institution',
            name='address',
            field=models.TextField(blank=True, max_length=5000),
        ),
    ]
