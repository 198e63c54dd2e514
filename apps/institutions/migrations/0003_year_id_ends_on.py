"""A row can repeat its year's last day and be held to it by a composite foreign key."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("institutions", "0002_inside_their_year")]
    operations = [
        migrations.AddConstraint(
            model_name="academicyear",
            constraint=models.UniqueConstraint(fields=("id", "ends_on"), name="year_id_ends_on"),
        )
    ]
