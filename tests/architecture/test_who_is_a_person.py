"""Each model says of every column that leads to a person what becomes of its rows when the person goes."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from apps.attendance.models import Leave
from apps.reports.models import ReportCard
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops import privacy
from schoolops.privacy import Fate, Kept
from schoolops.tenancy import template


def test_every_column_that_leads_to_a_person_says_what_becomes_of_its_rows() -> None:
    ours = template.school_apps()
    assert privacy.unsaid(each for each in apps.get_models() if each._meta.app_label in ours) == []


def test_a_model_that_says_nothing_is_found() -> None:
    class Visit(models.Model):
        guardian = models.ForeignKey(Guardian, on_delete=models.CASCADE, db_index=False)

        class Meta:
            app_label = "never_installed"

        def __str__(self) -> str:
            return "a visit"

    assert privacy.unsaid([Visit]) == ["never_installed.Visit.guardian"]


@pytest.mark.parametrize("model", privacy.persons(), ids=lambda model: model.__name__)
def test_everything_that_reaching_a_person_shows_no_stranger_is_identity_or_blanked(model: Any) -> None:
    assert privacy.unaccounted(model, model.person, model.privacy) == []
    columns = {field.name for field in model._meta.concrete_fields}
    assert {*model.person.identity, *model.person.blanks} <= columns


def test_a_column_of_a_person_that_nobody_placed_is_found() -> None:
    said = privacy.Person(kind="student", number="", identity={}, blanks={})
    assert "medical_note" in privacy.unaccounted(Student, said, Student.privacy)


def test_every_law_has_a_period_and_every_day_can_be_asked() -> None:
    kept = [
        (model, fate) for model in apps.get_models() for fate in privacy.held(model).values() if isinstance(fate, Kept)
    ]
    kept += [(each.model, each.fate) for each in privacy.found_elsewhere() if isinstance(each.fate, Kept)]
    kept += [(model, said.law) for model, said in privacy.persons().items() if said.law]
    assert {fate.law for _, fate in kept} <= set(settings.RETENTION_YEARS)
    assert all(years > 0 for years in settings.RETENTION_YEARS.values())
    for model, fate in kept:
        str(model._default_manager.values(*fate.since, *fate.blanks).query)  # type: ignore[attr-defined]


def test_a_note_about_two_people_is_read_by_neither() -> None:
    assert "restriction_note" not in privacy.readable(StudentGuardian)
    assert "medical_note" in privacy.readable(Student)
    assert {"reason", "decision_note"} <= privacy.readable(Leave)
    assert privacy.held(ReportCard)["published_by"] is Fate.ACTED
