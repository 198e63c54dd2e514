"""Accessibility: axe-core over a page, its findings as sentences."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("serious", "critical")
EVERY = ("minor", "moderate", *GRAVE)
_AXE = Axe()


def axe(page: Page, *, within: str | None = None) -> None:
    """Fail on serious and critical findings in the page, or in what the selector ``within`` names."""
    grave = findings(page, within=within, weights=GRAVE)
    assert not grave, "\n".join([f"{page.url} is not accessible:", *grave])


def findings(page: Page, *, within: str | None = None, weights: tuple[str, ...] = EVERY) -> list[str]:
    """What axe finds of these weights, as sentences."""
    # Until its font is there, an icon is the word that stands for it.
    page.evaluate("document.fonts.ready.then(() => true)")
    found = _AXE.run(page, context=within).response["violations"]
    return [_sentence(violation) for violation in found if violation["impact"] in weights]


def _sentence(violation: dict) -> str:
    where = "".join(
        f"\n      {' '.join(map(str, node['target']))}\n        {node['html'][:160]}\n        "
        + node.get("failureSummary", "").replace("\n", " ")
        for node in violation["nodes"][:5]
    )
    return f"  {violation['id']} ({violation['impact']}): {violation['help']}{where}"
