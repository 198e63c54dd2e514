"""Codes of attendance stand once by the fold; those that stood twice stay, as twins."""

import schoolops.folding
from django.db import migrations, models

from schoolops import twins


class Migration(migrations.Migration):
    takes_away = "What was unique as it is written is unique by the fold, under the same name where it had one."

    dependencies = [
        ('attendance', '0005_offered_so_far'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='attendancecode',
            name='attendance_code_once',
        ),
        migrations.AddField(
            model_name='attendancecode',
            name='code_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        twins.keep("attendance_attendancecode", "code", name="attendance_code_once"),
        migrations.AddConstraint(
            model_name='attendancecode',
            constraint=models.UniqueConstraint(schoolops.folding.Fold('code'), models.F('code_twin'), name='attendance_code_once'),
        ),
    ]
