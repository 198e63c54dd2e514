"""A picture that is too wide is made smaller; one that would take too much memory is refused."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from schoolops.pictures import PictureRefused, checked_picture

MOST = 2**20


def drawn(width: int, height: int, kind: str = "JPEG") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(written, format=kind)
    return written.getvalue()


@pytest.mark.parametrize(
    ("size", "becomes"),
    [
        ((4032, 3024), (4000, 3000)),
        ((3024, 4032), (3000, 4000)),
        ((8064, 6048), (4000, 3000)),
        ((640, 480), (640, 480)),
    ],
)
def test_what_phones_send_is_kept(size: tuple[int, int], becomes: tuple[int, int]) -> None:
    kept = checked_picture(drawn(*size), largest=MOST, longest_side=4000)
    assert Image.open(io.BytesIO(kept.content)).size == becomes


def test_what_takes_too_much_memory_is_refused_by_its_own_size() -> None:
    with pytest.raises(PictureRefused, match="it is 5000 × 4000 pixels, more than 4000 × 4000"):
        checked_picture(drawn(5000, 4000, "PNG"), largest=MOST, longest_side=4000)
    with pytest.raises(PictureRefused, match="it has more than 1024 kB"):
        checked_picture(b"\xff" * (MOST + 1), largest=MOST, longest_side=4000)
