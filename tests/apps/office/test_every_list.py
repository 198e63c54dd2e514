"""What holds for every model admin of the office, whatever it is about: a walk over the registry."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.admin import ModelAdmin
from django.test import RequestFactory
from django.utils import translation
from django.utils.functional import Promise
from django.utils.html import escape
from unfold.templatetags.unfold_list import items_for_result

from apps.access.permissions import CODES
from apps.accounts.models import User
from apps.office.shell import base
from apps.office.shell.base import ServiceAdmin
from apps.office.shell.permitted import ReadOnlyInline
from apps.office.shell.rooms import rooms
from apps.office.shell.site import office as site
from apps.office.shell.words import FIELDS
from apps.students.models import Student
from schoolops.tenancy.models import School
from tests.factories import people
from tests.factories.full import fill
from tests.factories.people import Campus

Office = Callable[..., Any]
Counting = Callable[..., AbstractContextManager[Any]]
# Registered as the rooms are opened.
rooms()
ADMINS = sorted(site._registry.items(), key=lambda pair: pair[0]._meta.label)
TRAIL = "audit.auditentry"
NAMES = [model._meta.label_lower for model, _ in ADMINS]


def _address(model: Any, what: str = "") -> str:
    return f"/office/{model._meta.app_label}/{model._meta.model_name}/{what}"


@pytest.mark.parametrize("admin", [admin for _, admin in ADMINS], ids=NAMES)
class TestEveryAdmin:
    def test_it_is_a_service_admin_and_writes_through_services_alone(self, admin: ModelAdmin[Any]) -> None:
        assert isinstance(admin, ServiceAdmin)
        own = [
            name for name in ("save_model", "delete_model", "save_related", "save_formset") if name in vars(type(admin))
        ]
        assert own == [], "Saving is ServiceAdmin's: name a service in add, change, remove."

    def test_its_permissions_are_in_the_table(self, admin: ServiceAdmin) -> None:
        codes = {admin.sees, admin.manages, *(act.permission for act in admin.acts)} - {""}
        codes |= {inline.sees for inline in admin.inlines}  # type: ignore[attr-defined]
        assert codes <= CODES
        # Whoever writes has been asked for a permission of their own.
        assert admin.manages or not (type(admin).add or type(admin).change or type(admin).remove)

    def test_its_inlines_are_read_only(self, admin: ServiceAdmin) -> None:
        assert all(issubclass(inline, ReadOnlyInline) for inline in admin.inlines)

    def test_it_counts_and_searches_within_bounds(self, admin: ServiceAdmin) -> None:
        assert admin.paginator is base.BoundedPaginator
        assert admin.show_full_result_count is False
        assert admin.list_per_page <= 100
        assert admin.actions is None

    def test_it_speaks_the_language_of_the_office(self, admin: ServiceAdmin) -> None:
        assert admin.one, admin.many
        shown = {name for name in (*(admin.fields or ()), *admin.list_display) if isinstance(name, str)}
        columns = {field.name for field in admin.model._meta.get_fields()}
        assert shown & columns <= FIELDS.keys() | admin.words.keys()

    def test_every_choice_has_a_word_that_the_office_translates(self, admin: ServiceAdmin) -> None:
        said = {word for field in admin.model._meta.fields for _, word in field.flatchoices or ()}
        assert {str(word) for word in said if not isinstance(word, Promise)} == set()
        with translation.override("ar"):
            assert {str(word) for word in said if str(word).isascii()} == set()


def test_no_page_of_the_office_saves_a_row_itself() -> None:
    """Writes have one door: no admin page of the office calls ``save``, ``create`` or ``update`` of a model."""
    writing = {"save", "create", "bulk_create", "bulk_update", "update_or_create", "get_or_create"}
    for _, admin in ADMINS:
        tree = ast.parse(inspect.getsource(inspect.getmodule(type(admin))))  # type: ignore[arg-type]
        called = {
            node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not called & writing, type(admin).__name__


# --- with rows --------------------------------------------------------------------------------------------------------
def _counted(browser: Any, query_count: Counting) -> dict[str, Any]:
    found = {}
    for model, _ in ADMINS:
        with query_count() as counted:
            assert browser.get(_address(model)).status_code == 200, model
        found[model._meta.label_lower] = counted
    return found


def test_a_list_costs_the_same_for_five_rows_as_for_fifty(
    office: Office, campus: Campus, erin: User, query_count: Counting
) -> None:
    fill(campus, 5, erin, "A")
    browser = office(erin)
    browser.get("/office/")
    few = _counted(browser, query_count)
    fill(campus, 45, erin, "BB")
    many = _counted(browser, query_count)
    # Entries of the trail are about rows of several kinds: it asks once for each kind on its page, not for each row.
    kinds = few.pop(TRAIL).count, many.pop(TRAIL).count
    assert kinds[1] <= kinds[0] <= 20
    grown = {name: many[name].statements for name in many if many[name].count != few[name].count}
    assert grown == {}
    # One of them for the campuses that rows name, which are remembered outside of a test's transaction.
    assert max(counted.count for counted in many.values()) <= 12


def test_what_is_selected_in_a_list_is_not_deleted_past_the_services(
    office: Office, campus: Campus, erin: User
) -> None:
    fill(campus, 2, erin, "E")
    browser = office(erin)
    for model, admin in ADMINS:
        if type(admin).remove is None:  # type: ignore[attr-defined]
            continue
        rows = set(model._default_manager.values_list("pk", flat=True))
        said = {"action": "delete_selected", "_selected_action": [str(each) for each in rows], "post": "yes"}
        browser.post(_address(model), {**said, "index": "0"})
        assert set(model._default_manager.values_list("pk", flat=True)) == rows, model


def _texts(cells: Any) -> list[list[Any]]:
    """Of each cell: which column it is, what it is called, and what stands in it."""
    found = []
    for cell in map(str, cells):
        kind, label, inside = re.fullmatch(
            r'<t[dh] class="([^"]*)" data-label="([^"]*)">(.*)</t[dh]>', cell, re.DOTALL
        ).groups()  # type: ignore[union-attr]
        column = next(each for each in kind.split() if each.startswith("field-"))
        # What ticks a row is ours alone. The theme gives a link of the list classes, and what leads nowhere else.
        inside = re.sub(r'^<input type="checkbox" name="row" value="\d+" aria-label="[^"]+"> ', "", inside)
        found.append([column, label, re.sub(r'<a href="([^"]*)" class="[^"]*" >', r'<a href="\1">', inside)])
    return found


def test_a_row_says_what_the_theme_would_say(campus: Campus, erin: User, rf: RequestFactory) -> None:
    fill(campus, 3, erin, "D")
    for model, admin in ADMINS:
        request = rf.get(_address(model))
        request.user = User.objects.get(pk=erin.pk)
        listed = admin.get_changelist_instance(request)  # type: ignore[arg-type]
        theirs = [_texts(items_for_result(listed, row, None)) for row in listed.result_list]
        ours = [_texts(re.findall(r"<t[dh] .*?</t[dh]>", line, re.DOTALL)) for line in listed.lines.split("</tr>")[:-1]]
        assert ours, model
        # They call the first column for what selects a row, which nothing does here.
        for row in (*theirs, *ours):
            row[0][1] = ""
        assert ours == theirs, model
        assert listed.lines.count('name="row"') == (len(theirs) if listed.ticked else 0)


def test_an_empty_list_says_so_in_its_own_words_and_leads_on(office: Office, in_oak: School) -> None:
    browser = office(people.a_user("zoe", role="administrator"))
    said, silent = {}, set()
    for model, admin in ADMINS:
        page = browser.get(_address(model)).content.decode()
        if 'class="office-row"' in page:
            continue
        said[model] = str(admin.none)  # type: ignore[attr-defined]
        if escape(said[model]) not in page or not said[model]:
            silent.add(model)
        # It can be begun from here: a button of its own, or of a page that has one.
        if type(admin).add is not None or admin.begins_at:  # type: ignore[attr-defined]
            assert re.search(r'office-none">.*<a class="office-button', page, re.DOTALL), model
    assert silent == set()
    assert len(set(said.values())) == len(said) > 20
    found = browser.get(_address(Student, "?q=zz")).content.decode()
    assert "Nothing here is like what you look for." in found
    assert said[Student] not in found


def test_who_sees_a_part_of_the_school_is_not_told_that_it_is_empty(office: Office, campus: Campus) -> None:
    bob = people.a_teacher("bob", of=people.another_section(campus, "9 Z"))
    assert "There is nothing here for you yet" in office(bob).get(_address(Student)).content.decode()


def test_what_two_campuses_call_alike_says_its_campus(office: Office, campus: Campus, erin: User) -> None:
    browser, pages = office(erin), ("institutions/term/", "institutions/section/add/", "institutions/section/")
    alone = [_choices(browser.get(f"/office/{page}")) for page in pages]
    assert not [said for said in alone if f"{campus.year}, {campus.institution}" in said]
    other = people.a_school_year(name="Elsewhere", sections=("7 B",))
    for page in pages:
        said = _choices(browser.get(f"/office/{page}"))
        assert f"{campus.year}, {campus.institution}" in said, page
        assert f"{other.year}, Elsewhere" in said, page


def _choices(answer: Any) -> str:
    """What stands to be chosen on a page: in lists, and as ways to filter; and in the cells of rows."""
    return " | ".join(re.findall(r"<(?:option|td|a)\b[^>]*>\s*([^<]+?)\s*</", answer.content.decode()))
