"""What came of trying backups. In ``public``; of schools, nothing."""

from __future__ import annotations

from django.db import models

from schoolops.rows import Fitting


class Drill(Fitting):
    """A backup was restored and compared, or could not be. Goes when its school does."""

    school = models.CharField(max_length=40)
    at = models.DateTimeField()
    rows = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    backup_seconds = models.FloatField(default=0)
    restore_seconds = models.FloatField(default=0)
    failed = models.CharField(max_length=1000, blank=True)

    def __str__(self) -> str:
        return f"{self.school} at {self.at:%Y-%m-%d %H:%M}: {self.failed or 'whole'}"
