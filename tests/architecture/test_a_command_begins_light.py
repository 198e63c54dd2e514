"""A command begins at once: what only those need who print, read a spreadsheet or draw is imported by them."""

from __future__ import annotations

from tests.architecture.programs import python

# Of packages that take a tenth of a second or more each; and what is asked of every address and page.
NOT_YET = (
    "PIL", "celery", "config.urls", "dateutil", "drf_spectacular.openapi", "icalendar", "openpyxl", "phonenumbers",
    "pydantic",    "qrcode", "stripe", "typst", "xlrd",
)  # fmt: skip
COMMAND = f"""
import sys, manage
sys.argv = ["manage.py", "list_schools"]
try:
    manage.main()
except BaseException as away:
    print("It began:", type(away).__name__)
print("Imported:", *(name for name in {NOT_YET!r} if name in sys.modules))
"""


def test_it_imports_nothing_that_only_some_need() -> None:
    began = python(COMMAND, settings="offline")
    # It came as far as its first question to a database, which is not there.
    assert began.stdout.splitlines()[-2:] == ["It began: OperationalError", "Imported:"], began
