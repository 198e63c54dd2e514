"""When two records become one, nobody sees more than before, and what can hurt is neither chosen nor lost.

Every field of a student and of a guardian, in every way in which the two records may say it, under every pair of links
that a guardian may have to the two records.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from apps.access.models import Role, RolePermission
from apps.accounts.models import User
from apps.students.models import Guardian, Student, StudentGuardian
from apps.students.selectors import children_of
from apps.students.services import merge_students, merging
from apps.students.services.guardians import link_guardian, unlink_guardian
from tests.apps.asking import asking
from tests.factories.people import SCHOOL_DAY, Campus, a_guardian, a_user, some_students

# How one record may stand to a guardian.
LINKS: Mapping[str, Mapping[str, Any] | None] = {
    "none": None,
    "open": {},
    "no data": {"data_access": False},
    "restricted": {"restriction_note": "Court order 7"},
    "both": {"data_access": False, "restriction_note": "Court order 8"},
    "unlinked": {},
}
OPEN = {"open"}
# What the two records may say of a field.
SAID = ("only the kept", "only the duplicate", "another thing each", "the same")
TEXTS = ("middle_name", "family_name", "preferred_name", "email", "phone", "address", "medical_note", "photo")
# What the database derives says nothing that these do not.
COLUMNS = [each.name for each in Student._meta.concrete_fields if not each.generated]
GUARDIAN_COLUMNS = [each.name for each in Guardian._meta.concrete_fields if not each.generated]


def _values(which: str, said: str) -> dict[str, Any]:
    if said == "the same":
        return {name: f"same-{name}" for name in (*TEXTS, "given_name")} | {"birth_date": dt.date(2014, 3, 3)}
    if said in {"another thing each", f"only the {which}"}:
        day = dt.date(2014, 1, 1) if which == "kept" else dt.date(2014, 2, 2)
        name = {"given_name": f"{which}-given" if said == "another thing each" else "Sam"}
        return {name: f"{which}-{name}" for name in TEXTS} | {"birth_date": day} | name
    return dict.fromkeys(TEXTS, "") | {"birth_date": None, "given_name": "Sam"}


def _two(campus: Campus, said: str) -> tuple[Student, Student]:
    keep, duplicate = some_students(2, institution=campus.institution)
    for which, student in (("kept", keep), ("duplicate", duplicate)):
        Student.objects.filter(pk=student.pk).update(**_values(which, said))
        student.refresh_from_db()
    return keep, duplicate


def _link(student: Student, guardian: Guardian, state: str, by: User) -> None:
    fields = LINKS[state]
    if fields is None:
        return
    link = link_guardian(student=student, guardian=guardian, fields=fields, by=by)
    if state == "unlinked":
        unlink_guardian(link=link, by=by)


def _readable(user: User, *students: Student) -> dict[str, set[str]]:
    """Student column → what ``user`` is shown of it, of any of these records, by the API."""
    found: dict[str, set[str]] = {name: set() for name in COLUMNS}
    ask = asking(user)
    for student in students:
        answer = ask.get(f"students/{student.sourced_id}")
        if answer.status_code != 200:
            continue
        shown = answer.json()
        # A photo is shown as its address: whether there is one.
        shown["photo"] = shown["photo"] and student.photo.name
        for name in COLUMNS:
            # Of a note that was joined, each line is of somebody's.
            found[name].update(str(shown[name]).splitlines() if shown.get(name) else ())
    return found


# Of the one record that stays, whoever sees it at all knows which it is and when it was written.
OWN = {"id", "sourced_id", "admission_number", "version", "date_last_modified", "status"}


def _leaks(before: Mapping[str, set[str]], after: Mapping[str, set[str]]) -> Iterator[str]:
    for name in COLUMNS:
        if name not in OWN:
            yield from (f"{name}: {value}" for value in after[name] - before[name])


@pytest.fixture
def carol_reads_notes(campus: Campus) -> None:
    """At this school guardians may read medical notes: so a note is one more thing that must not come to them."""
    RolePermission.objects.create(role=Role.objects.get(code="guardian"), permission="students.view_medical")


def _merged_without_a_leak(keep: Student, duplicate: Student, readers: Sequence[User], by: User, told: str) -> None:
    before = {reader.pk: _readable(reader, keep, duplicate) for reader in readers}
    merge_students(keep=keep, duplicate=duplicate, by=by)
    keep.refresh_from_db()
    for reader in readers:
        leaks = list(_leaks(before[reader.pk], _readable(reader, keep, duplicate)))
        assert not leaks, f"{told}: {reader} is shown {leaks}"


@pytest.mark.usefixtures("carol_reads_notes")
@pytest.mark.parametrize("kept", LINKS)
def test_no_field_comes_to_a_guardian_who_could_not_read_it(campus: Campus, dave: User, kept: str) -> None:
    tried = 0
    carol = a_guardian(of=[])
    guardian = Guardian.objects.get(user=carol)
    Guardian.objects.filter(pk=guardian.pk).update(address="7 Well Lane", phone="0777", email="carol@x.example")
    guardian.refresh_from_db()
    for other, said in itertools.product(LINKS, SAID):
        keep, duplicate = _two(campus, said)
        _link(keep, guardian, kept, dave)
        _link(duplicate, guardian, other, dave)
        was = {name: getattr(guardian, name) for name in GUARDIAN_COLUMNS}
        _merged_without_a_leak(keep, duplicate, [carol], dave, f"{kept} / {other}, {said}")
        guardian.refresh_from_db()
        assert {name: getattr(guardian, name) for name in GUARDIAN_COLUMNS} == was
        tried += len(COLUMNS) + len(GUARDIAN_COLUMNS)
        sees = Student.objects.filter(children_of(carol, SCHOOL_DAY), pk=keep.pk).exists()
        # Who could see both does so still, and what one record withholds stays withheld.
        assert sees or {kept, other} != OPEN
        assert not sees or {kept, other} <= OPEN | {"none"}
    # Under each of six links to the kept record: six to the other, and four ways to say a thing. All in all 4,896.
    assert tried == 6 * 4 * 34


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("whose", ["the kept", "the duplicate", "both"])
def test_no_field_comes_to_the_login_of_a_student_who_could_not_read_it(
    campus: Campus, dave: User, said: str, whose: str
) -> None:
    keep, duplicate = _two(campus, said)
    pupils = {}
    for student, which in ((keep, "the kept"), (duplicate, "the duplicate")):
        if whose in {which, "both"}:
            pupils[student.pk] = a_user(f"pupil-{student.pk}", role="student")
            Student.objects.filter(pk=student.pk).update(user=pupils[student.pk])
    _merged_without_a_leak(keep, duplicate, list(pupils.values()), dave, f"{whose} has a login, {said}")
    duplicate.refresh_from_db()
    # Free for whoever decides whose it is.
    assert duplicate.user is None
    assert (keep.user is None) == (whose == "the duplicate" and said in {"only the kept", "another thing each"})


def test_it_is_found_when_the_kept_record_takes_over_what_it_lacks(
    campus: Campus, dave: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted hole of the walk above: gaps are filled, whoever looks."""
    monkeypatch.setattr(merging._Links, "some_see_only_the_kept", False)
    with pytest.raises(AssertionError, match="is shown"):
        test_no_field_comes_to_a_guardian_who_could_not_read_it(campus, dave, "open")


