"""Writes: grading scales, exam sessions, their papers, the marks and what they come to."""

from apps.examinations.services.components import Component, set_components
from apps.examinations.services.gradebooks import (
    AssessmentSaid,
    CategorySaid,
    Typed,
    enter_assessments,
    open_gradebook,
    publish_gradebook,
    reopen_gradebook,
    set_gradebook,
)
from apps.examinations.services.marks import Beside, Written, correct_marks, enter_marks, lay_beside, reopen_marks
from apps.examinations.services.merging import move_assessment_marks, move_marks
from apps.examinations.services.moderation import (
    apply_moderation,
    propose_moderation,
    revert_moderation,
    withdraw_moderation,
)
from apps.examinations.services.papers import Paper, add_papers, change_paper, follow_class, remove_paper
from apps.examinations.services.remarks import Said, add_phrase, remove_phrase, write_class_remarks, write_remarks
from apps.examinations.services.reminding import marks_letter, remind_of_marks
from apps.examinations.services.results import (
    Sat,
    Tally,
    ask_for_results,
    begin_results,
    compute_results,
    follow_marks,
    follow_papers,
    follow_students,
    ranks_of,
    set_result_policy,
    tally,
)
from apps.examinations.services.scales import NewBand, add_scale, add_scale_version, retire_scale, seed_scales
from apps.examinations.services.sessions import (
    add_session,
    change_session,
    move_session,
    remove_session,
    set_publication,
)
from apps.examinations.services.telling import tell_of_results

__all__ = [
    "AssessmentSaid",
    "Beside",
    "CategorySaid",
    "Component",
    "NewBand",
    "Paper",
    "Said",
    "Sat",
    "Tally",
    "Typed",
    "Written",
    "add_papers",
    "add_phrase",
    "add_scale",
    "add_scale_version",
    "add_session",
    "apply_moderation",
    "ask_for_results",
    "begin_results",
    "change_paper",
    "change_session",
    "compute_results",
    "correct_marks",
    "enter_assessments",
    "enter_marks",
    "follow_class",
    "follow_marks",
    "follow_papers",
    "follow_students",
    "lay_beside",
    "marks_letter",
    "move_assessment_marks",
    "move_marks",
    "move_session",
    "open_gradebook",
    "propose_moderation",
    "publish_gradebook",
    "ranks_of",
    "remind_of_marks",
    "remove_paper",
    "remove_phrase",
    "remove_session",
    "reopen_gradebook",
    "reopen_marks",
    "retire_scale",
    "revert_moderation",
    "seed_scales",
    "set_components",
    "set_gradebook",
    "set_publication",
    "set_result_policy",
    "tally",
    "tell_of_results",
    "withdraw_moderation",
    "write_class_remarks",
    "write_remarks",
]
