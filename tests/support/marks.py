"""What a run keeps in a document: between two marks there, ``<!-- name -->`` and ``<!-- /name -->``."""

from __future__ import annotations

import re
from pathlib import Path


def _between(name: str) -> re.Pattern[str]:
    return re.compile(f"(<!-- {name} -->)(.*?)(<!-- /{name} -->)", re.DOTALL)


def kept(page: Path, name: str) -> str:
    """What stands between the marks ``name`` of ``page``."""
    found = _between(name).findall(page.read_text(encoding="utf-8"))
    if len(found) != 1:
        raise LookupError(f"{page.name} has the marks of {name} {len(found)} times.")
    return str(found[0][1])


def keep(page: Path, name: str, text: str) -> None:
    """Put ``text`` there instead."""
    kept(page, name)
    said = page.read_text(encoding="utf-8")
    page.write_text(_between(name).sub(lambda found: found[1] + text + found[3], said), encoding="utf-8")
