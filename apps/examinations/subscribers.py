"""What follows for papers when what is taught changes."""

from __future__ import annotations

from apps.examinations import services
from apps.institutions.events import ClassSectionChanged
from schoolops.events import subscribe


@subscribe(ClassSectionChanged)
def let_papers_ahead_be_of_the_new_section(event: ClassSectionChanged) -> None:
    services.follow_class(course_class=event.course_class_id)
