"""Pictures on report cards: copies of their own, and a block for the photo."""

import apps.reports.models
import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    takes_away = "Nothing: one block more may be chosen."
    dependencies = [
        ('reports', '0003_drafted_and_to_publish'),
    ]

    operations = [
        migrations.AddField(
            model_name='reportcard',
            name='logo',
            field=models.FileField(blank=True, db_default='', max_length=300, upload_to=apps.reports.models.card_path),
        ),
        migrations.AddField(
            model_name='reportcard',
            name='photo',
            field=models.FileField(blank=True, db_default='', max_length=300, upload_to=apps.reports.models.card_path),
        ),
        migrations.AlterField(
            model_name='cardlayout',
            name='blocks',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('branding', 'Branding'), ('photo', 'Photo'), ('marks', 'Marks'), ('attendance', 'Attendance'), ('remarks', 'Remarks'), ('legend', 'Legend'), ('signatures', 'Signatures'), ('next-term', 'Next Term')], max_length=10), default=list, size=None),
        ),
    ]
