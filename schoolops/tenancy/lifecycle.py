"""Suspend, resume, delete: what operators do to a whole school."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from schoolops import clock
from schoolops.context import inside, outside_schools
from schoolops.tenancy import cells, endings, owner, resolution
from schoolops.tenancy.errors import (
    DataNotKept,
    DomainTaken,
    NameNotConfirmed,
    NotSuspended,
    PurgeIncomplete,
    SchoolNotFound,
    WrongState,
)
from schoolops.tenancy.models import KEPT_AFTER_DELETION, Domain, School, SchoolState

log = logging.getLogger(__name__)


def get_school(slug: str) -> School:
    """The school called ``slug``. Raises ``SchoolNotFound``."""
    with outside_schools():
        school: School | None = School.objects.filter(slug=slug).first()
    if school is None:
        raise SchoolNotFound(slug=slug)
    return school


def each_school(*states: SchoolState) -> Iterator[School]:
    """Every school in ``states`` (default: active), in order of slug, entered one after the other.

    The body of the loop runs inside the school that is yielded.
    """
    with outside_schools():
        schools = list(School.objects.filter(state__in=states or (SchoolState.ACTIVE,)).order_by("slug"))
    for school in schools:
        with inside(school):
            yield school


def _move(slug: str, *, allowed: set[SchoolState], to: SchoolState, reason: str) -> School:
    with outside_schools(), transaction.atomic():
        rows: QuerySet[School] = School.objects.select_for_update()
        school = rows.filter(slug=slug).first()
        if school is None:
            raise SchoolNotFound(slug=slug)
        if school.state not in allowed:
            if to is SchoolState.DELETED:
                raise NotSuspended(slug=slug)
            raise WrongState(slug=slug, state=school.state)
        school.state = to
        school.state_reason = reason
        school.deleted_at = clock.now() if to is SchoolState.DELETED else None
        school.save(update_fields=["state", "state_reason", "deleted_at"])
        if to is SchoolState.DELETED:
            Domain.objects.filter(tenant=school).delete()
        # Not before the commit, or another process would look up and remember the old state once more.
        transaction.on_commit(resolution.forget_hosts)
    resolution.forget_here()
    return school


def suspend_school(*, slug: str, reason: str) -> School:
    """Shut the school's doors: everybody gets a clear 403, nothing is lost."""
    return _move(slug, allowed={SchoolState.ACTIVE}, to=SchoolState.SUSPENDED, reason=reason)


def resume_school(*, slug: str) -> School:
    """Open a suspended school again."""
    return _move(slug, allowed={SchoolState.SUSPENDED}, to=SchoolState.ACTIVE, reason="")


def delete_school(*, slug: str, typed: str, reason: str) -> School:
    """Give up a suspended school's addresses; its schema is kept for 30 days.

    Raises:
        NameNotConfirmed: ``typed`` is not the slug. NotSuspended: suspend first.
    """
    if typed != slug:
        raise NameNotConfirmed(slug=slug)
    return _move(slug, allowed={SchoolState.SUSPENDED}, to=SchoolState.DELETED, reason=reason)


def undelete_school(*, slug: str, domains: list[str]) -> School:
    """Take back a deletion while the school's data is kept. It is suspended then, as it was before, at ``domains``.

    Its addresses were given up, so they are named anew.

    Raises:
        SchoolNotFound. WrongState: it is not deleted. DataNotKept: that was more than 30 days ago. DomainTaken,
        SchoolElsewhere.
    """
    with outside_schools(), cells.naming(domains=domains), transaction.atomic():
        rows: QuerySet[School] = School.objects.select_for_update()
        school = rows.filter(slug=slug).first()
        if school is None:
            raise SchoolNotFound(slug=slug)
        if school.deleted_at is None:
            raise WrongState(slug=slug, state=school.state)
        if school.deleted_at < clock.now() - KEPT_AFTER_DELETION:
            # The purge may be at it.
            raise DataNotKept(slug=slug, days=KEPT_AFTER_DELETION.days)
        give_addresses(school, domains)
        school.state, school.deleted_at = SchoolState.SUSPENDED, None
        school.save(update_fields=["state", "deleted_at"])
        transaction.on_commit(resolution.forget_hosts)
    resolution.forget_here()
    return school


def give_addresses(school: School, domains: list[str]) -> None:
    """Let ``school`` answer at these hosts, the first of them the primary one. Raises ``DomainTaken``."""
    for position, domain in enumerate(each.lower() for each in domains):
        taken = Domain.objects.filter(domain=domain).first()
        if taken is not None and taken.tenant_id != school.pk:
            raise DomainTaken(domain=domain)
        if taken is None:
            Domain(domain=domain, tenant=school, is_primary=position == 0).save()


def purge_deleted_schools() -> tuple[list[str], dict[str, Exception]]:
    """Remove all that there is of schools deleted more than 30 days ago: (slugs that are gone, slug → what failed).

    A school is gone once a search finds nothing of it. Another's failure keeps none of them.
    """
    gone, failed = [], {}
    with outside_schools():
        due = list(School.objects.filter(state=SchoolState.DELETED, deleted_at__lt=clock.now() - KEPT_AFTER_DELETION))
        for school in due:
            try:
                _purge(school)
            except Exception as failure:
                log.exception("a school could not be purged", extra={"facts": {"school": school.slug}})
                failed[school.slug] = failure
            else:
                gone.append(school.slug)
    return gone, failed


def _purge(school: School) -> None:
    """Raises ``PurgeIncomplete``, and whatever a disk or a database refuses."""
    names = [school.slug, school.schema_name]
    folder = Path(settings.MEDIA_ROOT) / school.schema_name
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    with transaction.atomic():
        endings.end(school.slug)
    owner.forget_rows(names=names)
    owner.drop_school(schema=school.schema_name, role=school.role_name)
    found = owner.remains(schema=school.schema_name, role=school.role_name, names=names)
    found += [f"files in {folder}"] if folder.exists() or folder.is_symlink() else []
    if found:
        raise PurgeIncomplete(slug=school.slug, found=", ".join(found))
    # Last: while anything is left of it, the next purge begins with it again.
    school.delete()
