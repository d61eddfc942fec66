"""Unique names: a node silently renames or loses files whose names clash, so none may.

What a node makes of names is said here, too: which files it counts as images, and how NodeMICMAC writes names.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

_PUT_ELSEWHERE = re.compile(r".+\.txt|align\.(las|laz|tif)", re.IGNORECASE)
_STRANGE = re.compile(r"[^\w.-]", re.ASCII)


class Names:
    """The names given out so far."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._used = {folded(name) for name in taken}
        self._next: dict[str, int] = {}

    def __iter__(self) -> Iterator[str]:
        """Give the names, folded as they are compared."""
        return iter(self._used)

    def has(self, name: str) -> bool:
        """Whether the name is given out, in whatever case."""
        return folded(name) in self._used

    def give(self, wanted: str) -> str:
        """Give the wanted name, or the first free one like it: ``IMG_1.JPG``, ``IMG_1-2.JPG``, ``IMG_1-3.JPG``."""
        key = folded(wanted)
        if key not in self._used:
            self._used.add(key)
            return wanted
        stem, dot, suffix = wanted.rpartition(".") if "." in wanted else (wanted, "", "")
        number = self._next.get(key, 2)
        while folded(name := f"{stem}-{number}{dot}{suffix}") in self._used:
            number += 1
        self._next[key] = number + 1
        self._used.add(folded(name))
        return name


def folded(name: str) -> str:
    """Give a name as names are compared: without regard to case."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name.casefold())


def stays_among_images(name: str) -> bool:
    """Whether NodeODM leaves a file of this name in the folder of images, and counts it there (subtitles, too)."""
    return _PUT_ELSEWHERE.fullmatch(name) is None


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Give each name as NodeMICMAC takes it, plain and unique; those that are plain already come out as they are.

    It puts ``_`` for all but ASCII letters, digits, dots and dashes, and lets files that are called the same then
    replace each other.
    """
    given = Names(())
    strange = {name: bool(_STRANGE.search(name)) for name in names}
    return {name: given.give(_STRANGE.sub("_", name)) for name in sorted(strange, key=strange.__getitem__)}
