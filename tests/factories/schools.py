"""Schools for tests, made as an operator makes them: from the template, through the provisioning login."""

from __future__ import annotations

from django.db import transaction

from schoolops.context import outside_schools
from schoolops.tenancy import endings, owner, resolution
from schoolops.tenancy.models import School
from schoolops.tenancy.provisioning import create_school


def make_school(slug: str, *, name: str = "", domains: list[str] | None = None) -> School:
    """A committed, active school at ``<slug>.localhost``."""
    return create_school(
        slug=slug, name=name or f"{slug.title()} School", domains=[f"{slug}.localhost"] if domains is None else domains
    )


def remove_school(school: School) -> None:
    """Take away all of it at once, as if it had never been: no suspension, no thirty days."""
    owner.drop_school(schema=school.schema_name, role=school.role_name)
    with outside_schools():
        School.objects.filter(pk=school.pk).delete()
    resolution.forget_hosts()


def forget_name(slug: str) -> None:
    """Take away what the platform keeps under a school's name: jobs, letters, answers."""
    with outside_schools(), transaction.atomic():
        endings.end(slug)
