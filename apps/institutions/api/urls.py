"""Addresses."""

from django.urls import path

from apps.institutions.api.views import (
    calendar,
    classes,
    courses,
    grade_levels,
    institutions,
    logos,
    school,
    sections,
    terms,
    years,
)
from schoolops.api.viewsets import routes

urlpatterns = [
    path("school", school.SchoolViewSet.as_view({"get": "retrieve"})),
    path("today", calendar.TodayViewSet.as_view({"get": "retrieve"})),
    *routes("institutions", institutions.InstitutionViewSet),
    path(
        "institutions/<uuid:id>/logo",
        logos.LogoViewSet.as_view({"get": "retrieve", "put": "replace", "delete": "remove"}),
    ),
    *routes("years", years.YearViewSet),
    path("years/<uuid:id>/activate", years.YearViewSet.as_view({"post": "activate"})),
    path("years/<uuid:id>/close", years.YearViewSet.as_view({"post": "close"})),
    *routes("terms", terms.TermViewSet),
    path("calendar-days", calendar.CalendarViewSet.as_view({"get": "list", "put": "replace", "delete": "remove"})),
    *routes("grade-levels", grade_levels.GradeLevelViewSet),
    *routes("sections", sections.SectionViewSet),
    *routes("courses", courses.CourseViewSet),
    *routes("classes", classes.ClassViewSet),
]
