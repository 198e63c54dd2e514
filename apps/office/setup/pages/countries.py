"""What a school of a country most likely keeps: proposed, and set only once somebody has said so.

Weekends and currencies as of 2026 (Unicode CLDR 47, supplemental data); first and last months of a school year as the
UNESCO Institute for Statistics lists them. Whoever keeps others says so in the form.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import available_timezones

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from schoolops.money import CURRENCIES

WEEKDAYS = (
    (1, _("Monday")),
    (2, _("Tuesday")),
    (3, _("Wednesday")),
    (4, _("Thursday")),
    (5, _("Friday")),
    (6, _("Saturday")),
    (7, _("Sunday")),
)
# Nothing is chosen before somebody has chosen it: a browser would take the first, and one save would set it.
CHOOSE = ("", _("choose …"))
_TWELVE = tuple(range(1, 13))
GRADES = ("KG 1", "KG 2", *(f"Grade {number}" for number in _TWELVE))
YEARS = ("Reception", *(f"Year {number}" for number in range(1, 14)))
KINDERGARTEN = ("Kindergarten", *(f"Grade {number}" for number in _TWELVE))
CLASSES = ("LKG", "UKG", *(f"Class {number}" for number in _TWELVE))
STANDARDS = ("PP1", "PP2", *(f"Grade {number}" for number in _TWELVE))
SATURDAY_SUNDAY, FRIDAY_SATURDAY, SUNDAY = (6, 7), (5, 6), (7,)


@dataclass(frozen=True, slots=True)
class Country:
    """``begins`` and ``ends``: month and day of a school year; one that ends in an earlier month ends a year later."""

    name: str | Promise
    timezone: str
    currency: str
    locale: str
    weekend: tuple[int, ...]
    begins: tuple[int, int]
    ends: tuple[int, int]
    terms: int
    levels: tuple[str, ...]

    def year_of(self, day: dt.date) -> tuple[dt.date, dt.date]:
        """First and last day of the school year that ``day`` lies in, or of the next one."""
        for year in (day.year - 1, day.year, day.year + 1):
            ends = year if self.ends > self.begins else year + 1
            first, last = dt.date(year, *self.begins), dt.date(ends, *self.ends)
            if last >= day:
                return first, last
        raise AssertionError(f"A year of {self.name} lasts longer than one.")


_AUTUMN = ((9, 1), (6, 30))
# By ISO 3166-1; ordered by name when it is shown.
COUNTRIES: dict[str, Country] = {
    "AE": Country(_("United Arab Emirates"), "Asia/Dubai", "AED", "ar", SATURDAY_SUNDAY, (8, 25), (7, 3), 3, GRADES),
    "SA": Country(_("Saudi Arabia"), "Asia/Riyadh", "SAR", "ar", FRIDAY_SATURDAY, (8, 24), (6, 25), 2, GRADES),
    "QA": Country(_("Qatar"), "Asia/Qatar", "QAR", "ar", FRIDAY_SATURDAY, *_AUTUMN, 2, GRADES),
    "KW": Country(_("Kuwait"), "Asia/Kuwait", "KWD", "ar", FRIDAY_SATURDAY, *_AUTUMN, 2, GRADES),
    "BH": Country(_("Bahrain"), "Asia/Bahrain", "BHD", "ar", FRIDAY_SATURDAY, *_AUTUMN, 2, GRADES),
    "OM": Country(_("Oman"), "Asia/Muscat", "OMR", "ar", FRIDAY_SATURDAY, *_AUTUMN, 2, GRADES),
    "EG": Country(_("Egypt"), "Africa/Cairo", "EGP", "ar", FRIDAY_SATURDAY, (9, 15), (6, 15), 2, GRADES),
    "JO": Country(_("Jordan"), "Asia/Amman", "JOD", "ar", FRIDAY_SATURDAY, (8, 25), (6, 15), 2, GRADES),
    "LB": Country(_("Lebanon"), "Asia/Beirut", "LBP", "ar", SATURDAY_SUNDAY, *_AUTUMN, 3, GRADES),
    "IQ": Country(_("Iraq"), "Asia/Baghdad", "IQD", "ar", FRIDAY_SATURDAY, *_AUTUMN, 2, GRADES),
    "MA": Country(_("Morocco"), "Africa/Casablanca", "MAD", "ar", SATURDAY_SUNDAY, *_AUTUMN, 2, GRADES),
    "TN": Country(_("Tunisia"), "Africa/Tunis", "TND", "ar", SATURDAY_SUNDAY, (9, 15), (6, 30), 3, GRADES),
    "GB": Country(_("United Kingdom"), "Europe/London", "GBP", "en-gb", SATURDAY_SUNDAY, (9, 1), (7, 20), 3, YEARS),
    "IE": Country(_("Ireland"), "Europe/Dublin", "EUR", "en-gb", SATURDAY_SUNDAY, *_AUTUMN, 3, YEARS),
    "US": Country(
        _("United States"), "America/New_York", "USD", "en", SATURDAY_SUNDAY, (8, 20), (6, 10), 2, KINDERGARTEN
    ),
    "CA": Country(_("Canada"), "America/Toronto", "CAD", "en", SATURDAY_SUNDAY, *_AUTUMN, 2, KINDERGARTEN),
    "AU": Country(
        _("Australia"), "Australia/Sydney", "AUD", "en-au", SATURDAY_SUNDAY, (1, 28), (12, 18), 4, KINDERGARTEN
    ),
    "NZ": Country(_("New Zealand"), "Pacific/Auckland", "NZD", "en-gb", SATURDAY_SUNDAY, (1, 30), (12, 18), 4, YEARS),
    "IN": Country(_("India"), "Asia/Kolkata", "INR", "en-gb", SUNDAY, (4, 1), (3, 31), 2, CLASSES),
    "PK": Country(_("Pakistan"), "Asia/Karachi", "PKR", "en-gb", SATURDAY_SUNDAY, (8, 1), (5, 31), 2, CLASSES),
    "BD": Country(_("Bangladesh"), "Asia/Dhaka", "BDT", "en-gb", FRIDAY_SATURDAY, (1, 1), (12, 20), 2, CLASSES),
    "LK": Country(_("Sri Lanka"), "Asia/Colombo", "LKR", "en-gb", SATURDAY_SUNDAY, (1, 5), (12, 5), 3, KINDERGARTEN),
    "KE": Country(_("Kenya"), "Africa/Nairobi", "KES", "en-gb", SATURDAY_SUNDAY, (1, 5), (11, 5), 3, STANDARDS),
    "NG": Country(_("Nigeria"), "Africa/Lagos", "NGN", "en-gb", SATURDAY_SUNDAY, (9, 8), (7, 25), 3, GRADES),
    "GH": Country(_("Ghana"), "Africa/Accra", "GHS", "en-gb", SATURDAY_SUNDAY, (9, 8), (7, 31), 3, GRADES),
    "ZA": Country(
        _("South Africa"), "Africa/Johannesburg", "ZAR", "en-gb", SATURDAY_SUNDAY, (1, 14), (12, 10), 4, KINDERGARTEN
    ),
    "DE": Country(_("Germany"), "Europe/Berlin", "EUR", "de", SATURDAY_SUNDAY, (8, 15), (7, 5), 2, GRADES),
    "FR": Country(_("France"), "Europe/Paris", "EUR", "fr", SATURDAY_SUNDAY, (9, 1), (7, 4), 3, GRADES),
    "TR": Country(_("Türkiye"), "Europe/Istanbul", "TRY", "tr", SATURDAY_SUNDAY, (9, 8), (6, 26), 2, GRADES),
}
ELSEWHERE = Country("", "", "", "", (), (9, 1), (6, 30), 3, GRADES)


def terms_of(first: dt.date, last: dt.date, number: int) -> list[tuple[dt.date, dt.date]]:
    """A year in ``number`` parts of equal length, one after the other."""
    cuts = [first + (last - first) * each / number for each in range(number)] + [last + dt.timedelta(days=1)]
    return [(begins, after - dt.timedelta(days=1)) for begins, after in pairwise(cuts)]


def timezones() -> list[tuple[str, str | Promise]]:
    """Choices: places by name, and UTC."""
    named = sorted(each for each in available_timezones() if "/" in each or each == "UTC")
    return [CHOOSE, *((each, each.replace("_", " ")) for each in named)]


def currencies() -> list[tuple[str, str | Promise]]:
    """Choices: codes of ISO 4217."""
    return [CHOOSE, *((each, each) for each in sorted(CURRENCIES))]
