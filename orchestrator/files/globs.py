"""Files that a pattern matches: ``*``, ``?``, ``[…]`` within a name, ``**`` for any depth of folders.

Links to folders are not followed and hidden files match only a pattern that begins with a dot, so what is found lies
beneath the folder where the pattern begins. Looking is bounded, whatever the pattern.
"""

import fnmatch
import os
from collections.abc import Iterator

from orchestrator.files.addresses import Unusable
from orchestrator.files.workbench import Stop

MAX_LOOKED_AT = 500_000
"""Directory entries looked at for one pattern."""

MAX_DEPTH = 64

_MAGIC = frozenset("*?[")


def is_pattern(path: str) -> bool:
    """Whether a path that names no file may be meant as a pattern."""
    return not _MAGIC.isdisjoint(path)


def fixed_part(pattern: str) -> tuple[str, list[str]]:
    """Split a pattern into the folder where it begins and the segments to match."""
    segments = [segment for segment in pattern.split("/") if segment not in {"", "."}]
    first = next(index for index, segment in enumerate(segments) if is_pattern(segment))
    wanted = [*segments[first:]]
    if wanted[-1] == "**":
        wanted.append("*")
    return "/" + "/".join(segments[:first]), wanted


class Search:
    """One bounded look through the folders beneath a real path."""

    def __init__(self, *, stop: Stop) -> None:
        self._stop = stop
        self._left = MAX_LOOKED_AT

    def files(self, folder: str, segments: list[str], depth: int = 0) -> Iterator[str]:
        """Give the files that match, sorted within each folder. Raises ``Unusable`` when it would look at too many."""
        if depth > MAX_DEPTH:
            return
        head, rest = segments[0], segments[1:]
        if head == "**":
            while rest[0] == "**":
                rest = rest[1:]
            yield from self.files(folder, rest, depth + 1)
            head, rest = "*", ["**", *rest]
        for entry in self._entries(folder):
            if _matches(entry.name, head):
                if rest and entry.is_dir(follow_symlinks=False):
                    yield from self.files(entry.path, rest, depth + 1)
                elif not rest and not entry.is_dir(follow_symlinks=False):
                    yield entry.path

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        self._stop.check()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            return []  # A folder that vanished or is closed to us matches nothing.
        self._left -= len(found) + 1
        if self._left < 0:
            raise Unusable(
                f"the pattern would look through more than {MAX_LOOKED_AT:,} files: begin it in a deeper folder."
            )
        return found


def _matches(name: str, segment: str) -> bool:
    return fnmatch.fnmatchcase(name, segment) and (not name.startswith(".") or segment.startswith("."))
