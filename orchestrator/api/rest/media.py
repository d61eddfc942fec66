"""What a result is, by its name, and how a browser may treat it: nothing in it may act in our name.

Results come from processing nodes, so they are not trusted: what could carry a script is shown in a sandbox, and what
is not known is only saved.
"""

from collections.abc import Mapping
from typing import Final

_UNKNOWN: Final = "application/octet-stream"

_KINDS: Final[Mapping[str, str]] = {
    "bmp": "image/bmp",
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "gif": "image/gif",
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "gpkg": "application/geopackage+sqlite3",
    "htm": "text/html; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "kml": "application/vnd.google-earth.kml+xml",
    "kmz": "application/vnd.google-earth.kmz",
    "laz": "application/vnd.laszip",
    "log": "text/plain; charset=utf-8",
    "mbtiles": "application/vnd.sqlite3",
    "mtl": "model/mtl",
    "obj": "model/obj",
    "pdf": "application/pdf",
    "png": "image/png",
    "prj": "text/plain; charset=utf-8",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "txt": "text/plain; charset=utf-8",
    "vrt": "application/xml",
    "webp": "image/webp",
    "xml": "application/xml",
    "zip": "application/zip",
}

_MAY_ACT: Final = frozenset({"htm", "html", "kml", "svg", "vrt", "xml"})


def headers_for(path: str) -> dict[str, str]:
    """Give the headers with which a file of this name is sent."""
    suffix = path.rpartition("/")[2].rpartition(".")[2].lower()
    headers = {"Content-Type": _KINDS.get(suffix, _UNKNOWN), "X-Content-Type-Options": "nosniff"}
    if suffix in _MAY_ACT:
        headers["Content-Security-Policy"] = (
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
        )
    return headers
