"""What the results are made from: the images of a job, and where on Earth they were taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from PIL import ExifTags, Image

from orchestrator.nodes.simulated.results.place import Place, UtmPoint, to_utm

__all__ = ["Dataset", "Shot"]

_SOMEWHERE = Place(latitude=46.8425, longitude=9.0125, altitude=520.0)
"""Used when no image says where it was taken; it lies in zone 32 north."""
_STEP_DEGREES = 0.0001
_COLUMNS = 10


@dataclass(frozen=True)
class Shot:
    """One image: its name, size in pixels and position."""

    name: str
    width: int
    height: int
    place: Place


@dataclass(frozen=True)
class Dataset:
    """One run's input, as the result writers need it."""

    uuid: str
    name: str
    node: str
    images: Sequence[Path]
    options: Mapping[str, object]
    output: Sequence[str]
    started: datetime
    ended: datetime
    outputs: Sequence[str] = ()
    """Paths the archive is limited to; none means everything."""
    padding: int = 0
    """Bytes of the padding file; 0 means no such file."""

    @cached_property
    def shots(self) -> Sequence[Shot]:
        """The images with their positions, from GPS EXIF where there is any."""
        return [_shot(path, index) for index, path in enumerate(self.images)]

    @cached_property
    def centre(self) -> UtmPoint:
        """The middle of all shots, in UTM; the zone is that of the middle."""
        places = [shot.place for shot in self.shots] or [_SOMEWHERE]
        count = len(places)
        return to_utm(
            Place(
                sum(place.latitude for place in places) / count,
                sum(place.longitude for place in places) / count,
                sum(place.altitude for place in places) / count,
            )
        )

    def wants(self, option: str) -> bool:
        """Whether a yes/no option is on."""
        return self.options.get(option) is True


def _shot(path: Path, index: int) -> Shot:
    # In a grid, so that images without GPS do not all lie on one point.
    row, column = divmod(index, _COLUMNS)
    guess = Place(
        _SOMEWHERE.latitude + row * _STEP_DEGREES, _SOMEWHERE.longitude + column * _STEP_DEGREES, _SOMEWHERE.altitude
    )
    try:
        with Image.open(path) as image:
            return Shot(path.name, image.width, image.height, _place(image) or guess)
    except Exception:  # noqa: BLE001 - Pillow raises many kinds on truncated and nonsense files; a node goes on without them.
        return Shot(path.name, 0, 0, guess)


def _place(image: Image.Image) -> Place | None:
    gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    latitude, longitude = gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLongitude)
    if not latitude or not longitude:
        return None
    south = gps.get(ExifTags.GPS.GPSLatitudeRef) == "S"
    west = gps.get(ExifTags.GPS.GPSLongitudeRef) == "W"
    altitude = gps.get(ExifTags.GPS.GPSAltitude) or _SOMEWHERE.altitude
    place = Place(_degrees(latitude) * (-1 if south else 1), _degrees(longitude) * (-1 if west else 1), float(altitude))
    return place if place.is_on_earth else None


def _degrees(parts: Sequence[float]) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    return degrees + minutes / 60 + seconds / 3600
