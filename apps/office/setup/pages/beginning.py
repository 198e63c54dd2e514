"""From an empty office to the first roll, a step to a page: left at any step and taken up at any other.

Each step is one form over the services that the office's other pages call. What a country's schools mostly keep is
proposed in it, and counts once somebody has saved it; which steps are done is read from what is there.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.access import services as access
from apps.accounts.models import User
from apps.attendance.models import AttendanceSession
from apps.institutions import services
from apps.institutions.models import AcademicYear, GradeLevel, Institution, Section
from apps.office.setup.pages.countries import (
    CHOOSE,
    COUNTRIES,
    ELSEWHERE,
    WEEKDAYS,
    Country,
    currencies,
    terms_of,
    timezones,
)
from apps.office.shell.fields import about, day_field, few, posted
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.staff.models import StaffMember
from apps.staff.services import add_staff_member, assign_teacher
from apps.students.models import Student
from apps.students.services import Placement, admit_student
from schoolops.errors import SchoolOpsError
from schoolops.folding import fold
from schoolops.rows import RowStatus

MOST_TERMS, STAFF_AT_ONCE, STUDENTS_AT_ONCE = 4, 6, 12


@dataclass(frozen=True, slots=True)
class At:
    """Where the school stands: the campus that is set up, and the year of it that runs or comes."""

    by: User
    today: dt.date
    campus: Institution | None
    year: AcademicYear | None


def _at(by: User) -> At:
    today = access.today(by)
    campus = Institution.objects.filter(status=RowStatus.ACTIVE).order_by("pk").first()
    years = AcademicYear.objects.filter(institution=campus, ends_on__gte=today).exclude(state="closed")
    return At(by, today, campus, years.order_by("starts_on").first() if campus else None)


class CampusForm(DressedForm):
    """What the first campus is called, and where it is in time and money."""

    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        required=False,
        help_text=gettext_lazy("Proposes the fields below; change what is otherwise with you."),
    )
    name = forms.CharField(label=gettext_lazy("Name of the campus"), max_length=200)
    code = forms.CharField(label=gettext_lazy("Short code"), max_length=20, help_text=gettext_lazy("Such as MAIN."))
    timezone = forms.ChoiceField(label=gettext_lazy("Timezone"))
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    weekend = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Days without school"), choices=WEEKDAYS, coerce=int,
        error_messages={"required": gettext_lazy("Tick the days of the week without school.")},
    )  # fmt: skip
    title = gettext_lazy("The campus")

    def __init__(self, at: At, data: Any, asked: Any) -> None:
        chosen = COUNTRIES.get(asked.get("country", ""))
        campus = at.campus
        initial: dict[str, Any] = {"country": asked.get("country", ""), "code": "MAIN"}
        if campus is not None:
            initial |= {name: getattr(campus, name) for name in ("name", "code", "timezone", "currency", "weekend")}
            if campus.timezone == "UTC":
                # Nobody has said so: it is what a campus has before.
                initial["timezone"] = ""
        if chosen is not None:
            initial |= {"timezone": chosen.timezone, "currency": chosen.currency, "weekend": list(chosen.weekend)}
        super().__init__(data, initial=initial)
        named: Any = self.fields
        by_name = sorted(((code, each.name) for code, each in COUNTRIES.items()), key=lambda pair: str(pair[1]))
        named["country"].choices = [CHOOSE, *by_name]
        named["timezone"].choices = timezones()
        named["currency"].choices = currencies()

    def named(self) -> list[str]:
        """What it writes."""
        return [self.cleaned_data["name"]]

    def carry_out(self, at: At) -> None:
        """Write it. Raises what the services raise."""
        said = dict(self.cleaned_data)
        country = COUNTRIES.get(said.pop("country"))
        if at.campus is not None:
            services.change_institution(institution=at.campus, fields=said, by=at.by)
        else:
            spoken = {"locale": country.locale} if country else {}
            services.add_institution(fields={**said, **spoken}, by=at.by)


def _country_of(campus: Institution | None) -> Country:
    """Of the countries that keep this timezone and currency the first; none of them, where no country does."""
    kept = (campus.timezone, campus.currency) if campus else ("", "")
    return next((each for each in COUNTRIES.values() if (each.timezone, each.currency) == kept), ELSEWHERE)


class YearForm(DressedForm):
    """The year that runs, and its terms."""

    name = forms.CharField(label=gettext_lazy("Name of the year"), max_length=60)
    starts_on = day_field(label=gettext_lazy("First day"))
    ends_on = day_field(label=gettext_lazy("Last day"))
    title = gettext_lazy("The year and its terms")

    def __init__(self, at: At, data: Any, asked: Any) -> None:
        country = _country_of(at.campus)
        first, last = (at.year.starts_on, at.year.ends_on) if at.year else country.year_of(at.today)
        name = f"{first.year}/{last.year}" if first.year != last.year else str(first.year)
        initial: dict[str, Any] = {"name": at.year.name if at.year else name, "starts_on": first, "ends_on": last}
        there = list(at.year.terms.order_by("starts_on")[:MOST_TERMS]) if at.year else []
        terms = [(each.name, each.starts_on, each.ends_on) for each in there] or [
            (_("Term %(number)d") % {"number": number}, *days)
            for number, days in enumerate(terms_of(first, last, country.terms), start=1)
        ]
        super().__init__(data, initial=initial)
        self.there = there
        self.fields["seen"] = _seen()
        self.initial["seen"] = len(there)
        for number in range(1, MOST_TERMS + 1):
            named, begins, ends = terms[number - 1] if number <= len(terms) else ("", None, None)
            words = {"number": number}
            for key, field in (
                ("name", forms.CharField(label=_("Term %(number)d") % words, max_length=60, required=False)),
                ("starts_on", day_field(label=_("Term %(number)d begins") % words, required=False)),
                ("ends_on", day_field(label=_("Term %(number)d ends") % words, required=False)),
            ):
                self.fields[f"term_{number}_{key}"] = field
                self.initial[f"term_{number}_{key}"] = {"name": named, "starts_on": begins, "ends_on": ends}[key]
        self._dress()

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for number in range(1, MOST_TERMS + 1):
            given = [key for key in ("name", "starts_on", "ends_on") if said.get(f"term_{number}_{key}")]
            if given and len(given) < 3:
                self.add_error(f"term_{number}_name", _("A term has a name, a first and a last day."))
        return said

    def named(self) -> list[str]:
        """What it writes."""
        return [self.cleaned_data["name"]]

    def carry_out(self, at: At) -> None:
        """Write it. Raises what the services raise."""
        if at.campus is None:
            raise Http404
        said = self.cleaned_data
        own = {name: said[name] for name in ("name", "starts_on", "ends_on")}
        if at.year is None:
            year = services.plan_year(institution=at.campus, fields=own, by=at.by)
        else:
            year = services.change_year(year=at.year, fields=own, by=at.by)
        if year.state == AcademicYear.State.PLANNED:
            services.activate_year(year=year, by=at.by)
        for number in range(1, MOST_TERMS + 1):
            fields = {key: said[f"term_{number}_{key}"] for key in ("name", "starts_on", "ends_on")}
            if number <= len(self.there):
                if all(fields.values()):
                    services.change_term(term=self.there[number - 1], fields=fields, by=at.by)
                elif number <= (said["seen"] or 0):
                    # One that was added meanwhile stood on no line that could be emptied.
                    services.remove_term(term=self.there[number - 1], by=at.by)
            elif all(fields.values()):
                services.add_term(year=year, fields=fields, by=at.by)


class LevelsForm(DressedForm):
    """Grade levels, lowest first, and the sections of each in the year that runs."""

    levels = forms.CharField(
        label=gettext_lazy("Grade levels, a line each, the lowest first"), widget=forms.Textarea, max_length=4_000
    )
    sections = forms.CharField(
        label=gettext_lazy("Sections of each of them"), max_length=200, required=False,
        help_text=gettext_lazy("Such as A, B. More or fewer of one level are added and removed under Sections."),
    )  # fmt: skip
    title = gettext_lazy("Grade levels and sections")

    def __init__(self, at: At, data: Any, asked: Any) -> None:
        there = list(
            GradeLevel.objects.filter(status=RowStatus.ACTIVE).order_by("position").values_list("name", flat=True)
        )
        sections = Section.objects.filter(year=at.year, status=RowStatus.ACTIVE) if at.year else Section.objects.none()
        names = sorted(set(sections.values_list("name", flat=True))) or ["A"]
        proposed = there or _country_of(at.campus).levels
        super().__init__(data, initial={"levels": "\n".join(proposed), "sections": ", ".join(names)})

    def named(self) -> list[str]:
        """What it writes."""
        return [line.strip() for line in self.cleaned_data["levels"].splitlines() if line.strip()]

    def carry_out(self, at: At) -> None:
        """Add what is not there yet; what is there stays. Raises what the services raise."""
        if at.year is None:
            raise Http404
        known = {fold(each.name): each for each in GradeLevel.objects.all()}
        lines = list(dict.fromkeys(line.strip() for line in self.cleaned_data["levels"].splitlines() if line.strip()))
        fresh = [line for line in lines if fold(line) not in known]
        position = max((each.position for each in known.values()), default=0)
        codes, following = {fold(each.code) for each in known.values()}, None
        numbered = list(enumerate(fresh, start=position + 1))
        for at_position, name in reversed(numbered):
            fields = {"name": name, "code": _code_of(name, codes), "position": at_position, "next_level": following}
            following = services.add_grade_level(fields=fields, by=at.by)
            known[fold(name)] = following
        for line in lines:
            level = known[fold(line)]
            held = {fold(each) for each in level.sections.filter(year=at.year).values_list("name", flat=True)}
            for name in re.split(r"[,;،\s]+", self.cleaned_data["sections"].strip()):
                if name and fold(name) not in held:
                    services.add_section(year=at.year, grade_level=level, fields={"name": name}, by=at.by)


def _code_of(name: str, taken: set[str]) -> str:
    """OneRoster's code of a grade by its name (``07``, ``KG``), or the name's letters, that no other level has."""
    number = re.search(r"\d+", name)
    school = re.match(r"(?i)(kg|pp|lkg|ukg|kinder|reception|nursery)", name)
    wished = f"{int(number[0]):02d}"[:12] if number and not school else re.sub(r"\W", "", name).upper()[:10]
    code, count = wished or "L", 1
    while fold(code) in taken:
        count += 1
        code = f"{wished}-{count}"
    taken.add(fold(code))
    return code


def _seen() -> forms.Field:
    """How many there were when the page was made."""
    return forms.IntegerField(widget=forms.HiddenInput, required=False)


class RowsForm(DressedForm):
    """Several people at once, a line of fields for each; lines without a name are none."""

    rows: int
    # Of what a line makes one.
    makes: Any

    def __init__(self, at: At, data: Any, asked: Any) -> None:
        super().__init__(data)
        self.at = at
        sections = Section.objects.filter(year=at.year, status=RowStatus.ACTIVE) if at.year else Section.objects.none()
        sections = sections.select_related("grade_level").order_by("grade_level__position", "name")
        for number in range(1, self.rows + 1):
            for name, field in self.line(sections):
                self.fields[f"{name}_{number}"] = field
        self.fields["seen"] = _seen()
        self.initial["seen"] = self.makes.objects.count()
        self._dress()

    def line(self, sections: Any) -> Iterator[tuple[str, forms.Field]]:
        """The fields of one line."""
        yield "given_name", forms.CharField(label=_("Given name"), max_length=100, required=False)
        yield "family_name", forms.CharField(label=_("Family name"), max_length=100, required=False)
        yield "section", forms.ModelChoiceField(label=_("Section"), queryset=sections, required=False, empty_label="–")

    def lines(self) -> list[list[forms.BoundField]]:
        """For the page: the fields of each line."""
        names = [each.name for each in self.visible_fields()]
        width = len(names) // self.rows
        return [[self[name] for name in names[first : first + width]] for first in range(0, len(names), width)]

    def said(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Number and fields of each line that names somebody."""
        for number in range(1, self.rows + 1):
            end = f"_{number}"
            line = {name.removesuffix(end): value for name, value in self.cleaned_data.items() if name.endswith(end)}
            if line.get("given_name"):
                yield number, line

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for number in range(1, self.rows + 1):
            others = [
                name for name in said if name.endswith(f"_{number}") and not name.startswith("given") and said[name]
            ]
            if others and not said.get(f"given_name_{number}"):
                self.add_error(f"given_name_{number}", _("A given name is missing here."))
        self._refuse_twice(said.get("seen"))
        return said

    def _refuse_twice(self, seen: int | None) -> None:
        """Numbers are given here: nothing else tells that a page was sent twice. The next save is a knowing one."""
        if seen is None or seen == self.initial["seen"]:
            return
        said: Any = self.data
        self.data = said = said.copy()
        said["seen"] = str(self.initial["seen"])
        self.add_error(
            None,
            _(
                "Since this page was opened, somebody was added: these people, if it was sent twice. Look at the list, "
                "and save again only who is missing there."
            ),
        )

    def named(self) -> list[str]:
        """Whom it writes."""
        return [" ".join(filter(None, (line["given_name"], line.get("family_name")))) for _number, line in self.said()]

    def carry_out(self, at: At) -> None:
        """Write each; a refusal stands in its line. Raises ``LineRefused``."""
        for number, line in self.said():
            try:
                self.write(at, line)
            except SchoolOpsError as error:
                raise LineRefused(number, error) from error

    def write(self, at: At, line: dict[str, Any]) -> None:
        """One of them. Raises what the services raise."""
        raise NotImplementedError


