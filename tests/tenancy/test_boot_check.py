"""A database that cannot hold the wall, or a web login that can climb it, is refused before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core import checks
from django.core.checks.messages import ERROR
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections
from psycopg import sql

from schoolops.context import outside_schools
from schoolops.tenancy import owner
from schoolops.tenancy.checks import login_messages, the_wall_can_stand, version_messages
from schoolops.tenancy.models import School
from tests.tenancy import engines


@pytest.mark.parametrize(
    ("version", "found"),
    [
        (150_013, ["tenancy.E001"]),
        (160_000, ["tenancy.W001"]),
        (170_004, ["tenancy.W001"]),
        (180_000, []),
        (190_001, []),
    ],
)
def test_versions(version: int, found: list[str]) -> None:
    assert [message.id for message in version_messages(version)] == found


def test_each_power_of_a_login_is_an_error_of_its_own() -> None:
    messages = login_messages("web", [True, True, True, True])
    assert [message.id for message in messages] == ["tenancy.E002", "tenancy.E003", "tenancy.E004", "tenancy.E005"]
    assert all(message.level == ERROR and "web" in message.msg for message in messages)
    assert login_messages("web", [False] * 4) == []


def test_our_own_logins_pass(real_commits: None) -> None:
    assert the_wall_can_stand(databases=["default"]) == []


def test_no_database_is_asked_unless_it_is_named(real_commits: None, query_count: Any) -> None:
    with query_count(0):
        assert checks.run_checks(tags=[checks.Tags.database]) == []


@pytest.fixture
def owner_as_web_login(real_commits: None) -> Iterator[None]:
    login = connections.settings["admin"]
    with engines.engine(USER=login["USER"], PASSWORD=login["PASSWORD"]):
        yield


def test_the_provisioning_login_for_requests_is_refused(owner_as_web_login: None) -> None:
    found = {message.id for message in the_wall_can_stand(databases=["default"])}
    assert {"tenancy.E003", "tenancy.E004"} <= found
    with outside_schools(), pytest.raises(SystemCheckError, match=r"tenancy\.E004"):
        call_command("migrate", verbosity=0, stdout=StringIO())


def test_a_web_login_that_inherits_a_school_is_refused(real_commits: None, oak: School) -> None:
    names = {"role": sql.Identifier(oak.role_name), "web": sql.Identifier(owner.web_login())}
    with owner.owner_connection() as owning:
        owning.execute(sql.SQL("GRANT {role} TO {web} WITH INHERIT TRUE").format(**names))
        try:
            assert [message.id for message in the_wall_can_stand(databases=["default"])] == ["tenancy.E005"]
        finally:
            owning.execute(sql.SQL("GRANT {role} TO {web} WITH INHERIT FALSE").format(**names))
    assert the_wall_can_stand(databases=["default"]) == []
