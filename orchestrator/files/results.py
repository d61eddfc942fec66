"""Results as they are sent: opened once, so that they stay what they are while new results take their place."""

import hashlib
import os
import secrets
import stat
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from orchestrator.files.assets import BY_NAME, Asset, files_of
from orchestrator.files.deletion import delete_tree
from orchestrator.files.failures import storing
from orchestrator.files.layout import Layout, Shelf, make_folder
from orchestrator.files.packing import Packed, length, pack
from orchestrator.files.roots import walk
from orchestrator.files.workbench import Stop, Workbench

PIECE: Final = 262_144

_SWAP: Final = 2.0
"""Seconds that a swap of results is waited for; it takes two renames."""


class TaskResults:
    """Implements ``orchestrator.engine.ports.Results`` below one root folder."""

    def __init__(self, *, root: Path) -> None:
        self._layout = Layout(root)
        self._bench = Workbench(name="files-send", threads=8)
        self._painter = Workbench(name="files-paint", threads=1)

    async def close(self) -> None:
        """Let the threads go."""
        await self._bench.close()
        await self._painter.close()

    async def asset(self, task: int, name: str) -> "OpenFile | OpenZip | None":
        """Open an asset, by WebODM's name."""
        asset = BY_NAME.get(name)
        if asset is None:
            return None
        if not asset.folder:
            return await self.file(task, asset.path)
        shelf = self._layout.shelf(task)
        with storing(f"Opening {name} of task {task}"):
            return await self._bench.run(lambda stop: self._snapshot(shelf, asset, stop))

    async def file(self, task: int, path: str) -> "OpenFile | None":
        """Open a file of the results."""
        parts = path.split("/")
        if any(part in {"", ".", ".."} or "\0" in part for part in parts):
            return None
        shelf = self._layout.shelf(task)
        with storing(f"Opening {parts[-1]} of task {task}"):
            return await self._bench.run(lambda stop: self._open(shelf, parts, stop))

    async def image(self, task: int, name: str) -> "OpenFile | None":
        """Open one of the images that came in over HTTP."""
        if name in {"", ".", ".."} or "/" in name or "\0" in name:
            return None
        folder = self._layout.shelf(task).images
        with storing(f"Opening {name} of task {task}"):
            return await self._bench.run(lambda _: self._opened(folder, [name]))

    async def thumbnail(self, task: int, name: str, *, longest: int, quality: int) -> bytes | None:
        """Give a small JPEG of such an image."""
        found = await self.image(task, name)
        if found is None:
            return None

        def work(_: Stop) -> bytes:
            from orchestrator.files.thumbnails import thumbnail  # noqa: PLC0415  (Pillow is large, and seldom needed.)

            with found.as_file() as file:
                return thumbnail(file, longest=longest, quality=quality, name=name)

        try:
            return await self._painter.run(work)
        finally:
            await found.close()

    def _open(self, shelf: Shelf, parts: list[str], stop: Stop) -> "OpenFile | None":
        for _ in _while_swapping(shelf, stop):
            found = self._opened(shelf.assets, parts)
            if found:
                return found
        return None

    def _opened(self, folder: Path, parts: list[str]) -> "OpenFile | None":
        try:
            descriptor = walk(f"{folder}/", parts)
        except OSError:
            return None
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode):
            return OpenFile(descriptor, found, self._bench)
        os.close(descriptor)
        return None

    def _snapshot(self, shelf: Shelf, asset: Asset, stop: Stop) -> "OpenZip | None":
        """Give each file a second name where no swap deletes it: no folder is read twice, none is copied."""
        for _ in _while_swapping(shelf, stop):
            place = self._layout.arrivals / f"zip-{secrets.token_hex(8)}"
            try:
                files = list(_linked(shelf.assets / asset.path, asset, place, stop))
            except FileNotFoundError:  # New results have come between.
                delete_tree(place)
                continue
            except BaseException:
                delete_tree(place)
                raise
            if files:
                return OpenZip(files, place, self._bench)
            delete_tree(place)
        return None


def _while_swapping(shelf: Shelf, stop: Stop) -> Iterator[None]:
    """Give a try, and more of them for as long as results are about to come to their place."""
    deadline = time.monotonic() + _SWAP
    yield
    while (shelf.ready.exists() or shelf.old.exists()) and time.monotonic() < deadline:
        stop.check()
        time.sleep(0.01)
        yield
    yield


def _linked(folder: Path, asset: Asset, place: Path, stop: Stop) -> Iterator[Packed]:
    make_folder(place)
    for number, path in enumerate(files_of(folder, asset)):
        stop.check()
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            continue
        link = place / str(number)
        try:
            os.link(path, link)
        except FileNotFoundError:
            raise
        except OSError:  # A file system without hard links: then a swap may cut the sending short.
            link = path
        yield Packed(path.relative_to(folder).as_posix(), found.st_size, found.st_mtime, link)


class OpenFile:
    """Implements ``orchestrator.engine.ports.Download`` for one file."""

    ranges = True

    def __init__(self, descriptor: int, found: os.stat_result, bench: Workbench) -> None:
        self._descriptor = descriptor
        self._bench = bench
        self.size = found.st_size
        self.etag = f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"
        self.modified = datetime.fromtimestamp(found.st_mtime, UTC)

    def as_file(self) -> BinaryIO:
        """Open it once more, for what reads here and there."""
        return os.fdopen(os.dup(self._descriptor), "rb")

    async def pieces(self, start: int, count: int) -> AsyncIterator[bytes]:
        """Give bytes from ``start`` on."""
        position, end = start, start + count
        while position < end:
            piece = await self._read(position, min(PIECE, end - position))
            position += len(piece)
            yield piece

    async def _read(self, position: int, count: int) -> bytes:
        with storing("Reading a result"):
            piece = await self._bench.run(lambda _: os.pread(self._descriptor, count, position))
            if not piece:
                raise OSError("it has become shorter")
        return piece

    async def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


class OpenZip:
    """Implements ``orchestrator.engine.ports.Download`` for a folder, zipped while it is sent."""

    ranges = False

    def __init__(self, files: list[Packed], place: Path, bench: Workbench) -> None:
        self._files = files
        self._place = place
        self._bench = bench
        self.size = length(files)
        told = "\n".join(f"{file.name}\0{file.size}\0{file.time}" for file in files)
        self.etag = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self.modified = datetime.fromtimestamp(max(file.time for file in files), UTC)

    async def pieces(self, start: int, count: int) -> AsyncIterator[bytes]:
        """Give all of it."""
        assert (start, count) == (0, self.size)
        pieces = pack(self._files, opened=_opened)
        while piece := await self._gathered(pieces):
            yield piece

    async def _gathered(self, pieces: Iterator[bytes]) -> bytes:
        with storing("Zipping results"):
            return await self._bench.run(lambda _: _gather(pieces))

    async def close(self) -> None:
        """Let go of it."""
        with storing("Letting go of results"):
            await self._bench.run(lambda _: delete_tree(self._place))


def _gather(pieces: Iterator[bytes]) -> bytes:
    """Join small pieces: a folder of tiles has thousands."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        if len(gathered) >= PIECE:
            break
    return bytes(gathered)


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")
