"""A school of the demo is found from outside, too, where the resolver has never heard of it."""

from __future__ import annotations

import pytest

from schoolops.resilience.check import connects_to


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("oak.localhost", "127.0.0.1"),
        ("localhost", "localhost"),
        ("oak.schools.example.org", "oak.schools.example.org"),
        ("notlocalhost", "notlocalhost"),
    ],
)
def test_names_below_localhost_are_this_machine(host: str, place: str) -> None:
    assert connects_to(host) == place
