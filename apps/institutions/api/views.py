"""The API of campuses, their years and calendar, and what is taught."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import FileResponse, HttpResponse, HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

from apps.institutions import errors, selectors, services
from apps.institutions.api import serializers as shapes
from apps.institutions.models import (
    AcademicYear,
    CalendarDay,
    Course,
    CourseClass,
    CourseClassTerm,
    GradeLevel,
    Institution,
    Section,
    Term,
)
from apps.institutions.scopes import gate
from apps.institutions.services.years import DayKind
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.parsers import PictureParser, sent_picture
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, created, gone, valid
from schoolops.context import current_school
from schoolops.pictures import MEDIA_TYPES

ROSTERED: Columns = {"id": "sourced_id", "status": "status", "date_last_modified": "date_last_modified"}
OF_INSTITUTION = Parameter(parameters.public_id, "institution__sourced_id", "Of this institution.")
OF_YEAR = Parameter(parameters.public_id, "year__sourced_id", "Of this academic year.")
OF_LEVEL = Parameter(parameters.public_id, "grade_level__sourced_id", "Of this grade level.")


class KeptRows(RowViewSet):
    """Rows of one model that whoever holds ``seen_with`` sees, and whose services do the writing."""

    model: ClassVar[Any]
    seen_with: ClassVar[str] = "institutions.view"
    into: ClassVar[type[BaseSerializer[Any]]]
    out: ClassVar[type[BaseSerializer[Any]]]

    def rows(self) -> QuerySet[Any]:
        gate().require(self.request.user, self.seen_with)
        found: QuerySet[Any] = self.model.objects.all()
        return found

    def one(self, id: UUID, *joined: str) -> Any:
        """The row by that id among those this user sees. Raises ``NotFound``."""
        found = self.rows().select_related(*joined).filter(sourced_id=id).first()
        if found is None:
            raise self.not_visible
        return found

    def given(self, request: Request, *, partial: bool = False) -> dict[str, Any]:
        """The body, validated."""
        checked: dict[str, Any] = valid(self.into, request.data, partial=partial)
        return checked

    def made(self, request: Request, row: Any) -> HttpResponse:
        """201 with the row as it is read."""
        return created(request, self.row(Q(pk=row.pk)))

    def as_read(self, row: Any) -> HttpResponse:
        """200 with the row as it is read."""
        return answer(self.row(Q(pk=row.pk)))


class InstitutionViewSet(KeptRows):
    """Campuses."""

    model = Institution
    into = shapes.InstitutionIn
    out = shapes.InstitutionOut
    columns = {
        **ROSTERED,
        **{
            name: name
            for name in (
                "name",
                "code",
                "timezone",
                "currency",
                "locale",
                "address",
                "phone",
                "email",
                "brand_colour",
                "weekend",
            )
        },
        "logo": "logo",
    }
    sorts = {"name": ("name", "id")}
    export_name = "institutions"

    def finished(self, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in page:
            if "logo" in row:
                row["logo"] = _logo_address(row["id"]) if row["logo"] else None
        return page

    @extend_schema(summary="Add a campus", request=shapes.InstitutionIn, responses={201: shapes.InstitutionOut})
    def create(self, request: Request) -> HttpResponse:
        """A new campus of the school."""
        return self.made(request, services.add_institution(fields=self.given(request), by=request.user))

    @extend_schema(summary="Change a campus", request=shapes.InstitutionIn, responses=shapes.InstitutionOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent; the rest stays."""
        fields = self.given(request, partial=True)
        return self.as_read(services.change_institution(institution=self.one(id), fields=fields, by=request.user))


def _logo_address(id: UUID) -> str:
    return f"/api/v1/institutions/{id}/logo"


def picture_response(stored: Any, *, public: bool) -> HttpResponseBase:
    """A stored picture: its real type, never guessed by the browser, never run; named by content, so kept for long."""
    suffix = PurePosixPath(stored.name).suffix
    response = FileResponse(stored.open("rb"), content_type=MEDIA_TYPES[suffix])
    headers = {
        "Content-Disposition": f'inline; filename="picture{suffix}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "public, max-age=300" if public else "private, no-store",
    }
    for name, value in headers.items():
        response.headers[name] = value
    return response


