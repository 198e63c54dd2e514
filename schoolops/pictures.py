"""Pictures that people upload: checked by content, never by name, and re-drawn so that only the picture is kept."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

# What a browser shows and Pillow writes. No SVG: it is a program.
ACCEPTED = {"JPEG": ("jpg", "image/jpeg"), "PNG": ("png", "image/png"), "WEBP": ("webp", "image/webp")}
# A camera writes ten; each of thousands is drawn over the whole picture, however small the file.
MOST_SCANS = 64
MEDIA_TYPES = {f".{suffix}": media_type for suffix, media_type in ACCEPTED.values()}


class PictureRefused(Exception):
    """Why a file is no picture of ours, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-drawn picture. ``name`` ends in the suffix of its real format and changes with the content."""

    name: str
    content: bytes
    media_type: str
    sha256: str


def checked_picture(content: bytes, *, largest: int, longest_side: int) -> Picture:
    """``content`` drawn anew: no metadata (a phone writes where the photo was taken), no trailing data, upright.

    Args:
        largest: bytes. longest_side: pixels; what has a longer one is made smaller, unless all of it would take more
            memory than a square of that side.

    Raises:
        PictureRefused: it is too large, not a picture, or of another kind than JPEG, PNG and WebP.
    """
    if len(content) > largest:
        raise PictureRefused(f"it has more than {largest // 1024} kB")
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > MOST_SCANS:
        raise PictureRefused("the picture is damaged")
    try:
        with warnings.catch_warnings():
            # A small file that unfolds into gigabytes: Pillow only warns at first.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _drawn(content, longest_side)
    except PictureRefused:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefused("it is not a JPEG, PNG or WebP picture") from error
    except Exception as error:
        # A decoder of strangers' bytes raises whatever it stumbles over: a missing tag, a wrong type, no memory.
        raise PictureRefused("the picture is damaged") from error


def _drawn(content: bytes, longest_side: int) -> Picture:
    with Image.open(io.BytesIO(content), formats=tuple(ACCEPTED)) as opened:
        width, height = opened.size
        if max(opened.size) > longest_side:
            # A JPEG is read at half or a quarter of its size at the cost of that.
            opened.draft("RGB", (longest_side // 2, longest_side // 2))
        if opened.size[0] * opened.size[1] > longest_side**2:
            raise PictureRefused(f"it is {width} × {height} pixels, more than {longest_side} × {longest_side}")
        # What some phones make of one picture: a JPEG with another one behind it.
        kind = "JPEG" if opened.format == "MPO" else str(opened.format)
        opened.load()
        opened.thumbnail((longest_side, longest_side))
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
    return Picture(f"{sha256[:20]}.{suffix}", written.getvalue(), media_type, sha256)
