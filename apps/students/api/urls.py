"""Addresses."""

from django.urls import path

from apps.students.api import views
from schoolops.api.viewsets import routes

LIFE = views.LifeViewSet.as_view

urlpatterns = [
    *routes("students", views.StudentViewSet),
    path("students/<uuid:id>/withdraw", LIFE({"post": "withdraw"})),
    path("students/<uuid:id>/re-enrol", LIFE({"post": "re_enrol"})),
    path("students/<uuid:id>/move-section", LIFE({"post": "move_section"})),
    path("students/<uuid:id>/merge", LIFE({"post": "merge"})),
    path(
        "students/<uuid:id>/photo",
        views.PhotoViewSet.as_view({"get": "retrieve", "put": "replace", "delete": "remove"}),
    ),
    path("students/<uuid:id>/audit", views.AuditViewSet.as_view({"get": "list"})),
    *routes("students/<uuid:student>/enrolments", views.EnrolmentViewSet),
    *routes("students/<uuid:student>/guardians", views.LinkViewSet),
    path("enrolments/bulk", views.BulkEnrolmentViewSet.as_view({"post": "create"})),
    *routes("guardians", views.GuardianViewSet),
    path("sections/<uuid:id>/students", views.SectionRosterViewSet.as_view({"get": "list"})),
    path("classes/<uuid:id>/students", views.ClassRosterViewSet.as_view({"get": "list", "post": "create"})),
    path("classes/<uuid:id>/students/<uuid:student>/leave", views.ClassRosterViewSet.as_view({"post": "leave_class"})),
]
