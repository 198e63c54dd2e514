"""Students, guardians, enrolments."""

from __future__ import annotations

from tests.smoke.asks.table import Ask, ask
from tests.smoke.world import World, png


@ask("POST students")
def _admit(world: World) -> Ask:
    return Ask(body=world.admission())


@ask("GET students/{}")
def _student(world: World) -> Ask:
    return Ask({"id": world.student})


@ask("PATCH students/{}")
def _change_student(world: World) -> Ask:
    student = world.new_student()
    return Ask({"id": student["id"]}, {"preferred_name": "Sam", "version": student["version"]})


@ask("POST students/{}/withdraw")
def _withdraw(world: World) -> Ask:
    return Ask({"id": world.new_student()["id"]}, {"exited_on": world.tomorrow, "reason": "Moved away"})


@ask("POST students/{}/re-enrol")
def _re_enrol(world: World) -> Ask:
    student = world.new_student()["id"]
    world.post(f"students/{student}/withdraw", {"exited_on": world.today, "reason": "Moved away"})
    return Ask({"id": student}, {**world.placement(), "reason": "Came back"})


@ask("POST students/{}/move-section")
def _move(world: World) -> Ask:
    student = world.new_student()["id"]
    body = {"section_id": world.new_section()["id"], "starts_on": world.today, "reason": "Asked for it"}
    return Ask({"id": student}, body)


@ask("POST students/{}/merge")
def _merge(world: World) -> Ask:
    keep, duplicate = world.new_student()["id"], world.new_student()["id"]
    return Ask({"id": keep}, {"duplicate_id": duplicate, "reason": "Entered twice"})


@ask("GET students/{}/photo")
def _photo(world: World) -> Ask:
    world.ask("PUT", f"students/{world.student}/photo", png()).expect()
    return Ask({"id": world.student})


@ask("PUT students/{}/photo")
def _set_photo(world: World) -> Ask:
    return Ask({"id": world.new_student()["id"]}, png())


@ask("DELETE students/{}/photo")
def _remove_photo(world: World) -> Ask:
    student = world.new_student()["id"]
    world.ask("PUT", f"students/{student}/photo", png()).expect()
    return Ask({"id": student})


@ask("GET students/{}/audit")
@ask("GET students/{}/attendance")
@ask("GET students/{}/attendance-summary")
def _about_student(world: World) -> Ask:
    return Ask({"id": world.student})


@ask("GET students/{}/enrolments")
@ask("GET students/{}/guardians")
def _of_student(world: World) -> Ask:
    return Ask({"student": world.student})


@ask("GET students/{}/enrolments/{}")
def _enrolment(world: World) -> Ask:
    return Ask({"student": world.student, "id": world.first(f"students/{world.student}/enrolments")["id"]})


@ask("GET students/{}/guardians/{}")
def _link(world: World) -> Ask:
    return Ask({"student": world.student, "id": world.first(f"students/{world.student}/guardians")["id"]})


@ask("POST students/{}/guardians")
def _new_link(world: World) -> Ask:
    body = {"guardian_id": world.new_guardian()["id"], "relation": "other"}
    return Ask({"student": world.new_student()["id"]}, body)


@ask("PATCH students/{}/guardians/{}")
def _change_link(world: World) -> Ask:
    student = world.new_student()["id"]
    return Ask({"student": student, "id": world.first(f"students/{student}/guardians")["id"]}, {"lives_with": False})


@ask("DELETE students/{}/guardians/{}")
def _remove_link(world: World) -> Ask:
    student = world.new_student()["id"]
    return Ask({"student": student, "id": world.first(f"students/{student}/guardians")["id"]})


@ask("POST enrolments/bulk")
def _bulk(world: World) -> Ask:
    students = [world.new_student()["id"] for _ in range(2)]
    for student in students:
        world.post(f"students/{student}/withdraw", {"exited_on": world.today, "reason": "Moved away"})
    row = world.spare_section
    records = [
        {"student_id": student, "grade_level_id": row["grade_level_id"], "section_id": row["id"]}
        for student in students
    ]
    body = {"year_id": world.year["id"], "entered_on": world.today, "entry_kind": "returned", "records": records}
    return Ask(body=body)


@ask("POST guardians")
def _guardian(world: World) -> Ask:
    return Ask(body={"given_name": f"Perpetua{world.number()}", "family_name": "Smokestack"})


@ask("PATCH guardians/{}")
def _change_guardian(world: World) -> Ask:
    guardian = world.new_guardian()
    return Ask({"id": guardian["id"]}, {"phone": "1", "version": guardian["version"]})


@ask("POST guardians/{}/merge")
def _merge_guardians(world: World) -> Ask:
    keep, duplicate = world.new_guardian()["id"], world.new_guardian()["id"]
    return Ask({"id": keep}, {"duplicate_id": duplicate, "take": ["phone"], "reason": "Entered twice"})


@ask("GET sections/{}/students")
def _section_roster(world: World) -> Ask:
    return Ask({"id": world.homeroom["id"]}, query={"as_of": world.today})


@ask("GET classes/{}/students")
def _class_roster(world: World) -> Ask:
    return Ask({"id": world.taught["id"]}, query={"as_of": world.today})


@ask("POST classes/{}/students")
def _join(world: World) -> Ask:
    body = {"student_ids": [world.new_student()["id"]], "starts_on": world.today}
    return Ask({"id": world.taught["id"]}, body)


@ask("POST classes/{}/students/{}/leave")
def _leave_class(world: World) -> Ask:
    student = world.new_student()["id"]
    world.post(f"classes/{world.taught['id']}/students", {"student_ids": [student], "starts_on": world.today})
    # On the last day of a year there is no class to leave tomorrow.
    ends_on = min(world.tomorrow, world.year["ends_on"])
    return Ask({"id": world.taught["id"], "student": student}, {"ends_on": ends_on})
