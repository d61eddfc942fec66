"""Files of ground control points, whose pixels follow images that are made smaller (ODM's gcp_list.txt).

A line is ``x y z pixel-x pixel-y image …``; the first line, and any line of another form, stays as it is.
"""

from collections.abc import Iterator, Mapping

from orchestrator.domain.names import folded

MOST = 16 * 1024 * 1024
"""Bytes of such a file, which is read as a whole; a larger one does not count as one."""

_IMAGE = 5


def images_of(data: bytes) -> set[str]:
    """Give the names of the images in which points were marked, folded as names are compared."""
    return {folded(words[_IMAGE]) for words in map(str.split, _lines(data)) if _is_point(words)}


def scaled(data: bytes, scales: Mapping[str, float]) -> bytes:
    """Move the points along with their images; ``scales`` has the factor of each image, by its folded name."""
    return "\n".join(_moved(line, scales) for line in _lines(data)).encode("utf-8", "surrogateescape")


def _moved(line: str, scales: Mapping[str, float]) -> str:
    words = line.split()
    scale = scales.get(folded(words[_IMAGE]), 1.0) if _is_point(words) else 1.0
    if scale == 1.0:
        return line
    return " ".join([*words[:3], *_pixels(words, scale), *words[_IMAGE:]])


def _pixels(words: list[str], scale: float) -> Iterator[str]:
    for word in words[3:_IMAGE]:
        yield f"{float(word) * scale:.8g}"


def _is_point(words: list[str]) -> bool:
    if len(words) <= _IMAGE:
        return False
    try:
        return all(abs(float(word)) < float("inf") for word in words[:_IMAGE])
    except ValueError:
        return False


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "surrogateescape").split("\n")
