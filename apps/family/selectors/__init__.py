"""What a family sees of its children: each item by the selectors of the app that it is of."""

from apps.family.selectors.children import PERMISSIONS, Child, children_of
from apps.family.selectors.days import Day, Lesson, Standing, lessons_of, months_around, standing_today
from apps.family.selectors.looks import trail_of_child

__all__ = [
    "PERMISSIONS",
    "Child",
    "Day",
    "Lesson",
    "Standing",
    "children_of",
    "lessons_of",
    "months_around",
    "standing_today",
    "trail_of_child",
]
