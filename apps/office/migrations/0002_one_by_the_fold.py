"""Names of saved filters stand once by the fold; those that stood twice stay, as twins."""

import schoolops.folding
from django.conf import settings
from django.db import migrations, models

from schoolops import twins


class Migration(migrations.Migration):
    takes_away = "What was unique as it is written is unique by the fold, under the same name where it had one."

    dependencies = [
        ('office', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='savedfilter',
            name='saved_filter_name_once',
        ),
        migrations.AddField(
            model_name='savedfilter',
            name='name_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        twins.keep("office_savedfilter", "name", name="saved_filter_name_once", within=("user_id", "listed")),
        migrations.AddConstraint(
            model_name='savedfilter',
            constraint=models.UniqueConstraint(models.F('user'), models.F('listed'), schoolops.folding.Fold('name'), models.F('name_twin'), name='saved_filter_name_once'),
        ),
    ]
