"""Reads of campuses and their days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db import connection
from django.db.models import F, OuterRef, Q, Subquery, TextField, Value
from django.db.models.functions import JSONObject, Replace
from django.db.models.lookups import Contains

from apps.institutions.caches import BRANDING, METADATA, Brand, Campus
from apps.institutions.models import AcademicYear, CalendarDay, Institution, Section, Term
from schoolops import clock
from schoolops.cache.local import local
from schoolops.context import current_school
from schoolops.folding import Searched, searched
from schoolops.tenancy.compiled import DAY, KEY, PUBLIC_ID, Compiled, Parameter


def sections_called(words: str) -> Q:
    """Sections whose level, name and room hold ``words`` with or without the spaces: 7B is 7 B."""
    label = Replace(Searched("grade_level__name", "name", "room"), Value(" "), Value(""), output_field=TextField())
    # By key: a filter of a list may stand beside conditions that reach the rows through other tables.
    return Q(pk__in=Section.objects.filter(Contains(label, searched(words).replace(" ", ""))).values("pk"))


# Two weeks of holidays and the days around them.
LONGEST_BREAK_DAYS = 40
WhyNot = Literal["", "no-year", "weekend", "holiday", "closure"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A year or a term; both days belong to it. ``state`` is a year's, ``kind`` a term's."""

    pk: int
    id: str
    name: str
    starts_on: dt.date
    ends_on: dt.date
    state: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What a day is at an institution.

    ``why`` says why there is no school: ``no-year`` (outside every year), ``weekend``, ``holiday`` or ``closure``;
    empty on an instructional day. ``title`` is the calendar's word for the day. ``starts_at`` and ``ends_at`` are set
    where the calendar changes the day's times. ``term`` is the shortest term that holds the day.
    """

    day: dt.date
    weekday: int
    why: WhyNot
    title: str
    year: Stretch | None
    term: Stretch | None
    starts_at: dt.time | None = None
    ends_at: dt.time | None = None

    @property
    def instructional(self) -> bool:
        return not self.why


def _stretch(found: dict[str, Any] | None) -> Stretch | None:
    if found is None:
        return None
    return Stretch(
        **{
            **found,
            "starts_on": dt.date.fromisoformat(found["starts_on"]),
            "ends_on": dt.date.fromisoformat(found["ends_on"]),
        }
    )


_FIRST: Compiled[Institution] = Compiled(lambda: Institution.objects.order_by("pk")[:1])
_NAMED: Compiled[Institution] = Compiled(lambda: Institution.objects.filter(sourced_id=Parameter("id", PUBLIC_ID)))


def institution_or_first(wanted: UUID | None) -> Institution | None:
    """The institution of this public id, the first one where none is said; in one query."""
    return _FIRST.first() if wanted is None else _NAMED.first(id=wanted)


def facts_columns(at: Any, day: Any) -> dict[str, Any]:
    """What ``facts_of`` makes its facts of, as columns of a query: ``at`` is its institution, ``day`` its day."""
    same = {
        "pk": F("pk"),
        "id": F("sourced_id"),
        "name": F("name"),
        "starts_on": F("starts_on"),
        "ends_on": F("ends_on"),
    }
    around = {"starts_on__lte": day, "ends_on__gte": day}
    years = AcademicYear.objects.filter(institution=at, **around)
    terms = Term.objects.filter(year__institution=at, **around).order_by(F("ends_on") - F("starts_on"), "pk")
    special = CalendarDay.objects.filter(institution=at, day=day)
    return {
        "the_year": Subquery(years.values(fact=JSONObject(**same, state=F("state")))[:1]),
        "the_term": Subquery(terms.values(fact=JSONObject(**same, kind=F("kind")))[:1]),
        "the_day": Subquery(
            special.values(fact=JSONObject(kind="kind", title="title", starts_at="starts_at", ends_at="ends_at"))[:1]
        ),
    }


def facts_of(found: Mapping[str, Any], weekend: Sequence[int], day: dt.date) -> DayFacts:
    """What ``day`` is, of the columns of ``facts_columns`` and the weekdays that are free there."""
    calendar = found["the_day"] or {}
    return DayFacts(
        day=day,
        weekday=day.isoweekday(),
        why=_why_not(found["the_year"] is not None, calendar.get("kind"), day.isoweekday() in weekend),
        title=calendar.get("title", ""),
        year=_stretch(found["the_year"]),
        term=_stretch(found["the_term"]),
        starts_at=_time(calendar.get("starts_at")),
        ends_at=_time(calendar.get("ends_at")),
    )


_FACTS: Compiled[dict[str, Any]] = Compiled(
    lambda: Institution.objects.filter(pk=Parameter("at", KEY)).values(
        "weekend", **facts_columns(OuterRef("pk"), Parameter("day", DAY))
    )
)


def day_facts(institution: Institution | int, day: dt.date) -> DayFacts:
    """What ``day`` is at ``institution`` (a row or its key), in one query.

    Raises:
        Institution.DoesNotExist: there is no such institution.
    """
    key = institution.pk if isinstance(institution, Institution) else institution
    found = _FACTS.first(at=key, day=day)
    if found is None:
        raise Institution.DoesNotExist
    return facts_of(found, found["weekend"], day)


def _time(text: str | None) -> dt.time | None:
    return dt.time.fromisoformat(text) if text else None


def _why_not(in_a_year: bool, kind: str | None, weekend: bool) -> WhyNot:  # noqa: FBT001 - three facts, used once
    if not in_a_year:
        return "no-year"
    if kind == CalendarDay.Kind.HOLIDAY:
        return "holiday"
    if kind == CalendarDay.Kind.CLOSURE:
        return "closure"
    # A row of the calendar that says otherwise makes a weekend a day of school.
    return "weekend" if weekend and kind is None else ""


_SPECIAL_AT: Compiled[CalendarDay] = Compiled(
    lambda: CalendarDay.objects.filter(
        institution=Parameter("at", KEY), day__gte=Parameter("first", DAY), day__lte=Parameter("last", DAY)
    )
)


def closed_days(institution: Institution, days: Sequence[dt.date]) -> dict[dt.date, str]:
    """Why there is no school on those of ``days``, in order, that have none, in one query.

    The calendar's title or kind, or "weekend"; years are not looked at.
    """
    special = special_days(institution, days)
    said = {day: why_closed(institution, day, special.get(day)) for day in days}
    return {day: why for day, why in said.items() if why}


def special_days(institution: Institution, days: Sequence[dt.date]) -> dict[dt.date, CalendarDay]:
    """What the calendar says of those of ``days``, in order, of which it says anything, in one query."""
    return {row.day: row for row in _SPECIAL_AT.all(at=institution.pk, first=days[0], last=days[-1])}


def why_closed(institution: Institution, day: dt.date, special: CalendarDay | None) -> str:
    """Why there is no school on a day of which the calendar says ``special``; empty, where there is."""
    if special is not None:
        closed = special.kind in (CalendarDay.Kind.HOLIDAY, CalendarDay.Kind.CLOSURE)
        return special.title or special.kind if closed else ""
    return "weekend" if day.isoweekday() in institution.weekend else ""


def week_around(day: dt.date, weekend: Collection[int]) -> list[dt.date]:
    """The seven days of the school's week that holds ``day``: it begins after the weekend, on Monday without one."""
    begins = next((each for each in range(1, 8) if each not in weekend and (each - 2) % 7 + 1 in weekend), 1)
    first = day - dt.timedelta(days=(day.isoweekday() - begins) % 7)
    return [first + dt.timedelta(days=ahead) for ahead in range(7)]


