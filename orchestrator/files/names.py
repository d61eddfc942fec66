"""What the names of files say, as ODM reads them, and names made bare and safe. ``domain.names`` makes them unique."""

import re
import unicodedata
from collections.abc import Iterable

IMAGE_SUFFIXES = frozenset({"jpg", "jpeg", "png", "tif", "tiff", "bmp", "raw", "dng", "nef", "jxl"})
"""Photos that ODM takes (``supported_extensions`` of its opendm/context.py)."""

VIDEO_SUFFIXES = frozenset({"mp4", "mov", "lrv", "ts"})
"""Videos that ODM takes frames from (``supported_video_extensions``, same place)."""

GCP_NAME = "gcp_list.txt"
"""What ODM calls a file of ground control points."""

GCP_SUFFIXES = frozenset({"txt", "csv", "gcp", ""})

_SIDE = re.compile(r"(gcp.*|geo|image_groups)\.txt|align\.(las|laz|tif)|.+\.srt", re.IGNORECASE)
_FIXED = frozenset({"geo.txt", "image_groups.txt", "align.las", "align.laz", "align.tif"})
"""Side files that a node knows by exactly this name."""

_HARMLESS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}", re.ASCII)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff<>:\"|?*$`;&]")
_LONGEST = 180
"""Bytes of a name, so that a number and a node's own additions still fit into 255."""

_RESIZED = frozenset({"jpg", "jpeg", "png", "tif", "tiff"})


def suffix_of(name: str) -> str:
    """Give what follows the last dot, in lower case; '' without."""
    stem, dot, suffix = name.rpartition(".")
    return suffix.lower() if dot and stem else ""


def is_side(name: str) -> bool:
    """Whether a file goes along without being a photo: ``gcp*.txt``, ``geo.txt``, ``image_groups.txt`` and the like."""
    return _SIDE.fullmatch(name) is not None


def can_resize(name: str) -> bool:
    """Whether an image of this name is one that is made smaller; others go as they are."""
    return suffix_of(name) in _RESIZED


def is_image(name: str) -> bool:
    """Whether ODM takes a file of this name as a photo or video."""
    suffix = suffix_of(name)
    return (suffix in IMAGE_SUFFIXES or suffix in VIDEO_SUFFIXES) and not is_side(name)


def is_gcp(name: str) -> bool:
    """Whether a node takes a side file of this name for ground control points."""
    return name.lower().endswith(".txt") and name.lower() not in _FIXED


def has_gcp(names: Iterable[str]) -> bool:
    """Whether a file of ground control points is among them."""
    return any(is_side(name) and is_gcp(name) for name in names)


def safe_name(raw: str) -> str:
    """Make a bare file name that any file system takes; '' when nothing is left."""
    name = raw if _HARMLESS.fullmatch(raw) else _cleaned(raw)
    return name.lower() if name.lower() in _FIXED else name


def _cleaned(raw: str) -> str:
    name = re.split(r"[/\\]", raw)[-1]
    name = unicodedata.normalize("NFC", _UNSAFE.sub("_", name)).lstrip(" .-").rstrip(" .")
    stem, dot, suffix = name.rpartition(".")
    if len(name.encode()) <= _LONGEST:
        return name
    room = _LONGEST - len((dot + suffix).encode())
    if not stem or room < 1:
        return name.encode()[:_LONGEST].decode(errors="ignore")
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + dot + suffix