@pytest.mark.parametrize("state", [each for each in LINKS if each not in {"none", "open"}])
@pytest.mark.parametrize("on_the_kept", [True, False])
@pytest.mark.parametrize("alike", ["email", "name"])
def test_the_same_person_under_another_record_is_kept_away_too(
    campus: Campus, dave: User, state: str, *, on_the_kept: bool, alike: str
) -> None:
    keep, duplicate = _two(campus, "the same")
    carol = a_guardian(of=[])
    one = Guardian.objects.get(user=carol)
    if alike == "email":
        Guardian.objects.filter(pk=one.pk).update(email="Rick@x.example")
        twin = Guardian.objects.create(given_name="R.", email="rick@X.example")
    else:
        twin = Guardian.objects.create(given_name=one.given_name.upper(), family_name=one.family_name)
    one.refresh_from_db()
    _link(keep if on_the_kept else duplicate, twin, state, dave)
    _link(duplicate if on_the_kept else keep, one, "open", dave)
    outcome = merge_students(keep=keep, duplicate=duplicate, by=dave)
    assert not Student.objects.filter(children_of(carol, SCHOOL_DAY)).exists()
    assert [(each.link.guardian, each.fields) for each in outcome.closed] == [(one, ("data_access",))]


FLAGS = ("legal_guardian", "lives_with", "emergency_contact", "data_access", "receives_invoices")


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("given", list(itertools.product([True, False], repeat=2)))
def test_what_one_of_two_links_withholds_is_withheld(
    campus: Campus, dave: User, flag: str, given: tuple[bool, bool]
) -> None:
    keep, duplicate = _two(campus, "the same")
    guardian = Guardian.objects.get(user=a_guardian(of=[]))
    for student, gives in zip((keep, duplicate), given, strict=True):
        link_guardian(student=student, guardian=guardian, fields={flag: gives}, by=dave)
    outcome = merge_students(keep=keep, duplicate=duplicate, by=dave)
    link = StudentGuardian.objects.get(student=keep, guardian=guardian)
    assert getattr(link, flag) == all(given)
    assert [each.fields for each in outcome.closed] == ([(flag,)] if given == (True, False) else [])


def test_channels_that_both_allow_and_restrictions_of_both_stay(campus: Campus, dave: User) -> None:
    keep, duplicate = _two(campus, "the same")
    guardian = Guardian.objects.get(user=a_guardian(of=[]))
    for student, note, channels in (
        (keep, "Order 1", ["email", "sms"]),
        (duplicate, "Order 1\nOrder 2", ["sms", "in-app"]),
    ):
        fields = {"restriction_note": note, "channels": channels}
        link_guardian(student=student, guardian=guardian, fields=fields, by=dave)
    merge_students(keep=keep, duplicate=duplicate, by=dave)
    link = StudentGuardian.objects.get(student=keep, guardian=guardian)
    assert (link.restriction_note, link.channels) == ("Order 1\nOrder 2", ["sms"])


