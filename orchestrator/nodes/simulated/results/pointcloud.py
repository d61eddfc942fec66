"""A small point cloud: LAS 1.2 with coloured points, under the name the archive has for it."""

import struct
from datetime import datetime

from orchestrator.nodes.simulated.results.place import UtmPoint

__all__ = ["point_cloud"]

_HEADER_SIZE = 227
_POINT_FORMAT = 2
_POINT_SIZE = 26
_SCALE = 0.001
_SIDE = 20
_SPACING = 2.0
_SLOPE = 0.1


def point_cloud(centre: UtmPoint, made: datetime) -> bytes:
    """A sloping square of points around the centre, with its coordinate system in a GeoTIFF key record."""
    keys = _key_record(centre.epsg)
    offset = _HEADER_SIZE + len(keys)
    points = [(x, y) for y in range(_SIDE) for x in range(_SIDE)]
    extent = (_SIDE - 1) * _SPACING
    origin = (centre.easting - extent / 2, centre.northing - extent / 2, centre.altitude)
    header = struct.pack(
        "<4sHHIHH8sBB32s32sHHHIIBHI5I",
        *(b"LASF", 0, 0, 0, 0, 0, b"", 1, 2),
        *(b"SIMULATION", b"simulated node"),
        *(made.timetuple().tm_yday, made.year, _HEADER_SIZE, offset, 1),
        *(_POINT_FORMAT, _POINT_SIZE, len(points), len(points), 0, 0, 0, 0),
    )
    scale = struct.pack("<6d", _SCALE, _SCALE, _SCALE, *origin)
    high = (origin[0] + extent, origin[1] + extent, origin[2] + (_SIDE - 1) * _SLOPE)
    bounds = struct.pack("<6d", *(value for pair in zip(high, origin, strict=True) for value in pair))
    return header + scale + bounds + keys + b"".join(_point(x, y) for x, y in points)


def _point(x: int, y: int) -> bytes:
    across, along, up = (round(value / _SCALE) for value in (x * _SPACING, y * _SPACING, x * _SLOPE))
    flags, ground = 0b001_001, 2
    return struct.pack("<iiiHBBbBHHHH", across, along, up, 0, flags, ground, 0, 0, 1, 90 << 8, (100 + x) << 8, 60 << 8)


def _key_record(epsg: int) -> bytes:
    keys = struct.pack("<16H", 1, 1, 0, 3, 1024, 0, 1, 1, 3072, 0, 1, epsg, 3076, 0, 1, 9001)
    return struct.pack("<H16sHH32s", 0, b"LASF_Projection", 34_735, len(keys), b"GeoTIFF keys") + keys
