"""What to send to every route: the table, and a module of requests for each area. Importing one declares them all."""

from tests.smoke.asks import (  # noqa: F401 - each declares its requests
    attendance,
    cards,
    doors,
    exams,
    family,
    fees,
    institutions,
    jobs,
    logins,
    messages,
    own_login,
    rosters,
    staff,
    students,
)
