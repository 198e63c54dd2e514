"""Rows of the roster: named by a public id, and always knowing when they last changed."""

from __future__ import annotations

import datetime as dt

from django.apps import apps

from apps.institutions.models import Institution
from schoolops import clock
from schoolops.rows import Rostered, RosteredQuerySet, RowStatus
from schoolops.tenancy.models import School

BEFORE = dt.datetime(2028, 2, 28, 9, tzinfo=dt.UTC)
AFTER = dt.datetime(2028, 2, 29, 9, tzinfo=dt.UTC)


def campus(code: str = "N") -> Institution:
    with clock.frozen(BEFORE):
        return Institution.objects.create(name="North", code=code)


def changed_at(institution: Institution) -> dt.datetime:
    return Institution.objects.get(pk=institution.pk).date_last_modified


def test_a_new_row_has_a_public_id_and_is_active(in_oak: School) -> None:
    institution = campus()
    assert institution.sourced_id.version == 7
    assert institution.status == RowStatus.ACTIVE
    assert changed_at(institution) == BEFORE


def test_saving_some_fields_says_so(in_oak: School) -> None:
    institution = campus()
    with clock.frozen(AFTER):
        institution.name = "South"
        institution.save(update_fields=["name"])
    assert changed_at(institution) == AFTER


def test_an_update_of_many_says_so(in_oak: School) -> None:
    institution = campus()
    with clock.frozen(AFTER):
        Institution.objects.filter(pk=institution.pk).update(name="South")
    assert changed_at(institution) == AFTER


def test_a_bulk_update_says_so(in_oak: School) -> None:
    institutions = [campus("N"), campus("S")]
    with clock.frozen(AFTER):
        Institution.objects.bulk_update(institutions, ["name"])
    assert {changed_at(each) for each in institutions} == {AFTER}


def test_every_entity_of_the_roster_keeps_its_date_true() -> None:
    entities = [model for model in apps.get_models() if issubclass(model, Rostered)]
    assert len(entities) > 8
    for model in entities:
        assert isinstance(model._default_manager.all(), RosteredQuerySet), model
