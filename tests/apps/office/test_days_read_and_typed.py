"""A day is written one way for each kind, and typed into one field, wherever the office asks for one."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.test import RequestFactory
from django.utils import translation

from apps.accounts.models import User
from apps.office.shell.days import days_typed
from apps.office.shell.fields import DayField, DayInput, MomentField, TimeInput
from apps.office.shell.rooms import rooms
from apps.office.shell.site import office as site
from config.env import BASE_DIR
from schoolops.audit import trail
from schoolops.tenancy.models import School
from tests.apps.office.forms import forms_on
from tests.factories import people
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]
NOVEMBER, APRIL = dt.date(2026, 11, 4), dt.date(2026, 4, 11)
# A day, a moment, a time, a month, a day of this year; then parts of a calendar's page, and a day with its weekday:
# in a sentence, in a heading and in a narrow column. What machines read is none of these.
WRITTEN = {
    "DATE_FORMAT", "DATETIME_FORMAT", "TIME_FORMAT", "YEAR_MONTH_FORMAT", "MONTH_DAY_FORMAT",
    "F", "M", "j", "D", "l", "D j", "D j M", "D j M Y", "l, j F", "l, j F Y", "l, j F Y, H:i", "c", "Y-m-d", "Y-m",
}  # fmt: skip
NAMED = re.compile(r"""\|(?:date|time):_?\(?(?:"([^"]*)"|'([^']*)')""")


def test_pages_write_a_day_in_the_few_ways_there_are() -> None:
    pages = [*Path(BASE_DIR, "apps").rglob("*.html"), *Path(BASE_DIR, "apps").rglob("*.txt")]
    found = {(page.name, one or two) for page in pages for one, two in NAMED.findall(page.read_text())}
    assert {each for each in found if each[1] not in WRITTEN} == set()
    assert not [page.name for page in pages if re.search(r"""type=["']?date\b""", page.read_text())]


@pytest.mark.parametrize(
    ("language", "text", "days"),
    [
        ("en-gb", "2026-11-04", [NOVEMBER]),
        ("en-gb", "4 Nov 2026", [NOVEMBER]),
        ("en-gb", "November 4th, 2026", []),
        ("en-gb", "November 4, 2026", [NOVEMBER]),
        ("en-gb", "4/11/2026", [NOVEMBER, APRIL]),
        ("en-gb", "23.11.2026", [dt.date(2026, 11, 23)]),
        ("en-gb", "11/23/2026", [dt.date(2026, 11, 23)]),
        ("en-gb", "5-5-2026", [dt.date(2026, 5, 5)]),
        ("en-gb", "4/11/26", []),
        ("en-gb", "31/2/2026", []),
        ("en-gb", "soon", []),
        ("ar", "٤ نوفمبر ٢٠٢٦", [NOVEMBER]),
        ("ar", "4 November 2026", [NOVEMBER]),
        ("ar", "٤/٣/٢٠٢٦", [dt.date(2026, 3, 4), dt.date(2026, 4, 3)]),
    ],
)
def test_what_is_typed_is_the_day_it_can_be(language: str, text: str, days: list[dt.date]) -> None:
    with translation.override(language):
        assert days_typed(text) == days


def test_of_two_days_the_field_asks_which() -> None:
    with pytest.raises(forms.ValidationError, match="Is this 4 Nov 2026 or 11 Apr 2026"):
        DayField().clean("4/11/2026")
    for typed in ("soon", "0001-01-01", "9999-12-31"):
        with pytest.raises(forms.ValidationError, match="This is no day"):
            DayField().clean(typed)


def test_what_a_browser_could_not_show_stands_there_as_it_was_typed(office: Office, dave: User, campus: Campus) -> None:
    said = {"given_name": "Ada", "birth_date": "3/4/2015", "section": str(campus.section.pk)}
    page = office(dave).post("/office/student/admit/", said).content.decode()
    assert "Is this 3 Apr 2015 or 4 Mar 2015?" in page
    form = next(form for form in forms_on(page) if "birth_date" in form.said)
    assert form.said["birth_date"] == ["3/4/2015"]
    assert form.kinds["birth_date"] == "text"


def test_the_field_knows_the_schools_day(office: Office, dave: User, campus: Campus) -> None:
    page = office(dave).get("/office/rolls/").content.decode()
    assert f'data-today="{SCHOOL_DAY.isoformat()}" data-today-words="Today: 4 Nov 2026"' in page
    assert 'name="day" type="date"' in page


def _subclasses(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def _asks_otherwise(field: forms.Field) -> bool:
    """Whether ``field`` is for a day, a moment or a time, and not the office's."""
    if isinstance(field, forms.DateField):
        return not (isinstance(field, DayField) and isinstance(field.widget, DayInput))
    if isinstance(field, forms.TimeField):
        return not isinstance(field.widget, TimeInput)
    return isinstance(field, forms.DateTimeField | forms.SplitDateTimeField) and not isinstance(field, MomentField)


def test_there_is_one_field_for_a_day_on_every_form(
    in_oak: School, campus: Campus, erin: User, rf: RequestFactory
) -> None:
    rooms()
    declared: Any = [each for each in _subclasses(forms.BaseForm) if each.__module__.startswith("apps.office.")]
    asked = {f"{each.__qualname__}.{name}": field for each in declared for name, field in each.base_fields.items()}
    request = rf.get("/office/")
    request.user = User.objects.get(pk=erin.pk)
    for model, admin in site._registry.items():
        form: Any = admin.get_form(request)  # type: ignore[arg-type]
        asked |= {f"{model.__name__}.{name}": field for name, field in form.base_fields.items()}
    assert any(isinstance(field, DayField) for field in asked.values())
    assert {name for name, field in asked.items() if _asks_otherwise(field)} == set()


def test_a_list_is_asked_for_days_and_both_ends_belong_to_it(office: Office, erin: User, campus: Campus) -> None:
    trail.record(erin, "students.changed", people.students_in(campus.section)[0])
    browser = office(erin)
    day = SCHOOL_DAY.isoformat()
    page = browser.get(f"/office/audit/auditentry/?at_from_0={day}&at_to_0={day}").content.decode()
    assert f'name="at_from_0" value="{day}"' in page
    within = page.count('class="office-row"')
    after = browser.get("/office/audit/auditentry/?at_from_0=2026-11-05").content.decode()
    assert within > after.count('class="office-row"') == 0
