"""Late fees: a rule for each campus, and which due day was charged for."""

import django.db.models.deletion
import schoolops.ids
from decimal import Decimal
from django.db import migrations, models

from schoolops import append_only


class Migration(migrations.Migration):
    takes_away = "A line of a bill may be without an item, and what is posted to by itself has one more word."

    dependencies = [
        ('fees', '0011_on_admission'),
        ('institutions', '0008_id_currency'),
    ]

    operations = [
        migrations.AlterField(
            model_name='account',
            name='purpose',
            field=models.CharField(blank=True, choices=[('receivable', 'Receivable'), ('credit', 'Credit'), ('cash', 'Cash'), ('bank', 'Bank'), ('cheques', 'Cheques'), ('cards', 'Cards'), ('fees', 'Fees'), ('late-fees', 'Late Fees'), ('concessions', 'Concessions'), ('differences', 'Differences')], max_length=11),
        ),
        migrations.AlterField(
            model_name='invoiceline',
            name='item',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='fees.feeitem'),
        ),
        migrations.CreateModel(
            name='LateFee',
            fields=[
                ('invoice', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='late_fee', serialize=False, to='fees.invoice')),
                ('instalment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='late_fee', to='fees.instalment')),
            ],
        ),
        migrations.CreateModel(
            name='LateFeeRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sourced_id', models.UUIDField(default=schoolops.ids.uuid7, editable=False, unique=True)),
                ('percent', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('amount', models.DecimalField(decimal_places=3, max_digits=16, null=True)),
                ('days', models.PositiveSmallIntegerField()),
                ('cap', models.DecimalField(decimal_places=3, max_digits=16)),
                ('currency', models.CharField(max_length=3)),
                ('starts_on', models.DateField()),
                ('retired', models.BooleanField(default=False)),
                ('institution', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='institutions.institution')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('amount__isnull', True), ('percent__gt', 0), ('percent__lte', 100)), models.Q(('amount__isnull', False), ('percent__isnull', True), ('amount', models.Func(models.F('amount'), models.Case(models.When(currency__in=('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'), then=models.Value(0)), models.When(currency__in=('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'), then=models.Value(3)), default=models.Value(2)), function='round', output_field=models.DecimalField())), ('amount__gt', 0), ('amount__lt', Decimal(10000000000000))), _connector='OR'), name='late_fee_percent_or_amount'), models.CheckConstraint(condition=models.Q(('cap', models.Func(models.F('cap'), models.Case(models.When(currency__in=('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'), then=models.Value(0)), models.When(currency__in=('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'), then=models.Value(3)), default=models.Value(2)), function='round', output_field=models.DecimalField())), ('cap__gt', 0), ('cap__lt', Decimal(10000000000000))), name='late_fee_cap_fits'), models.CheckConstraint(condition=models.Q(('days__gte', 1), ('days__lte', 366)), name='late_fee_days')],
            },
        ),
        append_only.keep("fees_latefee"),
    ]
