"""Every refusal is one RFC 9457 document, and its family alone decides the HTTP status."""

from __future__ import annotations

import orjson
import pytest

from schoolops import context, errors, problem
from schoolops.errors import SchoolOpsError


class SeatTaken(errors.Conflict):
    """Seat {seat} is taken."""

    code = "tests:seat-taken-here"
    remedy = "Choose another."


def test_a_document_has_its_members_and_no_empty_ones() -> None:
    assert problem.document(errors.Forbidden()) == {
        "type": "urn:schoolops:error:schoolops:forbidden",
        "title": "Not allowed",
        "status": 403,
        "code": "schoolops:forbidden",
        "detail": "This is not allowed.",
    }


def test_a_document_carries_remedy_field_errors_and_the_request() -> None:
    refusal = SeatTaken(seat=7, errors=[errors.FieldError("seat", "taken", "Seat 7 is taken.")])
    token = context.request_id.set("6f9619ff-8b86-d011-b42d-00cf4fc964ff")
    answer = problem.response(refusal)
    context.request_id.reset(token)
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert orjson.loads(answer.content) == {
        "type": "urn:schoolops:error:tests:seat-taken-here",
        "title": "Not in the present state",
        "status": 409,
        "code": "tests:seat-taken-here",
        "detail": "Seat 7 is taken.",
        "remedy": "Choose another.",
        "errors": [{"field": "seat", "code": "taken", "message": "Seat 7 is taken."}],
        "instance": "urn:uuid:6f9619ff-8b86-d011-b42d-00cf4fc964ff",
    }


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.Invalid, 422),
        (errors.Unauthenticated, 401),
        (errors.Forbidden, 403),
        (errors.NotFound, 404),
        (errors.Conflict, 409),
        (errors.PreconditionFailed, 409),
        (errors.Throttled, 429),
        (errors.Unavailable, 503),
        (errors.NoCurrentSchool, 500),
        (errors.Misconfigured, 500),
        (SeatTaken, 409),
    ],
)
def test_the_family_decides_the_status(kind: type[SchoolOpsError], status: int) -> None:
    assert problem.status_of(kind)[0] == status
    assert problem.response(kind(seat=1)).status_code == status


def test_every_family_has_a_status() -> None:
    assert set(errors.FAMILIES) <= set(problem.STATUS)


def test_the_headers_a_status_calls_for() -> None:
    assert problem.response(errors.Unauthenticated()).headers["WWW-Authenticate"] == 'Bearer realm="schoolops"'
    assert problem.response(errors.Throttled(retry_after=7)).headers["Retry-After"] == "7"
    assert problem.response(errors.Unavailable()).headers["Retry-After"] == "5"
    assert "Retry-After" not in problem.response(errors.Conflict()).headers
