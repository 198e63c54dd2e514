"""Card payments through the school's gateway: begun by a guardian, paid on the gateway's page, booked as it says.

What it writes by itself only says that there is something to ask; what is booked is what it answers when it is asked.
So nothing depends on how often, when or in what order its messages come, or on who else may write them.
"""

from apps.fees.services.cards.hearing import catch_up, differs_there, hear, look
from apps.fees.services.cards.paying import EVENTS, begin_card_payment, checkout_of, checkout_path, come_back
from apps.fees.services.cards.returning import refund_by_card
from apps.fees.services.cards.setting_up import forget_card_gateway, set_card_gateway, try_card_gateway

__all__ = [
    "EVENTS",
    "begin_card_payment",
    "catch_up",
    "checkout_of",
    "checkout_path",
    "come_back",
    "differs_there",
    "forget_card_gateway",
    "hear",
    "look",
    "refund_by_card",
    "set_card_gateway",
    "try_card_gateway",
]
