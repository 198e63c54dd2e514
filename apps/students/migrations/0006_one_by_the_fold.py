"""Admission numbers stand once by the fold; those that stood twice stay, as twins."""

import schoolops.folding
from django.conf import settings
from django.db import migrations, models

from schoolops import twins


class Migration(migrations.Migration):
    takes_away = "What was unique as it is written is unique by the fold, under the same name where it had one."

    dependencies = [
        ('institutions', '0005_one_by_the_fold'),
        ('students', '0005_longer_names_of_photos'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='student',
            name='student_admission_number',
        ),
        migrations.AddField(
            model_name='student',
            name='admission_number_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        twins.keep(
            "students_student",
            "admission_number",
            name="student_admission_number",
            within=("institution_id",),
            # A record that was merged away leaves the number to whoever is on the books.
            order="merged_into_id IS NOT NULL, id",
        ),
        migrations.AddConstraint(
            model_name='student',
            constraint=models.UniqueConstraint(models.F('institution'), schoolops.folding.Fold('admission_number'), models.F('admission_number_twin'), name='student_admission_number'),
        ),
    ]
