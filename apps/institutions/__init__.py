"""Campuses, their years, terms and calendar, and what is taught to whom there."""
