"""Writes all.zip: stored entries in the tree that ODM has."""

import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from orchestrator.nodes.simulated.results import model, pointcloud, raster, report
from orchestrator.nodes.simulated.results.dataset import Dataset

__all__ = ["PADDING_NAME", "build_archive"]

PADDING_NAME = "simulated_padding.bin"
_BLOCK = bytes(range(256)) * 4096
_COPY = 1 << 20

Entry = tuple[str, Callable[[], bytes | str]]


def build_archive(target: Path, dataset: Dataset) -> None:
    """Write the archive, whole or not at all.

    An archive of an earlier run is updated, not replaced: files this run does not make stay in it, as on a real node.
    """
    entries = _wanted(list(_entries(dataset)), dataset)
    unfinished = target.with_name(f"{target.name}.{os.urandom(4).hex()}")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            for name, content in entries:
                archive.writestr(name, content())
            if dataset.padding:
                _pad(archive, dataset.padding)
            if target.exists():
                _keep_old(archive, target)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _wanted(entries: list[Entry], dataset: Dataset) -> list[Entry]:
    paths = [path.strip("/") for path in dataset.outputs]
    chosen = [entry for entry in entries if any(entry[0] == path or entry[0].startswith(f"{path}/") for path in paths)]
    # When none of the paths exists, a real node archives everything it has.
    return chosen or entries


def _entries(dataset: Dataset) -> Iterator[Entry]:
    centre = dataset.centre
    if not dataset.wants("skip-orthophoto"):
        picture = raster.ortho_image(dataset.node)
        yield "odm_orthophoto/odm_orthophoto.tif", lambda: raster.ortho_tiff(picture, centre)
        yield "odm_orthophoto/odm_orthophoto.png", lambda: raster.png(picture)
    yield (
        "odm_georeferencing/odm_georeferenced_model.laz",
        lambda: pointcloud.point_cloud(centre, dataset.ended),
    )
    if dataset.wants("dsm"):
        yield "odm_dem/dsm.tif", lambda: raster.elevation_tiff(centre, with_objects=True)
    if dataset.wants("dtm"):
        yield "odm_dem/dtm.tif", lambda: raster.elevation_tiff(centre, with_objects=False)
    if not dataset.wants("skip-3dmodel"):
        yield from _textured_model()
    if not dataset.wants("skip-report"):
        yield "odm_report/report.pdf", lambda: report.pdf(_report_lines(dataset))
    yield "odm_report/shots.geojson", lambda: report.shots(dataset)
    yield "cameras.json", lambda: report.cameras(dataset)
    yield "log.json", lambda: report.log(dataset)


def _textured_model() -> Iterator[Entry]:
    yield "odm_texturing/odm_textured_model_geo.obj", model.wavefront
    yield f"odm_texturing/{model.MATERIAL_NAME}", model.material
    yield f"odm_texturing/{model.TEXTURE_NAME}", lambda: raster.png(raster.ortho_image("").convert("RGB"))
    yield "odm_texturing/odm_textured_model_geo.glb", model.glb


def _report_lines(dataset: Dataset) -> list[str]:
    centre = dataset.centre
    return [
        dataset.name,
        f"Processed by {dataset.node}, a simulated node: nothing here was measured.",
        f"Images: {len(dataset.images)}",
        f"Centre: {centre.easting:.2f} E, {centre.northing:.2f} N (EPSG:{centre.epsg})",
        f"Finished: {dataset.ended:%Y-%m-%d %H:%M:%S} UTC",
        f"Job: {dataset.uuid}",
    ]


def _pad(archive: zipfile.ZipFile, size: int) -> None:
    with archive.open(PADDING_NAME, "w", force_zip64=True) as file:
        for start in range(0, size, len(_BLOCK)):
            file.write(_BLOCK[: size - start])


def _keep_old(archive: zipfile.ZipFile, earlier: Path) -> None:
    made = set(archive.namelist())
    with zipfile.ZipFile(earlier) as old:
        for entry in old.infolist():
            if entry.filename in made:
                continue
            with old.open(entry) as source, archive.open(entry.filename, "w", force_zip64=True) as copy:
                while block := source.read(_COPY):
                    copy.write(block)
