"""An error is a fact with a name, a code and a family, and its docstring is what a person reads."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

from apps.students.errors import PhotoRefused
from config.management.commands.build_reference import import_declarations
from schoolops import problem
from schoolops.errors import SchoolOpsError, declared_errors
from tests.architecture import source
from tests.architecture.programs import python

CODE = re.compile(r"[a-z]+(-[a-z]+)*:[a-z0-9]+(-[a-z0-9]+)*")


@pytest.fixture(scope="module")
def errors() -> list[type[SchoolOpsError]]:
    import_declarations()
    return [each for each in declared_errors() if each.__module__.startswith(("apps.", "schoolops."))]


def test_every_error_has_a_code_of_its_own(errors: list[type[SchoolOpsError]]) -> None:
    borrowed = [each.__qualname__ for each in errors if "code" not in vars(each)]
    assert borrowed == []
    shared = [code for code, uses in Counter(each.code for each in errors).items() if uses > 1]
    assert shared == []


def test_a_process_that_has_just_started_knows_every_code(errors: list[type[SchoolOpsError]]) -> None:
    """Else the API's description would depend on what the process happened to have done before it was asked."""
    said = python(
        "import django; django.setup(); import config.urls\n"
        "from schoolops.errors import declared_errors\n"
        "print(*(each.code for each in declared_errors()))",
        settings="offline",
    )
    assert {each.code for each in errors} - set(said.stdout.split()) == set()


def test_every_code_says_whose_it_is(errors: list[type[SchoolOpsError]]) -> None:
    odd = [each.code for each in errors if not CODE.fullmatch(each.code)]
    assert odd == []
    elsewhere = [
        f"{each.__module__}: {each.code}"
        for each in errors
        if each.__module__.startswith("apps.") and each.code.split(":")[0] != each.__module__.split(".")[1]
    ]
    assert elsewhere == []


def test_every_error_is_a_sentence(errors: list[type[SchoolOpsError]]) -> None:
    unsaid = [each.__qualname__ for each in errors if "__doc__" not in vars(each) or not each.__doc__]
    assert unsaid == []
    unfinished = [each.sentence() for each in errors if not each.sentence().endswith(".")]
    assert unfinished == []


def test_every_refusal_of_an_app_belongs_to_a_family(errors: list[type[SchoolOpsError]]) -> None:
    """Outside every family the answer would be 500: our fault, not a refusal."""
    strays = [
        each.__qualname__
        for each in errors
        if each.__module__.startswith("apps.") and problem.status_of(each)[0] >= 500 and each.retry_after is None
    ]
    assert strays == []


def test_every_remedy_with_braces_is_given_the_facts_that_fill_them(errors: list[type[SchoolOpsError]]) -> None:
    wanted = {
        each.__name__: {name for _, name, _, _ in Formatter().parse(each.remedy or "") if name is not None}
        for each in errors
    }
    assert [each.__name__ for each in errors if "{{" in (each.remedy or "")] == []
    looked = 0
    programs = [*Path("apps").rglob("*.py"), *Path("schoolops").rglob("*.py")]
    for path, program in source.parsed(programs, *(name for name, facts in wanted.items() if facts)):
        for call in ast.walk(program):
            name = getattr(call.func, "attr", getattr(call.func, "id", "")) if isinstance(call, ast.Call) else ""
            if isinstance(call, ast.Call) and wanted.get(name):
                looked += 1
                assert wanted[name] <= {each.arg for each in call.keywords}, f"{path}:{call.lineno}"
    assert looked > 1


def test_a_remedy_reaches_people_filled() -> None:
    refused = PhotoRefused(why="it is no picture", limit=8)
    assert problem.document(refused)["remedy"] == "Send a JPEG, PNG or WebP picture of at most 8 MB."
