"""What a school is set up with."""

from apps.office.setup.admin import institutions, timetable

__all__ = ["institutions", "timetable"]
