"""Small pictures of images: bounded in what they cost."""

import io

import pytest
from PIL import Image

from orchestrator.domain.errors import FileRefused
from orchestrator.files import thumbnails


def picture(format: str, mode: str = "RGB", color: float | None = None, *, progressive: bool = False) -> io.BytesIO:
    made = io.BytesIO()
    Image.new(mode, (48, 36), color).save(made, format=format, progressive=progressive)
    made.seek(0)
    return made


def shown(file: io.BytesIO, longest: int = 24) -> Image.Image:
    return Image.open(io.BytesIO(thumbnails.thumbnail(file, longest=longest, quality=90, name="a")))


@pytest.mark.parametrize(
    ("file", "bound"),
    [
        (picture("JPEG"), "MAX_PIXELS"),
        (picture("JPEG", progressive=True), "MAX_OTHER_PIXELS"),
        (picture("TIFF"), "MAX_OTHER_PIXELS"),
    ],
    ids=["JPEG", "progressive JPEG", "TIFF"],
)
def test_too_many_pixels_are_refused_before_they_are_unpacked(monkeypatch, file, bound):
    monkeypatch.setattr(thumbnails, bound, 48 * 36 - 1)
    with pytest.raises(FileRefused, match="a has too many pixels"):
        shown(file)


def test_none_is_larger_than_the_largest(monkeypatch):
    monkeypatch.setattr(thumbnails, "MOST", 16)
    assert (16, 12) == shown(picture("PNG"), 10_000).size


def test_sixteen_bits_keep_their_brightness():
    assert 128 == pytest.approx(shown(picture("TIFF", "I;16", 32_896)).convert("L").getpixel((5, 5)), abs=2)
