"""``Offered``: what a school has been given once, so that what it took away since stays away."""

from __future__ import annotations

from django.db import models


class Offered(models.Model):
    """``item`` was offered to ``subject``: a permission to a built-in role, an attendance code to the school."""

    subject = models.CharField(max_length=80)
    item = models.CharField(max_length=120)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("subject", "item"), name="offered_once"),)

    def __str__(self) -> str:
        return f"{self.item} to {self.subject}"
