"""One line per request with an id that cannot be forged, and no line that says more than it should."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import orjson
import pytest
from django.test import Client

from schoolops import context
from schoolops.context import inside
from schoolops.observability import trace
from schoolops.observability.logging import JsonLines, ReadableLines, harmless
from schoolops.tenancy.models import School

pytestmark = pytest.mark.urls("tests.tenancy.urls")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NINE = ["timestamp", "level", "requestId", "tenantId", "userId", "route", "method", "latencyMs", "statusCode"]


def record(name: str = "schoolops.tests", message: str = "hello", **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.INFO, __file__, 1, message, (), None)
    made.__dict__.update(extra)
    return made


def test_an_access_line_has_exactly_the_nine_fields(db: None, oak: School, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "schoolops.access"):
        answer = Client(headers={"host": "oak.localhost"}).get("/where?token=secret", headers={"traceparent": TRACE})
    (line,) = [each for each in caplog.records if each.name == "schoolops.access"]
    written = orjson.loads(JsonLines().format(line))
    assert list(written) == NINE
    assert written["tenantId"] == "oak"
    assert written["route"] == "/where"
    assert (written["method"], written["statusCode"], written["userId"]) == ("GET", 200, None)
    assert written["requestId"] == answer.headers["X-Request-ID"]
    assert "secret" not in JsonLines().format(line)


@pytest.mark.parametrize(("host", "status"), [("nobody.localhost", 404), ("oak.localhost", 404)])
def test_a_refused_request_leaves_a_line_too(
    db: None, caplog: pytest.LogCaptureFixture, host: str, status: int
) -> None:
    with caplog.at_level(logging.INFO, "schoolops.access"):
        Client(headers={"host": host}).get("/no/such/page")
    (line,) = [each for each in caplog.records if each.name == "schoolops.access"]
    assert (line.__dict__["statusCode"], line.__dict__["route"]) == (status, "unmatched")


def test_what_django_refuses_is_a_warning_without_a_traceback() -> None:
    (stderr,) = [each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler]
    trouble = (ValueError, ValueError("x"), None)
    for name, level in (("django.security.DisallowedModelAdminLookup", "WARNING"), ("schoolops.tests", "ERROR")):
        said = logging.LogRecord(name, logging.ERROR, __file__, 1, "Filtering by x not allowed", (), trouble)
        assert stderr.filter(said)
        assert f" {level} " in ReadableLines().format(said)
        assert ("ValueError: x" in ReadableLines().format(said)) is (level == "ERROR")


def test_a_callers_request_id_is_kept_when_it_is_one() -> None:
    known = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
    answer = Client().get("/health", headers={"x-request-id": known.upper()})
    assert answer.headers["X-Request-ID"] == known
    assert context.request_id.get() is None


@pytest.mark.parametrize("forged", [None, "", "1", "x" * 36, "a\nINFO forged", "{" + "0" * 34 + "}"])
def test_anything_else_is_replaced(forged: str | None) -> None:
    assert uuid.UUID(trace.request_id_from(forged)).version == 4


def test_a_trace_is_continued_with_a_span_of_our_own() -> None:
    version, trace_id, span, flags = trace.traceparent_from(TRACE).split("-")
    assert (version, trace_id, flags) == ("00", "4bf92f3577b34da6a3ce929d0e0e4736", "01")
    assert span != "00f067aa0ba902b7"
    assert len(span) == 16


@pytest.mark.parametrize(
    "forged",
    [
        None,
        "",
        "nonsense",
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        TRACE.upper(),
        TRACE + "-more",
    ],
)
def test_a_malformed_trace_begins_a_new_one(forged: str | None) -> None:
    assert "4bf92f3577b34da6a3ce929d0e0e4736" not in trace.traceparent_from(forged)


def test_other_lines_carry_their_school_and_request(oak: School) -> None:
    token = context.request_id.set("an-id")
    with inside(oak):
        written = orjson.loads(JsonLines().format(record(facts={"count": 3, "password": "p", "guardianPhone": "1"})))
    context.request_id.reset(token)
    assert (written["tenantId"], written["requestId"], written["message"]) == ("oak", "an-id", "hello")
    assert (written["count"], written["password"], written["guardianPhone"]) == (3, "[redacted]", "[redacted]")


def test_a_person_at_a_terminal_reads_the_facts_too() -> None:
    written = ReadableLines().format(
        record(message="slow query", facts={"latencyMs": 512.3, "sql": "SELECT 1\nFROM x"})
    )
    assert written.endswith("slow query latencyMs=512.3 sql=SELECT 1?FROM x")
    assert "s3cret" not in ReadableLines().format(record(facts={"password": "s3cret"}))


@pytest.mark.parametrize("control", ["\n", "\r", "\x1b[2J", "\x85", "\u2028", "\x00"])
def test_a_message_cannot_forge_a_second_line(control: str) -> None:
    message = f"name{control}12:00:00.000 INFO forged"
    for formatter in (ReadableLines(), JsonLines()):
        written = formatter.format(record(message=message))
        assert len(written.splitlines()) == 1
        assert "\x1b" not in written


QUOTING = [
    "https://hooks.example/x?ok=1 as postgres://web:Tr0ub4dor@db/schoolops",
    "Authorization: Bearer so_a_oak_abcdefghijklmnop_123456",
    "login refused: {'password': 'Tr0ub4dor', 'login': 'bob'}",
    "refused: new_password=Tr0ub4dor&access_token=Marchetti",
    'refused: {"newPassword": "a long Tr0ub4dor", "refresh_token":"Marchetti"}',
    r'refused: "{\"client_secret\": \"Tr0ub4dor\"}"',
    "{'password2' => 'Tr0ub4dor', DJANGO_SECRET_KEY: Marchetti",
    'X-Auth-Token: Marchetti, cut off: {"password": "Tr0ub4dor',
    "duplicate key value\nDETAIL:  Key (lower(email))=(carol@example.org) already exists.",
    "DETAIL:  Failing row contains (7, Carol, Marchetti, +44 20 7946 0018).",
    "DETAIL:  Key (lower(name), day)=(marchetti, 2026-11-02) already exists.",
    "DETAIL:  Key (external_id)=(7 (B)\nMarchetti) already exists.",
    "DETAIL:  Failing row contains (7, Dear parents,\n\nMarchetti (7 B) was\nlate; Carol, null).",
    repr(ValueError("DETAIL:  Failing row contains (7, Dear parents,\nMarchetti (7 B) was late."))[:-9],
    'invalid input syntax for type integer: "Marchetti"',
    "could not reach +44 20 7946 0018",
    "mail to carol.marchetti@mail.example.org bounced",
]
PERSONAL = ["Tr0ub4dor", "so_a_oak", "carol", "Marchetti", "7946"]


@pytest.mark.parametrize("text", QUOTING)
@pytest.mark.parametrize("formatter", [JsonLines(), ReadableLines()], ids=["json", "text"])
def test_what_others_quote_is_redacted_by_its_form(formatter: logging.Formatter, text: str) -> None:
    said = record(message=text, facts={"each": [{"sql": text}]})
    said.exc_info = (ValueError, ValueError(text), None)
    written = formatter.format(said)
    assert not [secret for secret in PERSONAL if secret.casefold() in written.casefold()]
    assert "[redacted]" in written


def test_a_traceback_goes_on_after_what_was_redacted() -> None:
    refused = "DETAIL:  Failing row contains (7, Carol\n\nwas late)."
    for after in ("\nCONTEXT:  SQL statement", "\n\nThe above exception was the direct cause"):
        assert harmless(refused + after) == f"DETAIL:  Failing row contains ([redacted]).{after}"


@pytest.mark.parametrize(
    "text",
    [
        "token_id=17 of user_id=4, tokens: 3, max_tokens=5",
        "job 0192f3a1-7c1e-7d0a-a6f2-1b2c3d4e5f60 of tenant:7:gen",
        "a password is missing; the cookie, too; footprint: 12",
    ],
)
def test_ordinary_ids_are_left_to_read(text: str) -> None:
    assert orjson.loads(JsonLines().format(record(message=text)))["message"] == text


@pytest.mark.parametrize(
    ("message", "facts"),
    [
        ("half a character \ud800", {}),
        ("facts", {"name": "\udcff", "\udcff": 1}),
        ("facts", {"number": 2**70}),
        ("facts", {"what": {1, 2}, "raw": b"\xff", 1: object()}),
    ],
)
@pytest.mark.parametrize("formatter", [JsonLines(), ReadableLines()], ids=["json", "text"])
def test_no_line_is_lost_for_what_it_says(formatter: logging.Formatter, message: str, facts: dict[Any, Any]) -> None:
    """A line that cannot be written is a traceback on stderr instead, with all that should have been redacted."""
    assert message[:4] in formatter.format(record(message=message, facts=facts)).encode().decode()


def test_facts_are_redacted_at_any_depth() -> None:
    written = orjson.loads(JsonLines().format(record(facts={"asked": {"by": {"phone": "1", "id": 7}}})))
    assert written["asked"] == {"by": {"phone": "[redacted]", "id": 7}}


def test_an_exceptions_lines_cannot_pass_for_ours() -> None:
    said = record()
    said.exc_info = (ValueError, ValueError("first\n12:00:00.000 INFO    oak          forged \x1b[2J"), None)
    _, *others = ReadableLines().format(said).split("\n")
    assert others
    assert all(line.startswith("    ") for line in others)
    assert "\x1b" not in "".join(others)
