"""Names of periods stand once by the fold; those that stood twice stay, as twins."""

import schoolops.folding
from django.db import migrations, models

from schoolops import twins


class Migration(migrations.Migration):
    takes_away = "What was unique as it is written is unique by the fold, under the same name where it had one."

    dependencies = [
        ('institutions', '0005_one_by_the_fold'),
        ('timetable', '0001_initial'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='period',
            name='period_name_per_institution',
        ),
        migrations.AddField(
            model_name='period',
            name='name_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        twins.keep("timetable_period", "name", name="period_name_per_institution", within=("institution_id",)),
        migrations.AddConstraint(
            model_name='period',
            constraint=models.UniqueConstraint(models.F('institution'), schoolops.folding.Fold('name'), models.F('name_twin'), name='period_name_per_institution'),
        ),
    ]
