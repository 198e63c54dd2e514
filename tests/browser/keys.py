"""What a mouse can click and no key can reach."""

from __future__ import annotations

from playwright.sync_api import Page

# The ground behind an open panel has no words; Escape does what a click on it does.
_CLICKED_ALONE = r"""() => [...document.querySelectorAll("[x-on\\:click], [\\@click]")]
  .filter((each) => each.tabIndex < 0 && (each.textContent.trim() || each.title))
  .map((each) => each.outerHTML.slice(0, 200))"""


def every_click_has_a_key(page: Page) -> None:
    """Fail where something on the page is opened or switched by a click alone."""
    assert page.evaluate(_CLICKED_ALONE) == [], page.url
