from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Audit's app."""

    name = "schoolops.audit"
    label = "audit"
