"""A school without students, and rosters to give it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.kept import kept

if TYPE_CHECKING:
    from apps.accounts.models import User
    from apps.exchange.models import Import
    from schoolops.tenancy.models import School


@pytest.fixture(autouse=True)
def _media(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
@kept
def registrar(in_oak: School, school_day: object) -> User:
    """An administrator of a school that is still empty."""
    from tests.factories import people  # noqa: PLC0415 - Django is not set up when this file is read

    return people.a_user("erin", role="administrator")


@pytest.fixture
def roster(tmp_path: Path, school_day: Any) -> Callable[..., Path]:
    """``roster(students=12, version="1.2")`` is a bundle with the quirks of real exports."""
    from apps.demo.services.rosters import Wanted, write_roster  # noqa: PLC0415

    def write(students: int = 12, seed: int = 1, version: str = "1.1", **more: Any) -> Path:
        path = tmp_path / f"roster-{students}-{seed}-{version}.zip"
        write_roster(path, Wanted(students=students, seed=seed, today=school_day, version=version, **more))
        return path

    return write


@pytest.fixture
def read(registrar: User) -> Callable[..., Import]:
    """``read(path)`` is an import, compared with what is there; content and a name will do as well."""
    from apps.exchange import services  # noqa: PLC0415

    def reading(file: Path | bytes, name: str = "", **more: Any) -> Import:
        content = file if isinstance(file, bytes) else file.read_bytes()
        said = name or (file.name if isinstance(file, Path) else "roster.zip")
        run = services.receive(file=io.BytesIO(content), name=said, by=more.pop("by", registrar), **more)
        return services.read_and_validate(run=run)

    return reading


@pytest.fixture
def brought_in(read: Callable[..., Import], registrar: User) -> Callable[..., Import]:
    """The same, and applied."""
    from apps.exchange import services  # noqa: PLC0415

    def bringing(file: Path | bytes, name: str = "", **more: Any) -> Import:
        run = read(file, name, **more)
        services.confirm(run=run, reading=run.reading, by=run.by or registrar)
        return services.apply(run=run)

    return bringing
