"""Who may do what: roles as sets of permission codes, editable per school, and who holds them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import User
from apps.institutions.models import Institution
from schoolops.privacy import Fate, Held
from schoolops.rows import PublicRow, called


class Role(PublicRow):
    """A named set of permissions. The built-in ones can be edited but not removed."""

    code = models.SlugField(max_length=40, unique=True, db_index=False)
    name = models.CharField(max_length=80)
    builtin = models.BooleanField(default=False)
    scope = models.CharField(
        max_length=20, default="everything", help_text="everything, or a registered row scope such as teacher."
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class RolePermission(models.Model):
    """This role holds this permission code, such as ``attendance.mark``."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, db_index=False, related_name="permissions")
    permission = models.CharField(max_length=80)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("role", "permission"), name="role_permission_once"),)

    def __str__(self) -> str:
        return self.permission


class RoleAssignment(PublicRow):
    """A user holds a role, at one institution or (``None``) at all of them, from a day to before another."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False, related_name="role_assignments")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, db_index=False, related_name="assignments")
    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, null=True, blank=True, db_index=False)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True, help_text="The first day on which the role is no longer held.")

    held: ClassVar[Held] = {"user": Fate.GOES}

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("user", "role", "institution"), nulls_distinct=False, name="role_assigned_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(starts_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="role_ends_after_it_starts",
            ),
        )

    def __str__(self) -> str:
        return called(self.user, self.role, self.institution)
