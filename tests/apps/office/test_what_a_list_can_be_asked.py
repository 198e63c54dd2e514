"""A list can be asked exactly what its filters declare: every admin × every column and relation × every lookup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.admin.sites import AdminSite
from django.db.models import Field, Model
from django.test import RequestFactory
from django.urls import reverse

from apps.accounts.models import User
from apps.office.access.admin.accounts import UserAdmin
from apps.office.shell.site import office as school_site
from apps.students.models import Student
from schoolops.lists import DeclaredList
from schoolops.queues.admin import operators
from tests.factories.people import Campus

Office = Callable[..., Any]
LOOKUPS = (
    "", "__exact", "__iexact", "__contains", "__icontains", "__startswith", "__istartswith", "__endswith",
    "__iendswith", "__regex", "__iregex", "__gt", "__gte", "__lt", "__lte", "__in", "__isnull", "__range", "__year",
    "__date", "__search", "__trigram_similar", "__length", "__overlap",
)  # fmt: skip
DEPTH = 2


def _paths(model: type[Model], depth: int = DEPTH) -> Iterator[str]:
    for field in model._meta.get_fields():
        name = field.name if isinstance(field, Field) else field.get_accessor_name() or field.name  # type: ignore[union-attr]
        for each in {name, field.name}:
            yield each
            if depth and field.related_model is not None and isinstance(field.related_model, type):
                yield from (f"{each}__{further}" for further in _paths(field.related_model, depth - 1))


def _admins(*sites: AdminSite) -> list[Any]:
    return [admin for site in sites for admin in site._registry.values()]


def _asked(admins: list[Any]) -> tuple[int, list[str]]:
    """How many questions were asked, and which were let through though no filter declares them."""
    request = RequestFactory().get("/")
    cases, let_through = 0, []
    for admin in admins:
        declared = admin.declared_parameters() if hasattr(admin, "declared_parameters") else frozenset()
        for path in _paths(admin.model):
            for lookup in LOOKUPS:
                cases += 1
                if path + lookup not in declared and admin.lookup_allowed(path + lookup, "x", request):
                    let_through.append(f"{admin.model._meta.label}: {path}{lookup}")
    return cases, let_through


def test_no_lookup_is_let_through_that_no_filter_declares() -> None:
    admins = _admins(school_site, operators)
    cases, let_through = _asked(admins)
    assert cases > 100_000
    assert all(isinstance(each, DeclaredList) for each in admins)
    assert let_through == []


def test_what_is_declared_names_a_column_of_the_row_itself() -> None:
    for admin in _admins(school_site, operators):
        own = {field.name for field in admin.model._meta.get_fields()} | {
            getattr(each, "parameter_name", None) for each in admin.list_filter if isinstance(each, type)
        }
        named = {each.partition("__")[0] for each in admin.declared_parameters() if "__" in each}
        assert named <= own, admin
        assert not any("regex" in each for each in admin.declared_parameters())


def test_the_walk_finds_an_admin_that_lets_django_decide() -> None:
    class Open(UserAdmin):
        def lookup_allowed(self, lookup: str, value: Any, request: Any) -> bool:
            return lookup.startswith(("is_active", "staff_member__institution"))

    _, let_through = _asked([Open(User, operators)])
    assert "accounts.User: staff_member__institution__regex" in let_through


@pytest.mark.parametrize(
    "asked",
    [
        "institution__students__medical_note__startswith=Ep",
        "user__password__startswith=pbkdf2",
        "user__totpdevice__key__regex=^a",
        "institution__name__regex=^(a%2B)%2B$",
        "institution__id__exact=1&institution__students__admission_number=A1",
    ],
)
def test_a_teacher_learns_nothing_through_the_list_of_colleagues(office: Office, bob: User, asked: str) -> None:
    assert office(bob).get(f"{reverse('office:staff_staffmember_changelist')}?{asked}").status_code == 400


ROADS = (
    "{list}?_changelist_filters=user__password__startswith%3Dp", "{list}?_to_field=password", "{list}?_popup=1",
    "{list}?o=99999999999999999999", "{list}?o=-1.2.x", "{list}?p=99999999999999999999", "{list}?p=-1", "{list}?all=1",
    "{list}?q=%00", "{list}?e=1", "{list}?_facets=True", "{list}?next=//elsewhere", "{list}?is_active__exact=%00",
)  # fmt: skip


def test_no_road_to_a_list_ends_in_a_failure_of_ours(office: Office, campus: Campus, erin: User) -> None:
    browser = office(erin)
    cases = 0
    for model, admin in school_site._registry.items():
        listed = reverse(f"office:{model._meta.app_label}_{model._meta.model_name}_changelist")
        declared = sorted(admin.declared_parameters())
        # What is left open narrows nothing: all filters are read in one question, unless one of them is refused.
        at_once = browser.get(f"{listed}?{'&'.join(f'{name}=' for name in declared)}").status_code == 200
        for name in declared:
            for value in (
                *([] if at_once else [""]),
                "x",
                "-1",
                "99999999999999999999",
                "%00",
                "1",
                "null",
                "2026-13-45",
            ):
                cases += 1
                assert browser.get(f"{listed}?{name}={value}").status_code < 500, (listed, name, value)
        for road in ROADS:
            cases += 1
            assert browser.get(road.format(list=listed)).status_code < 500, (listed, road)
    assert cases > 400


def test_nothing_sorts_by_a_column_that_the_list_does_not_show(office: Office, alice: User) -> None:
    for admin in school_site._registry.values():
        shown = admin.list_display
        for each in shown:
            ordering = getattr(getattr(admin, each, None), "admin_order_field", None) if isinstance(each, str) else None
            assert ordering is None or "__" not in str(ordering), (admin, each)
    assert "medical_note" not in school_site._registry[Student].list_display
