"""The result of a term on report cards."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    takes_away = "Nothing: one block more may be chosen."
    dependencies = [
        ('reports', '0004_pictures_on_cards'),
    ]

    operations = [
        migrations.AddField(
            model_name='reportcard',
            name='says_books',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='reportcard',
            name='says_sessions',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), db_default=[], default=list, size=None),
        ),
        migrations.AlterField(
            model_name='cardlayout',
            name='blocks',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('branding', 'Branding'), ('photo', 'Photo'), ('marks', 'Marks'), ('term', 'Term'), ('attendance', 'Attendance'), ('remarks', 'Remarks'), ('legend', 'Legend'), ('signatures', 'Signatures'), ('next-term', 'Next Term')], max_length=10), default=list, size=None),
        ),
    ]
