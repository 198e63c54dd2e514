"""A statement of a request ends in time; one of a command may take as long as it takes."""

from __future__ import annotations

import pytest

from tests.architecture.programs import STRONG, python

SHOW = """
{first}
from django.db import connections
print(connections["default"].settings_dict["OPTIONS"].get("options", "none"))
"""


@pytest.mark.parametrize(
    ("first", "limits"),
    [
        ("import config.wsgi", "-c statement_timeout=15s -c lock_timeout=3s"),
        ("import django; django.setup()", "none"),
    ],
    ids=["web", "command"],
)
def test_only_the_web_server_limits_its_statements(first: str, limits: str) -> None:
    done = python(SHOW.format(first=first), settings="production", **STRONG)
    assert (done.stdout.strip(), done.returncode) == (limits, 0), done.stderr
