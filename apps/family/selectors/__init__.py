"""What a family sees of its children: each item by the selectors of the app that it is of."""

from apps.family.selectors.asked import contact_requests_seen, feed_of
from apps.family.selectors.children import PERMISSIONS, Child, child_of, children_of
from apps.family.selectors.days import Day, Lesson, Standing, lessons_of, months_around, standing_today
from apps.family.selectors.looks import Look, looks_at

__all__ = [
    "PERMISSIONS",
    "Child",
    "Day",
    "Lesson",
    "Look",
    "Standing",
    "child_of",
    "children_of",
    "contact_requests_seen",
    "feed_of",
    "lessons_of",
    "looks_at",
    "months_around",
    "standing_today",
]