class LineRefused(Exception):
    """A line was refused, and with it all of them."""

    def __init__(self, number: int, error: SchoolOpsError) -> None:
        super().__init__(number)
        self.number, self.error = number, error


def _free(model: Any, column: str, form: str) -> str:
    """The next number that nobody has: ``form`` with one above how many there are."""
    count = model.objects.count() + 1
    while model.objects.filter(**{column: form % count}).exists():
        count += 1
    free: str = form % count
    return free


class StaffForm(RowsForm):
    """Who works here, and whose class teacher they are."""

    rows, makes = STAFF_AT_ONCE, StaffMember
    title = gettext_lazy("Staff")

    def line(self, sections: Any) -> Iterator[tuple[str, forms.Field]]:
        given, family, section = super().line(sections)
        yield from (given, family)
        yield "email", forms.EmailField(label=_("E-mail"), required=False)
        section[1].label = _("Teaches")
        yield section

    def write(self, at: At, line: dict[str, Any]) -> None:
        if at.campus is None:
            raise Http404
        fields = {name: line[name] for name in ("given_name", "family_name", "email")}
        fields["staff_number"] = _free(StaffMember, "staff_number", "S%03d")
        member = add_staff_member(institution=at.campus, fields=fields, by=at.by)
        if line["section"] is not None and at.year is not None:
            starts_on = max(at.year.starts_on, min(at.today, at.year.ends_on))
            assign_teacher(staff=member, section=line["section"], starts_on=starts_on, by=at.by)


