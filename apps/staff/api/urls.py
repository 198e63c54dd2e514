"""Addresses."""

from django.urls import path

from apps.staff.api import views
from schoolops.api.viewsets import routes

urlpatterns = [
    *routes("staff", views.StaffViewSet),
    path("staff/<uuid:id>/assignments", views.AssignmentsOfStaffViewSet.as_view({"get": "list"})),
    *routes("assignments", views.AssignmentViewSet),
    *routes("substitutions", views.SubstitutionViewSet),
]
