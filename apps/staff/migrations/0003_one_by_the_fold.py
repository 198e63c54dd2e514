"""Staff numbers stand once by the fold; those that stood twice stay, as twins."""

import schoolops.folding
from django.conf import settings
from django.db import migrations, models

from schoolops import twins


class Migration(migrations.Migration):
    takes_away = "What was unique as it is written is unique by the fold, under the same name where it had one."

    dependencies = [
        ('institutions', '0005_one_by_the_fold'),
        ('staff', '0002_folded'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='staffmember',
            name='staff_number_per_institution',
        ),
        migrations.AddField(
            model_name='staffmember',
            name='staff_number_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        twins.keep("staff_staffmember", "staff_number", name="staff_number_per_institution", within=("institution_id",)),
        migrations.AddConstraint(
            model_name='staffmember',
            constraint=models.UniqueConstraint(models.F('institution'), schoolops.folding.Fold('staff_number'), models.F('staff_number_twin'), name='staff_number_per_institution'),
        ),
    ]
