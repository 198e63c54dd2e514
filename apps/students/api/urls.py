"""Addresses."""

from django.urls import path

from apps.students.api.views import audit, enrolments, guardians, life, photos, rosters, students
from schoolops.api.viewsets import routes

LIFE = life.LifeViewSet.as_view

urlpatterns = [
    *routes("students", students.StudentViewSet),
    path("students/<uuid:id>/withdraw", LIFE({"post": "withdraw"})),
    path("students/<uuid:id>/re-enrol", LIFE({"post": "re_enrol"})),
    path("students/<uuid:id>/move-section", LIFE({"post": "move_section"})),
    path("students/<uuid:id>/merge", LIFE({"post": "merge"})),
    path(
        "students/<uuid:id>/photo",
        photos.PhotoViewSet.as_view({"get": "retrieve", "put": "replace", "delete": "remove"}),
    ),
    path("students/<uuid:id>/audit", audit.AuditViewSet.as_view({"get": "list"})),
    *routes("students/<uuid:student>/enrolments", enrolments.EnrolmentViewSet),
    *routes("students/<uuid:student>/guardians", guardians.LinkViewSet),
    path("enrolments/bulk", enrolments.BulkEnrolmentViewSet.as_view({"post": "create"})),
    *routes("guardians", guardians.GuardianViewSet),
    path("guardians/<uuid:id>/merge", guardians.GuardianViewSet.as_view({"post": "merge"})),
    path("sections/<uuid:id>/students", rosters.SectionRosterViewSet.as_view({"get": "list"})),
    path("classes/<uuid:id>/students", rosters.ClassRosterViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "classes/<uuid:id>/students/<uuid:student>/leave", rosters.ClassRosterViewSet.as_view({"post": "leave_class"})
    ),
]
