"""Deleting a folder with all in it: never through a link, never complaining about what is gone already."""

import contextlib
import errno
import os
from pathlib import Path

from orchestrator.files.workbench import Stop

_ROUNDS = 3
"""Someone may still put a file in while the folder goes."""


def delete_tree(path: Path, *, stop: Stop | None = None) -> None:
    """Delete what is at ``path``. Raises ``OSError``, and ``Stopped`` when told to stop midway."""
    for _ in range(_ROUNDS - 1):
        try:
            _delete(path, stop or Stop())
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        else:
            return
    _delete(path, stop or Stop())


def delete_file(path: Path) -> None:
    """Delete one file; gone is good."""
    path.unlink(missing_ok=True)


def _delete(path: Path, stop: Stop) -> None:
    if path.is_symlink() or not path.is_dir():
        delete_file(path)
        return
    for _, folders, files, descriptor in os.fwalk(path, topdown=False, follow_symlinks=False):
        for name in files:
            stop.check()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=descriptor)
        for name in folders:
            _delete_folder(name, descriptor)
    with contextlib.suppress(FileNotFoundError):
        path.rmdir()


def _delete_folder(name: str, descriptor: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        try:
            os.rmdir(name, dir_fd=descriptor)
        except NotADirectoryError:  # a link to a folder
            os.unlink(name, dir_fd=descriptor)
