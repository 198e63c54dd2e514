"""What phones send is made smaller; what would take too much memory is refused."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from schoolops.pictures import LARGEST, PictureRefused, checked_picture


def drawn(width: int, height: int, kind: str = "JPEG", **more: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(written, format=kind, **more)
    return written.getvalue()


@pytest.mark.parametrize(
    ("size", "becomes"),
    [
        ((4032, 3024), (2000, 1500)),
        ((3024, 4032), (1500, 2000)),
        ((8000, 6000), (2000, 1500)),
        ((640, 480), (640, 480)),
    ],
)
def test_what_phones_send_is_kept(size: tuple[int, int], becomes: tuple[int, int]) -> None:
    kept = checked_picture(drawn(*size))
    assert Image.open(io.BytesIO(kept.content)).size == becomes


def test_a_picture_of_several_megabytes_is_kept_smaller() -> None:
    written = io.BytesIO()
    Image.effect_noise((4032, 3024), 60).convert("RGB").save(written, format="JPEG", quality=80)
    content = written.getvalue()
    assert 3 * 2**20 < len(content) < LARGEST
    kept = checked_picture(content)
    assert (Image.open(io.BytesIO(kept.content)).size, len(kept.content) < 2 * 2**20) == ((2000, 1500), True)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: drawn(5000, 4000, "PNG"), "it is 5000 × 4000 pixels, more than 4000 × 4000"),
        (lambda: drawn(9000, 8000), "it is 9000 × 8000 pixels, more than 4000 × 4000"),
        # All of it is held while it is decoded, however small it is drawn.
        (lambda: drawn(5000, 4000, progressive=True), "it is 5000 × 4000 pixels, more than 4000 × 4000"),
        (lambda: b"\xff" * (LARGEST + 1), "it has more than 8 MB"),
    ],
    ids=["PNG", "JPEG", "progressive", "bytes"],
)
def test_what_takes_too_much_memory_is_refused_by_its_own_size(made: Callable[[], bytes], says: str) -> None:
    with pytest.raises(PictureRefused, match=says):
        checked_picture(made())
