"""Every night: whether books, bills and payments say the same."""

from __future__ import annotations

import logging

from apps.fees.selectors.reconciling import differences
from schoolops.observability import metrics

log = logging.getLogger(__name__)
# The log names these; `manage.py reconcile_fees` names all.
NAMED = 20


def check_books() -> int:
    """Tell the operators where books, bills and payments differ, and change nothing. How many differences there are."""
    found = list(differences())
    for each in found[:NAMED]:
        log.error("the books differ: %s", each, extra={"facts": each.as_dict()})
    metrics.FEES_DIFFERENCES.count(times=len(found))
    return len(found)
