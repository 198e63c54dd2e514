"""Campuses, years, the calendar, teaching, periods, and the check-list."""
