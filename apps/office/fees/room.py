"""Fees, in the sidebar and by address."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.office.fees.pages import bank, bills, books, by_hand, cards, desk, files, items, runs, students
from apps.office.fees.pages.start import panels
from apps.office.fees.waiting import waiting
from apps.office.shell.rooms import Entry, Heading, Job, Room

FEES = Heading(_("Fees"), 50)
SEES = ("fees.view",)
TAKING, ACCOUNTS = ("/office/fees/take/",), ("/office/fees/students/",)
BANK = ("/office/fees/bank/",)

ROOM = Room(
    entries={
        FEES: (
            Entry(_("Payment desk"), "office:payment-desk", "point_of_sale", ("fees.collect",), below=TAKING),
            Entry(_("Bank statements"), "office:bank-statements", "account_balance", ("fees.collect",), below=BANK),
            Entry(_("Students’ accounts"), "office:fees", "wallet", SEES, below=ACCOUNTS),
            Entry(_("Debtors"), "office:debtors", "schedule", SEES),
            Entry(_("Cash book"), "office:cash-book", "menu_book", SEES),
            Entry(_("Cashier’s day"), "office:drawer", "calculate", ("fees.collect",)),
            Entry(_("Bills"), "office:fees_invoice_changelist", "receipt_long", SEES, below=("/office/fees/bills/",)),
            Entry(_("Payments"), "office:fees_payment_changelist", "payments", SEES, below=("/office/fees/receipts/",)),
            Entry(_("Billing a term"), "office:fee-runs", "request_quote", SEES),
            Entry(_("Fee items"), "office:fees_feeitem_changelist", "sell", SEES, below=("/office/fees/items/",)),
            Entry(_("Additions and opt-outs"), "office:fees_studentfee_changelist", "playlist_add", SEES),
            Entry(_("Late fees"), "office:fees_latefeerule_changelist", "alarm", SEES),
            Entry(_("Concessions"), "office:fees_concession_changelist", "percent", SEES),
            Entry(_("Books"), "office:books", "menu_book", ("fees.keep_books",), below=("/office/fees/books/",)),
            Entry(_("Chart of accounts"), "office:fees_account_changelist", "account_tree", SEES),
            Entry(_("Card payments"), "office:card-gateway", "credit_card", ("fees.set_gateway",)),
        ),
    },
    pages=(
        path("fees/", students.find, name="fees"),
        path("fees/students/<uuid:student>/", students.account, name="fees-of-student"),
        path("fees/desk/", desk.desk, name="payment-desk"),
        path("fees/take/<uuid:student>/", desk.take, name="take-money"),
        path("fees/receipts/<uuid:payment>/", desk.receipt, name="receipt"),
        path("fees/receipts/<uuid:payment>.pdf", desk.printed_receipt, name="printed-receipt"),
        path("fees/receipts/<uuid:payment>/refund/", desk.give_back, name="refund"),
        path("fees/receipts/<uuid:payment>/undo/", desk.undo, name="undo-payment"),
        path("fees/students/<uuid:student>/statement.pdf", students.printed_statement, name="printed-statement"),
        path("fees/bank/", bank.statements, name="bank-statements"),
        path("fees/bank/match/", bank.match_again, name="match-bank-lines"),
        path("fees/bank/<uuid:statement>/", bank.statement, name="bank-statement"),
        path("fees/bank/lines/<uuid:line>/", bank.line, name="bank-line"),
        path("fees/debtors/", books.debtors, name="debtors"),
        path("fees/books/", by_hand.books, name="books"),
        path("fees/books/post/", by_hand.post_by_hand, name="post-by-hand"),
        path("fees/students/<uuid:student>/payers/", students.payers, name="payers"),
        path("fees/receipts/<uuid:payment>/clear/", desk.clear, name="clear-cheque"),
        path("fees/cards/", cards.gateway, name="card-gateway"),
        path("fees/cards/try/", cards.try_out, name="try-card-gateway"),
        path("fees/cards/forget/", cards.forget, name="forget-card-gateway"),
        path("fees/drawer/", books.drawer, name="drawer"),
        path("fees/cash-book/", books.cash_book, name="cash-book"),
        path("fees/files/<slug:what>.<slug:form>", files.take, name="fees-file"),
        path("fees/items/copy/", items.copy, name="copy-fees"),
        path("fees/siblings/", items.siblings, name="sibling-concessions"),
        path("fees/runs/", runs.runs, name="fee-runs"),
        path("fees/runs/<uuid:run>/", runs.run, name="fee-run"),
        path("fees/bills/<uuid:invoice>/", bills.bill, name="bill"),
        path("fees/bills/<uuid:invoice>.pdf", bills.printed_bill, name="printed-bill"),
        path("fees/bills/<uuid:invoice>/credit/", bills.credit, name="credit-bill"),
        path("fees/bills/<uuid:invoice>/void/", bills.void, name="void-bill"),
    ),
    waiting=waiting,
    panels=panels,
    jobs={
        "apps.fees.make_bills": Job(_("Billing the fees of a term"), "fees.charge"),
        "apps.exchange.read_bank_statement": Job(_("Reading a bank statement"), "fees.collect"),
        "apps.fees.take_bank_lines": Job(_("Taking what a bank says"), "fees.collect"),
    },
)  # fmt: skip
