"""A survey flight over farmland: overlapping photos with their positions, as a camera drone leaves them."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from PIL import ExifTags, Image, ImageChops, ImageDraw, ImageFilter

SIZE: Final = (640, 480)
COLUMNS, ROWS = 4, 3
STEP: Final = (190, 145)
"""Pixels between neighbouring photos: an overlap of seventy per cent both ways."""

METRES_PER_PIXEL: Final = 0.1
METRES_PER_DEGREE: Final = 111_320.0
SOUTH_WEST: Final = (48.2514, 16.7482)
GROUND, HEIGHT = 152.0, 80.0
BEGUN: Final = datetime(2025, 6, 12, 10, 30)  # noqa: DTZ001 - EXIF times have no zone
BETWEEN: Final = timedelta(seconds=3)


def take_photos(folder: Path) -> list[Path]:
    """Make the photos of one flight; give their paths in the order in which they were taken."""
    folder.mkdir(parents=True, exist_ok=True)
    land = _land(Random(7))
    paths = []
    for number, (column, row) in enumerate(_lines()):
        left, top = column * STEP[0], row * STEP[1]
        photo = land.crop((left, top, left + SIZE[0], top + SIZE[1]))
        path = folder / f"IMG_{number + 1:04}.JPG"
        centre = (left + SIZE[0] / 2, land.height - top - SIZE[1] / 2)
        photo.save(path, quality=82, exif=_exif(centre, taken=BEGUN + number * BETWEEN))
        paths.append(path)
    return paths


def _lines() -> Iterator[tuple[int, int]]:
    """Fly to and fro."""
    for row in range(ROWS):
        columns = range(COLUMNS)
        for column in columns if row % 2 == 0 else reversed(columns):
            yield column, row


def _land(random: Random) -> Image.Image:
    """Draw the whole area: strips of crops with their rows, a track, trees and a barn."""
    width, height = SIZE[0] + (COLUMNS - 1) * STEP[0], SIZE[1] + (ROWS - 1) * STEP[1]
    land = Image.new("RGB", (width, height), (112, 128, 62))
    draw = ImageDraw.Draw(land)
    strip = 0
    while strip < width * 1.4:
        wide = random.randint(70, 150)
        _strip(draw, strip, wide, height, random)
        strip += wide
    draw.line([(0, height * 0.62), (width * 0.45, height * 0.55), (width, height * 0.7)], (172, 150, 112), 14)
    for _ in range(40):
        x, y, r = random.uniform(0, width), height * 0.5 + random.gauss(0, 26), random.uniform(6, 15)
        draw.ellipse((x + 4, y + 4, x + r + 6, y + r + 6), (38, 52, 28))
        draw.ellipse((x, y, x + r, y + r), (58, random.randint(84, 116), 46))
    draw.rectangle((width * 0.58, height * 0.3, width * 0.58 + 76, height * 0.3 + 44), (158, 72, 58))
    grain = Image.effect_noise(land.size, 26).convert("RGB").filter(ImageFilter.GaussianBlur(0.6))
    return ImageChops.overlay(land, grain)


def _strip(draw: ImageDraw.ImageDraw, left: int, wide: int, height: int, random: Random) -> None:
    lean = 0.4 * height
    green = random.random()
    colour = tuple(round(a + (b - a) * green) for a, b in ((196, 84), (176, 132), (92, 52)))
    draw.polygon([(left, 0), (left + wide, 0), (left + wide - lean, height), (left - lean, height)], colour)
    darker = tuple(round(part * 0.88) for part in colour)
    for row in range(left, left + wide, 7):
        draw.line([(row, 0), (row - lean, height)], darker, 2)


def _exif(centre: tuple[float, float], *, taken: datetime) -> Image.Exif:
    east, north = (pixels * METRES_PER_PIXEL for pixels in centre)
    latitude = SOUTH_WEST[0] + north / METRES_PER_DEGREE
    longitude = SOUTH_WEST[1] + east / (METRES_PER_DEGREE * math.cos(math.radians(latitude)))
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Orchestrator"
    exif[ExifTags.Base.Model] = "Demo drone"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{taken:%Y:%m:%d %H:%M:%S}"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLatitude: _sexagesimal(latitude),
            ExifTags.GPS.GPSLongitudeRef: "E",
            ExifTags.GPS.GPSLongitude: _sexagesimal(longitude),
            ExifTags.GPS.GPSAltitudeRef: b"\0",
            ExifTags.GPS.GPSAltitude: GROUND + HEIGHT,
        }
    )
    return exif


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    minutes = degrees % 1 * 60
    return float(int(degrees)), float(int(minutes)), round(minutes % 1 * 60, 4)
