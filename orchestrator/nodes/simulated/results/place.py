"""Positions on Earth, and their UTM coordinates."""

import math
from dataclasses import dataclass

__all__ = ["Place", "UtmPoint", "to_utm"]

_SEMI_MAJOR = 6_378_137.0
_FLATTENING = 1 / 298.257223563
_UTM_SOUTH, _UTM_NORTH, _HALF_TURN = -80, 84, 180
_SCALE = 0.9996
_FALSE_EASTING = 500_000.0
_FALSE_NORTHING_SOUTH = 10_000_000.0
_NORTH_EPSG = 32_600
_SOUTH_EPSG = 32_700


@dataclass(frozen=True)
class Place:
    """WGS 84: degrees, and metres above the sea."""

    latitude: float
    longitude: float
    altitude: float

    @property
    def is_on_earth(self) -> bool:
        """Whether UTM has a zone for it; damaged EXIF gives all sorts of numbers."""
        return (
            _UTM_SOUTH <= self.latitude <= _UTM_NORTH
            and abs(self.longitude) <= _HALF_TURN
            and math.isfinite(self.altitude)
        )


@dataclass(frozen=True)
class UtmPoint:
    """Metres in the zone the EPSG code names."""

    easting: float
    northing: float
    altitude: float
    epsg: int


def to_utm(place: Place) -> UtmPoint:
    """The place in its UTM zone: Krüger's series to the third order, right to a millimetre or so."""
    zone = min(60, int((place.longitude + 180) // 6) + 1)
    n = _FLATTENING / (2 - _FLATTENING)
    radius = _SEMI_MAJOR / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    alpha = (n / 2 - 2 * n**2 / 3 + 5 * n**3 / 16, 13 * n**2 / 48 - 3 * n**3 / 5, 61 * n**3 / 240)
    phi = math.radians(place.latitude)
    lam = math.radians(place.longitude - (zone * 6 - 183))
    stretch = 2 * math.sqrt(n) / (1 + n)
    conformal = math.sinh(math.atanh(math.sin(phi)) - stretch * math.atanh(stretch * math.sin(phi)))
    xi = math.atan2(conformal, math.cos(lam))
    eta = math.atanh(math.sin(lam) / math.hypot(1, conformal))
    east = eta + sum(a * math.cos(2 * j * xi) * math.sinh(2 * j * eta) for j, a in enumerate(alpha, 1))
    north = xi + sum(a * math.sin(2 * j * xi) * math.cosh(2 * j * eta) for j, a in enumerate(alpha, 1))
    is_south = place.latitude < 0
    return UtmPoint(
        easting=_FALSE_EASTING + _SCALE * radius * east,
        northing=(_FALSE_NORTHING_SOUTH if is_south else 0.0) + _SCALE * radius * north,
        altitude=place.altitude,
        epsg=(_SOUTH_EPSG if is_south else _NORTH_EPSG) + zone,
    )
