"""Books for tests."""

from __future__ import annotations

from decimal import Decimal

from apps.accounts.models import User
from apps.fees import services
from apps.fees.models import Account
from apps.fees.services import HandLeg
from apps.institutions.models import Institution
from tests.factories.people import SCHOOL_DAY


def a_chart(institution: Institution) -> dict[str, Account]:
    """The accounts that a campus begins with, by what is posted there."""
    services.seed_accounts()
    return {account.purpose: account for account in Account.objects.filter(institution=institution).exclude(purpose="")}


def to_the_bank(chart: dict[str, Account], amount: str, *, by: User, day: object = None) -> object:
    """Cash brought to the bank."""
    cash, bank = chart["cash"], chart["bank"]
    legs = [HandLeg(bank.sourced_id, "debit", Decimal(amount)), HandLeg(cash.sourced_id, "credit", Decimal(amount))]
    return services.post_by_hand(
        institution=cash.institution, day=day or SCHOOL_DAY, memo="To the bank", legs=legs, by=by
    )
