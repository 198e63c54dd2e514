"""People at the addresses of schools, and a clock that moves. Every test begins without failures counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from schoolops.tenancy.models import School


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    from tests.support.counted import forget_what_was_counted  # noqa: PLC0415 - Django is not set up yet

    forget_what_was_counted()


@pytest.fixture
def later() -> Iterator[Callable[..., None]]:
    """``later(minutes=16)`` moves the stopped clock on, for the rest of the test."""
    from tests.factories.clocks import Hands  # noqa: PLC0415

    hands = Hands()
    yield hands.move
    hands.let_go()


@pytest.fixture
def at_oak(db: None, oak: School, client_for: Callable[[School], Client]) -> Any:
    """``at_oak()`` is a stranger at Oak's address, ``at_oak(alice)`` is Alice there."""
    from schoolops.tenancy import resolution  # noqa: PLC0415
    from tests.factories.talking import Talk  # noqa: PLC0415

    # So that a count of queries does not depend on who asked before.
    resolution.school_at("oak.localhost")
    return lambda user=None, **more: Talk(client_for(oak), user, **more)


@pytest.fixture
def at_elm(elm: School, client_for: Callable[[School], Client]) -> Any:
    """The same at Elm's."""
    from tests.factories.talking import Talk  # noqa: PLC0415

    return lambda user=None, **more: Talk(client_for(elm), user, **more)


@pytest.fixture
def at_the_operators() -> Any:
    """The same at the operators' address, outside all schools."""
    from django.test import Client  # noqa: PLC0415

    from tests.factories.talking import Talk  # noqa: PLC0415

    return lambda user=None, **more: Talk(
        Client(raise_request_exception=False, headers={"host": "localhost"}), user, **more
    )


@pytest.fixture
def media(tmp_path: Any, settings: Any) -> Any:
    """Where files are kept."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT
