"""What a form refuses, a file is refused as well, and in the preview: guardians, who teaches what, what is too long."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.accounts.models import User
from apps.exchange.services import applying, staging
from apps.institutions.models import Section
from apps.staff.models import StaffMember, TeachingAssignment
from apps.staff.services import assign_teacher
from apps.students.models import Student, StudentGuardian
from apps.students.services import add_guardian, link_guardian
from tests.apps.exchange.bundles import ADA, PLACES, USERS, sound, zipped
from tests.apps.exchange.sending import Read, kept_promise, told, words


def places(*rows: str) -> str:
    return "\n".join([PLACES, *rows, ""])


# --- guardians --------------------------------------------------------------------------------------------------------
GUARDIANS = "Student’s admission number,Given name,Family name,E-mail,Relation,Contact priority"


def guardians(*rows: str) -> bytes:
    return "\n".join([GUARDIANS, *rows, ""]).encode()


def order() -> list[tuple[str, int]]:
    links = StudentGuardian.objects.order_by("contact_priority")
    return list(links.values_list("guardian__given_name", "contact_priority"))


def test_two_guardians_of_one_child_are_not_both_called_first(registrar: User, read: Read) -> None:
    kept_promise(read, zipped(sound()))
    file = guardians(
        "1001,Ann,Byron,ann@example.org,mother,1",
        "1001,Tom,Byron,tom@example.org,father,1",
        "1001,Una,Byron,una@example.org,grandparent,",
    )
    run = kept_promise(read, file, "guardians.csv")
    assert told(run) == [(3, "Contact priority", "students:contact-priority-taken")]
    assert order() == [("Ann", 1), ("Una", 2)]


def test_who_is_called_first_by_a_persons_hand_stays_it(registrar: User, read: Read) -> None:
    kept_promise(read, zipped(sound()))
    ina = add_guardian(fields={"given_name": "Ina"}, by=registrar)
    link_guardian(student=Student.objects.get(), guardian=ina, fields={}, by=registrar)
    run = kept_promise(read, guardians("1001,Ann,Byron,ann@example.org,mother,1"), "guardians.csv")
    assert [code for _, _, code in told(run)] == ["students:contact-priority-taken"]
    kept_promise(read, guardians("1001,Ann,Byron,ann@example.org,mother,"), "guardians.csv")
    assert order() == [("Ina", 1), ("Ann", 2)]


@pytest.mark.parametrize("size", [1, 1000])
def test_it_is_so_in_whatever_chunk_of_the_file_they_stand(
    registrar: User, read: Read, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "CHUNK", size)
    monkeypatch.setattr(applying, "CHUNK", size)
    kept_promise(read, zipped(sound()))
    file = guardians("1001,Ann,Byron,ann@example.org,mother,", "1001,Tom,Byron,tom@example.org,father,1")
    run = kept_promise(read, file, "guardians.csv")
    assert [code for _, _, code in told(run)] == ["students:contact-priority-taken"]


def test_a_bundle_says_in_which_order_and_not_which_place(registrar: User, read: Read) -> None:
    """Guardians of a child whom a person gave one already are called after that one."""
    kept_promise(read, zipped(sound()))
    ina = add_guardian(fields={"given_name": "Ina"}, by=registrar)
    link_guardian(student=Student.objects.get(), guardian=ina, fields={}, by=registrar)
    parents = ("g1,,,true,o1,parent,ann,,Ann,Byron,,,,,,,,", "g2,,,true,o1,parent,tom,,Tom,Byron,,,,,,,,")
    child = 's1,,,true,o1,student,ada,,Ada,Byron,,1001,,,,"g2,g1",07,'
    run = kept_promise(read, zipped(sound(users="\n".join([USERS, child, *parents, ""]))))
    assert run.total("error") == 0
    assert order() == [("Ina", 1), ("Tom", 2), ("Ann", 3)]


# --- who teaches what -------------------------------------------------------------------------------------------------
SUE = "t1,,,true,o1,teacher,sue,,Sue,Tarn,,S-1,,,,,,\n"


def taught(ends: str) -> bytes:
    rows = places("e1,,,k1,o1,s1,student,,2026-08-15,", f"t1,,,k1,o1,t1,teacher,true,2026-08-15,{ends}")
    return zipped(sound(users=f"{USERS}\n{ADA}\n{SUE}", enrollments=rows))


def test_nobody_teaches_on_after_their_last_day_by_a_later_file(registrar: User, read: Read) -> None:
    kept_promise(read, taught("2026-10-30"))
    StaffMember.objects.update(ends_on=dt.date(2026, 11, 30))
    run = kept_promise(read, taught("2026-12-15"))
    assert [code for _, _, code in told(run)] == ["staff:not-employed"]
    assert TeachingAssignment.objects.get().ends_on == dt.date(2026, 10, 30)


def test_nor_over_days_that_another_assignment_of_theirs_has(registrar: User, read: Read) -> None:
    kept_promise(read, taught("2026-10-30"))
    member, section = StaffMember.objects.get(), Section.objects.get()
    assign_teacher(staff=member, section=section, starts_on=dt.date(2026, 11, 1), by=registrar)
    run = kept_promise(read, taught("2026-12-15"))
    assert [code for _, _, code in told(run)] == ["staff:already-assigned"]


# --- nothing is cut ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("file", "text", "wrong"),
    [
        ("users", ADA.replace("1001", "").replace(",ada,", f",{'a' * 41},"), ("username", 40)),
        ("users", ADA.replace("1001", "").replace(",ada,", ",,").replace("s1", "s" * 41), ("sourcedId", 40)),
        ("users", f"t{SUE[1:]}".replace("S-1", "").replace(",sue,", f",{'s' * 41},").strip(), ("username", 40)),
        ("courses", f'm1,,,y1,Maths,MA,07,o1,"{"x" * 60},{"y" * 60}",', ("subjects", 100)),
        ("courses", f'm1,,,y1,Maths,MA,07,o1,,"{"x" * 30},{"y" * 30}"', ("subjectCodes", 40)),
        ("classes", f"k2,,,{'B' * 61},07,c1,HR-B,homeroom,,o1,y1,Homeroom,,", ("title", 60)),
    ],
)
def test_what_is_too_long_is_refused_by_its_column_and_never_cut(
    registrar: User, read: Read, file: str, text: str, wrong: tuple[str, int]
) -> None:
    files = sound(enrollments=None)
    run = kept_promise(read, zipped({**files, file: f"{files[file].splitlines()[0]}\n{text}\n"}))
    column, most = wrong
    assert {(name, code) for _, name, code in told(run)} >= {(column, "value-too-long")}
    assert f"longer than {most} characters" in words(run)


def test_what_just_fits_is_taken_as_it_is(registrar: User, read: Read) -> None:
    ada = ADA.replace("1001", "").replace(",ada,", f",{'a' * 40},")
    assert told(kept_promise(read, zipped(sound(users=f"{USERS}\n{ada}\n")))) == []
    assert Student.objects.get().admission_number == "a" * 40
