"""What was prepared in one school's turn reads the next one's rows in the next one's, on the same connection."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from django.db import NotSupportedError, connection, transaction
from django.db.models import Exists, Q
from psycopg import sql

from apps.accounts.models import User
from apps.attendance.selectors import SessionKey, roll
from apps.attendance.services import Mark, mark_and_read
from apps.institutions.models import Institution
from apps.students.models import Student
from apps.students.selectors import children_of, oneself, students_taught
from schoolops import clock
from schoolops.context import inside, nowhere
from schoolops.errors import NoCurrentSchool
from schoolops.tenancy import owner, prepared
from schoolops.tenancy.compiled import DAY, KEY, Compiled, CompiledQ, Parameter, any_of, by_shape
from schoolops.tenancy.models import School
from schoolops.tenancy.prepared import Statement
from tests.factories import people
from tests.factories.rolls import key_of

BY_HAND = Statement(
    "SELECT name, pg_backend_pid(), current_user FROM institutions_institution WHERE id = ANY(%(keys)s)"
)
COMPILED: Compiled[Institution] = Compiled(lambda: Institution.objects.filter(any_of("pk", "keys", KEY)).order_by("pk"))


@pytest.fixture
def campuses(db: None, oak: School, elm: School) -> dict[str, tuple[School, list[int], str]]:
    """Slug → the school, and key and name of a campus of its own."""
    made = {}
    for school in (oak, elm):
        with inside(school):
            campus = people.a_school_year(name=f"Campus of {school.slug}").institution
            made[school.slug] = (school, [campus.pk], campus.name)
    return made


def test_each_turn_reads_the_school_it_stands_in(campuses: dict[str, tuple[School, list[int], str]]) -> None:
    backends = set()
    for slug in ("oak", "elm", "oak", "elm", "elm", "oak"):
        school, keys, name = campuses[slug]
        with inside(school):
            ((found, backend, role),) = BY_HAND.rows(keys=keys)
            assert (found, role) == (name, school.role_name)
            assert [each.name for each in COMPILED.all(keys=keys)] == [name]
            backends.add(backend)
    # Or else nothing was said about a connection that was another school's before.
    assert len(backends) == 1
    assert len([1 for _, asked in connection.connection._prepared_by_us.names if asked == BY_HAND.sql]) == 2


def test_a_connection_keeps_each_schools_own_and_no_more_than_so_many(
    campuses: dict[str, tuple[School, list[int], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for most in (prepared.MOST, 1):
        monkeypatch.setattr(prepared, "MOST", most)
        asked = Statement(f"{BY_HAND.sql} AND {most} > 0".replace("%s", "%(keys)s"))
        for slug in ("oak", "elm", "oak", "elm", "elm", "oak"):
            school, keys, name = campuses[slug]
            with inside(school):
                ((found, _backend, role),) = asked.rows(keys=keys)
                assert (found, role) == (name, school.role_name)
        kept = connection.connection._prepared_by_us
        assert len({where for where, sql in kept.names if sql == asked.sql}) == min(most, 2)
    # What there is no more room for is closed at the server, too.
    with inside(school), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'schoolops%%'", [])
        assert cursor.fetchone() == (len(kept.names),) == (1,)


def test_nothing_chosen_is_refused(campuses: dict[str, tuple[School, list[int], str]]) -> None:
    school, keys, _ = campuses["oak"]
    with inside(school):
        COMPILED.all(keys=keys)
    with nowhere():
        with pytest.raises(NoCurrentSchool):
            COMPILED.all(keys=keys)
        with pytest.raises(NoCurrentSchool):
            BY_HAND.rows(keys=keys)


def test_it_gives_what_the_queryset_gives(campuses: dict[str, tuple[School, list[int], str]]) -> None:
    school, keys, _ = campuses["oak"]
    with inside(school):
        rows = Institution.objects.filter(any_of("pk", "keys", KEY))
        asked = {
            "dicts": by_shape("test.dicts", lambda: rows.values("name", "weekend")),
            "tuples": by_shape("test.tuples", lambda: rows.values_list("name", "timezone")),
            "flat": by_shape("test.flat", lambda: rows.filter(name__contains="100 %").values_list("pk", flat=True)),
        }
        here = Institution.objects.filter(pk__in=keys)
        assert asked["dicts"].all(keys=keys) == list(here.values("name", "weekend"))
        assert asked["tuples"].all(keys=keys) == list(here.values_list("name", "timezone"))
        assert asked["flat"].all(keys=keys) == []
        here.update(name="A 100 % campus")
        assert asked["flat"].all(keys=keys) == keys


def test_what_is_compiled_for_all_schools_may_ask_none(campuses: dict[str, tuple[School, list[int], str]]) -> None:
    """A value looked up while it is built would stand in the SQL of every other school."""
    school, keys, _ = campuses["oak"]
    looked_up: Compiled[Institution] = Compiled(
        lambda: Institution.objects.filter(any_of("pk", "keys", KEY), name=Institution.objects.earliest("pk").name)
    )
    with inside(school), pytest.raises(NoCurrentSchool):
        looked_up.all(keys=keys)
    with inside(school):
        assert [each.pk for each in COMPILED.all(keys=keys)] == keys


SCOPES = {"teacher": students_taught, "guardian": children_of, "student": oneself}


def _combined(reach: Q) -> list[list[int]]:
    conditions = (reach, ~reach, reach & Q(given_name__startswith="A"), reach | Q(given_name__contains="100 %"))
    return [list(Student.objects.filter(each).order_by("pk").values_list("pk", flat=True)) for each in conditions]


def test_a_condition_compiled_once_says_everywhere_what_its_querysets_say(db: None, oak: School, elm: School) -> None:
    user, day = Parameter("user", KEY), Parameter("day", DAY)
    compiled = {name: CompiledQ(partial(scope, user, day)) for name, scope in SCOPES.items()}  # type: ignore[arg-type]
    for school in (oak, elm, oak):
        with inside(school):
            section = people.a_section(3, name="7 B")
            theirs = people.students_in(section)
            people.a_section(2, name="7 C")
            Student.objects.filter(pk=theirs[2].pk).update(user=people.a_user(f"pupil-{section.pk}"))
            Student.objects.filter(pk=theirs[1].pk).update(given_name="100 %")
            reached = {
                "teacher": (people.a_teacher(of=section), theirs),
                "guardian": (people.a_guardian(of=theirs[:2]), theirs[:2]),
                "student": (Student.objects.get(pk=theirs[2].pk).user, theirs[2:]),
            }
            for name, (who, students) in reached.items():
                assert set(Student.objects.filter(compiled[name](user=who.pk, day=people.SCHOOL_DAY))) == set(students)
                for on in (people.SCHOOL_DAY, people.FIRST_DAY - dt.timedelta(days=1)):
                    assert _combined(compiled[name](user=who.pk, day=on)) == _combined(SCOPES[name](who, on))


def test_a_condition_that_cannot_be_compiled_is_refused(in_oak: School) -> None:
    students = Student.objects.all()
    with pytest.raises(ValueError, match="which column"):
        CompiledQ(lambda: Q(student__in=students))()
    with pytest.raises(TypeError, match="made of lookups"):
        CompiledQ(lambda: Q(Exists(students)))()
    with pytest.raises(NoCurrentSchool):
        CompiledQ(lambda: Q(pk__in=[students.earliest("pk").pk]))()
    # What Django knows to be empty without asking stays so.
    assert not Student.objects.filter(CompiledQ(lambda: Q(pk__in=students.none().values("pk")))()).exists()


def test_rolls_marked_in_turns_on_one_connection_are_each_schools_own(db: None, oak: School, elm: School) -> None:
    """Forty turns in no order: what is read, locked, written and answered by prepared statements, of two schools."""
    there: dict[str, tuple[School, User, SessionKey, set[UUID]]] = {}
    for school in (oak, elm):
        with inside(school):
            section = people.a_section(3, campus=people.a_school_year(sections=()), name="7 P")
            head = people.a_user(f"head-of-{school.slug}", role="head")
            there[school.slug] = (
                school,
                head,
                key_of(section),
                {each.sourced_id for each in people.students_in(section)},
            )
    versions = dict.fromkeys(there, 0)
    turns = random.Random(7)
    with clock.frozen(people.SCHOOL_MOMENT):
        for _ in range(40):
            slug = turns.choice(sorted(there))
            school, head, key, students = there[slug]
            with inside(school):
                said = [Mark(each, turns.choice("PA")) for each in sorted(students)]
                answer = mark_and_read(session=key, marks=said, expected_version=versions[slug], by=head)
                versions[slug] += 1
                assert {each["student_id"]: each["code"] for each in answer["records"]} == {
                    each.student_id: each.code for each in said
                }
                assert answer == roll(key, by=head)
            with nowhere(), pytest.raises(NoCurrentSchool):
                mark_and_read(session=key, marks=said, expected_version=versions[slug], by=head)
    assert min(versions.values()) > 10


def test_a_column_that_a_migration_widens_is_read_on(fresh_school: Callable[..., School]) -> None:
    school = fresh_school()

    def widened(to: int) -> None:
        with owner.owner_connection() as owning:
            owning.execute(
                sql.SQL("ALTER TABLE {}.institutions_institution ALTER COLUMN logo TYPE varchar({})").format(
                    sql.Identifier(school.schema_name), sql.Literal(to)
                )
            )

    with inside(school):
        campus = people.a_school_year().institution
        for width in (400, 300):
            assert [each.name for each in COMPILED.all(keys=[campus.pk])] == [campus.name]
            widened(width)
        assert [each.name for each in COMPILED.all(keys=[campus.pk])] == [campus.name]
        widened(400)
        # What a transaction has read it reads no further than its end; the next one goes on.
        with pytest.raises(NotSupportedError), transaction.atomic():
            COMPILED.all(keys=[campus.pk])
        assert [each.name for each in COMPILED.all(keys=[campus.pk])] == [campus.name]
        widened(300)
