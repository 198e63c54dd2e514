"""What ``manage.py doctor`` asks about schools' card gateways."""

from __future__ import annotations

from collections.abc import Iterator

from apps.fees.models import CardGateway
from schoolops.gateways.interface import offered
from schoolops.health.lines import Line, examines
from schoolops.tenancy import lifecycle


@examines("card gateways")
def card_gateways() -> Iterator[Line]:
    """A line for each school whose gateway does not answer, or is none of this installation."""
    answer = 0
    for school in lifecycle.each_school():
        for row in CardGateway.objects.order_by("pk"):
            if row.name not in offered():
                yield Line("red", f"{school.slug}: there is no card gateway {row.name} here", "Set up another.")
            elif row.failing_since is not None:
                since = f"{row.failing_since:%Y-%m-%d %H:%M} UTC"
                what = f"{school.slug}: the card gateway {row.name} does not answer, or refuses the key, since {since}"
                yield Line("red", what, "docs/runbooks/card-gateway-away.md")
            else:
                answer += 1
    yield Line("green", f"Card gateways that answer: {answer}")
