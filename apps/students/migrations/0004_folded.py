"""People are searched and put in order by columns that the database fills: the table is written once, at once."""


import schoolops.folding
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('students', '0003_enrolments_end_with_their_year'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='guardian',
            options={'ordering': ('name_key', 'id')},
        ),
        migrations.AlterModelOptions(
            name='student',
            options={'ordering': ('name_key', 'id')},
        ),
        migrations.AddField(
            model_name='guardian',
            name='name_key',
            field=models.GeneratedField(db_persist=True, expression=schoolops.folding.NameKey('family_name', 'given_name'), output_field=models.TextField(db_collation='C')),
        ),
        migrations.AddField(
            model_name='guardian',
            name='searched',
            field=models.GeneratedField(db_persist=True, expression=schoolops.folding.Searched('given_name', 'family_name', 'email', schoolops.folding.Digits('phone')), output_field=models.TextField(db_collation='C')),
        ),
        migrations.AddField(
            model_name='student',
            name='name_key',
            field=models.GeneratedField(db_persist=True, expression=schoolops.folding.NameKey('family_name', 'given_name'), output_field=models.TextField(db_collation='C')),
        ),
        migrations.AddField(
            model_name='student',
            name='searched',
            field=models.GeneratedField(db_persist=True, expression=schoolops.folding.Searched('given_name', 'middle_name', 'family_name', 'preferred_name', 'admission_number'), output_field=models.TextField(db_collation='C')),
        ),
    ]
