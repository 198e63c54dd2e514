"""What a request brings is asked before it is read: how long it is, and that it says so."""

from __future__ import annotations

import io
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.services import open_login
from schoolops.api import bodies
from schoolops.context import inside, nowhere
from tests.api.addresses import addresses

PATHS = ("/api/v1/auth/login", "/api/v1/imports", "/office/login/", "/office/imports/", "/redeem", "/no/such/address")


@pytest.fixture
def browser(in_oak: Any) -> Iterator[Client]:
    with nowhere():
        yield Client(raise_request_exception=False, headers={"host": "oak.localhost"})


@pytest.mark.parametrize("path", PATHS)
def test_a_body_in_chunks_is_not_taken_for_an_empty_one(browser: Client, path: str) -> None:
    answer = browser.generic("POST", path, b"", HTTP_TRANSFER_ENCODING="chunked")
    assert (answer.status_code, answer.json()["code"]) == (411, "api:length-required")


@pytest.mark.parametrize("path", PATHS)
def test_a_body_larger_than_anything_we_take_is_refused_unread(browser: Client, path: str) -> None:
    answer = browser.generic("POST", path, b"x", CONTENT_LENGTH=str(bodies.LARGEST + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "api:body-too-large")
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("said", ["many", "-1", "1e3", "\u0663", "+5", " "])
@pytest.mark.parametrize("path", PATHS)
def test_a_length_that_is_no_number_is_refused(browser: Client, path: str, said: str) -> None:
    answer = browser.generic("POST", path, b"x", CONTENT_LENGTH=said)
    assert answer.status_code == 400, answer.content


def test_an_unmeasured_body_of_http_2_is_noticed(browser: Client) -> None:
    more: dict[str, Any] = {"SERVER_PROTOCOL": "HTTP/2.0", "wsgi.input": io.BytesIO(b"{}")}
    assert browser.generic("POST", "/api/v1/auth/login", b"", **more).status_code == 411


@pytest.mark.parametrize(
    "number", ["9223372036854775807", "9223372036854775808", "9" * 40, "9" * 5000, "-1", "1e3", "%00"]
)
@pytest.mark.parametrize("address", ["jobs/{}", "jobs/{}/run-now"])
def test_a_number_that_no_row_can_have_is_no_address(browser: Client, number: str, address: str) -> None:
    answer = browser.generic("GET" if address == "jobs/{}" else "POST", "/api/v1/" + address.format(number))
    assert answer.status_code in {401, 404, 405}


WRITES = [each for each in addresses() if each.method in {"POST", "PUT", "PATCH"} and each.view and not each.is_alias]
PARTS = {"uuid": str(uuid.UUID(int=7)), "str": "2026-11-02", "job": "1"}


def test_ten_megabytes_of_text_are_refused_before_they_are_taken_for_json(
    in_oak: Any, erin: User, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: bytes) -> Any:
        raise AssertionError("read as JSON")

    monkeypatch.setattr("schoolops.api.parsers.orjson.loads", never)
    body = f'{{"reason": "{"x" * 10 * 1024 * 1024}"}}'.encode()
    answers = {}
    for each in WRITES:
        with inside(in_oak):
            # One for each: some of these end the login that asks.
            headers = {"Authorization": f"Bearer {open_login(User.objects.get(pk=erin.pk), label='test').access_token}"}
            headers["Idempotency-Key"] = str(uuid.uuid4())
        path = re.sub(r"<(\w+):\w+>", lambda found: PARTS[found[1]], f"/{each.route}")
        with nowhere():
            answers[str(each)] = browser.generic(each.method, path, body, "application/json", headers=headers)
    # Those that ask for nothing, or for a row that is not there first, look at no body at all.
    statuses = Counter(each.status_code for each in answers.values())
    assert set(statuses) <= {200, 201, 202, 204, 401, 403, 404, 409, 413, 415, 422}, statuses
    assert statuses[413] > 30, statuses
