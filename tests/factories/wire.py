"""What a page makes a browser fetch, as it travels."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

from django.test import Client

PACKED = {"accept-encoding": "gzip"}
LINKED = re.compile(r'(?:src|href)="(/static/[^"]+)"')
NAMED = re.compile(r'url\("?(?!data:)([^")]+)"?\)')


def fetched(page: str, *, host: str) -> Iterator[tuple[str, int]]:
    """Address, and bytes as they travel, of everything that ``page`` links to, and of what that names in turn."""
    client = Client(headers={"host": host, **PACKED})
    wanted = list(dict.fromkeys(LINKED.findall(page)))
    for address in wanted:
        answer = client.get(address)
        assert answer.status_code == 200, address
        content = gzip.decompress(answer.content) if answer.headers.get("Content-Encoding") else answer.content
        yield address, len(answer.content)
        # A browser fetches letters once something is written in them.
        icons_shown = "material-symbols-outlined" in page
        for name in NAMED.findall(content.decode()) if address.endswith(".css") and icons_shown else ():
            inner = f"{address.rpartition('/')[0]}/{name}"
            if inner not in wanted:
                wanted.append(inner)
