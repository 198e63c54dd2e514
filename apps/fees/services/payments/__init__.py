"""Money that comes in, pays what is due first, and goes back: each in the books, and with a receipt that has a number.

Who moves money of a student holds the student's row: of two at once the second finds what the first has done.
"""

from apps.fees.services.payments.allocating import Pays, allocate, release, uncovered
from apps.fees.services.payments.giving_back import bounce, charge_back, refund, reverse, undo
from apps.fees.services.payments.holding import COLLECT, campus_for, hold, hold_payment
from apps.fees.services.payments.taking import NewPayment, clear_cheque, receive, take_payment

__all__ = [
    "COLLECT",
    "NewPayment",
    "Pays",
    "allocate",
    "bounce",
    "campus_for",
    "charge_back",
    "clear_cheque",
    "hold",
    "hold_payment",
    "receive",
    "refund",
    "release",
    "reverse",
    "take_payment",
    "uncovered",
    "undo",
]
