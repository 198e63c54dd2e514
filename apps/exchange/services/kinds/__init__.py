"""One module per family of rows: how each is compared with what is there, and which service writes it."""

from __future__ import annotations

from collections.abc import Mapping

from apps.exchange.services.comparing import Kind
from apps.exchange.services.kinds.assignments import Assignments
from apps.exchange.services.kinds.calendar import GradeLevels, Institutions, Terms, Years
from apps.exchange.services.kinds.guardians import Guardians, Links
from apps.exchange.services.kinds.places import Places
from apps.exchange.services.kinds.staff import Staff
from apps.exchange.services.kinds.students import Students
from apps.exchange.services.kinds.teaching import Classes, Courses, HomeroomCourses, Sections

KINDS: tuple[Kind, ...] = (
    Institutions(), Years(), Terms(), GradeLevels(), HomeroomCourses(), Courses(), Sections(), Classes(),
    Staff(), Students(), Guardians(), Links(), Assignments(), Places(),
)  # fmt: skip
OF: Mapping[str, Kind] = {each.name: each for each in KINDS}
