"""Lists and forms of people."""

from apps.office.people.admin import staff, students

__all__ = ["staff", "students"]
