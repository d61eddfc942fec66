"""New results take the place of the old in one go, and a crash at any point is made good.

``assets.ready`` exists only when it is complete and verified. So whoever finds it after a crash finishes the swap;
whoever finds neither it nor ``assets`` puts ``assets.old`` back. A note in ``swaps/`` says which tasks to look at.
"""

import contextlib
import os
from pathlib import Path

from orchestrator.files.assets import ARCHIVE
from orchestrator.files.deletion import delete_file, delete_tree
from orchestrator.files.layout import FILE_MODE, Shelf, flush_folder, make_folder
from orchestrator.files.workbench import Stop


def swap_in(shelf: Shelf, new: Path, *, archive: Path, note: Path) -> None:
    """Make ``new`` with the archive the task's results. The archive keeps its own name until that is done."""
    place = new / ARCHIVE
    _settle_file(archive)
    try:
        os.link(archive, place)
    except OSError:  # A file system without hard links: a crash just here costs fetching the archive again.
        archive.rename(place)
    try:
        make_folder(note.parent)
        note.touch(FILE_MODE)
        flush_folder(new)
        new.rename(shelf.ready)
    except OSError:
        place.replace(archive)
        raise
    settle(shelf)
    delete_file(archive)


def settle(shelf: Shelf) -> None:
    """Finish a swap, or undo one that cannot be finished; nothing if none is under way."""
    if not shelf.folder.is_dir():
        return
    if shelf.ready.is_dir():
        if shelf.assets.is_dir():
            delete_tree(shelf.old)
            shelf.assets.rename(shelf.old)
        shelf.ready.rename(shelf.assets)
    elif shelf.old.is_dir() and not shelf.assets.is_dir():
        shelf.old.rename(shelf.assets)
    flush_folder(shelf.folder)


def _settle_file(path: Path) -> None:
    """Close a file to others, and have all of it on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fchmod(descriptor, FILE_MODE)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clear(shelf: Shelf, *, stop: Stop | None = None) -> None:
    """Delete what earlier work left: replaced results, half-extracted ones."""
    for pattern in ("assets.old", "assets.new-*"):
        for left in shelf.folder.glob(pattern):
            delete_tree(left, stop=stop)


def repair(tasks: Path, swaps: Path) -> None:
    """Settle every swap that a crash interrupted."""
    with contextlib.suppress(FileNotFoundError):
        for note in list(swaps.iterdir()):
            shelf = Shelf(tasks / note.name)
            settle(shelf)
            clear(shelf)
            delete_file(note)
