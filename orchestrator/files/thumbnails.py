"""Small pictures of images, for people to look at: made when they are asked for, and kept nowhere."""

import io
from typing import IO

from PIL import Image

from orchestrator.domain.errors import FileRefused
from orchestrator.files.resize import MAX_PIXELS  # Pillow warns of no fewer pixels, once this is read.

MOST = 2048
"""Pixels of the longest side of a thumbnail."""

MAX_OTHER_PIXELS = 50_000_000
"""Of what has to be unpacked whole, as what is no JPEG, or a progressive one: 300 MB of memory, for one at a time."""

_FORMATS = ("JPEG", "PNG", "TIFF", "BMP")
_TO_EIGHT_BITS = 1 / 256


def thumbnail(file: IO[bytes], *, longest: int, quality: int, name: str) -> bytes:
    """Give a JPEG of the image that is no larger than asked, nor than the image. Raises ``FileRefused``."""
    try:
        with Image.open(file, formats=_FORMATS) as image:
            by_rows = image.format in {"JPEG", "MPO"} and not image.info.get("progressive")
            fits = image.width * image.height <= (MAX_PIXELS if by_rows else MAX_OTHER_PIXELS)
            packed = _packed(image, size=min(longest, MOST), quality=quality) if fits else b""
    except Exception as error:  # A malformed file makes its parsers raise anything, KeyError to struct.error.
        raise FileRefused(f"{name} cannot be shown: it is damaged, or of a kind that is not read here.") from error
    if not packed:
        raise FileRefused(f"{name} has too many pixels to show it.")
    return packed


def _packed(image: Image.Image, *, size: int, quality: int) -> bytes:
    image.draft("RGB", (size, size))  # A JPEG is unpacked at the smallest scale that suffices: quick and small.
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda value: value * _TO_EIGHT_BITS).convert("L")
    shown = image.convert("RGB")
    shown.thumbnail((size, size))
    packed = io.BytesIO()
    shown.save(packed, format="JPEG", quality=quality)
    return packed.getvalue()