@pytest.mark.parametrize(
    ("kept", "other", "both"),
    [
        ("Asthma", "Peanut allergy", "Asthma\nPeanut allergy"),
        ("", "Peanut allergy", "Peanut allergy"),
        ("Asthma", "", "Asthma"),
        ("Asthma\nPeanut allergy", "Peanut allergy", "Asthma\nPeanut allergy"),
        ("No nuts", "nuts", "No nuts\nnuts"),
    ],
)
def test_medical_notes_are_joined(campus: Campus, dave: User, kept: str, other: str, both: str) -> None:
    keep, duplicate = _two(campus, "the same")
    Student.objects.filter(pk=keep.pk).update(medical_note=kept)
    Student.objects.filter(pk=duplicate.pk).update(medical_note=other)
    a_guardian(of=[keep])
    answer = asking(dave).post(f"students/{keep.sourced_id}/merge", {"duplicate_id": str(duplicate.sourced_id)}).json()
    keep.refresh_from_db()
    assert keep.medical_note == both
    assert answer["joined"] == (["medical_note"] if both != kept else [])


def test_the_answer_names_what_stays_apart_and_whose_access_was_closed(campus: Campus, dave: User) -> None:
    keep, duplicate = _two(campus, "only the duplicate")
    Student.objects.filter(pk=keep.pk).update(address="1 Kept Lane")
    Student.objects.filter(pk=duplicate.pk).update(photo="", medical_note="")
    a_guardian("mother", of=[keep])
    father = Guardian.objects.get(user=a_guardian("father", of=[duplicate]))
    answer = asking(dave).post(f"students/{keep.sourced_id}/merge", {"duplicate_id": str(duplicate.sourced_id)}).json()
    link = StudentGuardian.objects.get(student=keep, guardian=father)
    assert answer["filled"] == []
    assert answer["kept_apart"] == list(merging.CARRIED)
    assert answer["closed"] == [
        {
            "link_id": str(link.sourced_id),
            "guardian_id": str(father.sourced_id),
            "name": father.full_name,
            "less_in": ["data_access"],
        }
    ]


def test_the_answer_does_not_tell_of_restrictions_to_who_may_not_see_them(campus: Campus, dave: User) -> None:
    RolePermission.objects.filter(
        role__code="registrar", permission__in=["students.view_custody", "students.view_medical"]
    ).delete()
    keep, duplicate = _two(campus, "another thing each")
    carol = a_guardian(of=[keep])
    link = StudentGuardian.objects.get(student=keep)
    StudentGuardian.objects.create(
        student=duplicate, guardian=link.guardian, contact_priority=1, restriction_note="Court order"
    )
    answer = asking(dave).post(f"students/{keep.sourced_id}/merge", {"duplicate_id": str(duplicate.sourced_id)})
    assert (answer.status_code, answer.json()["closed"], answer.json()["joined"]) == (200, [], [])
    assert not Student.objects.filter(children_of(carol, SCHOOL_DAY)).exists()


# Where each of the two records was, in days from today: nowhere, now, before.
WAS: Mapping[str, tuple[int | None, int | None] | None] = {"nowhere": None, "now": (-5, None), "before": (-40, -10)}


def _where(campus: Campus, was: str) -> Student:
    days = WAS[was]
    if days is None:
        return some_students(1, institution=campus.institution)[0]
    since, until = (None if each is None else SCHOOL_DAY + dt.timedelta(days=each) for each in days)
    return some_students(1, section=campus.sections["7 B"], since=since, until=until)[0]


@pytest.mark.usefixtures("school_day")
@pytest.mark.parametrize("whose", ["guardian", "login"])
@pytest.mark.parametrize("on_the_kept", [True, False])
@pytest.mark.parametrize(("kept", "other"), list(itertools.product(WAS, WAS)))
def test_where_the_child_was_comes_to_nobody_who_saw_one_record_alone(
    campus: Campus, dave: User, whose: str, kept: str, other: str, *, on_the_kept: bool
) -> None:
    keep, duplicate = _where(campus, kept), _where(campus, other)
    Student.objects.filter(pk__in=[keep.pk, duplicate.pk]).update(given_name="Sam", family_name="", birth_date=None)
    mine, unseen = (keep, other) if on_the_kept else (duplicate, kept)
    if whose == "guardian":
        reader = a_guardian(of=[mine])
    else:
        reader = a_user(f"pupil-{mine.pk}", role="student")
        Student.objects.filter(pk=mine.pk).update(user=reader)
    merge_students(keep=keep, duplicate=duplicate, by=dave)
    answer = asking(reader).get(f"students/{keep.sourced_id}/enrolments")
    # Two places at one time are a clash: what the duplicate says of it stays there.
    tells = unseen != "nowhere" and not (on_the_kept and kept == other)
    assert answer.status_code == (404 if tells else 200)
    if not tells:
        assert len(answer.json()["results"]) == (WAS[kept] is not None) + (WAS[other] is not None and kept != other)
