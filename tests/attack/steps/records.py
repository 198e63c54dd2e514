"""Who reads and writes what of whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from tests.attack.target import Browser, Target
from tests.attack.told import CHILD

LOOKUPS = ("admission_number__startswith", "medical_note__startswith", "user__password__startswith", "pk__regex")
LISTS = ("staff/staffmember", "students/student", "institutions/institution")
RELATIONS = ("", "institution__students__", "user__", "section_memberships__student__")
# What the office leads to where it takes a parameter for none of its own.
REFUSED = 302


def filters_of_the_office(oak: Target) -> str:
    """A list of the office takes no lookup through a relation."""
    browser = Browser(oak, "bob")
    for listed in LISTS:
        for lookup in LOOKUPS:
            for path in RELATIONS:
                answers = [browser.get(f"/office/{listed}/?{path}{lookup}={value}") for value in ("O", "zzzz")]
                if any(each.status >= 500 for each in answers):
                    return f"{listed} {path}{lookup}: {answers[0].status}, {answers[1].status}"
                if len({(each.status, each.body.count(b"/change/")) for each in answers}) > 1:
                    return f"{listed} answers differently to {path}{lookup}"
    return ""


def new(target: Target, **said: Any) -> Any:
    """A student who was just admitted."""
    section = target.rows("sections?limit=1", "erin")[0]
    body = {"institution_id": main(target), "admission_number": f"N{uuid4().hex[:12]}", "given_name": CHILD, **said}
    body["enrolment"] = {
        "year_id": section["year_id"],
        "grade_level_id": section["grade_level_id"],
        "section_id": section["id"],
        "entered_on": today(target),
    }
    return target.made("students", "erin", body)


def main(target: Target) -> str:
    """The campus that the demo begins with."""
    return next(str(each["id"]) for each in target.rows("institutions?limit=200", "erin") if each["code"] == "MAIN")


def today(target: Target, days: int = 0) -> str:
    """Where the school is."""
    day = target.ask("GET", f"today?institution_id={main(target)}", "erin").expect(200).json["day"]
    return (dt.date.fromisoformat(day) + dt.timedelta(days=days)).isoformat()


def somebody(target: Target, *roles: str) -> tuple[str, str]:
    """(username, id) of a new login that works."""
    name = f"new-{uuid4().hex[:8]}"
    let_in = target.made("users", "erin", {"username": name, "roles": [{"role": each} for each in roles]})
    target.passwords[name] = f"correct horse {name}"
    target.ask("POST", "auth/redeem", body={"token": let_in["token"], "password": target.passwords[name]}).expect(200)
    return name, let_in["user"]["id"]


def guardian_of(target: Target, login: str) -> str:
    found = [each for each in target.rows(f"guardians?q={login.title()}", "erin") if each["user_id"]]
    return str(found[0]["id"])


# What carol is to the record that is kept, and to the one that goes: which of them has something to hide.
LINKS: Sequence[tuple[str, dict[str, Any] | None, dict[str, Any] | None]] = (
    ("duplicate", {}, {"restriction_note": "Court order 7"}),
    ("kept", {"restriction_note": "Court order 8"}, {}),
    ("duplicate", {}, {"data_access": False}),
    ("duplicate", {}, None),
    ("kept", None, {}),
)


def merging_lifts_no_restriction(oak: Target) -> str:
    """Who was kept from one of two records reads nothing of it in the one that is left; what can hurt is joined."""
    carol = guardian_of(oak, "carol")
    for number, (hidden, *links) in enumerate(LINKS):
        marks = {which: f"{which}-{uuid4().hex[:8]}" for which in ("kept", "duplicate")}
        both = {
            which: new(oak, address=marks[which] if which == hidden else "", medical_note=f"note of {marks[which]}")
            for which in marks
        }
        for student, link in zip(both.values(), links, strict=True):
            if link is not None:
                body = {"guardian_id": carol, "relation": "father", **link}
                oak.made(f"students/{student['id']}/guardians", "erin", body)
        shut, mark = both[hidden]["id"], marks[hidden].encode()
        if oak.ask("GET", f"students/{shut}", "carol").ok:
            return f"carol reads the record she is kept from ({number})"
        keep = both["kept"]["id"]
        said = {"duplicate_id": both["duplicate"]["id"], "reason": "Entered twice"}
        oak.ask("POST", f"students/{keep}/merge", "erin", said).expect()
        for path in (f"students/{keep}", f"students/{shut}", "students?limit=200", f"students/{keep}/guardians"):
            answer = oak.ask("GET", path, "carol")
            if mark in answer.body:
                return f"carol reads at {path} what she was kept from ({number})"
        note = oak.ask("GET", f"students/{keep}", "erin").expect(200).json["medical_note"]
        if any(mark not in note for mark in marks.values()):
            return f"of two medical notes is left: {note}"
    return ""


def a_past_day(oak: Target) -> str:
    """Who has left reaches no day on which they were still there."""
    teacher, user = somebody(oak, "teacher")
    section = oak.rows("sections?limit=1", "erin")[0]
    body = {"institution_id": main(oak), "staff_number": f"N{uuid4().hex[:10]}", "given_name": "Lee", "user_id": user}
    member = oak.made("staff", "erin", body)
    before, now = today(oak, -7), today(oak)
    taught = {"staff_id": member["id"], "section_id": section["id"], "starts_on": today(oak, -30)}
    oak.made("assignments", "erin", taught)
    reads = [f"students?as_of={before}", f"sections/{section['id']}/students?as_of={before}"]
    reads += [f"sections/{section['id']}/roll/{before}", f"sections/{section['id']}"]
    if not oak.rows(reads[0], teacher):
        raise RuntimeError("nobody is seen while they still teach")
    left = {"ends_on": now, "version": member["version"]}
    oak.ask("PATCH", f"staff/{member['id']}", "erin", left).expect()
    for path in reads:
        answer = oak.ask("GET", path, teacher)
        if answer.ok and (not isinstance(answer.json, dict) or answer.json.get("results", True)):
            return f"{path} is answered"
    written = oak.ask("PUT", reads[2], teacher, {"version": 0, "records": []})
    return "" if written.status in {403, 404} else f"the roll of {before} is written to: {written.status}"


def a_role_at_one_campus(oak: Target) -> str:
    """A role that is held at one campus acts on nothing of another, and on nothing that has no campus."""
    code = f"N{uuid4().hex[:6]}".upper()
    annex = oak.made("institutions", "erin", {"name": code, "code": code, "timezone": "UTC", "currency": "EUR"})
    ada, user = somebody(oak)
    given = {"user_id": user, "role": "administrator", "institution_id": annex["id"]}
    oak.made("role-assignments", "erin", given)
    student = new(oak, medical_note="Asthma")
    teacher = next(each for each in oak.rows("roles?limit=200", "erin") if each["code"] == "teacher")
    policy = oak.ask("GET", "account-policy", "erin").expect(200).json
    bob = oak.rows("users?q=bob", "erin")[0]["id"]
    if not oak.ask("GET", f"institutions/{annex['id']}", ada).ok:
        raise RuntimeError("the role at the annex reaches not even the annex")
    tries: list[tuple[str, str, Any]] = [
        ("PUT", f"roles/{teacher['id']}/permissions", {"permissions": [], "version": teacher["version"]}),
        ("PATCH", f"roles/{teacher['id']}", {"name": "Nobody", "version": teacher["version"]}),
        ("POST", "roles", {"name": code, "permissions": ["students.view"]}),
        ("PUT", "account-policy", {"staff_need_totp": policy["staff_need_totp"], "version": policy["version"]}),
        ("POST", f"users/{bob}/deactivate", {}),
        ("POST", f"users/{bob}/logout-everywhere", {}),
        ("POST", "role-assignments", {"user_id": bob, "role": "administrator"}),
        ("PATCH", f"students/{student['id']}", {"medical_note": "", "version": student["version"]}),
        ("GET", f"students/{student['id']}", None),
        ("POST", "staff", {"institution_id": main(oak), "staff_number": code, "given_name": "Lee"}),
        ("PATCH", f"institutions/{main(oak)}", {"name": "Elsewhere"}),
    ]
    for method, path, body in tries:
        if oak.ask(method, path, ada, body).ok:
            return f"{method} {path} is done"
    if oak.rows("students?limit=10", ada):
        return "students of another campus are listed"
    return ""


def a_barred_contact(oak: Target) -> str:
    """Who must not be given a child is nobody to call, for whoever may not see why: over the API, on its page."""
    student = next(each for each in oak.rows("students?limit=50", "bob"))
    mark = f"barred-{uuid4().hex[:8]}"
    rick = oak.made("guardians", "erin", {"given_name": "Rick", "family_name": mark, "phone": "+44 20 7946 0000"})
    body = {"guardian_id": rick["id"], "relation": "father", "restriction_note": "Court order 9"}
    link = oak.made(f"students/{student['id']}/guardians", "erin", body)
    if mark.encode() not in oak.ask("GET", f"students/{student['id']}/guardians", "erin").body:
        raise RuntimeError("the guardian was not linked")
    browser = Browser(oak, "bob")
    try:
        for answer in (
            oak.ask("GET", f"students/{student['id']}/guardians", "bob"),
            oak.ask("GET", f"students/{student['id']}/guardians?as=csv", "bob"),
            oak.ask("GET", f"guardians?q={mark}", "bob"),
            browser.get(f"/office/student/{student['id']}/"),
            browser.get(f"/office/find/?q={mark}"),
        ):
            # A page says again what was searched for.
            if b"7946 0000" in answer.body or (mark.encode() in answer.body and "?q=" not in answer.asked):
                return f"{answer.asked} names him"
    finally:
        oak.ask("DELETE", f"students/{student['id']}/guardians/{link['id']}", "erin").expect()
    return ""


def a_key_after_the_permission(oak: Target) -> str:
    """An answer under a key is not given again to who has lost the permission, nor is a refusal to who has it back."""
    student = new(oak)
    path, mark = f"students/{student['id']}", f"kept-{uuid4().hex[:12]}"
    registrar = next(each for each in oak.rows("roles?limit=200", "erin") if each["code"] == "registrar")
    held = [each if isinstance(each, str) else each["code"] for each in registrar["permissions"]]
    address, version = f"roles/{registrar['id']}/permissions", registrar["version"]
    first = {"Idempotency-Key": str(uuid4())}
    body = {"preferred_name": mark, "version": student["version"]}
    changed = oak.ask("PATCH", path, "dave", body, **first).expect(200).json
    if any(mark in str(row) for row in oak.outside.rows("SELECT * FROM queues_rememberedanswer")):
        return "the answer stands in clear in a table that all schools share"
    without = [each for each in held if each != "students.manage"]
    taken = oak.ask("PUT", address, "erin", {"permissions": without, "version": version}).expect().json
    try:
        again = oak.ask("PATCH", path, "dave", body, **first)
        second = {"Idempotency-Key": str(uuid4())}
        more = {"preferred_name": "Ada", "version": changed["version"]}
        refused = oak.ask("PATCH", path, "dave", more, **second)
    finally:
        now = {"permissions": held, "version": taken["version"]}
        oak.ask("PUT", address, "erin", now).expect()
    # A conflict where the answer was given under another access: it was done once, and shall not be done again.
    if again.status not in {403, 409} or mark.encode() in again.body:
        return f"the answer of before: {again.status}"
    if refused.status != 403:
        return f"without the permission: {refused.status}"
    after = oak.ask("PATCH", path, "dave", more, **second)
    return "" if after.ok else f"a refusal was kept: {after.status}"
