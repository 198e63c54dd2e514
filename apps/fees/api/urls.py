"""Addresses."""

from django.urls import path

from apps.fees.api.views import billing, books, cards, charging, papers, payments, told
from schoolops.api.viewsets import routes

CONCESSION, RUN, INVOICE = charging.ConcessionViewSet, billing.InvoiceRunViewSet, billing.InvoiceViewSet
PAYMENT, PAPER = payments.PaymentViewSet, papers.PaperViewSet

urlpatterns = [
    *routes("books", books.BooksViewSet),
    path("books/<uuid:id>/close", books.BooksViewSet.as_view({"post": "close"})),
    *routes("accounts", books.AccountViewSet),
    path("ledger-entries", books.LedgerEntryViewSet.as_view({"get": "list"})),
    path("ledger-postings", books.PostingViewSet.as_view({"post": "create"})),
    *routes("fee-items", charging.FeeItemViewSet),
    *routes("late-fee-rules", charging.LateFeeRuleViewSet),
    path("student-fees", charging.StudentFeeViewSet.as_view({"get": "list", "post": "create"})),
    path("student-fees/<uuid:id>", charging.StudentFeeViewSet.as_view({"delete": "remove"})),
    *routes("concessions", CONCESSION),
    path("concessions/siblings", charging.ConcessionViewSet.as_view({"post": "siblings"})),
    path("concessions/<uuid:id>/approve", CONCESSION.as_view({"post": "approve"})),
    path("concessions/<uuid:id>/end", CONCESSION.as_view({"post": "end"})),
    path("students/<uuid:id>/payers", charging.PayersViewSet.as_view({"get": "list", "put": "replace"})),
    *routes("invoice-runs", RUN),
    path("invoice-runs/<uuid:id>/preview", RUN.as_view({"get": "preview"})),
    path("invoice-runs/<uuid:id>/confirm", RUN.as_view({"post": "confirm"})),
    path("invoice-runs/<uuid:id>/outcomes", billing.RunOutcomeViewSet.as_view({"get": "list"})),
    *routes("invoices", INVOICE),
    path("invoices/<uuid:id>/void", INVOICE.as_view({"post": "void"})),
    path("invoices/<uuid:id>/credit-notes", billing.CreditingViewSet.as_view({"post": "credit"})),
    path("credit-notes", billing.CreditNoteViewSet.as_view({"get": "list"})),
    path("students/<uuid:id>/invoices", billing.FollowedInvoiceViewSet.as_view({"get": "list"})),
    *routes("payments", PAYMENT),
    *(
        path(f"payments/<uuid:id>/{what.replace('_', '-')}", PAYMENT.as_view({"post": what}))
        for what in ("refund", "reverse", "bounce", "charge_back", "clear")
    ),
    *routes("payment-intents", cards.PaymentIntentViewSet),
    path("card-checkout/<str:ticket>", cards.CheckoutViewSet.as_view({"get": "go"}), name="card-checkout"),
    path("card-checkout/<str:ticket>/return", cards.CheckoutViewSet.as_view({"get": "come_back"})),
    path("card-gateway", cards.CardGatewayViewSet.as_view({"get": "retrieve", "put": "replace"})),
    path("card-gateway/events", cards.GatewayEventViewSet.as_view({"post": "create"})),
    path("students/<uuid:id>/standing", payments.StandingViewSet.as_view({"get": "retrieve"})),
    path("students/<uuid:id>/allocations", payments.AllocatingViewSet.as_view({"post": "create"})),
    path("students/<uuid:id>/receipts", payments.FollowedPaymentViewSet.as_view({"get": "list"})),
    path("students/<uuid:id>/statement", told.StatementViewSet.as_view({"get": "list"})),
    path("students/<uuid:id>/family-statement", told.FollowedStatementViewSet.as_view({"get": "list"})),
    path("debtors", told.DebtorViewSet.as_view({"get": "list"})),
    path("cash-book", told.CashBookViewSet.as_view({"get": "list"})),
    path("drawers/<uuid:id>", told.DrawerViewSet.as_view({"get": "retrieve"})),
    path("drawers/<uuid:id>/counts", told.DrawerCountViewSet.as_view({"get": "list", "post": "create"})),
    *(
        path(address, PAPER.as_view({"get": what}))
        for address, what in (
            ("invoices/<uuid:id>/printed-bill", "bill"),
            ("payments/<uuid:id>/printed-receipt", "receipt"),
            ("students/<uuid:id>/printed-statement", "statement"),
            ("students/<uuid:id>/invoices/<uuid:invoice>/printed-bill", "followed_bill"),
            ("students/<uuid:id>/receipts/<uuid:payment>/printed-receipt", "followed_receipt"),
            ("students/<uuid:id>/printed-family-statement", "followed_statement"),
        )
    ),
]
