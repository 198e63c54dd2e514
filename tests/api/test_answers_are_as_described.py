"""Status, content type and body of an answer are what the description says.

``test_who_may_do_what.py`` holds every operation to it, with the answers that it has anyway.
"""

from __future__ import annotations

from typing import Any

from apps.accounts.models import User
from tests.api.described import differences, document
from tests.api.test_who_may_do_what import DESCRIBED, ITSELF, ROWS
from tests.apps.asking import asking
from tests.factories import people
from tests.factories.people import Campus


def test_an_answer_that_is_not_described_is_found(campus: Campus, erin: User) -> None:
    address = f"students/{people.students_in(campus.section)[0].sourced_id}"
    answer = asking(erin).get(address)
    assert list(differences("GET", address, answer, answer.content)) == []
    holes: tuple[dict[str, Any], ...] = (
        {"200": {"content": {"application/json": {"schema": {"type": "array"}}}}},
        {"200": {"content": {"text/csv": {}}}},
        {"201": {}},
    )
    path = next(each for each in document()["paths"] if each == "/api/v1/students/{id}")
    for hole in holes:
        planted = {**document(), "paths": {path: {"get": {"responses": hole}}}}
        assert list(differences("GET", address, answer, answer.content, said_in=planted))


def test_answers_to_everybody_of_whom_something_else_is_shown_are_compared() -> None:
    assert len(DESCRIBED) * sum(row.address not in ITSELF for row in ROWS) > 780
