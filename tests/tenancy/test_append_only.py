"""What is only ever added to: neither a school nor the owner of its tables changes or empties it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from config.env import BASE_DIR
from schoolops import append_only
from schoolops.audit import trail
from schoolops.context import inside
from schoolops.tenancy import owner
from schoolops.tenancy.models import School
from tests.platform.test_audit import Alice

CHANGES = ("UPDATE {table} SET {key} = {key}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE")


def test_the_trail_and_the_history_of_rolls_are_among_them() -> None:
    assert {"audit_auditentry", "attendance_attendancechange"} <= set(append_only.tables())


def test_every_table_with_such_a_trigger_is_declared() -> None:
    ddl = (BASE_DIR / "config" / "school.sql").read_text(encoding="utf-8")
    kept = set(re.findall(r" ON \w+\.(\w+) FOR EACH \w+ EXECUTE FUNCTION \w+\.refuse_change", ddl))
    assert kept == set(append_only.tables())


def _key_of(table: str) -> str:
    return next(str(model._meta.pk.column) for model in apps.get_models() if model._meta.db_table == table)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", append_only.tables())
def test_nobody_in_a_school_changes_it(in_oak: School, table: str, change: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table=table, key=_key_of(table)))


@pytest.mark.parametrize("table", append_only.tables())
def test_not_even_the_owner_empties_it(fresh_school: Callable[..., Any], table: str) -> None:
    school: School = fresh_school()
    with owner.owner_connection() as owning, pytest.raises(Exception, match="append-only"):
        owning.execute(f"TRUNCATE {school.schema_name}.{table} CASCADE")


@pytest.mark.parametrize("change", CHANGES[:2])
def test_not_even_the_owner_rewrites_a_line(fresh_school: Callable[..., Any], change: str) -> None:
    school: School = fresh_school()
    with inside(school):
        trail.record(Alice(), "a.done", school)
    with owner.owner_connection() as owning, pytest.raises(Exception, match="audit_auditentry is append-only"):
        owning.execute(change.format(table=f"{school.schema_name}.audit_auditentry", key="id"))
