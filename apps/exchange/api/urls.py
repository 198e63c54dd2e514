"""Addresses."""

from functools import partial

from django.urls import path

from apps.exchange.api.views import bank, marks, rosters
from schoolops.api.parsers import JsonParser
from schoolops.api.viewsets import routes

STEPS = rosters.StepViewSet.as_view
# Files alone come as forms: a form without a field would be a mapping of nothing.
STATEMENT = partial(bank.BankStatementViewSet.as_view, parser_classes=(JsonParser,))
LINES = bank.BankLineViewSet.as_view

urlpatterns = [
    *routes("imports", rosters.ImportViewSet),
    path("imports/<uuid:id>/rows", rosters.RowsViewSet.as_view({"get": "list"})),
    path("imports/<uuid:id>/errors", STEPS({"get": "errors"})),
    path("imports/<uuid:id>/mapping", STEPS({"put": "map_headers"})),
    path("imports/<uuid:id>/confirm", STEPS({"post": "confirm"})),
    path("imports/<uuid:id>/go-on", STEPS({"post": "go_on"})),
    path("imports/<uuid:id>/undo", STEPS({"post": "undo"})),
    path(
        "exam-sessions/<uuid:id>/mark-file",
        marks.SessionMarkFileViewSet.as_view({"get": "retrieve", "post": "create"}),
    ),
    path("mark-files/<uuid:id>", marks.MarkFileViewSet.as_view({"get": "retrieve"})),
    path("mark-files/<uuid:id>/rows", marks.MarkFileRowsViewSet.as_view({"get": "list"})),
    path("mark-files/<uuid:id>/confirm", marks.MarkFileViewSet.as_view({"post": "confirm"})),
    *routes("bank-statements", bank.BankStatementViewSet),
    path("bank-statements/<uuid:id>/mapping", STATEMENT({"put": "map_headers"})),
    path("bank-statements/<uuid:id>/confirm", STATEMENT({"post": "confirm"})),
    *routes("bank-lines", bank.BankLineViewSet),
    path("bank-lines/<uuid:id>/take", LINES({"post": "take"})),
    path("bank-lines/<uuid:id>/settle", LINES({"post": "settle"})),
    path("bank-lines/<uuid:id>/set-aside", LINES({"post": "set_aside"})),
    path("bank-lines/<uuid:id>/take-up-again", LINES({"post": "take_up_again"})),
    path("exports/oneroster", rosters.ExportViewSet.as_view({"get": "bundle"})),
    path("exports/templates/<str:kind>", rosters.ExportViewSet.as_view({"get": "template"})),
]
