"""A text has one length at every door and in its column: what is longer is refused by its name and with the length."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from io import StringIO
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.core.management import BaseCommand, CommandError, call_command, get_commands, load_command_class
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework import serializers

from apps.access import services as access_services
from apps.access.models import Role, RolePermission
from apps.accounts.models import TokenFamily, User
from apps.attendance.models import AttendanceCode, AttendanceRecord, DeskEntry, Leave
from apps.examinations.models import (
    Assessment,
    AssessmentCategory,
    Exam,
    ExamComponent,
    ExamSession,
    GradeBand,
    GradingScale,
    Remark,
    RemarkPhrase,
)
from apps.exchange.models import HeaderMapping, Import, ImportRow
from apps.exchange.services.reading import bundle_columns
from apps.exchange.services.reading.cells import Column
from apps.exchange.services.reading.sheets import TEMPLATES
from apps.family.models import ContactRequest
from apps.fees.models import (
    Account,
    CardGateway,
    Concession,
    CreditNote,
    FeeItem,
    LedgerTransaction,
    Payment,
    PaymentIntent,
    Refund,
)
from apps.institutions.models import (
    AcademicYear,
    CalendarDay,
    Course,
    CourseClass,
    GradeLevel,
    Institution,
    Section,
    Term,
)
from apps.notifications.models import Announcement, MessageTemplate, Outgoing, Rule
from apps.office.shell.forms import ServiceForm
from apps.staff.models import StaffMember, Substitution
from apps.students.models import Guardian, Student, StudentGuardian
from apps.timetable.models import Meeting, Period
from schoolops import clock
from schoolops.audit.models import AuditEntry
from schoolops.audit.trail import SYSTEM
from schoolops.context import outside_schools
from schoolops.errors import SchoolOpsError
from schoolops.queues.desk import letters as desk
from schoolops.queues.models import DeadLetter, OperatorAction
from schoolops.rows import TextTooLong, refuse_too_long
from schoolops.tenancy.lifecycle import delete_school, suspend_school
from schoolops.tenancy.models import Domain, School
from schoolops.tenancy.provisioning import _register_once
from tests.apps.asking import asking
from tests.factories import people
from tests.factories.people import Campus
from tests.factories.talking import Browser

# Serializer → the row that it fills; of one that is made of others, theirs.
FILLS: Mapping[str, type[models.Model]] = {
    "InstitutionFields": Institution, "YearIn": AcademicYear, "TermIn": Term, "DaysIn": CalendarDay,
    "GradeLevelIn": GradeLevel, "SectionIn": Section, "CourseIn": Course, "ClassIn": CourseClass, "RoleIn": Role,
    "RoleNameIn": Role, "UserIn": User, "StudentFields": Student, "GuardianLinkFields": StudentGuardian,
    "GuardianFields": Guardian, "StaffFields": StaffMember, "PeriodIn": Period, "MeetingIn": Meeting,
    "MarkIn": AttendanceRecord, "DeskIn": DeskEntry, "LeaveIn": Leave, "AttendanceCodeIn": AttendanceCode,
    "SubstitutionIn": Substitution, "NewcomerForm": User, "NewRoleForm": Role, "RoleForm": Role, "NoteForm": Leave,
    "MakeForm": School, "YearForm": AcademicYear,
    "EntryForm": DeskEntry, "AdmitForm": Student, "DaysForm": CalendarDay, "CampusForm": Institution,
    "GradeBandIn": GradeBand, "GradingScaleIn": GradingScale, "ExamSessionChangeIn": ExamSession,
    "ExamChangeIn": Exam, "PaperForm": Exam, "AccountIn": Account, "AccountChangeIn": Account,
    "PostingIn": LedgerTransaction, "FeeItemIn": FeeItem, "FeeItemChangeIn": FeeItem, "ConcessionIn": Concession,
    "CreditNoteIn": CreditNote, "PaymentIn": Payment, "RefundIn": Refund, "ChargebackIn": Refund,
    "AssessmentCategoryIn": AssessmentCategory, "AssessmentIn": Assessment, "CategoryForm": AssessmentCategory,
    "AssessmentForm": Assessment, "MoneyForm": Payment, "PostForm": LedgerTransaction,
    "ExamComponentIn": ExamComponent, "ComponentForm": ExamComponent, "ContactForm": ContactRequest,
    "ContactRequestIn": ContactRequest,
    "AnnouncementIn": Announcement, "AnnouncementForm": Announcement, "TemplateForm": MessageTemplate,
    "TemplateIn": MessageTemplate, "RuleIn": Rule,
    "RemarkIn": Remark, "PhraseIn": RemarkPhrase, "PhraseForm": RemarkPhrase,
}  # fmt: skip
# Where the field is called otherwise, or its row is another's.
STANDS_IN: Mapping[tuple[str, str], tuple[type[models.Model], str]] = {
    **{
        (form, field): (model, "name")
        for form in ("AssessmentIn", "AssessmentForm")
        for field, model in (("category", AssessmentCategory), ("resit_of", Assessment))
    },
    ("TemplateForm", "child"): (Student, "admission_number"),
    ("HoldForm", "reason"): (Outgoing, "held_reason"),
    ("HoldIn", "reason"): (Outgoing, "held_reason"),
    ("RoleIn", "permissions"): (RolePermission, "permission"),
    ("RemarkIn", "was"): (Remark, "text"),
    ("RolePermissionsIn", "permissions"): (RolePermission, "permission"),
    ("RoleAssignmentIn", "role"): (Role, "code"),
    ("WantedRoleIn", "role"): (Role, "code"),
    ("MarkIn", "code"): (AttendanceCode, "code"),
    ("DeskIn", "code"): (AttendanceCode, "code"),
    ("LeaveIn", "code"): (AttendanceCode, "code"),
    ("DecisionIn", "note"): (Leave, "decision_note"),
    ("NoteForm", "note"): (Leave, "decision_note"),
    ("LoginIn", "device"): (TokenFamily, "label"),
    ("GuardianForm", "guardian_given_name"): (Guardian, "given_name"),
    ("GuardianForm", "guardian_family_name"): (Guardian, "family_name"),
    ("GuardianForm", "guardian_phone"): (Guardian, "phone"),
    ("GuardianForm", "guardian_email"): (Guardian, "email"),
    ("EndForm", "operator"): (User, "username"),
    ("MakeForm", "administrator"): (User, "username"),
    ("MakeForm", "email"): (User, "email"),
    ("MakeForm", "domain"): (Domain, "domain"),
    ("MappingIn", "sheet"): (Import, "sheet"),
    ("TakeIn", "kind"): (ImportRow, "kind"),
    ("TakeIn", "field"): (HeaderMapping, "field"),
    ("CardGatewayIn", "gateway"): (CardGateway, "name"),
    ("PaymentIntentIn", "return_url"): (PaymentIntent, "back_to"),
}
# Compared, hashed, sealed or read as a number, never stored as it was sent: a login, a code, a link, a mark, a key,
# whom an announcement is for.
NEVER_STORED = {
    "login",
    "password",
    "new_password",
    "again",
    "present",
    "code",
    "token",
    "refresh_token",
    "score",
    "secret",
    "signing",
    "targets",
}
# Taken apart into names, each of which its service measures; what is searched for.
NEVER_STORED |= {"find", "levels", "sections"}
# Reasons stand in the trail, whose column holds them all; some in a column of their own, which is shorter.
REASON = "reason"
# Column of a file → the column it fills. Ids of other programs, words of a standard, days and numbers are not ours.
OF_FILES: Mapping[str, Mapping[str, tuple[type[models.Model], str]]] = {
    "students": {
        "section": (Section, "name"), "student": (Student, "admission_number"),
        **{name: (Student, name) for name in (
            "admission_number", "given_name", "middle_name", "family_name", "preferred_name", "email", "phone",
            "address",
        )},
    },
    "guardians": {
        "student": (Student, "admission_number"),
        **{name: (Guardian, name) for name in ("given_name", "family_name", "email", "phone", "address", "language")},
    },
    "staff": {name: (StaffMember, name) for name in (
        "staff_number", "given_name", "family_name", "email", "phone", "job_title",
    )},
    "sections": {"name": (Section, "name"), "room": (Section, "room"), "year": (AcademicYear, "name")},
    "orgs": {"name": (Institution, "name"), "identifier": (Institution, "code")},
    "academicSessions": {"title": (Term, "name")},
    "courses": {"title": (Course, "title"), "courseCode": (Course, "code")},
    "classes": {
        "title": (CourseClass, "title"), "classCode": (CourseClass, "code"), "location": (CourseClass, "room"),
    },
    "users": {
        "username": (User, "username"), "givenName": (Student, "given_name"), "familyName": (Student, "family_name"),
        "middleName": (Student, "middle_name"), "identifier": (Student, "admission_number"), "email": (User, "email"),
        "sms": (Guardian, "phone"), "phone": (Guardian, "phone"),
        "preferredGivenName": (Student, "preferred_name"),
    },
}  # fmt: skip


def _length(model: type[models.Model], name: str) -> int | None:
    field: Any = model._meta.get_field(name)
    return field.max_length


def _expected(kinds: list[str], name: str) -> int | None:
    """How long a field may be, by its column; ``None``: it has none that the tables above know."""
    for kind in kinds:
        if (kind, name) in STANDS_IN:
            return _length(*STANDS_IN[kind, name])
        model = FILLS.get(kind)
        if model is not None and name in {each.name for each in model._meta.get_fields()}:
            return _length(model, name)
    return None


def wrong_lengths(doors: Iterator[tuple[list[str], str, int | None]]) -> tuple[int, list[str]]:
    """How many fields there are, and sentences about those whose length is not that of their column."""
    count, wrong = 0, []
    for kinds, name, most in doors:
        count += 1
        column = _expected(kinds, name)
        if column is None and name == REASON:
            longest = _length(AuditEntry, "reason") or 0
            fits = most is not None and most <= longest
        elif column is None:
            fits = name in NEVER_STORED and most is not None
        else:
            fits = most == column
        if not fits:
            wrong.append(f"{kinds[0]}.{name} takes {most}, its column {column}")
    return count, wrong


def _patterns(patterns: list[Any]) -> Iterator[URLPattern]:
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from _patterns(each.url_patterns)
        else:
            yield each


def _api_fields() -> Iterator[tuple[list[str], str, int | None]]:
    assert len(list(_patterns(get_resolver().url_patterns))) > 200
    for name in sorted(sys.modules):
        if not name.startswith("apps.") or ".api" not in name:
            continue
        for kind in vars(sys.modules[name]).values():
            is_ours = isinstance(kind, type) and issubclass(kind, serializers.Serializer) and kind.__module__ == name
            if is_ours and not kind.__name__.endswith("Out") and not kind.__name__.startswith("_"):
                yield from _texts_of(kind)


def _texts_of(kind: type[serializers.Serializer[Any]]) -> Iterator[tuple[list[str], str, int | None]]:
    for name, field in kind._declared_fields.items():
        text = field.child if isinstance(field, serializers.ListField) else field
        if isinstance(text, serializers.CharField) and not text.read_only:
            yield [each.__name__ for each in kind.__mro__], name, text.max_length


def _forms(kind: type[Any]) -> Iterator[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from _forms(each)


def _form_fields() -> Iterator[tuple[list[str], str, int | None]]:
    # Every form is read by then.
    assert get_resolver().url_patterns
    for kind in sorted(set(_forms(forms.BaseForm)), key=lambda each: each.__name__):
        if not kind.__module__.startswith("apps."):
            continue
        declared = kind.declared_fields if issubclass(kind, ServiceForm) else getattr(kind, "base_fields", {})
        for name, field in declared.items():
            if isinstance(field, forms.CharField) and not isinstance(field, forms.UUIDField):
                yield [each.__name__ for each in kind.__mro__], name, field.max_length


def test_every_field_of_the_api_is_as_long_as_its_column() -> None:
    count, wrong = wrong_lengths(_api_fields())
    assert wrong == []
    assert count >= 130


def test_every_field_of_the_office_is_as_long_as_its_column() -> None:
    count, wrong = wrong_lengths(_form_fields())
    assert wrong == []
    assert count >= 38


def test_a_field_that_is_too_long_or_of_any_length_is_found() -> None:
    class StudentFields(serializers.Serializer[object]):
        admission_number = serializers.CharField(max_length=41)
        email = serializers.EmailField()
        remark = serializers.CharField(max_length=10)

    assert wrong_lengths(_texts_of(StudentFields)) == (
        3,
        [
            "StudentFields.admission_number takes 41, its column 40",
            "StudentFields.email takes None, its column 254",
            "StudentFields.remark takes 10, its column None",
        ],
    )


def _takes(column: Column, said: str) -> bool:
    try:
        column.parse(said)
    except SchoolOpsError:
        return False
    return True


def _said(name: str, length: int) -> str:
    return "a" * (length - 6) + "@b.org" if name == "email" else "a" * length


def test_every_column_of_a_file_is_as_long_as_the_one_it_fills() -> None:
    count = 0
    files: dict[str, tuple[Column, ...]] = {**TEMPLATES, **bundle_columns.FILES}
    for file, filled in OF_FILES.items():
        columns = {each.field: each for each in files[file]}
        for name, (model, stored) in filled.items():
            if name not in columns:
                continue
            count += 1
            most = _length(model, stored) or 0
            assert _takes(columns[name], _said(name, most)), (file, name)
            assert not _takes(columns[name], _said(name, most + 1)), (file, name)
    assert count >= 35


# --- what is said --------------------------------------------------------------------------------------------------
def test_whatever_service_writes_it_the_refusal_names_the_field_and_the_length(in_oak: object) -> None:
    count = 0
    for model in apps.get_models():
        if not model.__module__.startswith("apps."):
            continue
        for field in model._meta.concrete_fields:
            if not isinstance(field, models.CharField | models.TextField) or not field.max_length:
                continue
            count += 1
            refuse_too_long(model(**{field.attname: "\N{CUNEIFORM SIGN A}" * field.max_length}))
            with pytest.raises(TextTooLong) as refused:
                refuse_too_long(model(**{field.attname: "a" * (field.max_length + 1)}))
            (said,) = refused.value.errors
            assert (said.field, said.message) == (field.attname, f"At most {field.max_length} characters.")
    assert count > 90


def test_a_name_is_as_long_as_people_see_it_however_its_accents_were_typed(campus: Campus, dave: User) -> None:
    address = "guardians"
    typed = "e\N{COMBINING ACUTE ACCENT}" * 100
    answer = asking(dave).post(address, {"given_name": typed})
    assert answer.status_code == 201, answer.content
    assert Guardian.objects.get(sourced_id=answer.json()["id"]).given_name == "é" * 100
    refused = asking(dave).post(address, {"given_name": typed + "e"})
    assert refused.status_code == 422
    (said,) = refused.json()["errors"]
    assert said["field"] == "given_name"
    assert "100" in said["message"]


def test_a_form_says_the_length_at_its_field(
    campus: Campus, erin: User, client_for: Callable[..., Any], in_oak: School
) -> None:
    said = {
        "given_name": "e\N{COMBINING ACUTE ACCENT}" * 100,
        "username": "ada",
        "role": Role.objects.get(code="head").pk,
    }
    browser = Browser(client_for(in_oak), erin)
    email = "a" * 270 + "@example.org"
    answer = browser.post("/office/logins/new/", {**said, "email": email})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"email"}
    assert "254" in str(answer.context["form"].errors["email"])


def test_somebody_with_the_longest_names_works(campus: Campus) -> None:
    erin = people.a_user("erin2", role="administrator")
    User.objects.filter(pk=erin.pk).update(given_name="G" * 100, family_name="F" * 100)
    answer = asking(erin).post("guardians", {"given_name": "Ada"})
    assert answer.status_code == 201, answer.content
    assert AuditEntry.objects.order_by("-pk").first().actor_name == ("G" * 100 + " " + "F" * 100)[:200]  # type: ignore[union-attr]


# --- what operators type ---------------------------------------------------------------------------------------------
TOO_LONG = "x" * 600
# Command, argument → the field that the refusal names, and how long it may be.
KEPT: Mapping[tuple[str, str], tuple[str, int]] = {
    ("create_operator", "username"): ("username", 150),
    ("create_operator", "email"): ("email", 254),
    ("create_operator", "given_name"): ("given_name", 100),
    ("create_operator", "family_name"): ("family_name", 100),
    ("create_school", "name"): ("name", 200),
    ("create_school", "domain"): ("domain", 253),
    ("create_school", "administrator"): ("username", 150),
    ("create_school", "email"): ("email", 254),
    ("undelete_school", "domain"): ("domain", 253),
    ("suspend_school", "reason"): ("state_reason", 500),
    ("delete_school", "reason"): ("state_reason", 500),
    ("grant_support", "reason"): ("reason", 500),
    ("revoke_support", "reason"): ("reason", 500),
    ("dead_letters", "why"): ("reason", 500),
    ("queues", "why"): ("reason", 500),
    ("school", "reason"): ("reason", 500),
}
DJANGOS = {action.dest for action in BaseCommand().create_parser("manage.py", "x")._actions}
# Looked up, compared or the name of a file, and never stored; a school's short name has a grammar of its own.
LOOKED_UP = {
    "slug", "school", "operator", "by", "task", "error", "confirm", "base_url", "host", "folder", "file", "path",
    "reason of dead_letters", "mapping", "source", "to", "into", "over", "now", "then", "table", "recipient", "planned",
    "student", "guardian", "staff", "login", "identity", "domain of school", "name of indexes", "canary", "schools",
    "run of cells",
    "only", "quiet_hours",
}  # fmt: skip


def _commands() -> Iterator[tuple[str, Any]]:
    for name, app in get_commands().items():
        if isinstance(app, str) and app.partition(".")[0] in {"apps", "schoolops"}:
            yield name, load_command_class(app, name).create_parser("manage.py", name)


def _texts_of_command(parser: Any) -> Iterator[str]:
    for action in parser._actions:
        for below in action.choices.values() if isinstance(action, argparse._SubParsersAction) else ():
            yield from _texts_of_command(below)
        is_flag = action.nargs == 0 or action.choices is not None
        if not is_flag and action.type in {None, str} and action.dest not in {*DJANGOS, "help"}:
            yield action.dest


def test_every_text_of_a_command_is_kept_with_a_length_or_not_at_all() -> None:
    told = {(name, dest) for name, parser in _commands() for dest in _texts_of_command(parser)}
    unknown = {
        (name, dest)
        for name, dest in told - KEPT.keys()
        if dest not in LOOKED_UP and f"{dest} of {name}" not in LOOKED_UP
    }
    assert unknown == set()
    assert KEPT.keys() <= told


def _command_line(name: str, argument: str) -> list[str]:
    """What an operator types, with ``argument`` longer than any may be."""
    whole: dict[str, list[str]] = {
        "create_operator": ["ada"],
        "create_school": ["oak", "--administrator", "ada"],
        "undelete_school": ["oak"],
        "suspend_school": ["oak"],
        "delete_school": ["oak", "--confirm", "oak"],
        "grant_support": ["oak", "--operator", "opal"],
        "revoke_support": ["oak", "--operator", "opal"],
        "dead_letters": ["discard", "1"],
        "queues": ["pause", "fees"],
        "school": ["export", "oak", "--login", "opal", "--to", "opal.zip"],
    }
    said = f"{TOO_LONG}@x.org" if argument == "email" else TOO_LONG
    if (name, argument) == ("create_operator", "username"):
        return [name, said]
    return [name, *whole[name], f"--{argument.replace('_', '-')}", said]


@pytest.mark.parametrize(
    ("name", "argument"), sorted(KEPT.keys() - {("create_school", "name"), ("create_school", "domain")})
)
def test_a_command_says_which_argument_is_too_long(oak: School, db: None, name: str, argument: str) -> None:
    field, most = KEPT[name, argument]
    with outside_schools():
        people.a_user("opal")
        DeadLetter.objects.create(
            id=1, school="", queue="fees", task="x", payload={}, meta={}, priority=0, attempts=1, crashes=0,
            tracked=False, created_at=clock.now(), dead_at=clock.now(), reason="exhausted",
        )  # fmt: skip
        if name == "revoke_support":
            call_command("grant_support", "oak", "--operator", "opal", "--reason", "ticket", stdout=StringIO())
        if name in {"delete_school", "undelete_school"}:
            suspend_school(slug="oak", reason="unpaid")
        if name == "undelete_school":
            delete_school(slug="oak", typed="oak", reason="closed")
        with pytest.raises(CommandError, match=rf"{field} \({most}\)"):
            call_command(*_command_line(name, argument), stdout=StringIO())


@pytest.mark.parametrize(("name", "domain", "field"), [(TOO_LONG, "ash.example", "name"), ("Ash", TOO_LONG, "domain")])
def test_a_school_is_not_begun_whose_name_or_address_is_too_long(db: None, name: str, domain: str, field: str) -> None:
    with outside_schools(), pytest.raises(TextTooLong, match=rf"{field} \({KEPT['create_school', field][1]}\)"):
        _register_once(slug="ash", name=name, domains=[domain])


def test_why_is_kept_in_as_many_words_as_there_is_room_for(db: None) -> None:
    with outside_schools():
        for act in (
            lambda why: desk.retry([1], by=SYSTEM, why=why),
            lambda why: desk.pause("fees", by=SYSTEM, reason=why),
        ):
            with pytest.raises(TextTooLong, match=r"reason \(500\)"):
                act(TOO_LONG)
        assert OperatorAction.objects.count() == 0
        desk.pause("fees", by=SYSTEM, reason="w" * 500)
        assert OperatorAction.objects.get().reason == "w" * 500


def test_who_was_called_by_a_longer_name_is_nobody_elses_support(oak: School, db: None, school_day: object) -> None:
    """Two operators whose names are the same but for the end share no login in a school."""
    names = ["o" * 149 + end for end in "ab"]
    with outside_schools():
        for each in names:
            User.objects.filter(pk=people.a_user(each[-1]).pk).update(username=each)
    for each in names:
        with pytest.raises(TextTooLong, match=r"username \(150\)"):
            access_services.grant_support(slug="oak", operator=each, reason="ticket", minutes=60)
