"""The books of a campus; what is charged to whom; bills; and what was paid.

Every amount stands beside its currency, which is that of its account, which is that of its campus: composite foreign
keys hold the three equal. Balances are sums of entries, and stand nowhere.
"""

from apps.fees.models.bank import BankLine, BankStatement
from apps.fees.models.billing import CreditNote, Instalment, Invoice, InvoiceLine, InvoiceRun, RunOutcome, Series
from apps.fees.models.cards import CardGateway, GatewayEvent, PaymentIntent
from apps.fees.models.charging import Concession, FeeItem, Payer, StudentFee
from apps.fees.models.late import LateFee, LateFeeRule
from apps.fees.models.ledger import Account, Books, LedgerEntry, LedgerTransaction
from apps.fees.models.payments import Allocation, Payment, Refund

__all__ = [
    "Account",
    "Allocation",
    "BankLine",
    "BankStatement",
    "Books",
    "CardGateway",
    "Concession",
    "CreditNote",
    "FeeItem",
    "GatewayEvent",
    "Instalment",
    "Invoice",
    "InvoiceLine",
    "InvoiceRun",
    "LateFee",
    "LateFeeRule",
    "LedgerEntry",
    "LedgerTransaction",
    "Payer",
    "Payment",
    "PaymentIntent",
    "Refund",
    "RunOutcome",
    "Series",
    "StudentFee",
]
