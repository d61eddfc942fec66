"""Backups that WebODM makes of a task: its results lie in a folder of their own, beside its photos and a note."""

import os
import secrets
from pathlib import Path

from orchestrator.files.assets import ARCHIVE
from orchestrator.files.deletion import delete_tree
from orchestrator.files.workbench import Stop

_NOTE = "data/backup.json"
_RESULTS = "assets"


def unwrap(tree: Path, *, stop: Stop) -> int:
    """Leave the results of an extracted backup, where others have them; gives the bytes that went.

    What is no backup stays as it is. Raises ``OSError`` and ``Stopped``.
    """
    results = tree / _RESULTS
    if not (results.is_dir() and (tree / _NOTE).is_file()):
        return 0
    others = [entry for entry in tree.iterdir() if entry != results]
    others += [entry for entry in results.iterdir() if entry.name.lower() == ARCHIVE]  # The backup is the archive now.
    gone = sum(map(_size, others))
    for entry in others:
        delete_tree(entry, stop=stop)
    aside = tree / f".{secrets.token_hex(8)}"
    results.rename(aside)
    for entry in aside.iterdir():
        entry.rename(tree / entry.name)
    aside.rmdir()
    return gone


def _size(entry: Path) -> int:
    if not entry.is_dir():
        return entry.stat().st_size
    return sum((Path(inner) / name).stat().st_size for inner, _, files in os.walk(entry) for name in files)
