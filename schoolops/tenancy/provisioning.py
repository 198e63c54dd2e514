"""How a school comes to be: a row, a schema replayed from the template, a role, its first contents, then active.

Each step can be repeated, so a run that was killed is finished by running it again.
"""

from __future__ import annotations

import re

from django.db import connection, transaction

from schoolops import clock
from schoolops.context import inside, outside_schools
from schoolops.tenancy import owner, resolution, seeds, template
from schoolops.tenancy.errors import DomainTaken, SchoolExists, SlugInvalid
from schoolops.tenancy.models import Domain, School, SchoolState

SLUG = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){1,39}")


def create_school(*, slug: str, name: str, domains: list[str]) -> School:
    """Create a school and everything it needs, or finish a creation that was interrupted.

    Args:
        slug: short name, ``[a-z][a-z0-9-]{1,39}``; the schema is ``school_<slug>``.
        domains: host names without port, the first is the primary one.

    Raises:
        SlugInvalid, SchoolExists, DomainTaken, TemplateMissing, NoProvisioningLogin.
    """
    if connection.in_atomic_block:
        raise RuntimeError("A school is not created inside a transaction: its schema would be locked half-made.")
    with outside_schools():
        school = _register(slug=slug, name=name, domains=[domain.lower() for domain in domains])
    raise_schema(school)
    with inside(school), transaction.atomic():
        seeds.sow()
    with outside_schools():
        school.state = SchoolState.ACTIVE
        school.save(update_fields=["state"])
    resolution.forget_hosts()
    return school


@transaction.atomic
def _register(*, slug: str, name: str, domains: list[str]) -> School:
    if not SLUG.fullmatch(slug):
        raise SlugInvalid(slug=slug)
    # The schema's name has no hyphens, so oak-hill and oak_hill must not both exist; the slug's grammar sees to it.
    school: School | None = School.objects.filter(slug=slug).first()
    if school is not None and school.state != SchoolState.CREATING:
        raise SchoolExists(slug=slug)
    if school is None:
        schema = owner.schema_for(slug)
        role = owner.role_for(schema)
        school = School(slug=slug, name=name, schema_name=schema, role_name=role, created_at=clock.now())
        school.save()
    for position, domain in enumerate(domains):
        taken = Domain.objects.filter(domain=domain).first()
        if taken is not None and taken.tenant_id != school.pk:
            raise DomainTaken(domain=domain)
        if taken is None:
            Domain(domain=domain, tenant=school, is_primary=position == 0).save()
    return school


def raise_schema(school: School) -> None:
    """Build the school's schema and role where they are missing. One transaction: whole or not at all."""
    with owner.owner_connection() as owning, owning.transaction():
        # A second run of the same creation waits here and then finds the schema made.
        owning.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"schoolops:school:{school.schema_name}"])
        exists = owning.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [school.schema_name]).fetchone()
        if not exists:
            template.replay(owning, schema=school.schema_name)
        owner.grant_school(owning, schema=school.schema_name, role=school.role_name)
