"""No school, no work: a query that does not say where it stands is refused."""

from __future__ import annotations

import pytest
from django.db import connection

from schoolops.audit.models import AuditEntry
from schoolops.context import inside, nowhere, outside_schools
from schoolops.errors import NoCurrentSchool
from schoolops.tenancy.models import School


def test_a_query_without_a_school_is_refused(db: None) -> None:
    with pytest.raises(NoCurrentSchool):
        AuditEntry.objects.count()


def test_forgetting_the_school_refuses_again(in_oak: School) -> None:
    assert AuditEntry.objects.count() == 0
    with nowhere(), pytest.raises(NoCurrentSchool):
        AuditEntry.objects.count()


def test_the_shared_tables_do_not_exist_inside_a_school(in_oak: School) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('tenancy_school')")
        assert cursor.fetchone() == (None,)


def test_a_schools_tables_do_not_exist_outside(db: None, oak: School, elm: School) -> None:
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_schemas(false)")
        user, path = cursor.fetchone()
    assert user.endswith("_web")
    assert path == ["public", "extensions"]
    for school in (oak, elm):
        with inside(school), connection.cursor() as cursor:
            cursor.execute("SELECT current_user, current_schemas(false)")
            assert cursor.fetchone() == (school.role_name, [school.schema_name, "extensions"])
