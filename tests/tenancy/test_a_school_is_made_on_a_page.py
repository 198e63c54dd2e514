"""An operator makes a school with its first administrator on a page; the link lets them into an empty office."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from schoolops.context import inside, outside_schools
from schoolops.queues.models import Job
from schoolops.tenancy.models import School
from tests.factories.schools import forget_name, remove_school
from tests.factories.talking import Browser

MAKE = "/operators/tenancy/school/add/"
BIRCH = {"name": "Birch School", "slug": "birch", "domain": "birch.localhost", "administrator": "ada"}
PASSWORD = "a long one for Birch"


@pytest.fixture
def olga(real_commits: None) -> Iterator[Browser]:
    with outside_schools():
        user = User.objects.create(username="olga-makes", password="!")
        yield Browser(Client(raise_request_exception=False, headers={"host": "localhost"}), user)
        if (school := School.objects.filter(slug="birch").first()) is not None:
            remove_school(school)
            forget_name("birch")
        # Not by way of what refers to it: that stands in schools alone.
        User.objects.filter(pk=user.pk)._raw_delete("default")


def _link(page: str) -> str:
    found = re.search(r"http://birch\.localhost[^<\"&]+", page)
    assert found is not None, page
    return found[0]


def test_a_school_is_made_and_its_administrator_comes_in(olga: Browser) -> None:
    shown = olga.post(MAKE, BIRCH)
    assert shown.status_code == 200
    assert "no-store" in shown.headers["Cache-Control"]
    secret = _link(shown.content.decode()).partition("#")[2]
    ada: Any = Browser(Client(headers={"host": "birch.localhost"}))
    said = {"token": secret, "password": PASSWORD, "again": PASSWORD}
    assert ada.post("/redeem", said).status_code in {302, 303}, ada.get("/redeem").content.decode()
    ada.post("/office/login/", {"login": "ada", "password": PASSWORD, "next": "/office/"})
    assert "Set the school up: the first steps" in ada.get("/office/", follow=True).content.decode()
    # Once somebody is in, nobody is let in past them.
    again = olga.post(MAKE, {**BIRCH, "administrator": "eve"})
    assert again.status_code == 422
    with inside(School.objects.get(slug="birch")):
        assert list(User.objects.values_list("username", flat=True)) == ["ada"]


def test_the_link_is_mailed_and_what_was_refused_goes_on_from_there(olga: Browser) -> None:
    refused = olga.post(MAKE, {**BIRCH, "administrator": "a b/c"})
    assert refused.status_code == 422
    with outside_schools():
        school = School.objects.get(slug="birch")
    mailed = olga.post(MAKE, {**BIRCH, "email": "ada@example.org", "by_mail": "on"})
    assert mailed.status_code == 302
    with outside_schools():
        jobs = Job.objects.filter(school="birch", task="apps.accounts.mail_invitation")
        assert jobs.count() == 1
        assert School.objects.get(slug="birch") == school