class LogoViewSet(ApiViewSet):
    """An institution's logo. Everybody sees it, for the login page shows it; changing it asks who it is."""

    parser_classes = (PictureParser,)

    def get_permissions(self) -> Sequence[Any]:
        return () if self.action == "retrieve" else super().get_permissions()

    @extend_schema(summary="An institution's logo", responses={(200, "image/*"): bytes}, auth=[])
    def retrieve(self, request: Request, id: UUID) -> HttpResponseBase:
        """The picture. Needs no login."""
        self.asked_for(request)
        institution = Institution.objects.filter(sourced_id=id).exclude(logo="").first()
        if institution is None:
            raise errors.NoLogo
        return picture_response(institution.logo, public=True)

    @extend_schema(summary="Set the logo", request={"image/*": bytes}, responses={204: None})
    def replace(self, request: Request, id: UUID) -> HttpResponse:
        """Keep the body as the logo: a JPEG, PNG or WebP picture of at most 1 MB."""
        services.set_logo(institution=_institution(request, id), content=sent_picture(request), by=request.user)
        return gone()

    @extend_schema(summary="Remove the logo", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Forget the logo."""
        services.remove_logo(institution=_institution(request, id), by=request.user)
        return gone()


def _institution(request: Request, id: UUID) -> Institution:
    gate().require(request.user, "institutions.view")
    found: Institution | None = Institution.objects.filter(sourced_id=id).first()
    if found is None:
        raise InstitutionViewSet.not_visible
    return found


class YearViewSet(KeptRows):
    """Academic years."""

    model = AcademicYear
    into = shapes.YearIn
    out = shapes.YearOut
    columns = {
        **ROSTERED,
        "institution_id": "institution__sourced_id",
        "name": "name",
        "starts_on": "starts_on",
        "ends_on": "ends_on",
        "state": "state",
    }
    sorts = {"starts_on": ("starts_on", "id")}
    filters = {
        "institution_id": OF_INSTITUTION,
        "state": Parameter(parameters.one_of(AcademicYear.State), "state", "In this state."),
    }
    export_name = "years"

    @extend_schema(summary="Plan a year", request=shapes.YearIn, responses={201: shapes.YearOut})
    def create(self, request: Request) -> HttpResponse:
        """A new year, planned."""
        fields = self.given(request)
        year = services.plan_year(institution=fields.pop("institution"), fields=fields, by=request.user)
        return self.made(request, year)

    @extend_schema(summary="Change a year", request=shapes.YearIn, responses=shapes.YearOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change its name or days. The institution stays."""
        fields = self.given(request, partial=True)
        fields.pop("institution", None)
        return self.as_read(services.change_year(year=self.one(id), fields=fields, by=request.user))

    @extend_schema(summary="Remove a planned year", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a year that nothing refers to."""
        services.remove_year(year=self.one(id), by=request.user)
        return gone()

    @extend_schema(summary="Activate a year", request=None, responses=shapes.YearOut)
    def activate(self, request: Request, id: UUID) -> HttpResponse:
        """Let a planned year be the one that runs."""
        return self.as_read(services.activate_year(year=self.one(id), by=request.user))

    @extend_schema(summary="Close a year", request=None, responses=shapes.YearOut)
    def close(self, request: Request, id: UUID) -> HttpResponse:
        """Close the active year; what is still open in it ends with it."""
        return self.as_read(services.close_year(year=self.one(id), by=request.user))


class TermViewSet(KeptRows):
    """Terms."""

    model = Term
    into = shapes.TermIn
    out = shapes.TermOut
    columns = {
        **ROSTERED,
        "year_id": "year__sourced_id",
        "parent_id": "parent__sourced_id",
        **{name: name for name in ("name", "kind", "starts_on", "ends_on", "posting_opens_on", "posting_closes_on")},
    }
    sorts = {"starts_on": ("starts_on", "id")}
    filters = {
        "year_id": OF_YEAR,
        "institution_id": Parameter(parameters.public_id, "year__institution__sourced_id", "Of this institution."),
        "kind": Parameter(parameters.one_of(Term.Kind), "kind", "Of this kind."),
    }
    export_name = "terms"

    @extend_schema(summary="Add a term", request=shapes.TermIn, responses={201: shapes.TermOut})
    def create(self, request: Request) -> HttpResponse:
        """A part of a year."""
        fields = self.given(request)
        return self.made(request, services.add_term(year=fields.pop("year"), fields=fields, by=request.user))

    @extend_schema(summary="Change a term", request=shapes.TermIn, responses=shapes.TermOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent. The year stays."""
        fields = self.given(request, partial=True)
        fields.pop("year", None)
        return self.as_read(services.change_term(term=self.one(id, "year"), fields=fields, by=request.user))

    @extend_schema(summary="Remove a term", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a term that nothing refers to."""
        services.remove_term(term=self.one(id, "year"), by=request.user)
        return gone()


class CalendarViewSet(RowViewSet):
    """The days about which the calendar says something."""

    columns = {
        "institution_id": "institution__sourced_id",
        **{name: name for name in ("day", "kind", "title", "starts_at", "ends_at")},
    }
    out = shapes.DayOut
    sorts = {"day": ("day", "id")}
    filters = {
        "institution_id": OF_INSTITUTION,
        "from": Parameter(parameters.day, "day__gte", "Not before this day."),
        "to": Parameter(parameters.day, "day__lte", "Not after this day."),
        "kind": Parameter(parameters.one_of(CalendarDay.Kind), "kind", "Of this kind."),
    }
    export_name = "calendar"

    def rows(self) -> QuerySet[Any]:
        gate().require(self.request.user, "institutions.view")
        found: QuerySet[Any] = CalendarDay.objects.all()
        return found

    @extend_schema(summary="Set a stretch of days", request=shapes.DaysIn, responses=shapes.DaysChanged)
    def replace(self, request: Request) -> HttpResponse:
        """Let every day from `starts_on` to `ends_on`, both included, be what is said."""
        fields = valid(shapes.DaysIn, request.data)
        institution, starts_on, ends_on = (fields.pop(name) for name in ("institution", "starts_on", "ends_on"))
        days = services.set_days(
            institution=institution, starts_on=starts_on, ends_on=ends_on, what=DayKind(**fields), by=request.user
        )
        return answer({"days": days})

    @extend_schema(
        summary="Clear a stretch of days",
        parameters=[
            OpenApiParameter("institution_id", UUID, required=True, description="At this institution."),
            OpenApiParameter("from", dt.date, required=True, description="The first day."),
            OpenApiParameter("to", dt.date, required=True, description="The last day."),
        ],
        responses=shapes.DaysChanged,
    )
    def remove(self, request: Request) -> HttpResponse:
        """Let the days from `from` to `to`, both included, be ordinary again."""
        asked = self.asked_for(
            request,
            institution_id=Parameter(parameters.public_id, None, "At this institution.", required=True),
            **{
                "from": Parameter(parameters.day, None, "The first day.", required=True),
                "to": Parameter(parameters.day, None, "The last day.", required=True),
            },
        )
        days = services.clear_days(
            institution=_institution(request, asked["institution_id"]),
            starts_on=asked["from"],
            ends_on=asked["to"],
            by=request.user,
        )
        return answer({"days": days})


class GradeLevelViewSet(KeptRows):
    """Grade levels: the school's, in order."""

    model = GradeLevel
    into = shapes.GradeLevelIn
    out = shapes.GradeLevelOut
    columns = {
        **ROSTERED,
        "name": "name",
        "code": "code",
        "position": "position",
        "next_level_id": "next_level__sourced_id",
    }
    sorts = {"position": ("position",)}
    export_name = "grade-levels"

    @extend_schema(summary="Add a grade level", request=shapes.GradeLevelIn, responses={201: shapes.GradeLevelOut})
    def create(self, request: Request) -> HttpResponse:
        """A grade level of the school."""
        return self.made(request, services.add_grade_level(fields=self.given(request), by=request.user))

    @extend_schema(summary="Change a grade level", request=shapes.GradeLevelIn, responses=shapes.GradeLevelOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent."""
        fields = self.given(request, partial=True)
        return self.as_read(services.change_grade_level(level=self.one(id), fields=fields, by=request.user))

    @extend_schema(summary="Remove a grade level", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a grade level that nothing refers to."""
        services.remove_grade_level(level=self.one(id), by=request.user)
        return gone()


class ReachedRows(KeptRows):
    """Sections and classes: those in the user's reach on ``as_of`` (today unless said)."""

    seen_with = "sections.view"
    kind: ClassVar[str]

    def day(self) -> dt.date:
        """The day asked for."""
        asked: Mapping[str, Any] = getattr(self, "asked", {})
        day: dt.date = asked.get("as_of") or selectors.school_today()
        return day

    def rows(self) -> QuerySet[Any]:
        reach = gate().within_reach(self.request.user, self.seen_with, self.kind, day=self.day())
        found: QuerySet[Any] = self.model.objects.filter(reach)
        return found


AS_OF = Parameter(parameters.day, None, "In reach on this day; today unless said.")


class SectionViewSet(ReachedRows):
    """Homeroom groups."""

    model = Section
    kind = "section"
    into = shapes.SectionIn
    out = shapes.SectionOut
    columns = {
        **ROSTERED,
        "institution_id": "institution__sourced_id",
        "year_id": "year__sourced_id",
        "year_name": "year__name",
        "grade_level_id": "grade_level__sourced_id",
        "grade_level_name": "grade_level__name",
        "name": "name",
        "room": "room",
        "capacity": "capacity",
    }
    sorts = {"name": ("grade_level__position", "name", "id")}
    filters = {
        "institution_id": OF_INSTITUTION,
        "year_id": OF_YEAR,
        "grade_level_id": OF_LEVEL,
        "as_of": AS_OF,
        "q": Parameter(
            parameters.text,
            lambda words: Q(
                pk__in=Section.objects.alias(called=Concat(F("grade_level__name"), Value(" "), F("name")))
                .filter(called__icontains=words)
                .values("pk")
            ),
            "Part of the name, such as 7 B.",
        ),
    }
    export_name = "sections"

    @extend_schema(summary="Add a section", request=shapes.SectionIn, responses={201: shapes.SectionOut})
    def create(self, request: Request) -> HttpResponse:
        """A homeroom group of a year and grade level."""
        fields = self.given(request)
        year, level = fields.pop("year"), fields.pop("grade_level")
        return self.made(request, services.add_section(year=year, grade_level=level, fields=fields, by=request.user))

    @extend_schema(summary="Change a section", request=shapes.SectionIn, responses=shapes.SectionOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent. The year stays."""
        fields = self.given(request, partial=True)
        fields.pop("year", None)
        return self.as_read(services.change_section(section=self.one(id), fields=fields, by=request.user))

    @extend_schema(summary="Remove a section", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a section that nobody has ever been in."""
        services.remove_section(section=self.one(id, "institution"), by=request.user)
        return gone()


class CourseViewSet(KeptRows):
    """Courses."""

    model = Course
    seen_with = "sections.view"
    into = shapes.CourseIn
    out = shapes.CourseOut
    columns = {
        **ROSTERED,
        "institution_id": "institution__sourced_id",
        "code": "code",
        "title": "title",
        "grade_level_id": "grade_level__sourced_id",
        "subject": "subject",
        "subject_code": "subject_code",
    }
    sorts = {"title": ("title", "id")}
    filters = {
        "institution_id": OF_INSTITUTION,
        "grade_level_id": OF_LEVEL,
        "q": Parameter(
            parameters.text,
            lambda words: Q(title__icontains=words) | Q(code__icontains=words),
            "Part of the title or code.",
        ),
    }
    export_name = "courses"

    @extend_schema(summary="Add a course", request=shapes.CourseIn, responses={201: shapes.CourseOut})
    def create(self, request: Request) -> HttpResponse:
        """A subject taught at an institution."""
        fields = self.given(request)
        course = services.add_course(institution=fields.pop("institution"), fields=fields, by=request.user)
        return self.made(request, course)

    @extend_schema(summary="Change a course", request=shapes.CourseIn, responses=shapes.CourseOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent. The institution stays."""
        fields = self.given(request, partial=True)
        fields.pop("institution", None)
        course = self.one(id, "institution")
        return self.as_read(services.change_course(course=course, fields=fields, by=request.user))

    @extend_schema(summary="Remove a course", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a course without classes."""
        services.remove_course(course=self.one(id, "institution"), by=request.user)
        return gone()


class ClassViewSet(ReachedRows):
    """Taught groups of courses."""

    model = CourseClass
    kind = "class"
    into = shapes.ClassIn
    out = shapes.ClassOut
    columns = {
        **ROSTERED,
        "institution_id": "institution__sourced_id",
        "course_id": "course__sourced_id",
        "course_title": "course__title",
        "year_id": "year__sourced_id",
        "section_id": "section__sourced_id",
        "code": "code",
        "title": "title",
        "room": "room",
        "term_ids": "pk",
    }
    sorts = {"title": ("title", "id")}
    filters = {
        "institution_id": OF_INSTITUTION,
        "year_id": OF_YEAR,
        "course_id": Parameter(parameters.public_id, "course__sourced_id", "Of this course."),
        "section_id": Parameter(parameters.public_id, "section__sourced_id", "Taught to this section as a whole."),
        "as_of": AS_OF,
        "q": Parameter(
            parameters.text,
            lambda words: Q(title__icontains=words) | Q(code__icontains=words),
            "Part of the title or code.",
        ),
    }
    export_name = "classes"

    def finished(self, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if page and "term_ids" not in page[0]:
            return page
        terms: dict[int, list[UUID]] = {}
        for class_id, term_id in (
            CourseClassTerm.objects.filter(course_class__in=[row["term_ids"] for row in page])
            .order_by("term__starts_on", "term_id")
            .values_list("course_class_id", "term__sourced_id")
        ):
            terms.setdefault(class_id, []).append(term_id)
        for row in page:
            row["term_ids"] = terms.get(row["term_ids"], [])
        return page

    @extend_schema(summary="Add a class", request=shapes.ClassIn, responses={201: shapes.ClassOut})
    def create(self, request: Request) -> HttpResponse:
        """A taught group of a course in a year."""
        fields = self.given(request)
        course, year, terms = fields.pop("course"), fields.pop("year"), fields.pop("terms", ())
        return self.made(
            request, services.add_class(course=course, year=year, fields=fields, terms=terms, by=request.user)
        )

    @extend_schema(summary="Change a class", request=shapes.ClassIn, responses=shapes.ClassOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent. The year stays; `term_ids` replaces the terms."""
        fields = self.given(request, partial=True)
        fields.pop("year", None)
        terms = fields.pop("terms", None)
        row = services.change_class(course_class=self.one(id), fields=fields, terms=terms, by=request.user)
        return self.as_read(row)

    @extend_schema(summary="Remove a class", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a class that nobody has ever been in."""
        services.remove_class(course_class=self.one(id, "institution"), by=request.user)
        return gone()


class TodayViewSet(ApiViewSet):
    """What today is."""

    @extend_schema(
        summary="What today is at an institution",
        parameters=[
            OpenApiParameter("institution_id", UUID, description="At this institution; the first unless said.")
        ],
        responses=shapes.TodayOut,
    )
    def retrieve(self, request: Request) -> HttpResponse:
        """The day in the institution's timezone, and whether there is school. Without `institution_id`: the first."""
        gate().require(request.user, "institutions.view")
        asked = self.asked_for(
            request, institution_id=Parameter(parameters.public_id, None, "At this institution; the first unless said.")
        )
        wanted = Q(sourced_id=asked["institution_id"]) if "institution_id" in asked else Q()
        institution = Institution.objects.filter(wanted).order_by("pk").first()
        if institution is None:
            raise InstitutionViewSet.not_visible
        facts = selectors.day_facts(institution, selectors.today_at(institution))
        return answer(
            {
                "institution_id": institution.sourced_id,
                "timezone": institution.timezone,
                "day": facts.day,
                "weekday": facts.weekday,
                "instructional": facts.instructional,
                "why": facts.why,
                "title": facts.title,
                "year": _stretch(facts.year),
                "term": _stretch(facts.term),
            }
        )


def _stretch(found: selectors.Stretch | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"id": found.id, "name": found.name, "starts_on": found.starts_on, "ends_on": found.ends_on}


class SchoolViewSet(ApiViewSet):
    """The school at this address."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(summary="The school at this address", responses=shapes.SchoolOut, auth=[])
    def retrieve(self, request: Request) -> HttpResponse:
        """Its name and what its campuses look like, for the login page. Needs no login."""
        self.asked_for(request)
        return answer(
            {
                "name": getattr(current_school(), "name", ""),
                "institutions": [
                    {
                        "id": brand.id,
                        "name": brand.name,
                        "brand_colour": brand.brand_colour,
                        "locale": brand.locale,
                        "logo": _logo_address(brand.id) if brand.has_logo else None,
                    }
                    for brand in selectors.brands()
                ],
            }
        )
