"""Typst in this process: one compiler, fonts from a package, data as JSON, nothing from outside."""

from __future__ import annotations

import base64
import datetime as dt
import importlib.util
import io
import threading
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson
from django.conf import settings

if TYPE_CHECKING:
    from typst import Compiler, Fonts

TEMPLATES = Path(str(resources.files("schoolops.pdf"))) / "typst"
# Tagged for screen readers and for search: ISO 14289-1.
STANDARD: Literal["ua-1"] = "ua-1"
MAIN = "Noto Sans"
MISSING = "\N{REPLACEMENT CHARACTER}"
# Never drawn, whatever the fonts have: marks of direction, joiners, places to break.
UNSEEN = frozenset(map(ord, "\n\t\u00a0\u200b\u200c\u200d\u200e\u200f\u2011\u2060\u2066\u2067\u2068\u2069\ufeff"))

_one_at_a_time = threading.Lock()


def typeset(
    template: str | bytes, data: Mapping[str, Any], *, dated: dt.datetime, pictures: Mapping[str, bytes] = {}
) -> bytes:
    """A PDF of ``template``: the name of one of ours, or the source of another app's, which reads ``data.json``.

    ``data`` holds strings, numbers, booleans, lists and objects; a string is set as it stands and never read as markup.
    ``pictures`` (PNG, JPEG, WebP) are ``name.svg`` to the template. The same arguments give the same bytes.
    """
    source = (TEMPLATES / f"{template}.typ").read_bytes() if isinstance(template, str) else template
    house = (TEMPLATES / "house.typ").read_bytes()
    full = {"fonts": list(families()), **data}
    parts = {"main.typ": source, "house.typ": house, "data.json": orjson.dumps(printable(full))}
    parts |= {f"{name}.svg": _as_text(content) for name, content in pictures.items()}
    # A compiler of its own for each document keeps what it has learned for ever: 2,000 documents took 400 MB.
    with _one_at_a_time:
        content = _compiler().compile(
            input=parts,  # type: ignore[type-var] # documented, and missing from its types
            format="pdf",
            pdf_standards=[STANDARD],
            # A PDF knows no part of a second, and Typst refuses one.
            timestamp=dated.astimezone(dt.UTC).replace(microsecond=0),
        )
    if not isinstance(content, bytes):
        raise TypeError(f"{template!r:.40} made no document but {type(content).__name__}.")
    return content


def _as_text(picture: bytes) -> bytes:
    """An SVG that holds ``picture``: the compiler takes text alone for its files."""
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as read:
        (width, height), kind = read.size, Image.MIME[str(read.format)]
    held = base64.b64encode(picture).decode("ascii")
    size = f'width="{width}" height="{height}"'
    image = f'<image {size} href="data:{kind};base64,{held}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{image}</svg>'.encode()


def printable(data: Any) -> Any:
    """``data`` with a sign in the place of each letter that no font has: a gap would be taken for no name."""
    match data:
        case str():
            if data.isascii():
                return data
            text = unicodedata.normalize("NFC", data)
            return "".join(each if ord(each) in UNSEEN or ord(each) in _letters() else MISSING for each in text)
        case Mapping():
            return {key: printable(value) for key, value in data.items()}
        case list() | tuple():
            return [printable(each) for each in data]
    return data


def uncovered(letters: Iterable[str]) -> list[str]:
    """Those of ``letters`` that no font of ours can draw."""
    return [letter for letter in letters if ord(letter) not in _letters()]


@cache
def families() -> tuple[str, ...]:
    """The fonts by name, first the one that is asked first."""
    found = sorted(_fonts().families())
    return (MAIN, *(each for each in found if each != MAIN))


@cache
def _folders() -> list[Path]:
    """Where fonts lie: each of ``FONTS`` is a folder (with a slash) or a package that ships some, if it is there."""
    found = [Path(font) if "/" in font else _shipped_by(font) for font in settings.FONTS]
    return [each for each in found if each is not None]


def _shipped_by(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


@cache
def _fonts() -> Fonts:
    from typst import Fonts

    return Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(_folders()))


@cache
def _compiler() -> Compiler:
    from typst import Compiler

    # Its root is the folder of our templates: a template cannot read anything else of this machine.
    return Compiler(root=TEMPLATES, font_paths=_fonts(), ignore_system_fonts=True)


@cache
def _letters() -> frozenset[int]:
    from fontTools.ttLib import TTFont

    found: set[int] = set()
    for folder in _folders():
        for file in sorted(folder.rglob("*.[to]t[fc]")):
            with TTFont(file, fontNumber=0, lazy=True) as font:
                found.update(font.getBestCmap())
    return frozenset(found)
