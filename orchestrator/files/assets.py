"""WebODM's assets: which file or folder of a node's results each of them is."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ARCHIVE = "all.zip"
"""The whole archive; it lies beside what was extracted from it."""

_READABLE = 16 * 1024 * 1024
"""Bytes of a list of photos that is read as a whole: those of 20,000 photos have less."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset: its public name, where it lies, and whether it is a folder that is handed out zipped."""

    name: str
    path: str
    folder: bool = False
    without: str = ""
    """Suffix of files in the folder that do not belong to it."""


def _orthophoto(suffix: str) -> Asset:
    return Asset(f"orthophoto.{suffix}", f"odm_orthophoto/odm_orthophoto.{suffix}")


def _cloud(suffix: str) -> Asset:
    return Asset(f"georeferenced_model.{suffix}", f"odm_georeferencing/odm_georeferenced_model.{suffix}")


ASSETS: tuple[Asset, ...] = (
    Asset(ARCHIVE, ARCHIVE),
    _orthophoto("tif"),
    _orthophoto("png"),
    _orthophoto("mbtiles"),
    _orthophoto("kmz"),
    Asset("cutline.gpkg", "odm_orthophoto/cutline.gpkg"),
    _cloud("las"),
    _cloud("laz"),
    _cloud("ply"),
    _cloud("csv"),
    Asset("dtm.tif", "odm_dem/dtm.tif"),
    Asset("dsm.tif", "odm_dem/dsm.tif"),
    Asset("shots.geojson", "odm_report/shots.geojson"),
    Asset("report.pdf", "odm_report/report.pdf"),
    Asset("textured_model.zip", "odm_texturing", folder=True, without=".glb"),
    Asset("textured_model.glb", "odm_texturing/odm_textured_model_geo.glb"),
    Asset("3d_tiles_model.zip", "3d_tiles/model", folder=True),
    Asset("3d_tiles_pointcloud.zip", "3d_tiles/pointcloud", folder=True),
    Asset("dtm_tiles.zip", "dtm_tiles", folder=True),
    Asset("dsm_tiles.zip", "dsm_tiles", folder=True),
    Asset("orthophoto_tiles.zip", "orthophoto_tiles", folder=True),
    Asset("cameras.json", "cameras.json"),
    Asset("ground_control_points.geojson", "odm_georeferencing/ground_control_points.geojson"),
)
"""In the order of WebODM's ``available_assets``."""

BY_NAME = {asset.name: asset for asset in ASSETS}


def available(tree: Path) -> tuple[str, ...]:
    """Give the names of the assets that exist in a tree of results. A folder counts if there is a file in it."""
    return tuple(asset.name for asset in ASSETS if exists(tree, asset))


def photos_in(tree: Path) -> int:
    """Count the photos that results were made of, as ODM lists them in them; 0: it is not said."""
    for path, of in (("images.json", None), ("odm_report/shots.geojson", "features")):
        found = _read(tree / path)
        listed = found.get(of) if of and isinstance(found, dict) else found
        if isinstance(listed, list):
            return len(listed)
    return 0


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_bytes()) if path.stat().st_size <= _READABLE else None
    except (OSError, ValueError, RecursionError):
        return None


def exists(tree: Path, asset: Asset) -> bool:
    """Whether the asset is in the tree."""
    place = tree / asset.path
    return next(files_of(place, asset), None) is not None if asset.folder else place.is_file()


def files_of(folder: Path, asset: Asset) -> Iterator[Path]:
    """Give the files that make up a folder asset, in a steady order."""
    for inner, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if not (asset.without and name.lower().endswith(asset.without)):
                yield Path(inner) / name
