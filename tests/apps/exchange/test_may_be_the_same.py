"""Who may be somebody who is here already: a person says, the answer is kept, and twins stay two."""

from __future__ import annotations

import pytest

from apps.accounts.models import User
from apps.exchange import errors, selectors, services
from apps.exchange.models import Import
from apps.students.models import Guardian, Student
from tests.apps.exchange.bundles import USERS, sound, zipped
from tests.apps.exchange.sending import Read, applied, kept_promise, told, undone
from tests.factories import people

HEADER = "Admission number,Given name,Family name,Birth date\n"
IDA = "42,Ida,Falk,2014-03-09\n"
FIRST = (HEADER + IDA).encode()
AGAIN = (HEADER + "0042X,Ida,Falk,2014-03-09\n").encode()


@pytest.fixture(autouse=True)
def _ida(registrar: User, read: Read) -> None:
    people.a_school_year()
    kept_promise(read, FIRST, "students.csv")


def said(run: Import, *, same: bool, by: User) -> Import:
    answers = {pk: same for pk, *_ in selectors.alike(run)}
    run = services.map_headers(run=run, mapping={}, same=answers, by=by)
    return services.read_and_validate(run=run)


def test_another_number_of_the_same_child_is_asked_about(registrar: User, read: Read) -> None:
    run = read(AGAIN, "students.csv")
    assert told(run) == [(2, "", "may-be-the-same")]
    [(_, name, other, number)] = selectors.alike(run)
    assert (name, other, number) == ("Ida Falk", str(Student.objects.get()), "42")
    assert applied(run).counts["student"] == {"error": 1}
    assert Student.objects.count() == 1


def test_who_is_the_same_is_that_one_from_now_on(registrar: User, read: Read) -> None:
    run = applied(said(read(AGAIN, "students.csv"), same=True, by=registrar))
    assert (run.counts["student"], Student.objects.get().admission_number) == ({"update": 1}, "0042X")
    again = read(AGAIN, "students.csv")
    assert (again.total("error"), again.counts["student"]) == (0, {"unchanged": 1})
    undone(run)
    assert Student.objects.get().admission_number == "42"
    # The answer was a person's: it stays.
    assert read(AGAIN, "students.csv").counts["student"] == {"update": 1}


def test_who_is_another_is_made_and_never_asked_about_again(registrar: User, read: Read) -> None:
    run = applied(said(read(AGAIN, "students.csv"), same=False, by=registrar))
    assert (run.counts["student"], Student.objects.count()) == ({"create": 1}, 2)
    assert read(AGAIN, "students.csv").counts["student"] == {"unchanged": 1}


@pytest.mark.parametrize(
    "row",
    ["43,Eva,Falk,2014-03-09", "43,Ida,Falk,2014-03-10", "43,Ida,Falk,", "43,Ida,Berg,2014-03-09"],
    ids=["a twin", "another day", "no day", "another name"],
)
def test_nobody_is_asked_about_twins_and_namesakes(registrar: User, read: Read, row: str) -> None:
    assert kept_promise(read, f"{HEADER}{row}\n".encode(), "students.csv").counts["student"] == {"create": 1}


def test_of_whom_the_file_has_a_row_of_their_own_is_another(registrar: User, read: Read) -> None:
    run = kept_promise(read, (HEADER + IDA + "43,Ida,Falk,2014-03-09\n").encode(), "students.csv")
    assert run.counts["student"] == {"create": 1, "unchanged": 1}


def test_a_guardian_of_a_bundle_who_came_by_a_list(registrar: User, read: Read) -> None:
    kept_promise(read, b"Student ID,Parent Name,E-mail\n42,Mia Falk,mia@x.example\n", "parents.csv")
    mia = "g1,,,true,o1,parent,mia,,Mia,Falk,,,MIA@x.example,,,,,"
    run = read(zipped(sound(users=f"{USERS}\n{mia}\n", enrollments=None)))
    assert [code for _, _, code in told(run)] == ["may-be-the-same"]
    run = applied(said(run, same=True, by=registrar))
    assert (run.counts["guardian"], Guardian.objects.count()) == ({"update": 1}, 1)


def test_only_what_was_asked_is_answered(registrar: User, read: Read) -> None:
    run = read(AGAIN, "students.csv")
    with pytest.raises(errors.MappingRefused):
        services.map_headers(run=run, mapping={}, same={1: True}, by=registrar)
