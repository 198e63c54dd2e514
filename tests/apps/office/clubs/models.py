"""Clubs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class Club(models.Model):
    """A club of the school."""

    name = models.CharField(max_length=60)
    meets_in = models.CharField(max_length=60, blank=True)

    objects: ClassVar[Any] = models.Manager()

    def __str__(self) -> str:
        return self.name
