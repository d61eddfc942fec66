"""Files that come in over HTTP, and results that go out: what the window needs of the shelves."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from orchestrator.domain.task import Source


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that came in whole, where it lies for the length of the request, and its safe name."""

    path: Path
    name: str
    size: int
    image: bool
    """Whether it is a photo or video, rather than something that goes along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Which piece of a larger file an arrived file is. ``offset`` is bytes from its beginning."""

    upload: str
    index: int
    total: int
    offset: int


class Arrival(Protocol):
    """What one request brings."""

    def turn(self) -> AbstractAsyncContextManager[object]:
        """Wait until it may be read: so many are at once that memory stays bounded."""
        ...

    async def take(self, name: str, pieces: AsyncIterator[bytes]) -> Arrived:
        """Store a file. Raises ``FileRefused``, ``FileTooLarge``, ``StorageFailed``."""
        ...

    async def take_archive(self, pieces: AsyncIterator[bytes]) -> Arrived:
        """Store an archive of results. Raises as ``take`` does."""
        ...


class Arrivals(Protocol):
    """Where requests put their files until it is known what they are."""

    def arriving(self, *, expected: int | None) -> AbstractAsyncContextManager[Arrival]:
        """Make a folder for the length of the block; ``expected``: bytes to come, if known.

        Raises ``StorageFailed`` when the disk has no room for them.
        """
        ...


class Albums(Protocol):
    """The images of tasks that came in over HTTP; each task has a folder for them. Raises ``StorageFailed``."""

    async def place(self, task: int, files: Sequence[Arrived]) -> Mapping[str, int]:
        """Put files among a task's images, each in place of one of its name; gives sizes by name.

        Raises ``FileTooLarge`` when there are too many.
        """
        ...

    async def place_chunk(self, task: int, file: Arrived, chunk: Chunk) -> Mapping[str, int]:
        """Put a piece of a file where it belongs; gives the size by name once all are there, else nothing.

        Raises ``FileRefused`` for pieces that do not fit together, and ``FileTooLarge``.
        """
        ...

    async def place_archive(self, task: int, file: Arrived) -> None:
        """Put an archive of results where a task that imports it looks for it."""
        ...

    async def place_archive_chunk(self, task: int, file: Arrived, chunk: Chunk) -> bool:
        """Put a piece of such an archive where it belongs, and say whether all are there. Raises as ``place_chunk``."""
        ...

    async def sources(self, task: int) -> tuple[Source, ...]:
        """Give the files that are there, by name."""
        ...

    async def sizes(self, task: int) -> Mapping[str, int]:
        """Give the bytes of the files that are there, by name."""
        ...

    async def count(self, task: int) -> int:
        """Count the images that are there, not the files that go along with them."""
        ...

    async def settle(self, task: int) -> None:
        """Drop what never became whole."""
        ...

    async def copy(self, sources: Sequence[Source], *, of: int, to: int) -> tuple[Source, ...]:
        """Give another task the same files, without taking room for them again where that can be.

        Sources from elsewhere are given as they are. Raises ``SourceFailed`` for a file that is gone.
        """
        ...

    async def drop(self, task: int) -> None:
        """Delete the folder of a task that is gone."""
        ...


class Download(Protocol):
    """Something to send, open: it stays what it is though new results take its place. To be closed."""

    size: int
    etag: str
    modified: datetime
    ranges: bool
    """Whether pieces may begin elsewhere than at 0."""

    def pieces(self, start: int, count: int) -> AsyncIterator[bytes]:
        """Give ``count`` bytes from ``start`` on, in pieces of bounded size. Raises ``StorageFailed``."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


class Results(Protocol):
    """The results of tasks, to be sent. Raises ``StorageFailed``."""

    async def asset(self, task: int, name: str) -> Download | None:
        """Open one of WebODM's assets, folders as a zip; None: it does not exist."""
        ...

    async def file(self, task: int, path: str) -> Download | None:
        """Open a file of the results by its path within them; None for folders, links and whatever leads out."""
        ...

    async def image(self, task: int, name: str) -> Download | None:
        """Open one of the task's images that came in over HTTP; None: there is none of that name."""
        ...

    async def thumbnail(self, task: int, name: str, *, longest: int, quality: int) -> bytes | None:
        """Give a JPEG of such an image, with a longest side of so many pixels at most, of a quality of 0 to 100.

        Raises ``FileRefused`` for one that cannot be shown.
        """
        ...
