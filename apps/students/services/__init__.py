"""Everything a student lives through on the school's books."""

from __future__ import annotations

from apps.students.services.admitting import (
    AdmittedGuardian,
    admit_student,
    change_student,
    remove_photo,
    set_photo,
)
from apps.students.services.classes import enrol_in_class, leave_class
from apps.students.services.enrolling import (
    EnrolmentRow,
    change_exit,
    end_enrolments_of_closed_year,
    enrol_students,
    move_section,
    re_enrol_student,
    withdraw_student,
)
from apps.students.services.guardians import (
    add_guardian,
    change_guardian,
    change_guardian_link,
    link_guardian,
    unlink_guardian,
)
from apps.students.services.inviting import GUARDIANS
from apps.students.services.merging import MergeOutcome, merge_students, moves_on_merge
from apps.students.services.merging_guardians import (
    GuardiansMerged,
    look_at_merging_guardians,
    merge_guardians,
    moves_with_guardian,
)
from apps.students.services.placing import Placement
from apps.students.services.planning import change_planned_departure, change_planned_move
from apps.students.services.staying import is_on_the_books  # noqa: F401 - who is still here

__all__ = [
    "GUARDIANS",
    "AdmittedGuardian",
    "EnrolmentRow",
    "GuardiansMerged",
    "MergeOutcome",
    "Placement",
    "add_guardian",
    "admit_student",
    "change_exit",
    "change_guardian",
    "change_guardian_link",
    "change_planned_departure",
    "change_planned_move",
    "change_student",
    "end_enrolments_of_closed_year",
    "enrol_in_class",
    "enrol_students",
    "leave_class",
    "link_guardian",
    "look_at_merging_guardians",
    "merge_guardians",
    "merge_students",
    "move_section",
    "moves_on_merge",
    "moves_with_guardian",
    "re_enrol_student",
    "remove_photo",
    "set_photo",
    "unlink_guardian",
    "withdraw_student",
]
