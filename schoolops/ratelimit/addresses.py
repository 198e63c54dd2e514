"""Where a request comes from, as far as that can be believed."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The client's address: what the outermost of our ``TRUSTED_PROXIES`` saw, else the peer's.

    An IPv6 address is cut to its /64, since whoever has one address there has all of them.
    """
    address = request.META.get("REMOTE_ADDR") or ""
    proxies = settings.TRUSTED_PROXIES or 0
    if proxies:
        hops = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",") if each.strip()]
        # Each proxy appends the peer it saw; what stands further left was written by the client.
        address = hops[-min(proxies, len(hops))] if hops else address
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        # As a socket for both kinds shows an IPv4 address: cut to a /64, all of them would be one.
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)
