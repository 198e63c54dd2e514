"""What a gateway is asked to give back is written down, so that nobody asks for it again meanwhile."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('fees', '0013_earlier_gateways'),
    ]

    operations = [
        migrations.AddField(
            model_name='paymentintent',
            name='asked_back',
            field=models.DecimalField(decimal_places=3, max_digits=16, null=True),
        ),
        migrations.AddField(
            model_name='paymentintent',
            name='asked_under',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='paymentintent',
            name='asked_at',
            field=models.DateTimeField(null=True),
        ),
    ]
