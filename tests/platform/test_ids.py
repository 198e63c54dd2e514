"""Public ids: UUIDv7, in order of creation."""

from __future__ import annotations

from schoolops.ids import uuid7


def test_public_ids_are_version_seven_and_never_the_same() -> None:
    made = [uuid7() for _ in range(5000)]
    assert {(each.version, each.variant) for each in made} == {(7, "specified in RFC 4122")}
    assert len(set(made)) == len(made)
    assert made == sorted(made)
