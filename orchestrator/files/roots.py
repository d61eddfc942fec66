"""The folders from which images may come, and the proof that a file lies in one of them.

A path is looked at twice: resolved when a client names it, and walked without following any link when it is opened,
since anything may have been swapped in between.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from orchestrator.domain.errors import SourceFailed
from orchestrator.files.addresses import Unusable, shown
from orchestrator.files.failures import reading

_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

NONE_SET = "no folder is open for imports: set files.import_roots to the folders that images may come from."


class ImportRoots:
    """Folders open for imports. ``uploads`` holds what came in over HTTP, which is open only to a look with ``own``."""

    def __init__(self, roots: Sequence[Path], *, uploads: Path | None = None) -> None:
        self._roots = [os.path.abspath(root) for root in roots]  # noqa: PTH100 - strings throughout: this path is hot
        self._own = [os.path.abspath(uploads)] if uploads else []  # noqa: PTH100 - as above
        self._prefixes: tuple[str, ...] = ()
        self._own_prefixes: tuple[str, ...] = ()

    def locate(self, path: str, *, folders: dict[str, str], own: bool = False) -> tuple[str, os.stat_result | None]:
        """Give the real path and what is there, None for nothing. Raises ``Unusable`` for what lies outside.

        ``own``: it may lie among the uploads, too.
        ``folders`` remembers the real path of each folder for as long as one command is looked at.
        """
        try:
            real = self._real(path, folders)
            found = _look(real)
            if found is not None and stat.S_ISLNK(found.st_mode):
                real = os.path.realpath(real)
                found = _look(real)
        except OSError as error:
            raise Unusable(f"{shown(path)} cannot be looked at: {os.strerror(error.errno or 0).lower()}.") from None
        if not self._holds(real, own=own):
            raise Unusable(self._outside(path))
        return real, found

    def open(self, real: str, *, name: str) -> int:
        """Open a file by the real path that ``locate`` gave, through no link. Raises ``SourceFailed``."""
        known = self._prefixes_for(own=True) if self._holds(real, own=True) else ()
        prefix = next((prefix for prefix in known if real.startswith(prefix)), None)
        parts = real[len(prefix) :].split("/") if prefix else []
        if prefix is None or not all(parts) or ".." in parts:
            raise SourceFailed(f"{name} is not in a folder open for imports (files.import_roots) any more.")
        with reading(name):
            descriptor = walk(prefix, parts)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        raise SourceFailed(f"{name} is not a regular file any more.")

    def _real(self, path: str, folders: dict[str, str]) -> str:
        parent, _, name = path.rpartition("/")
        if name in {"", ".", ".."}:
            return os.path.realpath(path)
        real = folders.get(parent)
        if real is None:
            real = folders[parent] = os.path.realpath(parent or "/")
        return f"{real.rstrip('/')}/{name}"

    def _holds(self, real: str, *, own: bool) -> bool:
        if f"{real}/".startswith(self._prefixes_for(own=own)):
            return True
        self._resolve_roots()  # A root may have been mounted, or moved, since we last looked.
        return f"{real}/".startswith(self._prefixes_for(own=own))

    def _prefixes_for(self, *, own: bool) -> tuple[str, ...]:
        return self._prefixes + self._own_prefixes if own else self._prefixes

    def _resolve_roots(self) -> None:
        self._prefixes = tuple(map(_prefix, self._roots))
        self._own_prefixes = tuple(map(_prefix, self._own))

    def _outside(self, path: str) -> str:
        if not self._roots:
            return f"{shown(path)} cannot be taken: {NONE_SET}"
        return f"{shown(path)} lies, or leads, outside the folders open for imports (files.import_roots)."


def _prefix(root: str) -> str:
    return os.path.realpath(root).rstrip("/") + "/"


def _look(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def walk(prefix: str, parts: list[str]) -> int:
    """Open a file below a folder, through no link. Raises ``OSError``."""
    folder = os.open(prefix, _FOLDER)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], _FILE, dir_fd=folder)
    finally:
        os.close(folder)
