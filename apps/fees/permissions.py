"""The permissions of fees. Money is the accountant's: no teacher sees any of it, and no head moves it."""

from __future__ import annotations

from apps.access.permissions import ACCOUNTANT, GUARDIAN, HEAD, OFFICE, Permission, declare

declare(
    Permission("fees.view", "See fees, bills, payments and the books", (HEAD, ACCOUNTANT)),
    Permission("fees.charge", "Set up fees, ask for concessions and bill families", (ACCOUNTANT,)),
    Permission("fees.collect", "Take payments, put them against bills, give back or reverse them", (ACCOUNTANT,)),
    Permission("fees.approve", "Approve concessions that somebody else asked for", (HEAD,)),
    Permission("fees.follow", "See one's own bills and what is paid of them", (*OFFICE, GUARDIAN)),
    Permission("fees.keep_books", "Change the chart of accounts, post by hand and close periods", (ACCOUNTANT,)),
    # Where the money of cards goes to: nobody who takes money decides that.
    Permission("fees.set_gateway", "Choose the card gateway and enter its keys", ()),
)
