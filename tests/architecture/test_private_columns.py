"""What of a person is private is said once, on the model, and every surface asks there.

A new column of people must be classed before anything may show it. The walk fills every private column and looks for
it on every list, page, file, line of the trail and log that the school has.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from apps.accounts.models import OneTimeLink, Token, User
from apps.exchange.services.exporting.bundle import HEADERS
from apps.exchange.services.reading.sheets import TEMPLATES
from apps.office.shell.base import ServiceAdmin
from apps.office.shell.permitted import ReadOnlyInline
from apps.office.shell.site import office
from apps.staff.models import StaffMember
from apps.students.caches import Profile
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops import privacy
from schoolops.api.parameters import Parameter, text
from schoolops.api.viewsets import RowViewSet
from schoolops.audit import trail
from schoolops.context import current_school
from schoolops.observability.logging import JsonLines
from schoolops.queues import registry
from tests.apps.asking import asking
from tests.factories.people import Campus
from tests.factories.talking import Browser

PEOPLE = (Student, Guardian, StudentGuardian, StaffMember, User, Token, OneTimeLink)
MARK = "zebra-7731"


@pytest.mark.parametrize("model", PEOPLE)
def test_every_column_about_people_stands_in_one_class(model: Any) -> None:
    assert privacy.unclassed([each.name for each in model._meta.concrete_fields], model.privacy) == []


def test_a_column_that_nobody_classed_is_found() -> None:
    columns = [each.name for each in Student._meta.concrete_fields]
    assert privacy.unclassed([*columns, "religion"], Student.privacy) == ["religion"]
    assert privacy.unclassed(columns[1:], Student.privacy) == [columns[0]]
    twice = privacy.Privacy(public=Student.privacy.public | {"email"}, personal=Student.privacy.personal)
    assert privacy.unclassed(columns, twice) == ["email", "medical_note"]


def test_every_permission_of_a_private_column_is_one_there_is() -> None:
    from apps.access.permissions import CODES  # noqa: PLC0415 - of this test alone

    assert {code for said in privacy.declared().values() for code in said.private.values()} <= CODES


# --- surfaces that are declared --------------------------------------------------------------------------------
def _walk(found: list[Any], prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for each in found:
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, prefix + str(each.pattern))
        else:
            yield prefix, each


@cache
def _lists() -> set[type[RowViewSet]]:
    views = (getattr(each.callback, "cls", None) for _, each in _walk(get_resolver().url_patterns, ""))
    return {view for view in views if isinstance(view, type) and issubclass(view, RowViewSet)}


@pytest.mark.parametrize("column", sorted({"medical_note", "restriction_note", "password", "digest"}))
def test_no_list_that_declares_a_private_column_can_be_written(column: str) -> None:
    assert column in privacy.withheld()
    planted: list[dict[str, Any]] = [
        {"columns": {"note": column}},
        {"columns": {"note": f"student__{column}"}},
        {"columns": {"note": models.F(column)}},
        {"detail_columns": {"note": column}},
        {"sorts": {"note": (f"-{column}", "id")}},
        {"filters": {"note": Parameter(text, f"student__{column}__startswith", "…")}},
    ]
    for body in planted:
        with pytest.raises(TypeError, match=column):
            type("Planted", (RowViewSet,), body)
    with pytest.raises(TypeError, match=column):
        type("Planted", (ReadOnlyInline,), {"fields": (column,), "model": Student})
    for body in (
        {"list_display": ("id", column)},
        {"list_filter": (column,)},
        {"list_filter": ((f"students__{column}", object),)},
        {"search_fields": (f"={column}",)},
        {"ordering": (f"-{column}",)},
        {"fields": (column,)},
        {"own": (column,)},
    ):
        with pytest.raises(TypeError, match=column):
            type("Planted", (ServiceAdmin,), body)(Student, office)


def test_files_caches_and_jobs_have_no_column_for_them() -> None:
    named = {column.field for sheet in TEMPLATES.values() for column in sheet}
    named |= {header.casefold() for headers in HEADERS.values() for header in headers.split(",")} - {"password"}
    named |= {field.name for field in msgspec.structs.fields(Profile)}
    assert named & privacy.withheld() == set()
    carried = {name for task in registry.tasks() for name in task.payload.model_fields}
    personal = frozenset().union(*(said.personal for said in privacy.declared().values()))
    assert carried & (privacy.withheld() | personal) == set(), "a job carries ids and reads the rest when it runs"
    assert len(list(registry.tasks())) > 5


# --- surfaces as people meet them --------------------------------------------------------------------------------
@pytest.mark.parametrize("model", PEOPLE)
def test_the_trail_and_the_log_say_that_it_changed_and_not_what_it_says(model: Any, campus: Campus, dave: User) -> None:
    names = [each.name for each in model._meta.concrete_fields]
    line = trail.entry_of(dave, "people.changed", Student(), before=dict.fromkeys(names, MARK), after={})
    record = logging.LogRecord("x", logging.INFO, "", 0, "changed", (), None)
    record.facts = dict.fromkeys(names, MARK)  # type: ignore[attr-defined]
    logged = JsonLines().format(record)
    for name in names:
        withheld = name in model.privacy.withheld
        assert (line.before[name] == MARK) == (not withheld), name
        assert not withheld or f'"{name}":"{MARK}"' not in logged.replace(": ", ":"), name


def _addresses(student: Student, link: StudentGuardian) -> list[str]:
    """Every list of the API that needs no other id than the student's."""
    paths = []
    for prefix, each in _walk(get_resolver().url_patterns, ""):
        view = getattr(each.callback, "cls", None)
        if view in _lists() and "get" in each.callback.actions:
            path = f"{prefix}{each.pattern}"
            for name in ("student", "id"):
                path = path.replace(f"<uuid:{name}>", str(student.sourced_id))
            paths.append(path.removeprefix("api/v1/"))
    own = (f"guardians/{link.guardian.sourced_id}", f"students/{student.sourced_id}/guardians/{link.sourced_id}")
    return [*(path for path in paths if "<" not in path), *own]


