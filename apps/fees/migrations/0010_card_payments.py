"""Card payments through a gateway: begun, written about, and booked once; what is paid stays paid."""

import django.db.models.deletion
import schoolops.ids
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


FORWARD = """
CREATE FUNCTION fees_intent_stays_paid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was paid by card stays paid'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'fees_intent_stays_paid';
END $$;
CREATE TRIGGER fees_intent_stays_paid BEFORE UPDATE ON fees_paymentintent FOR EACH ROW
    WHEN (OLD.state = 'paid' AND (NEW.state <> 'paid' OR NEW.payment_id IS DISTINCT FROM OLD.payment_id
        OR NEW.received <> OLD.received))
    EXECUTE FUNCTION fees_intent_stays_paid();
"""
BACKWARD = """
DROP TRIGGER fees_intent_stays_paid ON fees_paymentintent;
DROP FUNCTION fees_intent_stays_paid();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('fees', '0009_bank_statements'),
        ('institutions', '0008_id_currency'),
        ('students', '0007_one_length'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CardGateway',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=20)),
                ('sealed', models.BinaryField()),
                ('taking', models.BooleanField(default=True)),
                ('heard_until', models.DateTimeField()),
                ('failing_since', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='card_gateway_one')],
            },
        ),
        migrations.CreateModel(
            name='PaymentIntent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sourced_id', models.UUIDField(default=schoolops.ids.uuid7, editable=False, unique=True)),
                ('gateway', models.CharField(max_length=20)),
                ('reference', models.CharField(blank=True, max_length=80)),
                ('also', models.CharField(blank=True, max_length=80)),
                ('state', models.CharField(choices=[('open', 'Open'), ('paid', 'Paid'), ('failed', 'Failed')], default='open', max_length=6)),
                ('amount', models.DecimalField(decimal_places=3, max_digits=16)),
                ('received', models.DecimalField(decimal_places=3, default=0, max_digits=16)),
                ('returned', models.DecimalField(decimal_places=3, default=0, max_digits=16)),
                ('currency', models.CharField(max_length=3)),
                ('back_to', models.CharField(max_length=500)),
                ('day', models.DateField()),
                ('at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('guardian', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='students.guardian')),
                ('institution', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='institutions.institution')),
                ('invoice', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='fees.invoice')),
                ('payment', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='intent', to='fees.payment')),
                ('student', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='students.student')),
            ],
        ),
        migrations.CreateModel(
            name='GatewayEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(max_length=80)),
                ('kind', models.CharField(max_length=80)),
                ('at', models.DateTimeField()),
                ('worked_at', models.DateTimeField(null=True)),
                ('intent', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='fees.paymentintent')),
            ],
        ),
        migrations.AddConstraint(
            model_name='paymentintent',
            constraint=models.UniqueConstraint(condition=models.Q(('reference', ''), _negated=True), fields=('reference',), name='intent_reference_once'),
        ),
        migrations.AddConstraint(
            model_name='paymentintent',
            constraint=models.UniqueConstraint(condition=models.Q(('also', ''), _negated=True), fields=('also',), name='intent_also_once'),
        ),
        migrations.AddConstraint(
            model_name='paymentintent',
            constraint=models.CheckConstraint(condition=models.Q(('amount', models.Func(models.F('amount'), models.Case(models.When(currency__in=('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'), then=models.Value(0)), models.When(currency__in=('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'), then=models.Value(3)), default=models.Value(2)), function='round', output_field=models.DecimalField())), ('amount__gt', 0), ('amount__lt', Decimal(10000000000000))), name='intent_amount_fits'),
        ),
        migrations.AddConstraint(
            model_name='paymentintent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('payment__isnull', False), ('received__gt', 0), ('state', 'paid')), models.Q(models.Q(('state', 'paid'), _negated=True), ('payment__isnull', True), ('received', 0)), _connector='OR'), name='intent_paid_is_booked'),
        ),
        migrations.AddConstraint(
            model_name='gatewayevent',
            constraint=models.UniqueConstraint(fields=('event',), name='gateway_event_once'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
