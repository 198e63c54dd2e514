"""Pictures that people upload: checked by content, never by name, and re-drawn so that only the picture is kept."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

# What a browser shows and Pillow writes. No SVG: it is a program.
ACCEPTED = {"JPEG": ("jpg", "image/jpeg"), "PNG": ("png", "image/png"), "WEBP": ("webp", "image/webp")}
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
        largest: bytes. longest_side: pixels.

    Raises:
        PictureRefused: it is too large, not a picture, or of another kind than JPEG, PNG and WebP.
    """
    if len(content) > largest:
        raise PictureRefused(f"it has {len(content) // 1024} kB")
    try:
        with warnings.catch_warnings():
            # A small file that unfolds into gigabytes: Pillow only warns at first.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=tuple(ACCEPTED)) as opened:
                if max(opened.size) > longest_side:
                    raise PictureRefused(f"it is {opened.size[0]} × {opened.size[1]} pixels, more than {longest_side}")
                kind = str(opened.format)
                drawn = ImageOps.exif_transpose(opened)
                drawn.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefused("it is not a JPEG, PNG or WebP picture") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise PictureRefused("the picture is damaged") from error
    written = io.BytesIO()
    fresh = drawn.convert("RGB" if kind == "JPEG" else "RGBA" if "A" in drawn.getbands() else "RGB")
    fresh.info = {}
    fresh.save(written, format=kind)
    sha256 = hashlib.sha256(written.getvalue()).hexdigest()
    suffix, media_type = ACCEPTED[kind]
    return Picture(f"{sha256[:20]}.{suffix}", written.getvalue(), media_type, sha256)
