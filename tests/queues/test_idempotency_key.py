"""A request that is sent twice happens once, and is answered twice with the same words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings

from apps.accounts.models import User
from apps.accounts.services.tokens import open_login
from schoolops.context import inside
from schoolops.ratelimit import throttles
from schoolops.ratelimit.windows import Window
from schoolops.tenancy.models import School
from tests.queues import urls
from tests.queues.ground import Ledger

pytestmark = pytest.mark.usefixtures("_these_urls")


@pytest.fixture
def _these_urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF="tests.queues.urls"):
        yield


def bearer(school: School, username: str = "bob") -> str:
    with inside(school):
        user = User.objects.create(username=username, password="!")
        return f"Bearer {open_login(user, label='test').access_token}"


@pytest.fixture
def pay(ledger: Ledger, client_for: Callable[[School], Client]) -> Callable[..., HttpResponse]:
    browser = client_for(ledger.school)
    token = bearer(ledger.school)

    def send(key: str | None, path: str = "/pay", authorization: str = token, **body: Any) -> HttpResponse:
        headers = {"Authorization": authorization} | ({"Idempotency-Key": key} if key is not None else {})
        answer: HttpResponse = browser.post(path, body, content_type="application/json", headers=headers)
        return answer

    return send


def test_the_second_time_it_is_answered_and_not_done(ledger: Ledger, pay: Callable[..., HttpResponse]) -> None:
    first, second = pay("k-1", n=5), pay("k-1", n=5)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second.headers["Location"] == "/receipts/1"
    assert (first.headers.get("Idempotency-Replayed"), second.headers["Idempotency-Replayed"]) == (None, "true")
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert ledger.effects() == [5]


def test_quoted_and_bare_are_the_same_key(ledger: Ledger, pay: Callable[..., HttpResponse]) -> None:
    pay('"k-1"', n=5)
    assert pay("k-1", n=5).headers["Idempotency-Replayed"] == "true"


def test_where_money_moves_a_key_is_required(ledger: Ledger, pay: Callable[..., HttpResponse]) -> None:
    answer = pay(None, n=5)
    assert (answer.status_code, answer.json()["code"]) == (400, "api:idempotency-key-missing")
    assert pay("", n=5).json()["code"] == "api:idempotency-key-malformed"
    assert pay("k" * 300, n=5).status_code == 400
    assert pay("käse", n=5).status_code == 400
    assert ledger.effects() == []


def test_a_method_that_is_not_there_is_refused_for_that_and_for_no_key(
    ledger: Ledger, client_for: Callable[[School], Client]
) -> None:
    browser = client_for(ledger.school)
    known = {"Authorization": bearer(ledger.school)}
    keyed = {**known, "Idempotency-Key": "k-1"}
    assert browser.post("/pay", {"n": 5}, content_type="application/json", headers=keyed).status_code == 201
    for headers in (known, keyed, {**known, "Idempotency-Key": "käse"}):
        assert browser.put("/pay", {"n": 5}, content_type="application/json", headers=headers).status_code == 405
    assert ledger.effects() == [5]


def test_elsewhere_it_is_a_choice(ledger: Ledger, pay: Callable[..., HttpResponse]) -> None:
    assert pay(None, path="/note").status_code == 200
    assert pay("k-9", path="/note").status_code == 200
    assert pay("k-9", path="/note").headers["Idempotency-Replayed"] == "true"
    assert ledger.effects() == [1, 1]


def test_another_request_under_the_same_key_is_refused(ledger: Ledger, pay: Callable[..., HttpResponse]) -> None:
    pay("k-1", n=5)
    answer = pay("k-1", n=6)
    assert (answer.status_code, answer.json()["code"]) == (422, "api:idempotency-key-reused")
    assert pay("k-1", path="/note", n=5).status_code == 422
    assert ledger.effects() == [5]


def test_while_the_first_is_in_flight_the_second_waits_outside(
    ledger: Ledger, pay: Callable[..., HttpResponse]
) -> None:
    urls.went_in.clear()
    urls.go_on.clear()
    answers: list[HttpResponse] = []

    def send_first() -> None:
        answers.append(pay("k-1", n=5, then="wait"))
        connection.close()

    first = threading.Thread(target=send_first)
    first.start()
    assert urls.went_in.wait(20)
    second = pay("k-1", n=5, then="wait")
    urls.go_on.set()
    first.join()
    assert (second.status_code, second.json()["code"]) == (409, "api:idempotency-key-in-flight")
    assert second.headers["Retry-After"] == "1"
    assert answers[0].status_code == 201
    assert pay("k-1", n=5, then="wait").content == answers[0].content
    assert ledger.effects() == [5]


def test_a_refusal_is_kept_and_what_it_began_is_undone_by_its_service(
    ledger: Ledger, pay: Callable[..., HttpResponse]
) -> None:
    first, second = pay("k-1", n=5, then="conflict"), pay("k-1", n=5, then="conflict")
    assert first.status_code == second.status_code == 409
    assert second.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("then", ["unavailable", "crash"])
def test_after_a_failure_of_ours_nothing_happened_and_it_may_be_tried_again(
    ledger: Ledger, pay: Callable[..., HttpResponse], then: str
) -> None:
    assert pay("k-1", n=5, then=then).status_code >= 500
    assert ledger.effects() == []
    assert ledger.sql("SELECT count(*) FROM queues_rememberedanswer") == [(0,)]
    assert pay("k-1", n=5).status_code == 201
    assert ledger.effects() == [5]


def test_a_key_belongs_to_one_user(ledger: Ledger, pay: Callable[..., HttpResponse]) -> None:
    carol = bearer(ledger.school, "carol")
    pay("k-1", n=5)
    assert "Idempotency-Replayed" not in pay("k-1", n=5, authorization=carol).headers
    assert ledger.effects() == [5, 5]


def test_nobodys_key_is_not_kept(ledger: Ledger, pay: Callable[..., HttpResponse]) -> None:
    assert pay("k-1", n=5, authorization="Bearer so_a_nonsense").status_code == 401
    assert ledger.sql("SELECT count(*) FROM queues_rememberedanswer") == [(0,)]


def test_after_a_day_the_key_is_free_again(ledger: Ledger, pay: Callable[..., HttpResponse]) -> None:
    pay("k-1", n=5)
    ledger.sql("UPDATE queues_rememberedanswer SET expires_at = now() - interval '1 second'")
    assert "Idempotency-Replayed" not in pay("k-1", n=6).headers
    assert ledger.effects() == [5, 6]


def test_one_school_never_sees_anothers_answer(ledger: Ledger, pay: Callable[..., HttpResponse], elm: School) -> None:
    """Though user, key and request were the same to the letter."""
    pay("k-1", n=5)
    [(user, asked)] = ledger.sql("SELECT user_id, fingerprint FROM queues_rememberedanswer")
    states = []
    for school in (ledger.school, elm):
        with inside(school), connection.cursor() as cursor:
            cursor.execute("SELECT state, body FROM platform.answer_begin(%s, 'k-1', %s)", [user, asked])
            states.append(cursor.fetchone())
    assert [(state, body is not None) for state, body in states] == [("again", True), ("new", False)]
    assert ledger.sql("SELECT count(*), count(DISTINCT school) FROM queues_rememberedanswer") == [(2, 2)]


def test_the_same_key_with_another_method_or_version_is_another_request(
    ledger: Ledger, pay: Callable[..., HttpResponse], client_for: Callable[[School], Client]
) -> None:
    browser = client_for(ledger.school)
    headers = {"Authorization": bearer(ledger.school, "carol"), "Idempotency-Key": "k-1"}
    body: dict[str, Any] = {"data": "{}", "content_type": "application/json"}
    assert browser.post("/note", headers={**headers, "If-Match": '"1"'}, **body).status_code == 200
    assert browser.put("/note", headers={**headers, "If-Match": '"1"'}, **body).status_code == 422
    assert browser.post("/note", headers={**headers, "If-Match": '"2"'}, **body).status_code == 422
    assert browser.post("/note", headers={**headers, "If-Match": '"1"'}, **body).headers["Idempotency-Replayed"]
    assert ledger.effects() == [1]


def test_a_file_that_is_handed_in_again_is_the_same_request(
    ledger: Ledger, pay: Callable[..., HttpResponse], client_for: Callable[[School], Client]
) -> None:
    """With another boundary, as every client makes one; and larger than a body may be that is no file."""
    browser = client_for(ledger.school)
    headers = {"Authorization": bearer(ledger.school, "carol"), "Idempotency-Key": "k-1"}

    def hand_in(boundary: str, content: str, by: str = "carol") -> HttpResponse:
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="by"\r\n\r\n{by}\r\n--{boundary}\r\n'
            'Content-Disposition: form-data; name="file"; filename="roster.csv"\r\nContent-Type: text/csv\r\n\r\n'
            f"{content}\r\n--{boundary}--\r\n"
        )
        kind = f"multipart/form-data; boundary={boundary}"
        answer: HttpResponse = browser.generic("POST", "/hand-in", body, content_type=kind, headers=headers)
        return answer

    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1000):
        first, second = hand_in("one", "x" * 5000), hand_in("two", "x" * 5000)
        assert (first.status_code, first.content) == (200, b"x" * 5000 + b"\ncarol")
        assert (second.status_code, second.content) == (200, first.content)
        assert (second.headers["Idempotency-Replayed"], second.headers["Content-Type"]) == ("true", "text/plain")
        assert hand_in("three", "x" * 4999 + "y").status_code == 422
        assert hand_in("four", "x" * 5000, by="bob").status_code == 422
    assert ledger.effects() == [5000]


def test_a_body_that_is_too_large_is_refused_as_without_a_key(ledger: Ledger, pay: Callable[..., HttpResponse]) -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1000):
        answer = pay("k-1", n=5, note="x" * 2000)
    assert (answer.status_code, answer.json()["code"]) == (413, "api:body-too-large")
    assert ledger.effects() == []


def test_one_key_does_not_open_the_api_without_a_limit(
    ledger: Ledger, pay: Callable[..., HttpResponse], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.RATE_LIMIT_FACTOR = 1
    # Each test has a school and a user of its own, and so a window of its own. It is longer than any test.
    monkeypatch.setattr(throttles, "REQUESTS_OF_USER", Window("user", "user", 3, 3600, "open", "for tests"))
    assert pay("k-1", n=5).status_code == 201
    assert [pay("k-1", n=5).headers["RateLimit"].split(";t=")[0] for _ in range(2)] == ['"user";r=1', '"user";r=0']
    refused = [pay("k-1", n=5), pay("k-1", n=6), pay("k-2", n=5)]
    assert [answer.status_code for answer in refused] == [429] * 3
    assert [answer.json()["code"] for answer in refused] == ["ratelimit:too-often"] * 3
    assert ledger.effects() == [5]


def test_an_answer_that_holds_a_secret_is_done_once_and_kept_nowhere(
    ledger: Ledger, pay: Callable[..., HttpResponse]
) -> None:
    assert b"so_r_oak_of-bob" in pay("k-1", path="/secret").content
    assert ledger.sql(
        "SELECT count(*) FROM queues_rememberedanswer WHERE position('of-bob' in encode(body, 'escape')) > 0"
    ) == [(0,)]
    again = pay("k-1", path="/secret")
    assert (again.status_code, again.json()["code"]) == (409, "api:idempotency-answer-was-secret")
    assert ledger.effects() == [1]


def test_the_key_is_whose_token_asks_whoever_is_logged_in_beside(
    ledger: Ledger, client_for: Callable[[School], Client]
) -> None:
    browser = client_for(ledger.school)
    tokens = {name: bearer(ledger.school, name) for name in ("bob", "carol", "dora")}
    with inside(ledger.school):
        browser.force_login(User.objects.get(username="dora"), backend="apps.accounts.backends.LoginBackend")
    for name in ("bob", "carol"):
        headers = {"Authorization": tokens[name], "Idempotency-Key": "k-1"}
        answer = browser.post("/pay", {"n": 5}, content_type="application/json", headers=headers)
        assert "Idempotency-Replayed" not in answer.headers
    assert ledger.effects() == [5, 5]
