"""No command of a library makes, changes or drops a school or a login past the wall."""

from __future__ import annotations

import pkgutil

import django_tenants.management.commands as theirs
import pytest
from django.contrib.auth.management import commands as logins
from django.core.management import CommandError, call_command, get_commands

from schoolops.tenancy.apps import BYPASSING


def test_what_libraries_bring_is_not_among_the_commands() -> None:
    brought = {each.name for package in (theirs, logins) for each in pkgutil.iter_modules(package.__path__)}
    assert {name for name in brought if name in get_commands()} == {"migrate"}
    assert get_commands()["migrate"] == "schoolops.rollouts"


@pytest.mark.parametrize("name", BYPASSING)
def test_it_is_refused_by_name(name: str) -> None:
    with pytest.raises(CommandError, match="Unknown command"):
        call_command(name)
