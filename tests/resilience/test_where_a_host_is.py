"""Whom the check asks, also where no resolver has heard of the host, and for what."""

from __future__ import annotations

import pytest

from schoolops.resilience.check import PREFIXES, connects_to
from tests.api.addresses import PLAIN, pages


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


def test_nothing_is_looked_for_below_everything_that_is_served() -> None:
    served = {*pages(), *pages("config.public_urls"), PLAIN}
    assert {f"/{each.partition('/')[0]}/" for each in served if each} <= {*PREFIXES}