_WEEKENDS: Compiled[tuple[int, list[int]]] = Compiled(lambda: Institution.objects.values_list("pk", "weekend"))
_SPECIAL: Compiled[tuple[int, dt.date, str]] = Compiled(
    lambda: CalendarDay.objects.filter(day__gte=Parameter("first", DAY), day__lt=Parameter("until", DAY)).values_list(
        "institution_id", "day", "kind"
    )
)


def previous_school_day(day: dt.date) -> dt.date | None:
    """The last day before ``day`` on which some campus had school; ``None``: none in forty days. Two queries."""
    places = _WEEKENDS.all()
    since = day - dt.timedelta(days=LONGEST_BREAK_DAYS)
    calendar = {(at, on): kind for at, on, kind in _SPECIAL.all(first=since, until=day)}
    closed = {CalendarDay.Kind.HOLIDAY, CalendarDay.Kind.CLOSURE}
    candidate = day - dt.timedelta(days=1)
    while candidate >= since:
        for campus, weekend in places:
            kind = calendar.get((campus, candidate))
            if (kind is None and candidate.isoweekday() not in weekend) or (kind and kind not in closed):
                return candidate
        candidate -= dt.timedelta(days=1)
    return None


@dataclass(frozen=True, slots=True)
class Branding:
    """What a school looks like: name, colour (``#rrggbb``), logo and language of its first campus, where it has one."""

    name: str = ""
    colour: str = "#1d4ed8"
    logo_address: str = ""
    locale: str = ""


