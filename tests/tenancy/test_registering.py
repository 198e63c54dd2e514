"""What a school's row may not say."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from schoolops import clock
from schoolops.context import outside_schools
from schoolops.errors import NoCurrentSchool
from schoolops.tenancy.models import Domain, School


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema_name": "public"},
        {"schema_name": "extensions"},
        {"role_name": "none"},
        {"role_name": ""},
        {"state": "deleted"},
        {"deleted_at": clock.now()},
    ],
)
def test_a_school_stands_in_its_own_schema_and_knows_when_it_was_deleted(db: None, wrong: dict[str, Any]) -> None:
    right = {"slug": "birch", "name": "Birch", "schema_name": "school_birch", "role_name": "db__school_birch"}
    with outside_schools():
        with pytest.raises(IntegrityError), transaction.atomic():
            School.objects.bulk_create([School(**{**right, "created_at": clock.now(), **wrong})])
        assert School.objects.bulk_create([School(**right, created_at=clock.now())])


def test_an_address_is_written_in_lower_case(db: None, oak: School) -> None:
    with outside_schools(), pytest.raises(IntegrityError), transaction.atomic():
        Domain(domain="OAK.example.org", tenant=oak, is_primary=False).save()


def test_the_ways_in_that_share_state_between_threads_are_shut(db: None, oak: School) -> None:
    with pytest.raises(TypeError, match="inside"):
        oak.activate()
    with pytest.raises(TypeError, match="inside"), oak:
        pass
    with pytest.raises(NoCurrentSchool, match="inside"):
        connection.set_tenant(oak)
    with pytest.raises(NoCurrentSchool, match="inside"):
        connection.set_schema("school_elm")
