"""Where work happens: chosen for a block, given back at its end, never guessed."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from schoolops import context
from schoolops.context import OUTSIDE, current_school, inside, nowhere, outside_schools, place, school_or_none
from schoolops.errors import NoCurrentSchool


@dataclass(frozen=True)
class Campus:
    """What the platform needs to know of a school."""

    slug: str
    pk: int = 1
    role_name: str = "role"

    @property
    def schema_name(self) -> str:
        return f"school_{self.slug}"


OAK, ELM = Campus("oak"), Campus("elm")


def test_nothing_is_chosen_to_begin_with() -> None:
    assert place() is None
    assert school_or_none() is None
    with pytest.raises(NoCurrentSchool):
        current_school()


def test_a_school_is_entered_for_a_block_and_left_at_its_end() -> None:
    with inside(OAK) as entered:
        assert entered is OAK
        assert current_school() is OAK
        with inside(ELM):
            assert current_school() is ELM
        assert current_school() is OAK
    assert place() is None


def test_a_school_is_left_when_the_work_fails() -> None:
    with pytest.raises(ZeroDivisionError), inside(OAK):
        1 / 0  # noqa: B018
    assert place() is None


def test_outside_schools_is_a_choice_and_no_school() -> None:
    with inside(OAK), outside_schools():
        assert place() is OUTSIDE
        assert school_or_none() is None
        with pytest.raises(NoCurrentSchool):
            current_school()


def test_nowhere_forgets_every_choice() -> None:
    with inside(OAK):
        with nowhere():
            assert place() is None
        assert current_school() is OAK


def test_a_new_thread_has_chosen_nothing() -> None:
    found: list[object] = []
    with inside(OAK):
        thread = threading.Thread(target=lambda: found.extend([place(), context.request_id.get()]))
        thread.start()
        thread.join()
    assert found == [None, None]
