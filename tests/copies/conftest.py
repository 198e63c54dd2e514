"""A school and a backup of it: made once for all tests of a file that only look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.copies.keys import Key

if TYPE_CHECKING:
    from schoolops.copies.taking import Taken
    from schoolops.tenancy.models import School


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return Key(tmp_path_factory.mktemp("keys") / "operator.key")


@pytest.fixture(scope="module")
def committed(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """What is written stays, for all tests of the file; no school but Oak and Elm does."""
    from django.db import connections
    from django.test import override_settings

    from tests.copies import maple

    media = str(tmp_path_factory.mktemp("media"))
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=media):
        yield
        maple.remove_all_but_oak_and_elm()
        connections.close_all()


@pytest.fixture(scope="module")
def maple(committed: None) -> School:
    from tests.copies import maple

    return maple.made()


@pytest.fixture(scope="module")
def backup(maple: School, key: Key, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    from schoolops.copies import taking

    return taking.back_up(slug="maple", folder=tmp_path_factory.mktemp("backups"), recipients=[key.public])


@pytest.fixture
def restored(backup: Taken, key: Key) -> Iterator[Callable[..., School]]:
    """``restored("maple-before")``: beside; gone after the test."""
    from schoolops.copies import restoring

    made: list[School] = []

    def restore(slug: str, file: Path = backup.path, **more: Any) -> School:
        domains = more.pop("domains", [])
        made.append(restoring.restore_beside(file=file, keys=key.opened(), slug=slug, domains=domains, **more))
        return made[-1]

    yield restore
    for school in made:
        restoring.clear(school)
