"""How a school comes to be: a row, a schema replayed from the template, a role, its first contents, then active.

Each step can be repeated, so a run that was killed is finished by running it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.db import IntegrityError, connection, transaction

from schoolops import clock, seeds
from schoolops.context import inside, outside_schools
from schoolops.tenancy import cells, endings, fleet, owner, resolution, template
from schoolops.tenancy.errors import SchoolExists, SlugInvalid
from schoolops.tenancy.lifecycle import give_addresses
from schoolops.tenancy.models import School, SchoolState

SLUG = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){1,39}")


Progress = Callable[[str], None]


def _silently(step: str) -> None:
    """Nobody wants to know."""


def create_school(*, slug: str, name: str, domains: list[str], progress: Progress = _silently) -> School:
    """Create a school and everything it needs, or finish a creation that was interrupted.

    Args:
        slug: short name, ``[a-z][a-z0-9-]{1,39}``; the schema is ``school_<slug>``.
        domains: host names without port, the first is the primary one.
        progress: told after each step: ``registered``, ``schema``, ``contents``, ``active``.

    Raises:
        SlugInvalid, SchoolExists, DomainTaken, SchoolElsewhere, TemplateMissing, NoProvisioningLogin.
    """
    if connection.in_atomic_block:
        raise RuntimeError("A school is not created inside a transaction: its schema would be locked half-made.")
    if not SLUG.fullmatch(slug):
        raise SlugInvalid(slug=slug)
    # A second creation of the same school waits, then finds the school made (or, after a crash, finishes it).
    with owner.one_at_a_time(f"create:{slug}"):
        with outside_schools(), cells.naming(slug=slug, domains=domains):
            school = _register(slug=slug, name=name, domains=domains)
        progress("registered")
        if not raise_schema(school):
            # Its creation was interrupted, perhaps in an earlier release.
            fleet.bring_up(school)
        progress("schema")
        with inside(school), transaction.atomic():
            seeds.sow()
        progress("contents")
        with outside_schools():
            school.state, school.brought_up_to = SchoolState.ACTIVE, fleet.head()
            school.save(update_fields=["state", "brought_up_to"])
        resolution.forget_hosts()
        progress("active")
    return school


def _register(*, slug: str, name: str, domains: list[str]) -> School:
    try:
        return _register_once(slug=slug, name=name, domains=domains)
    except IntegrityError:
        # Somebody else registered one of the addresses meanwhile: once more, to say which.
        return _register_once(slug=slug, name=name, domains=domains)


@transaction.atomic
def _register_once(*, slug: str, name: str, domains: list[str]) -> School:
    # The schema's name has no hyphens, so oak-hill and oak_hill must not both exist; the slug's grammar sees to it.
    school: School | None = School.objects.filter(slug=slug).first()
    # One that is being restored has a reason, and is not for us to finish.
    if school is not None and (school.state != SchoolState.CREATING or school.state_reason):
        raise SchoolExists(slug=slug)
    if school is None:
        schema = owner.schema_for(slug)
        role = owner.role_for(schema)
        # Whoever was called so before: nothing of it runs or shows in this one.
        endings.end(slug)
        school = School(slug=slug, name=name, schema_name=schema, role_name=role, created_at=clock.now())
        school.save()
    give_addresses(school, domains)
    return school


def raise_schema(school: School) -> bool:
    """Build the school's schema and role where they are missing, and say whether the schema was.

    One transaction: whole or not at all.
    """
    with owner.owner_connection() as owning, owning.transaction():
        exists = owning.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [school.schema_name]).fetchone()
        if not exists:
            template.replay(owning, schema=school.schema_name)
        owner.grant_school(owning, schema=school.schema_name, role=school.role_name)
    return not exists
