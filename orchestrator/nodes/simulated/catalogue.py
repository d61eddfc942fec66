"""The processing options this node offers: a realistic share of what ODM 3.5 has, as `/options` lists them."""

from dataclasses import dataclass

__all__ = ["CATALOGUE", "POST_PROCESSING", "NodeOption"]


@dataclass(frozen=True)
class NodeOption:
    """One option: its type, its default (always text, as on a real node) and what it accepts."""

    name: str
    type: str
    value: str
    domain: str | tuple[str, ...]
    help: str

    def as_json(self) -> dict[str, object]:
        """The entry of `/options`; an enum's domain is an array, any other a text."""
        domain = self.domain if isinstance(self.domain, str) else list(self.domain)
        return {"name": self.name, "type": self.type, "value": self.value, "domain": domain, "help": self.help}


def _flag(name: str, text: str) -> NodeOption:
    return NodeOption(name, "bool", "false", "bool", text)


def _whole(name: str, value: int, domain: str, text: str) -> NodeOption:
    return NodeOption(name, "int", str(value), domain, text)


def _real(name: str, value: float, domain: str, text: str) -> NodeOption:
    return NodeOption(name, "float", str(value), domain, text)


def _choice(name: str, value: str, domain: tuple[str, ...], text: str) -> NodeOption:
    return NodeOption(name, "enum", value, domain, text)


def _words(name: str, domain: str, text: str) -> NodeOption:
    return NodeOption(name, "string", "", domain, text)


_QUALITY = ("ultra", "high", "medium", "low", "lowest")
_STAGES = (
    "dataset",
    "split",
    "merge",
    "opensfm",
    "openmvs",
    "odm_filterpoints",
    "odm_meshing",
    "mvs_texturing",
    "odm_georeferencing",
    "odm_dem",
    "odm_orthophoto",
    "odm_report",
    "odm_postprocess",
)

POST_PROCESSING = ("pc-ept", "cog", "gltf")
"""Added, when true, to jobs that do not skip post-processing."""

CATALOGUE: tuple[NodeOption, ...] = (
    _flag("3d-tiles", "Make 3D Tiles of the model and the point cloud."),
    _flag("auto-boundary", "Draw the area of the reconstruction around the camera shots."),
    _real("auto-boundary-distance", 0, "positive float", "Metres between the shots and the automatic boundary."),
    _words("boundary", "json", "GeoJSON polygon that limits the reconstruction."),
    _choice(
        "camera-lens",
        "auto",
        ("auto", "perspective", "brown", "fisheye", "fisheye_opencv", "spherical", "equirectangular", "dual"),
        "Camera projection; auto guesses it from the images.",
    ),
    _words("cameras", "json", "Camera parameters computed by another task, as in its cameras.json."),
    _flag("cog", "Write cloud-optimised GeoTIFFs."),
    _real("crop", 3, "positive float", "Metres by which results are cropped around the area covered."),
    _real("dem-resolution", 5, "float", "Resolution of elevation models in cm per pixel."),
    _flag("dsm", "Make a digital surface model: ground and everything on it."),
    _flag("dtm", "Make a digital terrain model: the bare ground."),
    _flag("fast-orthophoto", "Skip dense reconstruction and 3D model to get an orthophoto sooner."),
    _choice("feature-quality", "high", _QUALITY, "Detail of feature extraction."),
    _choice("feature-type", "dspsift", ("akaze", "dspsift", "hahog", "orb", "sift"), "Feature detector."),
    _flag("gltf", "Write the textured model as a single binary glTF file."),
    _real("gps-accuracy", 3, "positive float", "Accuracy of the images' GPS positions in metres."),
    _flag("ignore-gsd", "Do not limit resolutions by the ground sampling distance."),
    _whole("matcher-neighbors", 0, "positive integer", "Images matched with each image, nearest by GPS. 0 is all."),
    _choice("matcher-type", "flann", ("bow", "bruteforce", "flann"), "Matching algorithm."),
    _whole("max-concurrency", 4, "positive integer", "Highest number of processes at work at once."),
    _whole("mesh-octree-depth", 11, "integer: 1 <= x <= 14", "Depth of the octree of the mesh; more is finer."),
    _whole("mesh-size", 200_000, "positive integer", "Highest number of vertices of the mesh."),
    _whole("min-num-features", 10_000, "integer", "Fewest features to extract from an image."),
    _flag("orthophoto-kmz", "Write the orthophoto as Google Earth KMZ as well."),
    _flag("orthophoto-png", "Write the orthophoto as PNG as well."),
    _real("orthophoto-resolution", 5, "float > 0.0", "Resolution of the orthophoto in cm per pixel."),
    _flag("pc-classify", "Sort the points of the cloud into ground and the rest."),
    _flag("pc-ept", "Write the point cloud as Entwine Point Tiles."),
    _real("pc-filter", 5, "positive float", "Points beyond so many standard deviations are dropped. 0 keeps all."),
    _choice("pc-quality", "medium", _QUALITY, "Density of the point cloud."),
    _choice("rerun-from", "", _STAGES, "Start again at this stage of an earlier run."),
    _choice("sfm-algorithm", "incremental", ("incremental", "triangulation", "planar"), "Reconstruction method."),
    _flag("skip-3dmodel", "Make no full 3D model; enough where only maps are wanted."),
    _flag("skip-orthophoto", "Make no orthophoto."),
    _flag("skip-report", "Write no PDF report."),
    _flag("sky-removal", "Mask the sky in every image."),
    _words("sm-cluster", "string", "Address of a cluster that shares the parts of a split job."),
    _whole("split", 999_999, "positive integer", "Average number of images of each part of a split job."),
    _whole("split-overlap", 150, "positive integer", "Metres by which the parts of a split job overlap."),
    _flag("texturing-keep-unseen-faces", "Keep faces of the mesh no camera sees."),
    _flag("tiles", "Make map tiles of orthophoto and elevation models."),
    _flag("use-3dmesh", "Use the full 3D mesh for the orthophoto instead of a 2.5D one."),
    _flag("use-exif", "Take positions from the images even if there are ground control points."),
)
