"""A gateway that was changed for another stays beside it: what was begun there ends there."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('fees', '0012_late_fees'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='cardgateway',
            name='card_gateway_one',
        ),
        migrations.AddConstraint(
            model_name='cardgateway',
            constraint=models.CheckConstraint(condition=models.Q(('id', 1), ('taking', False), _connector='OR'), name='card_gateway_one_takes'),
        ),
    ]