_LOOKS: Compiled[dict[str, Any]] = Compiled(
    lambda: Institution.objects.order_by("id").values("sourced_id", "name", "brand_colour", "logo", "locale")[:1]
)


def branding() -> Branding:
    """How the pages of the current school look. Asked for once a request."""
    cache = local()
    key = f"institutions.branding:{current_school().schema_name}"
    known: Branding | None = None if cache is None else cache.get(key)
    if known is None:
        row = _LOOKS.first()
        known = Branding()
        if row is not None:
            address = f"/api/v1/institutions/{row['sourced_id']}/logo" if row["logo"] else ""
            known = Branding(row["name"], row["brand_colour"], address, row["locale"])
        if cache is not None:
            cache.put(key, known)
    return known


def today_at(institution: Institution) -> dt.date:
    """The calendar day at ``institution``, in its timezone."""
    return clock.today(institution.timezone)


class Todays(dict[int, dt.date]):
    """Campus (by key) → the calendar day there, each asked for once."""

    def __missing__(self, institution_id: int) -> dt.date:
        known = next((campus.timezone for campus in campuses() if campus.pk == institution_id), None)
        # What is remembered may be older than a campus that was added a moment ago.
        timezone = known or Institution.objects.values_list("timezone", flat=True).get(pk=institution_id)
        self[institution_id] = clock.today(timezone)
        return self[institution_id]


def school_today() -> dt.date:
    """Today where the school has one institution, or its first: for questions that name no institution."""
    return clock.today(school_timezone())


def school_timezone() -> str:
    """The timezone of the school's first campus, UTC without one; asked for once a request, or not at all."""
    return _known_timezone() or _read_timezone()


def remember_timezone(timezone: str) -> None:
    """Keep the school's timezone for this request: whoever read it on the way spares the next the question."""
    if (cache := local()) is not None:
        cache.put(_timezone_key(), timezone)


def forget_timezone() -> None:
    """It may have changed."""
    if (cache := local()) is not None:
        cache.drop(_timezone_key())


def _timezone_key() -> str:
    return f"institutions.timezone:{current_school().schema_name}"


def _known_timezone() -> str | None:
    cache = local()
    return None if cache is None else cache.get(_timezone_key())


def _read_timezone() -> str:
    first = campuses()[:1]
    timezone = first[0].timezone if first else "UTC"
    remember_timezone(timezone)
    return timezone


def campuses() -> tuple[Campus, ...]:
    """The campuses of the school, oldest first."""
    return METADATA.get(load=_read_campuses)


def _read_campuses() -> tuple[Campus, ...]:
    # Asked by most requests, so spelled out: building it as a queryset costs more than running it.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, sourced_id, name, timezone, currency, locale, weekend FROM institutions_institution ORDER BY id"
        )
        return tuple(
            Campus(pk, id_, name, timezone, currency, locale, tuple(weekend))
            for pk, id_, name, timezone, currency, locale, weekend in cursor.fetchall()
        )


def brands() -> tuple[Brand, ...]:
    """How the campuses look to strangers, oldest first."""
    return BRANDING.get(load=_read_brands)


def _read_brands() -> tuple[Brand, ...]:
    rows = Institution.objects.order_by("pk").values_list("sourced_id", "name", "brand_colour", "locale", "logo")
    return tuple(Brand(id_, name, colour, locale, bool(logo)) for id_, name, colour, locale, logo in rows)
