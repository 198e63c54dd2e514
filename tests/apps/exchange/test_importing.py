"""A roster is read, shown as a difference, applied, and does nothing the second time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.exchange import errors, services
from apps.exchange.models import Counterpart, Import, ImportRow
from apps.institutions.models import Institution, Section
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.errors import StudentMerged
from apps.students.models import ClassEnrolment, Enrolment, Guardian, SectionMembership, Student, StudentGuardian
from apps.students.services import change_student, merge_students
from schoolops.audit.models import AuditEntry

Bring = Callable[..., Import]
Roster = Callable[..., Path]


def changes(run: Import) -> int:
    return run.total("create") + run.total("update")


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_real_export_comes_in_whole(brought_in: Bring, roster: Roster, version: str) -> None:
    run = brought_in(roster(30, version=version))
    assert (run.state, run.total("error")) == ("applied", 0)
    assert Student.objects.count() == Enrolment.objects.count() == SectionMembership.objects.count() == 30
    assert ClassEnrolment.objects.count() == 30 * 6
    assert TeachingAssignment.objects.count() == 2 * 7
    assert Guardian.objects.count() >= 15
    assert all(link.may_see for link in StudentGuardian.objects.all())
    assert not Student.objects.filter(birth_date__isnull=True).exists()
    assert Institution.objects.get().years.get().state == "active"
    assert sorted(Section.objects.values_list("grade_level__code", "name")) == [("01", "A"), ("07", "A")]


def test_every_row_has_its_line_in_the_trail(brought_in: Bring, roster: Roster) -> None:
    brought_in(roster())
    admitted = AuditEntry.objects.filter(action="students.admitted")
    assert admitted.count() == 12
    assert {entry.reason for entry in admitted} == {"Import roster-12-1-1.1.zip"}


def test_the_same_file_again_changes_nothing_and_says_so(brought_in: Bring, read: Bring, roster: Roster) -> None:
    path = roster()
    brought_in(path)
    lines = AuditEntry.objects.exclude(action__startswith="exchange.").count()
    run = brought_in(path)
    assert changes(run) == 0
    assert run.total("unchanged") > 100
    assert AuditEntry.objects.exclude(action__startswith="exchange.").count() == lines


def test_what_a_person_set_by_hand_stays(brought_in: Bring, read: Bring, roster: Roster, registrar: User) -> None:
    path = roster()
    brought_in(path)
    student = Student.objects.order_by("pk").first()
    change_student(student=student, fields={"family_name": "Set-by-hand"}, expected_version=None, by=registrar)
    run = brought_in(path)
    row = ImportRow.objects.get(run=run, kind="student", target_id=student.pk)
    assert (row.action, row.kept["family_name"][0]) == ("unchanged", "Set-by-hand")
    student.refresh_from_db()
    assert student.family_name == "Set-by-hand"


def test_somebody_on_the_books_is_found_by_their_number(brought_in: Bring, read: Bring, roster: Roster) -> None:
    path = roster()
    brought_in(path)
    Counterpart.objects.filter(kind="student").delete()
    run = brought_in(path)
    assert run.counts["student"] == {"update": 12}
    assert Student.objects.count() == 12


def test_one_person_never_becomes_two(brought_in: Bring, read: Bring, roster: Roster, registrar: User) -> None:
    path = roster()
    brought_in(path)
    one, other = Student.objects.order_by("pk")[:2]
    Student.objects.filter(pk=one.pk).update(admission_number="elsewhere")
    Student.objects.filter(pk=other.pk).update(admission_number=one.admission_number)
    row = ImportRow.objects.get(run=read(path), kind="student", values__admission_number=one.admission_number)
    (error,) = row.errors
    assert error["code"] == "exchange:person-ambiguous"
    assert str(one) in error["message"]
    assert str(other) in error["message"]


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_merged_record_stays_merged(brought_in: Bring, roster: Roster, registrar: User, *, forgotten: bool) -> None:
    path = roster()
    brought_in(path)
    keep, duplicate = Student.objects.order_by("pk")[:2]
    merge_students(keep=keep, duplicate=duplicate, by=registrar)
    if forgotten:
        # Then the two are known by their numbers, as the rows of a template are.
        Counterpart.objects.filter(kind="student").delete()
    Student.objects.filter(pk=duplicate.pk).update(given_name="Gone")
    seats = list(SectionMembership.objects.order_by("pk").values())
    run = brought_in(path)
    assert run.total("error") == run.total("create") == 0
    assert ImportRow.objects.get(run=run, kind="student", target_id=duplicate.pk).action == "unchanged"
    duplicate.refresh_from_db()
    assert (duplicate.merged_into, duplicate.given_name) == (keep, "Gone")
    assert list(SectionMembership.objects.order_by("pk").values()) == seats
    if not forgotten:
        assert changes(run) == 0


def test_a_login_of_somebody_else_is_an_error(read: Bring, roster: Roster, registrar: User) -> None:
    from tests.factories import people  # noqa: PLC0415 - needs a school to be chosen

    campus = people.a_school_year()
    user = people.a_user("xavier", role="teacher")
    StaffMember.objects.create(
        institution=campus.institution, user=user, staff_number="S1", given_name="Xavier", family_name="Young"
    )
    sheet = "Staff number,Given name,Family name,E-mail\nS9,Yolanda,Young,XAVIER@oak.example\n"
    User.objects.filter(pk=user.pk).update(email="xavier@oak.example")
    row = ImportRow.objects.get(run=read(sheet.encode(), "staff.csv"))
    assert [each["code"] for each in row.errors] == ["exchange:login-of-another"]
    assert "Xavier Young" in row.errors[0]["message"]
    # Kept as a sentence and what fills it, so that a page words it for whoever reads.
    assert row.errors[0]["said"].format(**row.errors[0]["facts"]) == row.errors[0]["message"]
    assert "Xavier Young" in row.errors[0]["facts"].values()


def test_rows_with_errors_are_left_out_only_when_somebody_says_so(
    brought_in: Bring, read: Bring, roster: Roster, registrar: User
) -> None:
    from tests.factories import people  # noqa: PLC0415

    people.a_school_year()
    sheet = "Admission number;Given name;Birth date\nA1;Ada;2015-01-01\nA2;Bo;yesterday\n\n"
    run = read(sheet.encode(), "students.csv")
    with pytest.raises(errors.ImportHasErrors):
        services.confirm(run=run, reading=run.reading, by=registrar)
    services.confirm(run=run, reading=run.reading, skip_errors=True, by=registrar)
    services.apply(run=run)
    assert [each.admission_number for each in Student.objects.all()] == ["A1"]


def test_nobody_without_the_permission_imports(read: Bring, roster: Roster, registrar: User) -> None:
    from apps.access.errors import PermissionMissing  # noqa: PLC0415
    from tests.factories import people  # noqa: PLC0415

    with pytest.raises(PermissionMissing):
        read(roster(), by=people.a_user("alice", role="head"))


def test_rows_that_one_may_not_write_say_which_permission(read: Bring, roster: Roster, registrar: User) -> None:
    from tests.factories import people  # noqa: PLC0415

    run = read(roster(), by=people.a_user("dave", role="registrar"))
    row = ImportRow.objects.filter(run=run, kind="institution").get()
    assert [each["code"] for each in row.errors] == ["exchange:not-yours-to-write"]
    assert "institutions.manage" in row.errors[0]["message"]


def test_an_import_goes_on_where_it_was_killed(
    read: Bring, roster: Roster, registrar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.exchange.services import applying  # noqa: PLC0415

    run = read(roster())
    services.confirm(run=run, reading=run.reading, by=registrar)
    written = applying._write

    def killed(work: Any, kind: str, rows: Any) -> None:
        if kind == "place":
            raise KeyboardInterrupt
        written(work, kind, rows)

    monkeypatch.setattr(applying, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        services.apply(run=run)
    assert Student.objects.count() == 12
    monkeypatch.undo()
    run = services.apply(run=run)
    assert (run.state, run.total("error"), ClassEnrolment.objects.count()) == ("applied", 0, 72)


def test_a_late_reading_leaves_a_confirmed_import_alone(read: Bring, roster: Roster, registrar: User) -> None:
    run = read(roster())
    late = Import.objects.get(pk=run.pk)
    services.confirm(run=run, reading=run.reading, by=registrar)
    with pytest.raises(errors.ImportNotReady):
        services.read_and_validate(run=late)
    assert services.apply(run=run).total("error") == 0
    assert Student.objects.count() == 12


def test_two_imports_are_never_applied_at_once(read: Bring, roster: Roster, registrar: User) -> None:
    first, second = read(roster(seed=1)), read(roster(seed=2))
    services.confirm(run=first, reading=first.reading, by=registrar)
    with pytest.raises(errors.AnotherImportRuns):
        services.confirm(run=second, reading=second.reading, by=registrar)
    with pytest.raises(errors.ImportNotReady):
        services.confirm(run=first, reading=first.reading, by=registrar)


def test_twice_the_rows_cost_the_same_number_of_queries(
    read: Bring, roster: Roster, query_count: Callable[..., Any]
) -> None:
    small, large = roster(12), roster(24)
    with query_count() as few:
        read(small)
    with query_count() as many:
        read(large)
    assert many.count <= few.count


def test_a_student_who_moves_in_the_file_moves_here(brought_in: Bring, registrar: User) -> None:
    from tests.apps.exchange.bundles import CLASSES, HOMEROOM, PLACES, sound, zipped  # noqa: PLC0415

    two = f"{CLASSES}\n{HOMEROOM}\nk2,,,7 B,07,c1,HR-B,homeroom,,o1,y1,Homeroom,,\n"
    brought_in(zipped(sound(classes=two)), "roster.zip")
    moved = f"{PLACES}\ne1,,,k1,o1,s1,student,,2026-08-15,2026-10-01\ne2,,,k2,o1,s1,student,,2026-10-01,\n"
    run = brought_in(zipped(sound(classes=two, enrollments=moved)), "roster.zip")
    assert (run.total("error"), run.counts["place"]) == (0, {"create": 1, "update": 1})
    held = SectionMembership.objects.order_by("starts_on").values_list("section__name", "starts_on", "ends_on")
    assert [(name, str(begins), str(ends)) for name, begins, ends in held] == [
        ("A", "2026-08-15", "2026-10-01"),
        ("B", "2026-10-01", "None"),
    ]


def test_a_delta_changes_what_it_names_and_nothing_else(brought_in: Bring, roster: Roster) -> None:
    from tests.apps.exchange.bundles import PLACES, zipped  # noqa: PLC0415

    brought_in(roster())
    run = ImportRow.objects.filter(kind="place").latest("pk").run
    row = ImportRow.objects.filter(run=run, kind="place", table="place").first()
    group, person = row.values["group"], row.values["person"]
    manifest = "propertyName,value\noneroster.version,1.1\nfile.enrollments,delta\n"
    line = f"{row.key},tobedeleted,2026-11-03T10:00:00Z,{group},,{person},student,,2026-08-15,"
    run = brought_in(zipped({"manifest": manifest, "enrollments": f"{PLACES}\n{line}\n"}), "delta.zip")
    assert run.counts == {"place": {"update": 1}}
    assert str(ClassEnrolment.objects.get(pk=row.target_id).ends_on) == "2026-11-04"
    assert ClassEnrolment.objects.filter(ends_on=None).count() == 12 * 6 - 1


def test_a_bundle_without_quirks_and_a_sheet_with_unknown_headers(
    brought_in: Bring, read: Bring, registrar: User
) -> None:
    from tests.factories import people  # noqa: PLC0415

    people.a_school_year(sections=("7 B",))
    sheet = b"Register entry;Forename;Form;Grade;Shoe size\r\n77;Ada;B;7;38\r\n;;;;\r\n"
    run = read(sheet, "students.csv")
    assert run.state == "failed"
    assert run.problem["code"] == "exchange:column-missing"
    run = services.map_headers(run=run, mapping={"Register entry": "admission_number", "Shoe size": ""}, by=registrar)
    run = services.read_and_validate(run=run)
    assert (run.state, run.total("create"), run.total("error")) == ("validated", 2, 0)
    # And the school's next file of that kind is understood at once.
    run = brought_in(sheet.replace(b"77", b"78"), "next.csv")
    assert SectionMembership.objects.get().student.admission_number == "78"


def test_nothing_is_written_in_bulk_to_a_merged_record(brought_in: Bring, roster: Roster, registrar: User) -> None:
    from apps.students.services import books, changing, guardians, placing  # noqa: PLC0415 - needs a school to be chosen

    brought_in(roster())
    keep, duplicate = Student.objects.order_by("pk")[:2]
    merge_students(keep=keep, duplicate=duplicate, by=registrar)
    duplicate.refresh_from_db()
    enrolment = keep.enrolments.select_related("year", "grade_level").first()
    placement = placing.Placement(enrolment.year, enrolment.grade_level, enrolment.entered_on)
    before = (Student.objects.get(pk=duplicate.pk).version, SectionMembership.objects.count(), Guardian.objects.count())
    changes = [changing.StudentChange(each, {"phone": "1"}) for each in (keep, duplicate)]
    wishes = (
        placing.ReEnrolment(duplicate, placement),
        placing.SectionPlace(duplicate, Section.objects.first(), enrolment.entered_on),
    )
    assert changing.change_students(changes, by=registrar).refused.keys() == {1}
    refused = books.put_on_books(wishes, reason="By a file.", by=registrar).refused
    assert [type(why) for why in refused.values()] == [StudentMerged] * 2
    linked = guardians.link_guardians([guardians.Linking(duplicate, Guardian.objects.first(), {})], by=registrar)
    assert [type(why) for why in linked.refused.values()] == [StudentMerged]
    assert Student.objects.filter(phone="1").count() == 1
    after = (Student.objects.get(pk=duplicate.pk).version, SectionMembership.objects.count(), Guardian.objects.count())
    assert after == before
