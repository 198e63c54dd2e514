"""Writes: the chart of accounts, what is posted to it, what is charged, bills, and what is paid of them."""

from apps.fees.services.accounts import add_account, change_account, close_books, seed_accounts
from apps.fees.services.charging import (
    PaidBy,
    add_item,
    approve_concession,
    ask_for_concession,
    change_item,
    choose_item,
    copy_items,
    end_concession,
    forget_choice,
    set_payers,
)
from apps.fees.services.checking import check_books
from apps.fees.services.drawer import count_drawer
from apps.fees.services.invoices import credit_invoice, issue, void_invoice
from apps.fees.services.merging import keep_bills, keep_payments, move_choices, move_concessions, move_payers
from apps.fees.services.numbers import next_numbers
from apps.fees.services.papers import (
    Printed,
    print_followed_invoice,
    print_followed_receipt,
    print_followed_statement,
    print_invoice,
    print_receipt,
    print_statement,
)
from apps.fees.services.payments import (
    NewPayment,
    Pays,
    allocate,
    bounce,
    charge_back,
    clear_cheque,
    refund,
    reverse,
    take_payment,
)
from apps.fees.services.posting import HandLeg, Leg, Posting, post, post_all, post_by_hand
from apps.fees.services.reminding import remind_debtors, reminder
from apps.fees.services.runs import begin_run, bill, confirm_run
from apps.fees.services.telling import tell_of_money

__all__ = [
    "HandLeg",
    "Leg",
    "NewPayment",
    "PaidBy",
    "Pays",
    "Posting",
    "Printed",
    "add_account",
    "add_item",
    "allocate",
    "approve_concession",
    "ask_for_concession",
    "begin_run",
    "bill",
    "bounce",
    "change_account",
    "change_item",
    "charge_back",
    "check_books",
    "choose_item",
    "clear_cheque",
    "close_books",
    "confirm_run",
    "copy_items",
    "count_drawer",
    "credit_invoice",
    "end_concession",
    "forget_choice",
    "issue",
    "keep_bills",
    "keep_payments",
    "move_choices",
    "move_concessions",
    "move_payers",
    "next_numbers",
    "post",
    "post_all",
    "post_by_hand",
    "print_followed_invoice",
    "print_followed_receipt",
    "print_followed_statement",
    "print_invoice",
    "print_receipt",
    "print_statement",
    "refund",
    "remind_debtors",
    "reminder",
    "reverse",
    "seed_accounts",
    "set_payers",
    "take_payment",
    "tell_of_money",
    "void_invoice",
]
