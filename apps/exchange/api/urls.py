"""Addresses."""

from django.urls import path

from apps.exchange.api import views
from schoolops.api.viewsets import routes

STEPS = views.StepViewSet.as_view

urlpatterns = [
    *routes("imports", views.ImportViewSet),
    path("imports/<uuid:id>/rows", views.RowsViewSet.as_view({"get": "list"})),
    path("imports/<uuid:id>/errors", STEPS({"get": "errors"})),
    path("imports/<uuid:id>/mapping", STEPS({"put": "map_headers"})),
    path("imports/<uuid:id>/confirm", STEPS({"post": "confirm"})),
    path("imports/<uuid:id>/go-on", STEPS({"post": "go_on"})),
    path("imports/<uuid:id>/undo", STEPS({"post": "undo"})),
    path("exports/oneroster", views.ExportViewSet.as_view({"get": "bundle"})),
    path("exports/templates/<str:kind>", views.ExportViewSet.as_view({"get": "template"})),
]
