"""Addresses."""

from django.urls import path

from apps.fees.api.views import books
from schoolops.api.viewsets import routes

urlpatterns = [
    *routes("books", books.BooksViewSet),
    path("books/<uuid:id>/close", books.BooksViewSet.as_view({"post": "close"})),
    *routes("accounts", books.AccountViewSet),
    path("ledger-entries", books.LedgerEntryViewSet.as_view({"get": "list"})),
    path("ledger-postings", books.PostingViewSet.as_view({"post": "create"})),
]
