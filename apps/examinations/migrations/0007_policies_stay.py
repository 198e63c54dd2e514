"""A version of how results are made never changes."""

from django.db import migrations

from schoolops import append_only


class Migration(migrations.Migration):
    dependencies = [("examinations", "0006_results")]
    operations = [append_only.keep("examinations_resultpolicy")]
