"""Small rasters with a place on the map: the orthophoto and the elevation models, as GeoTIFF."""

import io

from PIL import Image, ImageDraw, TiffImagePlugin

from orchestrator.nodes.simulated.results.place import UtmPoint

__all__ = ["elevation_tiff", "ortho_image", "ortho_tiff", "png"]

SIDE = 96
"""Pixels on each side."""
PIXEL = 0.5
"""Metres per pixel."""

# Tags of the GeoTIFF 1.1 standard (OGC 19-008), and GDAL's own for missing data.
_MODEL_PIXEL_SCALE = 33_550
_MODEL_TIEPOINT = 33_922
_GEO_KEY_DIRECTORY = 34_735
_GDAL_NODATA = 42_113
_DOUBLE, _SHORT, _ASCII = 12, 3, 2
_TERRAIN_HEIGHT = 4.0
_ROOF_HEIGHT = 6.0


def ortho_image(text: str) -> Image.Image:
    """A picture of fields and a house, transparent at the rim as a cropped orthophoto is, with a word on it."""
    image = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for row in range(4, SIDE - 4, 8):
        shade = 90 + (row * 7) % 60
        draw.rectangle((4, row, SIDE - 5, row + 7), fill=(shade, 140 - row % 24, 60, 255))
    draw.rectangle(_house(), fill=(168, 84, 70, 255))
    draw.text((8, 8), text, fill=(255, 255, 255, 255))
    return image


def ortho_tiff(image: Image.Image, centre: UtmPoint) -> bytes:
    """The picture as GeoTIFF with the given centre."""
    return _tiff(image, _geo_tags(centre))


def elevation_tiff(centre: UtmPoint, *, with_objects: bool) -> bytes:
    """Heights in metres as 32-bit floats: a slope, and with objects the house on it as well."""
    image = Image.new("F", (SIDE, SIDE))
    left, top, right, bottom = _house()
    for y in range(SIDE):
        for x in range(SIDE):
            is_house = with_objects and left <= x <= right and top <= y <= bottom
            image.putpixel((x, y), centre.altitude + _TERRAIN_HEIGHT * x / SIDE + (_ROOF_HEIGHT if is_house else 0.0))
    tags = _geo_tags(centre)
    tags.tagtype[_GDAL_NODATA] = _ASCII
    tags[_GDAL_NODATA] = "-9999"
    return _tiff(image, tags)


def png(image: Image.Image) -> bytes:
    """The picture as PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _house() -> tuple[int, int, int, int]:
    return SIDE // 2, SIDE // 2, SIDE // 2 + 18, SIDE // 2 + 14


def _geo_tags(centre: UtmPoint) -> TiffImagePlugin.ImageFileDirectory_v2:
    half = SIDE * PIXEL / 2
    keys = (
        (1, 1, 0, 4),  # version 1.1.0, four keys follow
        (1024, 0, 1, 1),  # GTModelType: projected
        (1025, 0, 1, 1),  # GTRasterType: a pixel is an area
        (3072, 0, 1, centre.epsg),  # ProjectedCRS
        (3076, 0, 1, 9001),  # ProjLinearUnits: metre
    )
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype.update({_MODEL_PIXEL_SCALE: _DOUBLE, _MODEL_TIEPOINT: _DOUBLE, _GEO_KEY_DIRECTORY: _SHORT})
    tags[_MODEL_PIXEL_SCALE] = (PIXEL, PIXEL, 0.0)
    tags[_MODEL_TIEPOINT] = (0.0, 0.0, 0.0, centre.easting - half, centre.northing + half, 0.0)
    tags[_GEO_KEY_DIRECTORY] = tuple(value for key in keys for value in key)
    return tags


def _tiff(image: Image.Image, tags: TiffImagePlugin.ImageFileDirectory_v2) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "TIFF", tiffinfo=tags)
    return buffer.getvalue()
