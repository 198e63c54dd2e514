"""What a first visit fetches: a page, its styles and scripts, letters and icons that they name, as they travel."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from config import icons
from config.assets import MarkedStaticFiles
from tests.factories import people
from tests.factories.talking import Browser
from tests.factories.wire import PACKED, fetched

LOGIN, OFFICE, PAGE = 60_000, 350_000, 60_000


def _weighed(browser: Browser, path: str) -> tuple[int, list[str]]:
    answer = browser.get(path, headers=PACKED)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert len(answer.content) <= PAGE
    linked = list(fetched(gzip.decompress(answer.content).decode(), host="oak.localhost"))
    return len(answer.content) + sum(size for _, size in linked), [address for address, _ in linked]


def test_the_login_fetches_little_and_no_library(office: Callable[..., Browser]) -> None:
    weight, linked = _weighed(office(), "/office/login/")
    assert weight <= LOGIN, linked
    assert not [each for each in linked if re.search(r"alpine|chart|simplebar|htmx", each)]


@pytest.mark.parametrize("path", ["/office/", "/office/students/student/", "/office/student/admit/", "/office/set-up/"])
def test_a_first_visit_is_light_and_has_no_library_for_charts(office: Callable[..., Browser], path: str) -> None:
    people.a_school_year()
    weight, linked = _weighed(office(people.a_user("erin", role="administrator")), path)
    assert weight <= OFFICE, linked
    assert not [each for each in linked if "chart" in each]


def test_the_font_has_every_icon_that_a_page_names_and_little_else() -> None:
    assert not icons.missing(), "make icons"
    assert icons.CUT.stat().st_size < 40_000


def test_a_name_changes_with_what_is_in_the_file_and_is_kept_for_a_year() -> None:
    client = Client(headers={"host": "localhost", **PACKED})
    address = MarkedStaticFiles().url("office/shell/office.css")
    assert re.fullmatch(r"/static/office/shell/office\.[0-9a-f]{12}\.css", address)
    answer = client.get(address)
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content) == Path(str(finders.find("office/shell/office.css"))).read_bytes()
    # Without the mark it is served, and looked at anew; with that of another release there is no such file.
    assert client.get("/static/office/shell/office.css").headers["Cache-Control"] == "no-cache"
    assert client.get(re.sub(r"[0-9a-f]{12}", "0" * 12, address)).status_code == 404
    assert client.get(address, headers={"if-none-match": answer.headers["ETag"]}).status_code == 304
    assert client.get("/static/office/shell/nothing.css").status_code == 404
    assert client.get("/static/../config/env.py").status_code == 404


def test_who_takes_nothing_packed_is_given_plain(office: Callable[..., Browser]) -> None:
    client = office()
    for path in ("/office/login/", "/static/office/shell/office.css"):
        answer = client.get(path)
        assert "Content-Encoding" not in answer.headers
        assert "Accept-Encoding" in answer.headers["Vary"]
    assert "Content-Encoding" not in client.get("/api/v1/school", headers=PACKED).headers


@pytest.mark.parametrize("address", ["/office/login/", "/static/office/shell/ends.js"])
@pytest.mark.parametrize("said", ["gzip;q=0", "br, gzip; q=0.0", "identity, gzip;q=0, *;q=0.1"])
def test_who_refuses_what_is_packed_is_given_plain(office: Callable[..., Browser], address: str, said: str) -> None:
    client = office().client
    plain = client.get(address, headers={"accept-encoding": said})
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert client.get(address, headers={"accept-encoding": "br, gzip;q=0.5"}).headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("form", ["{}", "W/{}", '"another", {}'])
def test_a_file_that_is_there_already_does_not_travel_again(office: Callable[..., Browser], form: str) -> None:
    client, address = office().client, "/static/office/shell/ends.js"
    tag = client.get(address).headers["ETag"]
    assert client.get(address, headers={"if-none-match": form.format(tag)}).status_code == 304
    assert client.get(address, headers={"if-none-match": '"another"'}).status_code == 200
