"""Addresses."""

from django.urls import path

from apps.institutions.api import views
from schoolops.api.viewsets import routes

urlpatterns = [
    path("school", views.SchoolViewSet.as_view({"get": "retrieve"})),
    path("today", views.TodayViewSet.as_view({"get": "retrieve"})),
    *routes("institutions", views.InstitutionViewSet),
    path(
        "institutions/<uuid:id>/logo",
        views.LogoViewSet.as_view({"get": "retrieve", "put": "replace", "delete": "remove"}),
    ),
    *routes("years", views.YearViewSet),
    path("years/<uuid:id>/activate", views.YearViewSet.as_view({"post": "activate"})),
    path("years/<uuid:id>/close", views.YearViewSet.as_view({"post": "close"})),
    *routes("terms", views.TermViewSet),
    path("calendar-days", views.CalendarViewSet.as_view({"get": "list", "put": "replace", "delete": "remove"})),
    *routes("grade-levels", views.GradeLevelViewSet),
    *routes("sections", views.SectionViewSet),
    *routes("courses", views.CourseViewSet),
    *routes("classes", views.ClassViewSet),
]
