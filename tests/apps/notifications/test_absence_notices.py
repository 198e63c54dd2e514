"""Whose child is absent is told so, once, when it is sure, and as they want to be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.core import mail

from apps.accounts.models import User
from apps.attendance import services as attendance
from apps.attendance.models import AttendanceCode
from apps.notifications import services
from apps.notifications.models import Channel, Message, Preference
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops import clock
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus
from tests.factories.told import a_guardian, deliver, letters, states, tell_what_rolls_say
from tests.support.kept import kept

At = Callable[..., dt.datetime]
SUBJECT = "Absent today: {}"


@pytest.fixture
@kept
def absent(campus: Campus, child: Student, mona: Guardian, bob: User) -> Student:
    """At ten the child is marked absent."""
    rolls.take(campus.section, {child: "A"}, by=bob)
    tell_what_rolls_say()
    return child


def _correct(campus: Campus, bob: User, marks: dict[Student, str], version: int = 1) -> None:
    rolls.take(campus.section, marks, by=bob, version=version)
    tell_what_rolls_say()


def test_nothing_is_sent_before_the_time_for_corrections_is_over(absent: Student, at: At) -> None:
    with clock.frozen(at(10, 29)):
        deliver()
    assert mail.outbox == []
    with clock.frozen(at(10, 30)):
        deliver()
        deliver()
    assert letters() == [("mona@example.org", SUBJECT.format(absent.full_name))]
    assert "absent on 4 Nov 2026" in mail.outbox[0].body
    assert states(channel=Channel.EMAIL) == [("sent", "")]
    assert states(channel=Channel.INBOX) == [("delivered", "")]


def test_a_mark_that_is_corrected_before_that_sends_nothing(absent: Student, campus: Campus, bob: User, at: At) -> None:
    with clock.frozen(at(10, 20)):
        _correct(campus, bob, {})
    with clock.frozen(at(11)):
        deliver()
    assert mail.outbox == []
    assert {reason for _, reason in states()} == {"no-longer-so"}


def test_absent_after_all_is_told_though_it_was_corrected_between(
    absent: Student, campus: Campus, bob: User, at: At
) -> None:
    with clock.frozen(at(10, 20)):
        _correct(campus, bob, {})
    with clock.frozen(at(11)):
        deliver()
        _correct(campus, bob, {absent: "A"}, version=2)
    with clock.frozen(at(11, 30)):
        deliver()
    assert letters() == [("mona@example.org", SUBJECT.format(absent.full_name))]


def test_a_mark_that_was_wrong_is_corrected_with_whom_it_was_told_to(
    absent: Student, campus: Campus, bob: User, at: At
) -> None:
    with clock.frozen(at(10, 30)):
        deliver()
    # Who comes to the child's guardians after that was told nothing that could be wrong.
    a_guardian("Late", absent)
    with clock.frozen(at(10, 45)):
        _correct(campus, bob, {})
        deliver()
        deliver()
    assert letters()[1:] == [("mona@example.org", f"Correction: {absent.full_name} not absent")]
    # Absent after that is another absence.
    with clock.frozen(at(11)):
        _correct(campus, bob, {absent: "A"}, version=2)
    with clock.frozen(at(11, 30)):
        deliver()
    assert sorted(letters()[2:]) == [
        ("late@example.org", SUBJECT.format(absent.full_name)),
        ("mona@example.org", SUBJECT.format(absent.full_name)),
    ]


def test_brothers_and_sisters_are_told_of_in_one_letter_even_of_two_rolls(
    campus: Campus, mona: Guardian, child: Student, bob: User, alice: User, at: At
) -> None:
    other = campus.sections["7 C"]
    sister = people.students_in(other)[0]
    StudentGuardian.objects.create(student=sister, guardian=mona, contact_priority=9)
    rolls.take(campus.section, {child: "A"}, by=bob)
    tell_what_rolls_say()
    with clock.frozen(at(10, 9)):
        rolls.take(other, {sister: "A"}, by=alice)
        tell_what_rolls_say()
    with clock.frozen(at(10, 40)):
        deliver()
    assert len(mail.outbox) == 1
    assert child.full_name in mail.outbox[0].body
    assert sister.full_name in mail.outbox[0].body
    assert Message.objects.filter(channel=Channel.EMAIL, part_of__isnull=False).count() == 1
    # In an inbox each child's stands by itself.
    assert not Message.objects.filter(channel=Channel.INBOX, part_of__isnull=False).exists()


def test_each_reads_it_in_their_own_language(child: Student, absent: Student, at: At) -> None:
    a_guardian("Huda", child, language="ar")
    attendance.tell_of_day([child.pk], SCHOOL_DAY)
    with clock.frozen(at(10, 30)):
        deliver()
    hudas = next(each for each in mail.outbox if each.to == ["huda@example.org"])
    assert "Absent" not in hudas.subject
    assert 'dir="rtl"' in str(hudas.alternatives[0][0])


@pytest.mark.parametrize("change", [{"data_access": False}, {"restriction_note": "By the court."}])
def test_who_may_not_see_the_child_by_then_is_told_nothing(
    absent: Student, mona: Guardian, change: dict[str, object], at: At
) -> None:
    StudentGuardian.objects.filter(guardian=mona).update(**change)
    with clock.frozen(at(10, 30)):
        deliver()
    assert mail.outbox == []
    assert {reason for _, reason in states()} == {"no-access"}


def test_who_does_not_want_it_on_a_channel_is_not_told_there(absent: Student, mona: Guardian, at: At) -> None:
    link = mona.student_links.get()
    Preference.objects.create(guardian=mona, channel=Channel.EMAIL, wanted=True)
    Preference.objects.create(guardian=mona, link=link, channel=Channel.EMAIL, wanted=False)
    with clock.frozen(at(10, 30)):
        deliver()
    assert mail.outbox == []
    assert states(channel=Channel.EMAIL) == [("suppressed", "not-wanted")]
    assert states(channel=Channel.INBOX) == [("delivered", "")]


def test_in_quiet_hours_it_waits_for_the_morning_of_the_campus(
    campus: Campus, child: Student, mona: Guardian, bob: User, at: At
) -> None:
    campus.institution.timezone = "Asia/Kolkata"
    campus.institution.save()
    with clock.frozen(at(14, 10)):
        rolls.take(campus.section, {child: "A"}, by=bob)
        tell_what_rolls_say()
    # Ten past eight in the evening there.
    with clock.frozen(at(14, 40)):
        deliver()
    assert mail.outbox == []
    assert states(channel=Channel.EMAIL) == [("deferred", "quiet-hours")]
    assert Message.objects.get(channel=Channel.EMAIL).due_at == at(1, 30, days=1)
    with clock.frozen(at(1, 30, days=1)):
        deliver()
    assert len(mail.outbox) == 1


def test_an_absence_that_the_office_excuses_is_told_to_nobody(
    campus: Campus, absent: Student, dave: User, at: At
) -> None:
    excused = AttendanceCode.objects.filter(state="absent", excused=True).first()
    assert excused is not None
    entry = attendance.Entry(code=excused.code)
    with clock.frozen(at(10, 10)):
        attendance.enter_at_desk(student=absent.sourced_id, day=SCHOOL_DAY, entry=entry, by=dave)
        tell_what_rolls_say()
    with clock.frozen(at(11)):
        deliver()
    assert mail.outbox == []


def test_a_roll_of_last_week_is_history(campus: Campus, child: Student, mona: Guardian, alice: User) -> None:
    rolls.take(campus.section, {child: "A"}, by=alice, day=SCHOOL_DAY - dt.timedelta(days=7))
    tell_what_rolls_say()
    assert not Message.objects.exists()


def test_what_a_school_switches_off_is_not_written_down(
    campus: Campus, child: Student, mona: Guardian, bob: User, alice: User
) -> None:
    level = campus.section.grade_level
    services.set_rule(fact="attendance.absent", channel=Channel.EMAIL, sends=False, by=alice)
    services.set_rule(fact="attendance.absent", channel=Channel.SMS, sends=True, grade_level=level, by=alice)
    rolls.take(campus.section, {child: "A"}, by=bob)
    tell_what_rolls_say()
    assert set(Message.objects.values_list("channel", flat=True)) == {Channel.SMS, Channel.INBOX}


def test_telling_of_a_section_costs_the_same_whatever_its_size(
    campus: Campus, bob: User, query_count: Callable[..., object]
) -> None:
    many = people.students_in(campus.section)
    for number, each in enumerate(many):
        a_guardian(f"G{number}", each)
    rolls.take(campus.section, dict.fromkeys(many[:1], "A"), by=bob)
    with query_count(warm=True) as of_one:  # type: ignore[attr-defined]
        attendance.tell_of_day([many[0].pk], SCHOOL_DAY)
    rolls.take(campus.section, dict.fromkeys(many, "A"), by=bob, version=1)
    with query_count(warm=True) as of_many:  # type: ignore[attr-defined]
        attendance.tell_of_day([each.pk for each in many], SCHOOL_DAY)
    assert len(many) > 3
    assert of_many.count <= of_one.count + 2
    assert SCHOOL_MOMENT.date() == SCHOOL_DAY
