"""Exams: entering marks, reading them, what a session comes to, and printing report cards."""
