"""A school day as a picture: of each kind of page how late it may be, and how late it was."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from locustfiles.targets import NEVER_MS, PAGES

# One row of it, and where bars begin; a bar that ends at the goal is as long as WHOLE.
ROW, LEFT, WHOLE, TOP = 46, 40, 560, 70
FONT = 'font-family="Helvetica, Arial, sans-serif" font-size="14"'
MET, MISSED, LINE, PAPER, INK = "#5d8a57", "#b3541e", "#8a8577", "#fbfaf7", "#2b2a27"


def drawn(result: Mapping[str, Any]) -> str:
    """An SVG of a ``RESULT``. What is too late ends a little beyond the mark of its goal, however late it is."""
    height = TOP + ROW * len(PAGES) + 16
    title = f"p95 of each kind of page at {result.get('rate', 0):g} requests a second, and its goal"
    size = f'viewBox="0 0 880 {height}" width="880" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {FONT}>',
        f"  <title>{title}</title>",
        f'  <rect x="1" y="1" width="878" height="{height - 2}" rx="10" fill="{PAPER}" stroke="#d8d4c8"/>',
        f'  <text x="{LEFT}" y="34" font-size="16" fill="{INK}">{title}</text>',
    ]
    for number, page in enumerate(PAGES):
        y, measured = TOP + ROW * number, int(result.get(page.figure, NEVER_MS))
        met = measured <= page.p95_ms
        said = "not measured" if measured == NEVER_MS else f"{measured} ms"
        width = max(2, round(WHOLE * min(measured / page.p95_ms, 1.15)))
        parts += [
            f'  <text x="{LEFT}" y="{y}" fill="{INK}">{escape(", ".join(page.kinds))}</text>',
            f'  <rect x="{LEFT}" y="{y + 7}" width="{WHOLE}" height="12" fill="#ebe7dc"/>',
            f'  <rect x="{LEFT}" y="{y + 7}" width="{width}" height="12" fill="{MET if met else MISSED}"/>',
            f'  <path d="M{LEFT + WHOLE} {y + 3} v20" stroke="{LINE}" stroke-width="2"/>',
            f'  <text x="{LEFT + WHOLE + 190}" y="{y + 18}" fill="{INK}" text-anchor="end">{said}</text>',
            f'  <text x="{LEFT + WHOLE + 260}" y="{y + 18}" fill="{LINE}" text-anchor="end">of {page.p95_ms}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"
