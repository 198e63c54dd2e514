"""What to send to every route: the table, and a module of requests for each area. Importing one declares them all."""

from tests.smoke.asks import attendance, doors, exams, institutions, jobs, logins, own_login, rosters, staff, students  # noqa: F401 - each declares its requests
