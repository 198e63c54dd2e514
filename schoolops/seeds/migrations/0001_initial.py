from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Offered",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=80)),
                ("item", models.CharField(max_length=120)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("subject", "item"), name="offered_once")],
            },
        ),
    ]
