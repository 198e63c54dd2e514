"""Schools for tests, made as an operator makes them: from the template, through the provisioning login."""

from __future__ import annotations

from django.db import transaction
from psycopg import sql

from schoolops import append_only
from schoolops.context import outside_schools
from schoolops.tenancy import endings, fleet, owner, provisioning, resolution
from schoolops.tenancy.models import School, SchoolState
from schoolops.tenancy.provisioning import create_school


def make_school(slug: str, *, name: str = "", domains: list[str] | None = None) -> School:
    """A committed, active school at ``<slug>.localhost``."""
    return create_school(
        slug=slug, name=name or f"{slug.title()} School", domains=[f"{slug}.localhost"] if domains is None else domains
    )


def bare_school(slug: str, *, of: School) -> School:
    """A committed, active school at ``<slug>.localhost`` with the tables of ``of`` that its role is granted one by one.

    Nothing stands in them. The trail is one of them.
    """
    with outside_schools():
        school = provisioning._register(slug=slug, name=f"{slug.title()} School", domains=[f"{slug}.localhost"])
    with owner.owner_connection() as owning, owning.transaction():
        owning.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(school.schema_name)))
        for table in ("django_migrations", "django_content_type", *append_only.tables()):
            ours, theirs = (sql.Identifier(each.schema_name, table) for each in (school, of))
            owning.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(ours, theirs))
        owner.grant_school(owning, schema=school.schema_name, role=school.role_name)
    with outside_schools():
        school.state, school.brought_up_to = SchoolState.ACTIVE, fleet.head()
        school.save(update_fields=["state", "brought_up_to"])
    resolution.forget_hosts()
    return school


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
