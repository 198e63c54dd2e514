"""A child with a guardian comes by a sheet, by a bundle or by the form: what stands there is the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.students.models import Enrolment, Guardian, SectionMembership, Student, StudentGuardian
from apps.students.services import admit_student
from apps.students.services.guardians import add_guardian, link_guardian
from apps.students.services.placing import Placement
from tests.apps.exchange.bundles import CLASSES, COURSES, HOMEROOM, PLACES, SESSIONS, sound, zipped
from tests.apps.exchange.sending import Read, applied, told
from tests.apps.exchange.test_any_two_files import ROLES, USERS
from tests.factories import people
from tests.factories.people import Campus

CHILD = st.fixed_dictionaries(
    {
        "given_name": st.sampled_from(["Ada", "Ånna", "ليلى", "O’Neill", "Zoë Marie"]),
        "middle_name": st.sampled_from(["", "Maria"]),
        "family_name": st.sampled_from(["", "Byron", "Haddad-Núñez"]),
        "birth_date": st.sampled_from(["", "2014-03-09"]),
        "sex": st.sampled_from(["", "female", "other"]),
        "email": st.sampled_from(["", "Ada@x.example"]),
        "phone": st.sampled_from(["", "+44 20 7946 0101", "0171 (mum)"]),
        "admission_number": st.sampled_from(["1001", "A-7/ß", "0042"]),
        "entered_on": st.sampled_from(["", "2026-10-05"]),
        "section": st.booleans(),
        "relation": st.sampled_from(["mother", "guardian"]),
        "mobile": st.sampled_from(["0171 5550188", "+44 7700 900123"]),
    }
)
HEADER = "Admission number,Given name,Middle name,Family name,Birth date,Sex,E-mail,Phone,Grade,Section,Entered on\n"


def by_sheet(campus: Campus, child: dict[str, Any], read: Read, _by: User) -> None:
    names = ("admission_number", "given_name", "middle_name", "family_name", "birth_date", "sex", "email", "phone")
    cells = [*(child[name] for name in names), "7", "B" if child["section"] else "", child["entered_on"]]
    run = applied(read(f"{HEADER}{','.join(cells)}\n".encode(), "students.csv"))
    parents = "Student’s admission number,Given name,Family name,Relation,Phone,Contact priority\n"
    parents += f"{child['admission_number']},Mia,Berg,{child['relation']},{child['mobile']},1\n"
    assert (told(run), told(applied(read(parents.encode(), "guardians.csv")))) == ([], [])


def by_bundle(campus: Campus, child: dict[str, Any], read: Read, _by: User) -> None:
    year = campus.year
    said = {name: value for name, value in child.items() if isinstance(value, str)}
    users = (
        "s1,,,true,,,{given_name},{family_name},{middle_name},{admission_number},{email},,{phone},g1,07,,,,,,o1,,{relation}\n"
        "g1,,,true,,,Mia,Berg,,,,,{mobile},,,,,,,,,,\n"
    ).format_map(said)
    homeroom = HOMEROOM.replace("7 A", "7 B")
    files = sound(
        orgs=f"sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n"
        f"o1,,,{campus.institution.name},school,{campus.institution.code},\n",
        academicSessions=f"{SESSIONS}\ny1,,,{year.name},schoolYear,{year.starts_on},{year.ends_on},,{year.ends_on.year}\n",
        courses=COURSES,
        classes=f"{CLASSES}\n{homeroom}\n",
        users=f"{USERS},metadata.guardianRelations\n{users}",
        roles=f"{ROLES}\nr1,,,s1,primary,student,{child['entered_on']},,o1,\nr2,,,g1,primary,parent,,,,\n",
        demographics=f"sourcedId,status,dateLastModified,birthDate,sex\ns1,,,{child['birth_date']},{child['sex']}\n",
        enrollments=f"{PLACES}\n" + (f"e1,,,k1,o1,s1,student,,{child['entered_on']},\n" if child["section"] else ""),
    )
    files["manifest"] = files["manifest"].replace("oneroster.version,1.1", "oneroster.version,1.2")
    assert told(applied(read(zipped(files)))) == []


def by_form(campus: Campus, child: dict[str, Any], _read: Read, by: User) -> None:
    names = ("admission_number", "given_name", "middle_name", "family_name", "email", "phone")
    fields: dict[str, Any] = {name: child[name] for name in names}
    fields |= {"sex": child["sex"] or "unspecified"}
    fields |= {"birth_date": dt.date.fromisoformat(child["birth_date"])} if child["birth_date"] else {}
    entered = dt.date.fromisoformat(child["entered_on"]) if child["entered_on"] else campus.year.starts_on
    section = campus.section
    placement = Placement(campus.year, section.grade_level, entered, section if child["section"] else None)
    student, _ = admit_student(
        institution=campus.institution, fields=fields, placement=placement, reason="As files do.", by=by
    )
    mia = add_guardian(fields={"given_name": "Mia", "family_name": "Berg", "phone": child["mobile"]}, by=by)
    link = {"relation": child["relation"], "contact_priority": 1}
    link_guardian(student=student, guardian=mia, fields=link, by=by)


# What each row is called inside, when it was written, and how often.
_OWN = {"id", "sourced_id", "date_last_modified", "version", "student", "guardian", "enrolment"}


def standing() -> list[list[dict[str, Any]]]:
    models = (Student, Enrolment, SectionMembership, Guardian, StudentGuardian)
    return [
        list(model._base_manager.values(*(f.attname for f in model._meta.concrete_fields if f.name not in _OWN)))
        for model in models
    ]


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(child=CHILD)
def test_leads_to_the_same(registrar: User, read: Read, child: dict[str, Any]) -> None:
    found = []
    ways: tuple[Callable[[Campus, dict[str, Any], Read, User], None], ...] = (by_form, by_sheet, by_bundle)
    with transaction.atomic():
        campus = people.a_school_year()
        for way in ways:
            with transaction.atomic():
                way(campus, child, read, registrar)
                found.append(standing())
                transaction.set_rollback(True)
        transaction.set_rollback(True)
    by_the_form, *others = found
    assert others == [by_the_form, by_the_form]
