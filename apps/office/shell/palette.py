"""A school's colour as the shades a page needs, dark enough that what is written on it can be read."""

from __future__ import annotations

# WCAG 2.2, 1.4.3: text against what stands behind it.
READABLE = 4.5
_LIGHT = {"50": 0.95, "100": 0.88, "200": 0.75, "300": 0.58, "400": 0.35, "500": 0.15}
_DARK = {"700": 0.15, "800": 0.3, "900": 0.45, "950": 0.65}
Colour = tuple[float, float, float]
WHITE, BLACK = (255.0, 255.0, 255.0), (0.0, 0.0, 0.0)


def _parsed(colour: str) -> Colour:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mixed(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (a + (b - a) * share for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _light(colour: Colour) -> float:
    red, green, blue = (
        each / 255 / 12.92 if each / 255 <= 0.04045 else ((each / 255 + 0.055) / 1.055) ** 2.4 for each in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, such as ``#1d4ed8`` and ``#ffffff``: 1 to 21."""
    darker, lighter = sorted((_light(_parsed(one)), _light(_parsed(other))))
    return (lighter + 0.05) / (darker + 0.05)


def _written(colour: Colour) -> str:
    return "#" + "".join(f"{round(each):02x}" for each in colour)


def shades_of(colour: str) -> dict[str, str]:
    """Shade → colour. ``600`` is the school's own, darkened until white on it can be read."""
    own = _parsed(colour)
    while contrast(_written(own), "#ffffff") < READABLE:
        own = _mixed(own, BLACK, 0.05)
    return {
        **{shade: _written(_mixed(own, WHITE, share)) for shade, share in _LIGHT.items()},
        "600": _written(own),
        **{shade: _written(_mixed(own, BLACK, share)) for shade, share in _DARK.items()},
    }
