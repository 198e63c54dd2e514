"""Addresses and notes say how long they may be."""

from django.db import migrations, models


class Migration(migrations.Migration):
    takes_away = "Nothing changes in the database: the length is what forms and the API ask for."

    dependencies = [
        ('students', '0006_one_by_the_fold'),
    ]

    operations = [
        migrations.AlterField(
            model_name='guardian',
            name='address',
            field=models.TextField(blank=True, max_length=5000),
        ),
        migrations.AlterField(
            model_name='student',
            name='address',
            field=models.TextField(blank=True, max_length=5000),
        ),
        migrations.AlterField(
            model_name='student',
            name='medical_note',
            field=models.TextField(blank=True, help_text='Shown only to those who may see it.', max_length=5000),
        ),
        migrations.AlterField(
            model_name='studentguardian',
            name='restriction_note',
            field=models.TextField(blank=True, max_length=5000),
        ),
    ]
