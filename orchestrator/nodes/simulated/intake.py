"""Initialises a committed job: counts its files and puts those that are not images where they belong."""

import shutil
import zipfile
from pathlib import Path

__all__ = ["InitialisationFailed", "take_in", "too_many"]

_ALIGNMENT = ("align.las", "align.laz", "align.tif")


class InitialisationFailed(Exception):
    """The job cannot be begun; the text becomes its error message."""


def too_many(count: int, limit: int) -> str:
    """What the node says when a job has too many files."""
    return f"{count} images uploaded, but this node can only process up to {limit}."


def take_in(folder: Path, max_images: int | None) -> None:
    """Leave only images in `images`. Every file counts towards the limit, text files and archives included.

    Raises:
        InitialisationFailed: too many files, or a seed that does not open.
    """
    files = sorted((folder / "images").iterdir())
    if max_images is not None and len(files) > max_images:
        raise InitialisationFailed(too_many(len(files), max_images))
    ground_control = folder / "gcp"
    ground_control.mkdir(exist_ok=True)
    for file in files:
        name = file.name.lower()
        if name == "seed.zip":
            _unpack(file, folder)
        if name.endswith(".zip"):
            file.unlink()
        elif name.endswith(".txt") or name in _ALIGNMENT:
            shutil.move(file, ground_control / file.name)


def _unpack(seed: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(seed) as archive:
            archive.extractall(folder)
    except zipfile.BadZipFile as error:
        raise InitialisationFailed("Could not extract .zip file, unzip exited with code 9") from error
