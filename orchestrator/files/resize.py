"""A smaller copy of a photo, with what a photogrammetry engine reads from it: EXIF, GPS, XMP, orientation, colours."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from PIL import Image
from PIL.TiffImagePlugin import BITSPERSAMPLE, ImageFileDirectory_v2

from orchestrator.domain.errors import SourceFailed
from orchestrator.files.exif import with_dimensions
from orchestrator.files.failures import storing
from orchestrator.files.staging import store
from orchestrator.files.workbench import Stop

MAX_PIXELS = 400_000_000
"""Larger images are refused rather than unpacked into memory; the largest aerial cameras have 150 million."""

QUALITY = 95
_EIGHT = 8
_FORMATS = ("JPEG", "PNG", "TIFF")
_EXIF_TAGS = (0x010F, 0x0110, 0x0112, 0x0131, 0x0132, 0x8769, 0x8825)
"""Of a TIFF: make, model, orientation, software, date, and the EXIF and GPS directories."""

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def smaller_copy(file: IO[bytes], target: Path, *, longest: int, name: str, stop: Stop) -> bool:
    """Write a copy whose longest side has that many pixels; False when the image is no larger than that.

    Raises ``SourceFailed`` for an image that cannot be read, ``StorageFailed``, and ``Stopped``.
    """
    if _has_deep_bands(file):
        return False
    with _naming(name, "cannot be read as an image, so it cannot be resized"):
        image = Image.open(file, formats=_FORMATS)
    with image:
        if max(image.size) <= longest:
            return False
        if image.width * image.height > MAX_PIXELS:
            raise SourceFailed(f"{name} has more than {MAX_PIXELS:,} pixels, too many to resize it.")
        stop.check()
        small, extras = _shrunk(image, longest=longest, name=name)
        stop.check()
        data = _encoded(small, extras=extras, format=_format(image), name=name)
        stop.check()
        with storing(f"Storing the resized {name}"):
            store(data, target)
    return True


def scale_of(file: IO[bytes], *, longest: int) -> float:
    """Give by how much an image is made smaller: 1 if it is not, or cannot be read."""
    try:
        if _has_deep_bands(file):
            return 1.0
        with Image.open(file, formats=_FORMATS) as image:
            return min(1.0, longest / max(image.size))
    except Exception:  # noqa: BLE001  (Parsers raise anything; the image itself fails by its name when it is sent.)
        return 1.0


def _has_deep_bands(file: IO[bytes]) -> bool:
    """Whether it is a TIFF of several bands with more than 8 bits, such as multispectral cameras make.

    Pillow cannot read those; WebODM sends them as they are.
    """
    header = file.read(8)
    try:
        if header[:4] not in {b"II*\0", b"MM\0*"}:
            return False
        tags = ImageFileDirectory_v2(header)
        file.seek(tags.next)
        tags.load(file)
        bits = tags.get(BITSPERSAMPLE, ())
        return isinstance(bits, tuple) and len(bits) > 1 and max(bits) > _EIGHT
    except Exception:  # noqa: BLE001  (It is opened once more, and fails there by its name.)
        return False
    finally:
        file.seek(0)


def _shrunk(image: Image.Image, *, longest: int, name: str) -> tuple[Image.Image, dict[str, Any]]:
    scale = longest / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    with _naming(name, "has metadata that cannot be read, so it cannot be resized"):
        extras = _extras(image, width=width, height=height)
    with _naming(name, "is damaged or of a kind that cannot be resized"):
        image.draft(None, (width, height))  # A JPEG is unpacked at the smallest scale that suffices: quick and small.
        return image.resize((width, height), Image.Resampling.LANCZOS), extras


def _extras(image: Image.Image, *, width: int, height: int) -> dict[str, Any]:
    kept: dict[str, Any] = {key: image.info[key] for key in ("icc_profile", "xmp", "dpi") if image.info.get(key)}
    if _format(image) == "TIFF":
        kept["exif"] = _tiff_exif(image).tobytes()
        kept["compression"] = image.info.get("compression")
    elif block := image.info.get("exif"):
        kept["exif"] = with_dimensions(block, width=width, height=height)
    return kept | ({"quality": QUALITY} if _format(image) == "JPEG" else {})


def _tiff_exif(image: Image.Image) -> Image.Exif:
    present, kept = image.getexif(), Image.Exif()
    for tag in _EXIF_TAGS:
        if tag in present:
            kept[tag] = present.get_ifd(tag) if tag in {0x8769, 0x8825} else present[tag]
    return kept


def _encoded(image: Image.Image, *, extras: dict[str, Any], format: str, name: str) -> bytes:
    """Pack the image in memory, where it already is: a full disk then shows as such, and not as a codec's error."""
    file = io.BytesIO()
    with _naming(name, "is of a kind that cannot be resized"):
        image.save(file, format=format, **extras)
    return file.getvalue()


def _format(image: Image.Image) -> str:
    return "JPEG" if image.format == "MPO" else str(image.format)


@contextmanager
def _naming(name: str, what: str) -> Iterator[None]:
    """Raise ``SourceFailed`` in place of what Pillow stumbles over."""
    try:
        yield
    except Exception as error:  # A malformed file makes its parsers raise anything, KeyError to struct.error.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SourceFailed(f"{name} {what} ({reason[:200]}).") from error
