"""Writes of campuses, their years and calendar, and what is taught."""

from __future__ import annotations

from apps.institutions.services.campuses import add_institution, change_institution, remove_logo, set_logo
from apps.institutions.services.teaching import (
    add_class,
    add_course,
    add_grade_level,
    add_section,
    change_class,
    change_course,
    change_grade_level,
    change_section,
    remove_class,
    remove_course,
    remove_grade_level,
    remove_section,
)
from apps.institutions.services.years import (
    activate_year,
    add_term,
    change_term,
    change_year,
    clear_days,
    close_year,
    plan_year,
    remove_term,
    remove_year,
    set_days,
)

__all__ = [
    "activate_year",
    "add_class",
    "add_course",
    "add_grade_level",
    "add_institution",
    "add_section",
    "add_term",
    "change_class",
    "change_course",
    "change_grade_level",
    "change_institution",
    "change_section",
    "change_term",
    "change_year",
    "clear_days",
    "close_year",
    "plan_year",
    "remove_class",
    "remove_course",
    "remove_grade_level",
    "remove_logo",
    "remove_section",
    "remove_term",
    "remove_year",
    "set_days",
    "set_logo",
]