class StudentsForm(RowsForm):
    """Children and their sections."""

    rows, makes = STUDENTS_AT_ONCE, Student
    title = gettext_lazy("Students")

    def line(self, sections: Any) -> Iterator[tuple[str, forms.Field]]:
        given, family, section = super().line(sections)
        yield from (given, family)
        yield "birth_date", day_field(label=_("Born on"), required=False)
        yield section

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        for number in range(1, self.rows + 1):
            if said.get(f"given_name_{number}") and not said.get(f"section_{number}"):
                self.add_error(f"section_{number}", _("Choose the section."))
        return said

    def write(self, at: At, line: dict[str, Any]) -> None:
        section = line["section"]
        if at.campus is None or at.year is None:
            raise Http404
        fields = {name: line[name] for name in ("given_name", "family_name", "birth_date")}
        fields["admission_number"] = _free(Student, "admission_number", "%04d")
        entered_on = max(at.year.starts_on, min(at.today, at.year.ends_on))
        placement = Placement(at.year, section.grade_level, entered_on, section=section)
        admit_student(institution=at.campus, fields=fields, placement=placement, by=at.by)


FORMS: dict[str, Any] = {
    "campus": CampusForm,
    "year": YearForm,
    "levels": LevelsForm,
    "staff": StaffForm,
    "students": StudentsForm,
}
# Which step must be done before this one can be.
NEEDS = {"year": "campus", "levels": "year", "staff": "campus", "students": "levels", "roll": "students"}
WORDS: dict[str, Promise] = {name: form.title for name, form in FORMS.items()} | {
    "roll": gettext_lazy("The first roll")
}
ELSEWHERE_TOO: dict[str, tuple[Promise, str]] = {
    "year": (gettext_lazy("Mark the holidays in the calendar"), "office:calendar"),
    "staff": (gettext_lazy("Bring them in a file instead"), "office:rosters"),
    "students": (gettext_lazy("Bring them in a file instead"), "office:rosters"),
}


