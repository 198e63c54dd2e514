"""An error is a fact with a name, a code, a family, and a sentence that its class docstring spells."""

from __future__ import annotations

import copy
import pickle  # noqa: TID251 - that errors survive it, as they must between processes

import pytest

from schoolops.errors import Conflict, FieldError, Invalid, SchoolOpsError, Throttled, Unavailable, declared_errors


class SeatTaken(Conflict):
    """Seat {seat} in {room}
    is taken.

    What stands below the first paragraph is for developers.
    """

    code = "tests:seat-taken"
    remedy = "Choose another seat."


def test_the_docstring_is_the_sentence_with_its_facts() -> None:
    error = SeatTaken(seat=7, room="Lab {1}")
    assert error.detail == str(error) == "Seat 7 in Lab {1} is taken."
    assert error.facts == {"seat": 7, "room": "Lab {1}"}


def test_a_detail_of_ones_own_replaces_the_sentence() -> None:
    assert SeatTaken("Nobody sits here.").detail == "Nobody sits here."


def test_braces_in_a_finished_detail_are_left_alone() -> None:
    assert Invalid('{"not": "a format"}').detail == '{"not": "a format"}'


def test_field_errors_say_where_and_why() -> None:
    error = Invalid(errors=[FieldError("marks.3.status", "unknown", "Use present, absent or late.")])
    assert [each.as_dict() for each in error.errors] == [
        {"field": "marks.3.status", "code": "unknown", "message": "Use present, absent or late."}
    ]


def test_a_wait_belongs_to_the_family_or_to_the_case() -> None:
    assert Throttled().retry_after == 60
    assert Throttled(retry_after=3).retry_after == 3
    assert Unavailable().retry_after == 5
    assert Invalid().retry_after is None


def test_an_error_survives_a_copy_and_a_trip_between_processes() -> None:
    for found in (copy.copy(SeatTaken(seat=7, room="A")), pickle.loads(pickle.dumps(SeatTaken(seat=7, room="A")))):
        assert (found.detail, found.facts) == ("Seat 7 in A is taken.", {"seat": 7, "room": "A"})


def test_every_declared_error_has_a_code_of_its_own_and_a_sentence() -> None:
    codes: dict[str, type[SchoolOpsError]] = {}
    for kind in declared_errors():
        if kind.__module__.startswith("tests."):
            continue
        assert kind.sentence(), kind
        assert ":" in kind.code, kind
        if "code" in vars(kind):
            assert codes.setdefault(kind.code, kind) is kind, kind
    assert len(codes) > 20


@pytest.mark.parametrize("kind", [Conflict, Invalid, Unavailable])
def test_a_family_can_be_raised_as_it_is(kind: type[SchoolOpsError]) -> None:
    assert kind().detail == kind.sentence()


def test_a_field_says_its_facts_and_keeps_the_sentence_for_translation() -> None:
    error = FieldError("code", "unknown", "There is no code {code}.", {"code": "Q"})
    assert error.as_dict() == {"field": "code", "code": "unknown", "message": "There is no code Q."}
    # Without facts, braces are words like any other.
    assert FieldError("name", "odd", "Say {this}.").message == "Say {this}."
