"""Filters that people keep: their own, of lists they may see, of what those lists can be asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.office import errors
from apps.office.models import SavedFilter
from apps.office.shell.saved import services
from apps.office.shell.site import office as site
from schoolops.audit.models import AuditEntry
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.factories import people
from tests.factories.people import Campus
from tests.factories.talking import Browser

Office = Callable[..., Any]
STUDENTS = "/office/students/student/"
SAVE = "/office/filters/students.Student/"


def _saved(by: User, name: str, query: str = "q=mia", listed: str = "students.Student") -> SavedFilter:
    return services.save_filter(listed=listed, name=name, query=query, by=by)


def test_what_a_list_shows_is_saved_opened_and_forgotten(office: Office, dave: User, campus: Campus) -> None:
    browser = office(dave)
    assert "Save what you see as" not in browser.get(STUDENTS).content.decode()
    section = campus.section.pk
    query = f"o=-2&q=a&section={section}"
    assert "Save what you see as" in browser.get(f"{STUDENTS}?{query}").content.decode()
    answer = browser.post(SAVE, {"name": " My   7 A ", "query": f"section={section}&q=a&o=-2&p=2&all=&e=1"})
    assert (answer.status_code, answer["Location"]) == (303, f"{STUDENTS}?{query}")
    page = browser.get(STUDENTS).content.decode()
    assert f'<a href="?{query.replace("&", "&amp;")}"><bdi>My 7 A</bdi></a>' in page
    opened = browser.get(f"{STUDENTS}?{query}")
    assert opened.status_code == 200
    assert 'aria-current="true"><bdi>My 7 A' in opened.content.decode()
    saved = SavedFilter.objects.get(user=dave)
    assert AuditEntry.objects.filter(action="office.savedfilter-added", object_id=str(saved.sourced_id)).exists()
    answer = browser.post(f"/office/filters/{saved.sourced_id}/remove/")
    assert (answer.status_code, answer["Location"]) == (303, STUDENTS)
    assert not SavedFilter.objects.exists()


def test_nobody_sees_or_removes_another_persons(office: Office, dave: User, alice: User) -> None:
    saved = _saved(dave, "Dave's own")
    browser = office(alice)
    assert "Dave&#x27;s own" in office(dave).get(STUDENTS).content.decode()
    assert "Dave&#x27;s own" not in browser.get(STUDENTS).content.decode()
    assert browser.post(f"/office/filters/{saved.sourced_id}/remove/").status_code == 404
    with pytest.raises(errors.FilterNotFound):
        services.remove_saved_filter(id=saved.sourced_id, by=alice)
    assert SavedFilter.objects.filter(pk=saved.pk).exists()
    # The same name on another list, and somebody else's, is another filter.
    _saved(dave, "Dave's own", listed="students.Guardian")
    _saved(alice, "Dave's own")


def test_elm_never_sees_what_oak_saved(
    office: Office, dave: User, elm: School, client_for: Callable[[School], Client]
) -> None:
    saved = _saved(dave, "Of Oak")
    with inside(elm):
        assert not SavedFilter.objects.exists()
        eve = people.a_user("eve", role="administrator")
        at_elm = Browser(client_for(elm), eve)
        assert at_elm.post(f"/office/filters/{saved.sourced_id}/remove/").status_code == 404
        assert "Of Oak" not in at_elm.get(STUDENTS).content.decode()
    assert SavedFilter.objects.filter(pk=saved.pk).exists()


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("medical_note__startswith=a", errors.FilterNotOfThisList),
        ("q=a&guardians__restriction_note__contains=x", errors.FilterNotOfThisList),
        ("o=given_name", errors.FilterNotOfThisList),
        ("next=https://elsewhere.example/", errors.FilterNotOfThisList),
        ("", errors.NothingToSave),
        ("p=3&all=1&_popup=1&q=", errors.NothingToSave),
        ("q=" + "a" * 1_000, errors.FilterTooLong),
        ("q=" + "é" * 400, errors.FilterTooLong),
    ],
)
def test_what_the_list_cannot_be_asked_is_not_kept(dave: User, query: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        _saved(dave, "Forged", query)
    assert not SavedFilter.objects.exists()


def test_a_forged_form_is_a_readable_no(office: Office, dave: User, bob: User) -> None:
    browser = office(dave)
    forged = browser.post(SAVE, {"name": "x", "query": "medical_note__startswith=a"})
    assert forged.status_code == 422
    assert "This list cannot be filtered by medical_note__startswith." in forged.content.decode()
    for listed in ("students.Nothing", "nothing", "sessions.Session", "office.SavedFilter"):
        assert browser.post(f"/office/filters/{listed}/", {"name": "x", "query": "q=a"}).status_code == 404
    # A list that is not theirs.
    assert office(bob).post("/office/filters/accounts.User/", {"name": "x", "query": "q=a"}).status_code == 403
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x00b"])
def test_a_name_that_is_none_is_refused(dave: User, name: str) -> None:
    with pytest.raises(errors.FilterNameUnusable):
        _saved(dave, name)


def test_a_name_stands_once_on_a_list_however_it_is_written(office: Office, dave: User) -> None:
    _saved(dave, "Late ones")
    with pytest.raises(errors.FilterNameTaken):
        _saved(dave, "LATE  ones", "q=b")
    browser = office(dave)
    answer = browser.post(SAVE, {"name": "late ones", "query": "q=b"})
    assert answer["Location"] == f"{STUDENTS}?q=b"
    assert (
        "You already have a filter called late ones on this list." in browser.get(answer["Location"]).content.decode()
    )


def test_there_is_an_end_to_how_many_are_kept(dave: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SavedFilter, "MOST", 2)
    _saved(dave, "1")
    _saved(dave, "2")
    with pytest.raises(errors.TooManyFilters):
        _saved(dave, "3")
    _saved(dave, "3", listed="students.Guardian")


def test_a_list_costs_one_query_more_however_many_are_saved(
    office: Office, dave: User, query_count: Callable[..., AbstractContextManager[Any]]
) -> None:
    browser = office(dave)
    browser.get(STUDENTS)
    counts = []
    for name in ("1", "2", "3"):
        with query_count() as counted:
            browser.get(STUDENTS)
        counts.append(counted)
        _saved(dave, name)
    assert len({counted.count for counted in counts}) == 1
    assert sum("savedfilter" in each for each in counts[-1].statements) == 1


def test_every_filter_that_a_list_shows_can_be_used_and_saved(office: Office, erin: User, campus: Campus) -> None:
    people.a_class(campus)
    browser = office(erin)
    refused = {}
    for model, admin in site._registry.items():
        address = f"/office/{model._meta.app_label}/{model._meta.model_name}/"
        shown = browser.get(address).context["cl"].filter_specs
        for parameter in {name for spec in shown for name in spec.expected_parameters()}:
            answer = browser.get(f"{address}?{quote(parameter)}=1")
            # What is no value of the filter leads back to the list, as Django has it.
            if answer.status_code not in {200, 302} or not admin.accepts(parameter):  # type: ignore[attr-defined]
                refused[f"{model._meta.label}?{parameter}"] = answer.status_code
    assert refused == {}


def test_a_filter_is_called_otherwise_by_its_owner_only(office: Office, dave: User, alice: User) -> None:
    saved, _other = _saved(dave, "Mia"), _saved(dave, "Noor", "q=noor")
    address = f"/office/filters/{saved.sourced_id}/rename/"
    assert "Call Mia otherwise" in office(dave).get(f"{STUDENTS}?q=mia").content.decode()
    answer = office(dave).post(address, {"name": " All  of them "})
    assert (answer.status_code, answer["Location"]) == (303, f"{STUDENTS}?q=mia")
    saved.refresh_from_db()
    assert saved.name == "All of them"
    entry = AuditEntry.objects.get(action="office.savedfilter-changed")
    assert (entry.before, entry.after) == ({"name": "Mia"}, {"name": "All of them"})
    # A name that is taken, or none, leaves it as it was; nor is it anybody else's to name.
    for name in ("Noor", ""):
        assert office(dave).post(address, {"name": name}).status_code == 303
    assert office(alice).post(address, {"name": "Mine"}).status_code == 404
    saved.refresh_from_db()
    assert saved.name == "All of them"
