"""History of what is entered in gradebooks, their re-opening, and what extra credit comes to at most."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    takes_away = "Nothing: a change of a mark may be one of a gradebook, which is of no paper."
    dependencies = [
        ('examinations', '0013_assessment_marks_of_their_assessments'),
        ('institutions', '0008_id_currency'),
        ('students', '0007_one_length'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='gradebook',
            name='reopened_reason',
            field=models.CharField(blank=True, db_default='', max_length=200),
        ),
        migrations.AddField(
            model_name='gradebook',
            name='reopened_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='markchange',
            name='assessment',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='markchange',
            name='gradebook',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mark_changes', to='examinations.gradebook'),
        ),
        migrations.AddField(
            model_name='resultpolicy',
            name='extra_up_to',
            field=models.DecimalField(db_default=100, decimal_places=2, default=100, max_digits=5),
        ),
        migrations.AlterField(
            model_name='markchange',
            name='exam',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mark_changes', to='examinations.exam'),
        ),
        migrations.AddConstraint(
            model_name='gradebook',
            constraint=models.CheckConstraint(condition=models.Q(('reopened_until__isnull', True), models.Q(('reopened_reason', ''), _negated=True), _connector='OR'), name='gradebook_reopened_with_reason'),
        ),
        migrations.AddConstraint(
            model_name='markchange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('assessment__isnull', True), ('exam__isnull', False), ('gradebook__isnull', True)), models.Q(('assessment__isnull', False), ('exam__isnull', True), ('gradebook__isnull', False)), _connector='OR'), name='mark_change_of_one'),
        ),
        migrations.AddConstraint(
            model_name='resultpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('extra_up_to__gte', 100)), name='policy_extra_from_a_hundred'),
        ),
    ]
