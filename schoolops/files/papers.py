"""Papers that people send along: a PDF, or a picture, which is drawn anew; known by content, never by name."""

from __future__ import annotations

from schoolops.pictures import LARGEST, MEDIA_TYPES, PictureRefused, checked_picture
from schoolops.resilience import heavy

MOST_MB = LARGEST // 2**20


class PaperRefused(Exception):
    """It is neither, or larger than ``MOST_MB``."""


def checked_paper(content: bytes) -> tuple[bytes, str]:
    """What is kept of it, and the suffix of its real kind. Raises ``PaperRefused``."""
    if len(content) > LARGEST:
        raise PaperRefused
    if content.startswith(b"%PDF-"):
        return content, ".pdf"
    try:
        with heavy.working():
            picture = checked_picture(content)
    except PictureRefused as refusal:
        raise PaperRefused from refusal
    return picture.content, picture.suffix


def media_type_of(name: str) -> str:
    """The media type of a paper that was kept under this name."""
    return MEDIA_TYPES.get(f".{name.rpartition('.')[2]}", "application/pdf")
