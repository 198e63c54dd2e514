"""Names of scales and of exam sessions stand once by the fold."""

import schoolops.folding
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('examinations', '0002_what_the_database_holds'),
        ('institutions', '0007_one_length'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='examsession',
            name='exam_session_name_per_term',
        ),
        migrations.RemoveConstraint(
            model_name='gradingscale',
            name='scale_version_once',
        ),
        migrations.RemoveConstraint(
            model_name='gradingscale',
            name='scale_one_current',
        ),
        migrations.AddConstraint(
            model_name='examsession',
            constraint=models.UniqueConstraint(models.F('term'), schoolops.folding.Fold('name'), name='exam_session_name_per_term'),
        ),
        migrations.AddConstraint(
            model_name='gradingscale',
            constraint=models.UniqueConstraint(schoolops.folding.Fold('name'), models.F('version'), name='scale_version_once'),
        ),
        migrations.AddConstraint(
            model_name='gradingscale',
            constraint=models.UniqueConstraint(schoolops.folding.Fold('name'), condition=models.Q(('retired', False)), name='scale_one_current'),
        ),
    ]
