"""``{% load firing %}{% firing_alerts %}``: what fires now, for whoever watches a page rather than a Prometheus."""

from __future__ import annotations

from typing import Any

from django import template

from schoolops.observability import alerts

register = template.Library()


@register.inclusion_tag("observability/firing.html")
def firing_alerts() -> dict[str, Any]:
    """A section of its own, with a heading; it needs no style of the page around it."""
    return alerts.firing()
