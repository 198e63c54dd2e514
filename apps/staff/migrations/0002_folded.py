"""People are searched and put in order by columns that the database fills: the table is written once, at once."""


import schoolops.folding
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0001_initial'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='staffmember',
            options={'ordering': ('name_key', 'id')},
        ),
        migrations.AddField(
            model_name='staffmember',
            name='name_key',
            field=models.GeneratedField(db_persist=True, expression=schoolops.folding.NameKey('family_name', 'given_name'), output_field=models.TextField(db_collation='C')),
        ),
        migrations.AddField(
            model_name='staffmember',
            name='searched',
            field=models.GeneratedField(db_persist=True, expression=schoolops.folding.Searched('given_name', 'family_name', 'staff_number', 'email'), output_field=models.TextField(db_collation='C')),
        ),
    ]
