"""Usernames and e-mails stand once by the fold; those that stood twice stay, as twins."""

import schoolops.folding
from django.db import migrations, models

from schoolops import twins


class Migration(migrations.Migration):
    takes_away = "What was unique as it is written is unique by the fold, under the same name where it had one."

    dependencies = [
        ('accounts', '0004_folded'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='user',
            name='user_username_ci',
        ),
        migrations.RemoveConstraint(
            model_name='user',
            name='user_email_ci',
        ),
        migrations.AddField(
            model_name='user',
            name='email_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='user',
            name='username_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        twins.keep("accounts_user", "username", name="user_username_ci"),
        twins.keep("accounts_user", "email", name="user_email_ci", where="email <> ''"),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(schoolops.folding.Fold('username'), models.F('username_twin'), name='user_username_ci'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(schoolops.folding.Fold('email'), models.F('email_twin'), condition=models.Q(('email', ''), _negated=True), name='user_email_ci'),
        ),
    ]
