"""Who did what to which object: written with the deed, kept as it was, read by object."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.db import transaction

from apps.institutions.models import Institution
from schoolops import clock, context
from schoolops.audit import trail
from schoolops.audit.models import AuditEntry
from schoolops.tenancy.models import School

MOMENT = dt.datetime(2028, 2, 29, 9, tzinfo=dt.UTC)


class Alice:
    audit_id = "alice-id"
    audit_name = "Alice Head"


def north() -> Institution:
    return Institution.objects.create(name="North", code="N")


def test_a_line_says_who_did_what_to_which_object_and_when(in_oak: School) -> None:
    campus = north()
    token = context.request_id.set("6f9619ff-8b86-d011-b42d-00cf4fc964ff")
    with clock.frozen(MOMENT):
        trail.record(
            Alice(), "institutions.renamed", campus, before={"name": "N"}, after={"name": "North"}, reason="typo"
        )
    context.request_id.reset(token)
    entry = AuditEntry.objects.get()
    assert (entry.at, entry.actor_id, entry.actor_name, entry.action, entry.reason) == (
        MOMENT,
        "alice-id",
        "Alice Head",
        "institutions.renamed",
        "typo",
    )
    assert (entry.object_type, entry.object_id) == ("institutions.institution", str(campus.sourced_id))
    assert (entry.before, entry.after) == ({"name": "N"}, {"name": "North"})
    assert entry.request_id == "6f9619ff-8b86-d011-b42d-00cf4fc964ff"


def test_values_are_written_as_json(in_oak: School) -> None:
    campus = north()
    number = uuid.uuid4()
    trail.record(
        trail.SYSTEM,
        "institutions.tested",
        campus,
        after={
            "day": dt.date(2028, 2, 29),
            "at": MOMENT,
            "fee": Decimal("10.50"),
            "number": number,
            "campus": campus,
            "list": [dt.time(9, 30), {"deep": Decimal(1)}],
            "nothing": None,
        },
    )
    assert AuditEntry.objects.get().after == {
        "day": "2028-02-29",
        "at": "2028-02-29T09:00:00+00:00",
        "fee": "10.50",
        "number": str(number),
        "campus": str(campus.sourced_id),
        "list": ["09:30:00", {"deep": "1"}],
        "nothing": None,
    }


def test_only_what_changed_is_kept(in_oak: School) -> None:
    campus = north()
    assert trail.changed(campus, {"name": "South", "code": "N"}) == ({"name": "North"}, {"name": "South"})


def test_the_trail_of_an_object_is_newest_first(in_oak: School) -> None:
    campus, other = north(), Institution.objects.create(name="South", code="S")
    for action in ("a.first", "a.second"):
        trail.record(Alice(), action, campus)
    trail.record(Alice(), "a.third", other)
    assert [entry.action for entry in trail.trail_of(campus)] == ["a.second", "a.first"]


def test_many_lines_are_one_statement(in_oak: School, query_count: object) -> None:
    campus = north()
    with query_count(1):  # type: ignore[operator]
        trail.record_many([trail.entry_of(Alice(), "a.done", campus) for _ in range(60)])
    assert AuditEntry.objects.count() == 60


def test_a_line_is_undone_with_its_deed(in_oak: School) -> None:
    campus = north()

    @transaction.atomic
    def write_and_fail() -> None:
        trail.record(Alice(), "a.done", campus)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert not AuditEntry.objects.exists()