@pytest.fixture
def marked(campus: Campus, carol: User) -> StudentGuardian:
    """Carol's first child, with a mark in everything that is private."""
    link: StudentGuardian = StudentGuardian.objects.select_related("student", "guardian").filter(guardian__user=carol)[
        0
    ]
    StudentGuardian.objects.filter(pk=link.pk).update(restriction_note=f"order {MARK}")
    Student.objects.filter(pk=link.student_id).update(medical_note=f"note {MARK}")
    User.objects.filter(pk=carol.pk).update(password=f"pbkdf2${MARK}")
    link.refresh_from_db()
    return link


def test_no_list_page_or_file_shows_it_to_who_may_not_see_it(
    campus: Campus, bob: User, marked: StudentGuardian
) -> None:
    student, ask = marked.student, asking(bob)
    browser = Browser(Client(headers={"host": f"{current_school().slug}.localhost"}), bob)
    read = 0
    for path, form in itertools.product(_addresses(student, marked), ("", "?as=csv", "?limit=200")):
        answer = ask.get(path + form)
        body = b"".join(answer) if answer.streaming else answer.content
        assert MARK.encode() not in body, path + form
        read += answer.status_code == 200
    for model, admin in office._registry.items():
        label = f"{model._meta.app_label}/{model._meta.model_name}"
        for path in (f"/office/{label}/", f"/office/{label}/?q=zebra", f"/office/{label}/{student.pk}/change/"):
            answer = browser.get(path, follow=True)
            assert MARK.encode() not in answer.content, (path, admin)
            read += answer.status_code == 200
    for path in (f"student/{student.sourced_id}/", "lists/emergency.pdf", "find/?q=Amina"):
        answer = browser.get(f"/office/{path}")
        assert MARK.encode() not in answer.content, path
        read += answer.status_code == 200
    # So that a walk of refusals does not pass for one that found nothing.
    assert read > 60, read
