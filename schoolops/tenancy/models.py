"""Schools and the addresses they answer at. These rows live in ``public``, which no school's role can read."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django_tenants.models import DomainMixin, TenantMixin

from schoolops.ids import uuid7
from schoolops.rows import Fitting

KEPT_AFTER_DELETION = dt.timedelta(days=30)


class SchoolState(models.TextChoices):
    """A school's life: creating → active ⇄ suspended → deleted → (its row is gone after 30 days).

    Moved: it lives in another cell; what it was here is kept until a person removes it.
    """

    CREATING = "creating"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"
    MOVED = "moved"


def this_cell() -> str:
    """The cell that this process works for."""
    return str(settings.CELL)


class School(Fitting, TenantMixin):  # type: ignore[misc]
    """A customer: one schema, one database role, one or more addresses."""

    auto_create_schema = False
    auto_drop_schema = False

    sourced_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    slug = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    role_name = models.CharField(max_length=63, unique=True)
    state = models.CharField(max_length=16, choices=SchoolState.choices, default=SchoolState.CREATING)
    state_reason = models.CharField(max_length=500, blank=True)
    database = models.CharField(
        max_length=40,
        default=this_cell,
        db_default="home",
        editable=False,
        help_text="The cell whose server holds its schema: the one this row stands in, or, once moved, the next.",
    )
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    brought_up_to = models.CharField(
        max_length=64,
        default="",
        db_default="",
        editable=False,
        help_text="Of which migrations, indexes and seeds it has everything (see fleet.head). Written last.",
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state=SchoolState.DELETED, deleted_at__isnull=False)
                | (~models.Q(state=SchoolState.DELETED) & models.Q(deleted_at__isnull=True)),
                name="school_deleted_has_date",
            ),
            # A row that said `public`, or role `none`, would let a school work as the web login on the shared tables.
            models.CheckConstraint(
                condition=models.Q(schema_name__startswith="school_") & ~models.Q(role_name__in=["", "none"]),
                name="school_stands_in_its_own_schema",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def __enter__(self) -> Any:
        raise TypeError("`with school:` shares state between threads; write `with inside(school):`.")

    def activate(self) -> None:
        raise TypeError("A school is entered for a block of work: `with inside(school):`.")

    @property
    def is_active(self) -> bool:
        return self.state == SchoolState.ACTIVE


class Domain(Fitting, DomainMixin):  # type: ignore[misc]
    """A host name (lower case, without port) that leads to a school."""

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(domain=Lower("domain")), name="domain_is_lower_case"),)


LONGEST_SUPPORT = dt.timedelta(hours=8)


class SupportGrant(Fitting):
    """An operator is let into a school: why, and until when. The school reads the same in its own trail.

    The operator's login is named, not referred to: were it a foreign key, deleting a school's user would look for
    grants in the school's schema.
    """

    sourced_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, db_index=False, related_name="support_grants")
    operator_id = models.UUIDField()
    operator = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at"))
                & models.Q(ends_at__lte=models.F("starts_at") + LONGEST_SUPPORT)
                & ~models.Q(reason=""),
                name="support_is_short_and_has_a_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self.operator} in {self.school_id} until {self.ends_at:%Y-%m-%d %H:%M}"
