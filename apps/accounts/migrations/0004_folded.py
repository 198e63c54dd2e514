"""People are searched and put in order by columns that the database fills: the table is written once, at once."""


import schoolops.folding
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_support_links'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='name_key',
            field=models.GeneratedField(db_persist=True, expression=schoolops.folding.NameKey('family_name', 'given_name'), output_field=models.TextField(db_collation='C')),
        ),
        migrations.AddField(
            model_name='user',
            name='searched',
            field=models.GeneratedField(db_persist=True, expression=schoolops.folding.Searched('username', 'email', 'given_name', 'family_name'), output_field=models.TextField(db_collation='C')),
        ),
    ]