def _done(at: At) -> dict[str, bool]:
    sections = Section.objects.filter(year=at.year, status=RowStatus.ACTIVE) if at.year else Section.objects.none()
    return {
        "campus": at.campus is not None and at.campus.timezone != "UTC" and bool(at.campus.weekend),
        "year": at.year is not None and at.year.state == AcademicYear.State.ACTIVE,
        "levels": sections.exists(),
        "staff": StaffMember.objects.filter(status=RowStatus.ACTIVE).exists(),
        "students": sections.filter(memberships__isnull=False).exists(),
        "roll": AttendanceSession.objects.exists(),
    }


@office_page(permission="institutions.manage", over="everybody")
def begin(request: HttpRequest, step: str = "") -> HttpResponse:
    """One step; without a name the first that is not done."""
    at = _at(actor(request))
    done = _done(at)
    if not step:
        step = next((name for name, there in done.items() if not there), "roll")
    if step not in done:
        raise Http404
    needs = NEEDS.get(step)
    blocked = needs is not None and not done[needs]
    form = FORMS[step](at, posted(request), request.GET) if step in FORMS and not blocked else None
    if request.method == "POST" and form is not None and form.is_valid() and _carried_out(form, at):
        messages.success(request, about(few(form.named()), _("%(step)s, saved: %(name)s."), step=WORDS[step]))
        more = "more" in request.POST
        return HttpResponseRedirect(reverse("office:begin-step", args=(step if more else _after(step),)))
    context = {
        "form": form,
        "step": step,
        "steps": [
            {"name": name, "words": WORDS[name], "done": there, "here": name == step} for name, there in done.items()
        ],
        "needs": {"name": needs, "words": WORDS[needs]} if needs is not None and blocked else None,
        "after": _after(step),
        "too": ELSEWHERE_TOO.get(step),
        "in_rows": isinstance(form, RowsForm),
        "campus": at.campus,
    }
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "office/setup/begin.html", context, title=_("First steps"), status=status)


def _after(step: str) -> str:
    names = list(WORDS)
    return names[min(names.index(step) + 1, len(names) - 1)]


def _carried_out(form: Any, at: At) -> bool:
    try:
        with transaction.atomic():
            form.carry_out(at)
    except LineRefused as refused:
        shown = {each: f"{each}_{refused.number}" for each in ("given_name", "email", "section", "birth_date")}
        add_refusal(form, refused.error, on={refused.error.code: shown.get(refused.error.field, shown["given_name"])})
    except SchoolOpsError as error:
        add_refusal(form, error)
    else:
        return True
    return False
