"""Names and codes of campuses, years, terms, levels, sections, courses and classes stand once by the fold; those that stood twice stay, as twins."""

import schoolops.folding
from django.db import migrations, models

from schoolops import twins


class Migration(migrations.Migration):
    takes_away = "What was unique as it is written is unique by the fold, under the same name where it had one."

    dependencies = [
        ('institutions', '0004_alter_institution_logo'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='academicyear',
            name='year_name_per_institution',
        ),
        migrations.RemoveConstraint(
            model_name='course',
            name='course_code_per_institution',
        ),
        migrations.RemoveConstraint(
            model_name='courseclass',
            name='class_code_per_year',
        ),
        migrations.RemoveConstraint(
            model_name='section',
            name='section_name_per_level_and_year',
        ),
        migrations.RemoveConstraint(
            model_name='term',
            name='term_name_per_year',
        ),
        migrations.AddField(
            model_name='academicyear',
            name='name_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='course',
            name='code_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='courseclass',
            name='code_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='gradelevel',
            name='code_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='gradelevel',
            name='name_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='institution',
            name='code_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='section',
            name='name_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='term',
            name='name_twin',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AlterField(
            model_name='gradelevel',
            name='code',
            field=models.CharField(max_length=12),
        ),
        migrations.AlterField(
            model_name='gradelevel',
            name='name',
            field=models.CharField(max_length=60),
        ),
        migrations.AlterField(
            model_name='institution',
            name='code',
            field=models.CharField(max_length=20),
        ),
        twins.keep("institutions_academicyear", "name", name="year_name_per_institution", within=("institution_id",)),
        twins.keep("institutions_course", "code", name="course_code_per_institution", within=("institution_id",)),
        twins.keep("institutions_courseclass", "code", name="class_code_per_year", within=("year_id",)),
        twins.keep("institutions_gradelevel", "name", name="level_name_once"),
        twins.keep("institutions_gradelevel", "code", name="level_code_once"),
        twins.keep("institutions_institution", "code", name="institution_code_once"),
        twins.keep("institutions_section", "name", name="section_name_per_level_and_year", within=("year_id", "grade_level_id")),
        twins.keep("institutions_term", "name", name="term_name_per_year", within=("year_id",)),
        migrations.AddConstraint(
            model_name='academicyear',
            constraint=models.UniqueConstraint(models.F('institution'), schoolops.folding.Fold('name'), models.F('name_twin'), name='year_name_per_institution'),
        ),
        migrations.AddConstraint(
            model_name='course',
            constraint=models.UniqueConstraint(models.F('institution'), schoolops.folding.Fold('code'), models.F('code_twin'), name='course_code_per_institution'),
        ),
        migrations.AddConstraint(
            model_name='courseclass',
            constraint=models.UniqueConstraint(models.F('year'), schoolops.folding.Fold('code'), models.F('code_twin'), name='class_code_per_year'),
        ),
        migrations.AddConstraint(
            model_name='gradelevel',
            constraint=models.UniqueConstraint(schoolops.folding.Fold('name'), models.F('name_twin'), name='level_name_once'),
        ),
        migrations.AddConstraint(
            model_name='gradelevel',
            constraint=models.UniqueConstraint(schoolops.folding.Fold('code'), models.F('code_twin'), name='level_code_once'),
        ),
        migrations.AddConstraint(
            model_name='institution',
            constraint=models.UniqueConstraint(schoolops.folding.Fold('code'), models.F('code_twin'), name='institution_code_once'),
        ),
        migrations.AddConstraint(
            model_name='section',
            constraint=models.UniqueConstraint(models.F('year'), models.F('grade_level'), schoolops.folding.Fold('name'), models.F('name_twin'), name='section_name_per_level_and_year'),
        ),
        migrations.AddConstraint(
            model_name='term',
            constraint=models.UniqueConstraint(models.F('year'), schoolops.folding.Fold('name'), models.F('name_twin'), name='term_name_per_year'),
        ),
    ]
