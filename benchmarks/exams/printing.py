"""``python printing.py CARDS.json``: prints the cards of a section as one PDF and as single ones, and 2,000 of them.

In a process of its own that imports the printer alone. Prints JSON: cards per second of processor in a batch and as
single files, and MiB held after the first hundred and after the last.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.paper.document import WARM, memory_mib

CARDS = 2_000
ROUNDS = 5
MOMENT = dt.datetime(2026, 11, 4, tzinfo=dt.UTC)


def main() -> None:
    """Print what it costs."""
    from schoolops.pdf import typeset

    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    template, cards = Path(told["template"]).read_bytes(), told["cards"]

    def printed(some: list[dict[str, Any]]) -> bytes:
        return typeset(template, {"name": "Report card", "author": "Oak School", "cards": some}, dated=MOMENT)

    # What a process pays once (fonts, the template) is over.
    printed(cards)
    began = time.process_time()
    for _ in range(ROUNDS):
        printed(cards)
    batch = ROUNDS * len(cards) / (time.process_time() - began)
    before, began = 0.0, time.process_time()
    for number in range(CARDS):
        if number == WARM:
            before = memory_mib()
        # Another one each time: what is kept between two of them is not the answer.
        printed([{**cards[number % len(cards)], "imprint": f"No. {number}"}])
    single = CARDS / (time.process_time() - began)
    print(json.dumps({"batch": batch, "single": single, "before": before, "after": memory_mib()}))


if __name__ == "__main__":
    from django.conf import settings

    settings.configure(FONTS=["manimgx_fonts"])
    main()
