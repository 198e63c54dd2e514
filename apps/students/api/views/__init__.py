"""The API of students, their guardians and enrolments."""
