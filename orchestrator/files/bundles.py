"""Folders of the results, zipped once when someone asks, for as long as those results stand."""

import os
import zipfile
from pathlib import Path

from orchestrator.files.assets import Asset, exists, files_of
from orchestrator.files.deletion import delete_file
from orchestrator.files.layout import FILE_MODE, Shelf, make_folder
from orchestrator.files.staging import unfinished
from orchestrator.files.workbench import Stop

_PIECE = 1024 * 1024


def bundled(shelf: Shelf, asset: Asset, *, stop: Stop) -> Path | None:
    """Give the zip of a folder asset, made anew if need be; None when there is no such folder."""
    if not exists(shelf.assets, asset):
        return None
    there = shelf.assets.stat()
    # Results that take the place of others are another folder: what was made of the old ones is not handed out.
    target = shelf.bundles / f"{there.st_ino:x}-{there.st_mtime_ns:x}-{asset.name}"
    if target.is_file():
        return target
    make_folder(shelf.bundles)
    part = unfinished(target)
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        with os.fdopen(descriptor, "w+b") as file, zipfile.ZipFile(file, "w", strict_timestamps=False) as bundle:
            folder = shelf.assets / asset.path
            for path in files_of(folder, asset):
                _add(bundle, path, name=path.relative_to(folder).as_posix(), stop=stop)
        part.replace(target)
    finally:
        delete_file(part)
    return target


def _add(bundle: zipfile.ZipFile, path: Path, *, name: str, stop: Stop) -> None:
    """Store one file as it is: most of it is packed already, and storing is as fast as the disk."""
    entry = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
    with path.open("rb") as source, bundle.open(entry, "w") as target:
        while piece := source.read(_PIECE):
            stop.check()
            target.write(piece)
