"""``config/env.py`` alone reads the environment, every variable it declares is used, the demo's file stays below."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import VARIABLES, Environment, read_files
from tests.architecture import source

READERS = {"environ", "environb", "getenv", "getenvb", "putenv"}
# The launcher hands its whole environment to the servers it starts.
MAY = ("config/env.py", "schoolops/launcher/")


def _reads(program: ast.Module) -> Iterator[int]:
    for node in ast.walk(program):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=attr) if attr in READERS:
                yield node.lineno
            case ast.ImportFrom(module="os", names=names) if READERS & {name.name for name in names}:
                yield node.lineno


def test_nothing_else_reads_it() -> None:
    programs = source.parsed(source.files(), *READERS)
    found = [f"{source.name_of(path)}:{line}" for path, program in programs for line in _reads(program)]
    assert any(place.startswith("config/env.py") for place in found), "the search itself is broken"
    assert [place for place in found if not place.startswith(MAY)] == []


def test_every_declared_variable_is_used() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in source.files("config"))
    unused = [
        variable.name for variable in VARIABLES if not re.search(rf"(?<!Variable\()[\"']{variable.name}[\"']", text)
    ]
    assert unused == []


def test_an_undeclared_variable_is_a_programming_error() -> None:
    with pytest.raises(KeyError, match="SCHOOL_COLOUR"):
        Environment({"SCHOOL_COLOUR": "green"}).text("SCHOOL_COLOUR")


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("PORT", "eight", "number"),
        ("SCHOOLOPS_TODAY", "tomorrow", "moment"),
        ("SCHOOLOPS_TODAY", "2028-02-29Tten", "moment"),
    ],
)
def test_a_value_that_cannot_be_read_names_its_variable(name: str, value: str, read: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        getattr(Environment({name: value}), read)(name)


@pytest.fixture
def folder_with_a_demo(tmp_path: Path) -> Path:
    demo = tmp_path / ".schoolops" / "demo"
    demo.mkdir(parents=True)
    (demo / "servers.env").write_text("DATABASE_URL='postgres://demo'\nREDIS_URL='redis://demo'\nSHELL=/bin/sh\n")
    (tmp_path / ".env").write_text('# mine\nexport REDIS_URL="redis://mine"\n')
    return tmp_path


def test_the_demo_lends_its_servers_below_what_env_says(folder_with_a_demo: Path) -> None:
    assert read_files(folder_with_a_demo, production=False) == {
        "DATABASE_URL": "postgres://demo",
        "REDIS_URL": "redis://mine",
    }


def test_production_never_finds_the_servers_of_a_demo(folder_with_a_demo: Path) -> None:
    assert read_files(folder_with_a_demo, production=True) == {"REDIS_URL": "redis://mine"}
