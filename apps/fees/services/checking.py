"""Every night: whether books, bills and payments say the same."""

from __future__ import annotations

import datetime as dt
import logging

from apps.fees.selectors.reconciling import differences
from apps.fees.services.cards import differs_there
from schoolops.gateways.interface import GatewayAway, GatewayRefused
from schoolops.observability import metrics

log = logging.getLogger(__name__)
# The log names these; `manage.py reconcile_fees` names all.
NAMED = 20


def check_books() -> int:
    """Tell the operators where books, bills and payments differ, and change nothing. How many differences there are."""
    found = list(differences())
    try:
        found += differs_there(begun_before=dt.timedelta(hours=1))
    except (GatewayAway, GatewayRefused) as away:
        # It is asked every quarter of an hour; that it is away is said elsewhere.
        log.warning("the card gateway was not asked: %s", away)
    for each in found[:NAMED]:
        log.error("the books differ: %s", each, extra={"facts": each.as_dict()})
    metrics.FEES_DIFFERENCES.count(times=len(found))
    return len(found)
