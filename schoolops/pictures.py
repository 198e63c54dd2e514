"""Pictures that people upload: checked by content, never by name, and re-drawn so that only the picture is kept."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass

# What a browser shows and Pillow writes. No SVG: it is a program.
ACCEPTED = {"JPEG": ("jpg", "image/jpeg"), "PNG": ("png", "image/png"), "WEBP": ("webp", "image/webp")}
# As many bytes as are taken in: what phones write has 3 to 6 MB. It is kept smaller, with no side above KEPT_SIDE.
LARGEST = 8 * 2**20
KEPT_SIDE = 2000
# Pixels as a square of this side are held in memory at once, no more.
LONGEST_SIDE = 4000
# A camera writes ten; each of thousands is drawn over the whole picture, however small the file.
MOST_SCANS = 64
MEDIA_TYPES = {f".{suffix}": media_type for suffix, media_type in ACCEPTED.values()}


class PictureRefused(Exception):
    """Why a file is no picture of ours, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-drawn picture. ``suffix`` is that of its real format, as in ``.png``."""

    suffix: str
    content: bytes
    media_type: str
    sha256: str


def checked_picture(content: bytes, *, side: int = KEPT_SIDE) -> Picture:
    """``content`` drawn anew: no metadata (a phone writes where the photo was taken), no trailing data, upright.

    What has a side above ``side`` pixels is made smaller. A JPEG is decoded at a half, a quarter or an eighth where
    that is enough: the picture of a phone then takes 10 MB and not 40. What is progressive is held whole all the same.

    Raises:
        PictureRefused: it is too large, not a picture, or of another kind than JPEG, PNG and WebP.
    """
    if len(content) > LARGEST:
        raise PictureRefused(f"it has more than {LARGEST // 2**20} MB")
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > MOST_SCANS:
        raise PictureRefused("the picture is damaged")
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Of tags that end nowhere Pillow warns as well; they are not kept.
            warnings.simplefilter("ignore")
            # A small file that unfolds into gigabytes: Pillow only warns at first.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _drawn(content, side)
    except PictureRefused:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefused("it is not a JPEG, PNG or WebP picture") from error
    except Exception as error:
        # A decoder of strangers' bytes raises whatever it stumbles over: a missing tag, a wrong type, no memory.
        raise PictureRefused("the picture is damaged") from error


def _drawn(content: bytes, side: int) -> Picture:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(content), formats=tuple(ACCEPTED)) as opened:
        width, height = opened.size
        held = opened.size
        if max(opened.size) > side:
            opened.draft("RGB", (side, side))
            held = opened.size if not opened.info.get("progressive") else held
        # Each pixel of the file is read, however small it is drawn.
        if held[0] * held[1] > LONGEST_SIDE**2 or width * height > (2 * LONGEST_SIDE) ** 2:
            raise PictureRefused(f"it is {width} × {height} pixels, more than {LONGEST_SIDE} × {LONGEST_SIDE}")
        # What some phones make of one picture: a JPEG with another one behind it.
        kind = "JPEG" if opened.format == "MPO" else str(opened.format)
        opened.load()
        opened.thumbnail((side, side))
        try:
            drawn = ImageOps.exif_transpose(opened)
        except Exception:  # noqa: BLE001 - as above; which way up is all that it could have said
            drawn = opened.copy()
    written = io.BytesIO()
    fresh = drawn.convert("RGB" if kind == "JPEG" else "RGBA" if "A" in drawn.getbands() else "RGB")
    fresh.info = {}
    fresh.save(written, format=kind)
    sha256 = hashlib.sha256(written.getvalue()).hexdigest()
    suffix, media_type = ACCEPTED[kind]
    return Picture(f".{suffix}", written.getvalue(), media_type, sha256)
