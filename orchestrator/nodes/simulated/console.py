"""The console output of a run: what the engine would say while it maps these images."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from orchestrator.nodes.simulated.catalogue import CATALOGUE

__all__ = ["ENGINE_VERSION", "console_lines", "failure_lines"]

ENGINE_VERSION = "3.5.6"
_PAIRS_SHOWN = 8
_IMAGES_SHOWN = 12


def console_lines(node: str, images: Sequence[str], options: Mapping[str, object]) -> list[str]:
    """All lines of a run that goes well, in order: more than sixty however few the images."""
    return [
        *_opening(node, options),
        *_stage("dataset", _dataset(images)),
        *_stage("split", ["[INFO]    Normal dataset, will process all at once."]),
        *_stage("merge", ["[INFO]    Normal dataset, nothing to merge."]),
        *_stage("opensfm", _reconstruction(images)),
        *_stage("openmvs", _density(images)),
        *_stage("odm_filterpoints", ["[INFO]    Filtered out 3.1 % of the points as noise"]),
        *_stage("odm_meshing", ["[INFO]    Building the surface", "[INFO]    Simplified the mesh to 200000 vertices"]),
        *_stage("mvs_texturing", ["[INFO]    Choosing a view for each face", "[INFO]    Levelling seams"]),
        *_stage("odm_georeferencing", ["[INFO]    Point cloud written to odm_georeferenced_model.laz"]),
        *_stage("odm_dem", _elevation(options)),
        *_stage("odm_orthophoto", ["[INFO]    Rendering the orthophoto", "[INFO]    Cropping to the area covered"]),
        *_stage("odm_report", ["[INFO]    Writing shots.geojson", "[INFO]    Exporting report.pdf"]),
        *_stage("odm_postprocess", ["[INFO]    Post-processing done"]),
        "[INFO]    ODM app finished",
    ]


def failure_lines() -> list[str]:
    """The last words of a run that fails."""
    return [
        "[ERROR]   Not enough features in common: the images do not form one reconstruction",
        "[ERROR]   Check that the images overlap, are sharp and show the same place",
        "[INFO]    ===== The run ends here; the dataset could not be processed =====",
    ]


def _opening(node: str, options: Mapping[str, object]) -> Iterator[str]:
    yield f"[INFO]    Initializing ODM {ENGINE_VERSION} on {node}"
    yield "[INFO]    =============="
    for option in CATALOGUE:
        yield f"[INFO]    {option.name.replace('-', '_')}: {options.get(option.name, option.value or 'None')}"
    yield "[INFO]    =============="


def _stage(name: str, lines: Sequence[str]) -> Iterator[str]:
    yield f"[INFO]    Running {name} stage"
    yield from lines
    yield f"[INFO]    Finished {name} stage"


def _dataset(images: Sequence[str]) -> list[str]:
    shown = [f"[INFO]    Loaded {name}" for name in images[:_IMAGES_SHOWN]]
    return [f"[INFO]    Loading {len(images)} images", *shown, f"[INFO]    Found {len(images)} usable images"]


def _reconstruction(images: Sequence[str]) -> list[str]:
    pairs = list(pairwise(images))[:_PAIRS_SHOWN]
    matches = [f"[INFO]    Matched {left} and {right}" for left, right in pairs]
    return [
        "[INFO]    Extracting features",
        *matches,
        "[INFO]    Starting incremental reconstruction",
        f"[INFO]    Reconstructed {len(images)} shots",
        "[INFO]    Ran bundle adjustment",
    ]


def _density(images: Sequence[str]) -> list[str]:
    return [
        "[INFO]    Preparing undistorted images",
        f"[INFO]    Estimated depth maps of {len(images)} images",
        "[INFO]    Fused depth maps into a dense point cloud",
    ]


def _elevation(options: Mapping[str, object]) -> list[str]:
    wanted = [name for name in ("dsm", "dtm") if options.get(name) is True]
    return [f"[INFO]    Created odm_dem/{name}.tif" for name in wanted] or ["[INFO]    DEM will not be generated"]
