"""``AuditEntry``: one line of the trail. A trigger forbids UPDATE and DELETE, for owners too."""

from __future__ import annotations

from django.db import models

from schoolops import append_only
from schoolops.rows import Fitting


class AuditEntry(Fitting):
    """What ``actor`` did to the object ``object_type``/``object_id`` (its public id, as text).

    ``before`` and ``after`` hold the fields that changed, as JSON values.
    """

    at = models.DateTimeField()
    actor_id = models.CharField(max_length=64, blank=True)
    actor_name = models.CharField(max_length=200)
    action = models.CharField(max_length=100)
    object_type = models.CharField(max_length=100)
    object_id = models.CharField(max_length=64)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.action} {self.object_type} {self.object_id}"


append_only.declare("audit_auditentry")
