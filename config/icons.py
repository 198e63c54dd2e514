"""``python -m config.icons``: the theme's font of icons, cut down to those that pages name, and the list of them.

The whole font has four thousand and weighs 290 kB, most of a first visit. An icon is a word in the page to which the
font has a ligature, so whatever looks like one of its words counts: one too many costs a hundred bytes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import unfold
from fontTools import subset
from fontTools.ttLib import TTFont

from config.env import BASE_DIR

THEME = Path(unfold.__file__).parent
WHOLE = THEME / "static/unfold/fonts/material-symbols/Material-Symbols-Outlined.woff2"
CUT = BASE_DIR / "apps/office/shell/static/office/shell/icons.woff2"
WHERE = (
    (BASE_DIR / "apps", ("*.html", "*.py", "*.js", "*.css")),
    (BASE_DIR / "schoolops", ("*.html", "*.py", "*.js")),
    (BASE_DIR / "config" / "settings", ("*.py",)),
    (THEME, ("templates/**/*.html", "*.py", "static/unfold/js/app.js")),
)
_WORD = re.compile(r"""(?<=[>"'}])\s*([a-z0-9_]{2,})\s*(?=[<"'{])""")


def ligatures(font: TTFont) -> dict[str, str]:
    """Word → the glyph that it becomes."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    found = {}
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for table in (getattr(each, "ExtSubTable", each) for each in lookup.SubTable):
            for first, group in getattr(table, "ligatures", {}).items():
                for each in group:
                    if all(glyph in letters for glyph in (first, *each.Component)):
                        found["".join(letters[glyph] for glyph in (first, *each.Component))] = each.LigGlyph
    return found


def _words() -> Iterator[str]:
    for folder, patterns in WHERE:
        for pattern in patterns:
            for path in sorted(folder.rglob(pattern)):
                yield from _WORD.findall(path.read_text(encoding="utf-8"))


def named() -> frozenset[str]:
    """The icons that pages of ours and of the theme may show."""
    with TTFont(WHOLE) as font:
        return frozenset(ligatures(font)).intersection(_words())


def missing() -> frozenset[str]:
    """Those of them that the font we serve does not have."""
    with TTFont(CUT) as font:
        return named() - frozenset(ligatures(font))


def cut() -> int:
    """Write the font anew; returns its bytes."""
    with TTFont(WHOLE) as font:
        words = ligatures(font)
        wanted = named()
        options = subset.Options(flavor="woff2", layout_closure=False, hinting=False, notdef_outline=True)
        options.layout_features = ["*"]
        cutter = subset.Subsetter(options)
        cutter.populate(glyphs=[words[each] for each in wanted], text="".join(sorted(set("".join(wanted)))))
        cutter.subset(font)
        subset.save_font(font, CUT, options)
    return CUT.stat().st_size


if __name__ == "__main__":
    sys.stdout.write(f"{CUT.name}: {len(named())} icons, {cut()} bytes\n")
