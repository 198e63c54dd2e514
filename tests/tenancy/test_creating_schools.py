"""A school is made whole or finished later, by one command at a time, never inside somebody's transaction."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client
from psycopg import sql

from config.env import BASE_DIR
from schoolops.context import inside, outside_schools
from schoolops.tenancy import fleet, owner, template
from schoolops.tenancy.errors import DomainTaken, SchoolExists, SlugInvalid
from schoolops.tenancy.models import School, SchoolState
from schoolops.tenancy.provisioning import create_school
from tests.factories.schools import remove_school
from tests.tenancy.engines import role, schema

SLUG = "birch"


class Interrupted(Exception):
    pass


def stopping_after(step: str) -> Callable[[str], None]:
    def tell(done: str) -> None:
        if done == step:
            raise Interrupted

    return tell


def make(slug: str = SLUG, domain: str = "", progress: Callable[[str], None] = lambda _: None) -> School:
    return create_school(slug=slug, name=f"{slug} school", domains=[domain or f"{slug}.localhost"], progress=progress)


@pytest.fixture
def cleared(real_commits: None) -> Iterator[None]:
    """No school but Oak and Elm, afterwards."""
    yield
    with outside_schools():
        made = list(School.objects.exclude(slug__in=["oak", "elm"]))
    for school in made:
        remove_school(school)


def state_of(slug: str) -> str | None:
    with outside_schools():
        return School.objects.filter(slug=slug).values_list("state", flat=True).first()


@pytest.mark.parametrize("step", ["registered", "schema", "contents"])
def test_a_creation_that_was_interrupted_is_finished_by_running_it_again(
    cleared: None, client_for: Callable[[School], Client], step: str
) -> None:
    with pytest.raises(Interrupted):
        make(progress=stopping_after(step))
    assert state_of(SLUG) == SchoolState.CREATING
    with outside_schools():
        half_made = School.objects.get(slug=SLUG)
    answer = client_for(half_made).get("/")
    assert answer.status_code == 503
    assert answer.json()["code"] == "tenancy:school-not-ready"

    school = make()
    assert school.pk == half_made.pk
    assert state_of(SLUG) == SchoolState.ACTIVE
    with inside(school):
        assert (schema(), role()) == (school.schema_name, school.role_name)
    assert fleet.behind([school]) == []
    with pytest.raises(SchoolExists):
        make()


@pytest.mark.parametrize("step", ["registered", "schema"])
def test_a_creation_that_was_killed_is_finished_by_running_it_again(cleared: None, step: str) -> None:
    program = f"""
import os, signal, django
django.setup()
from schoolops.tenancy.provisioning import create_school
def tell(done):
    if done == {step!r}:
        os.kill(os.getpid(), signal.SIGKILL)
create_school(slug={SLUG!r}, name="Birch", domains=["birch.localhost"], progress=tell)
"""
    killed = subprocess.run([sys.executable, "-c", program], cwd=BASE_DIR, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert state_of(SLUG) == SchoolState.CREATING
    make()
    assert state_of(SLUG) == SchoolState.ACTIVE


def test_a_creation_interrupted_in_an_earlier_release_is_brought_up(cleared: None) -> None:
    with pytest.raises(Interrupted):
        make(progress=stopping_after("schema"))
    with owner.owner_connection() as owning:
        owning.execute("DROP INDEX school_birch.audit_by_object")
    school = make()
    assert fleet.behind([school]) == []


def test_two_creations_of_one_school_make_one(cleared: None) -> None:
    def attempt(_: int) -> str:
        try:
            make()
        except SchoolExists:
            return "exists"
        else:
            return "made"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as executor:
        assert sorted(executor.map(attempt, range(3))) == ["exists", "exists", "made"]
    assert state_of(SLUG) == SchoolState.ACTIVE


def test_two_schools_that_want_one_address_are_told_so(cleared: None) -> None:
    def attempt(slug: str) -> str:
        try:
            make(slug, domain="trees.localhost")
        except DomainTaken:
            return "taken"
        else:
            return "made"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as executor:
        assert sorted(executor.map(attempt, ["birch", "aspen"])) == ["made", "taken"]


def test_many_schools_can_be_made_at_once(cleared: None) -> None:
    def attempt(slug: str) -> School:
        try:
            return make(slug)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as executor:
        made = list(executor.map(attempt, ["aspen", "birch", "cedar", "douglas-fir"]))
    assert fleet.behind(made) == []
    assert made[3].schema_name == "school_douglas_fir"


def test_a_school_is_not_made_inside_a_transaction(db: None) -> None:
    with outside_schools(), pytest.raises(RuntimeError, match="inside a transaction"):
        make()


@pytest.mark.parametrize(
    "slug", ["", "a", "Oak", "oak_hill", "1oak", "-oak", "oak-", "o--k", "oak hill", "é" * 3, "a" * 41]
)
def test_a_slug_that_is_no_slug_is_refused(real_commits: None, slug: str) -> None:
    with pytest.raises(SlugInvalid):
        make(slug)
    assert state_of(slug) is None


def test_an_address_of_another_school_is_refused_and_nothing_remains(cleared: None) -> None:
    with pytest.raises(DomainTaken, match=r"oak\.localhost"):
        make(domain="OAK.localhost")
    assert state_of(SLUG) is None


def test_no_schools_name_is_the_templates(cleared: None) -> None:
    """The template's build drops its schema first."""
    school = make("template-schema")
    with owner.owner_connection() as owning:
        owning.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(template.TEMPLATE_SCHEMA)))
    with inside(school):
        assert schema() == school.schema_name


def test_long_names_keep_their_roles_apart(real_commits: None) -> None:
    roles = {owner.role_for(owner.schema_for("a" * 39 + end)) for end in "abc"}
    assert len(roles) == 3
    assert all(len(name) <= owner.IDENTIFIER_LENGTH for name in roles)
