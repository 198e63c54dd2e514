"""Whoever comes with a browser reads a page; a program gets a document, at every address that refuses."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from schoolops.tenancy import lifecycle
from schoolops.tenancy.models import School

pytestmark = pytest.mark.django_db
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-language": "en"}


def _asked(path: str, host: str, **headers: str) -> tuple[int, str, str]:
    answer = Client(raise_request_exception=False, headers={"host": host, **headers}).get(path)
    return answer.status_code, answer.headers["Content-Type"], answer.content.decode()


@pytest.mark.parametrize("host", ["oak.localhost", "localhost"])
@pytest.mark.parametrize("path", ["/nothing", "/rolls/", "/media/nothing", "/.well-known/x"])
def test_nothing_there_is_a_page_to_a_browser_and_a_document_to_a_program(oak: School, host: str, path: str) -> None:
    status, kind, page = _asked(path, host, **BROWSER)
    assert (status, kind.partition(";")[0]) == (404, "text/html")
    assert "There is nothing at this address." in page
    assert '<a href="/">' in page
    status, kind, document = _asked(path, host)
    assert (status, kind) == (404, "application/problem+json")
    assert json.loads(document)["code"] == "api:not-found"


def test_the_api_speaks_json_to_a_browser_too(oak: School) -> None:
    assert _asked("/api/v1/nothing", "oak.localhost", **BROWSER)[:2] == (404, "application/problem+json")


def test_who_is_at_no_school_or_at_one_that_is_shut_reads_it_in_their_language(oak: School) -> None:
    status, kind, page = _asked("/", "nobody.localhost", **BROWSER)
    assert (status, kind.partition(";")[0]) == (404, "text/html")
    assert "No school answers at nobody.localhost." in page
    page = _asked("/", "nobody.localhost", **{**BROWSER, "accept-language": "ar"})[2]
    assert '<html lang="ar" dir="rtl">' in page
    assert "No school answers" not in page
    lifecycle.suspend_school(slug=oak.slug, reason="not paid")
    status, kind, page = _asked("/office/", "oak.localhost", **BROWSER)
    assert (status, kind.partition(";")[0]) == (403, "text/html")
    assert "not paid" not in page


def test_what_somebody_typed_as_an_address_is_text_on_the_page() -> None:
    page = _asked("/", "a<b>.localhost", **BROWSER)[2]
    assert "<b>" not in page
