"""Files that come in over HTTP: written piece by piece to a folder that goes with the request, whatever happens.

What a crash leaves there is deleted at the next start. No disk is filled to its end for a request.
"""

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

from orchestrator.domain.errors import FileRefused, FileTooLarge, StorageFailed
from orchestrator.domain.names import Names
from orchestrator.engine.ports import Arrived
from orchestrator.files.deletion import delete_tree
from orchestrator.files.failures import storing
from orchestrator.files.layout import FILE_MODE, Layout, make_folder
from orchestrator.files.names import GCP_NAME, is_gcp, is_image, is_side, safe_name
from orchestrator.files.sources import MAX_FILES, SIDE_TAKEN, TAKEN
from orchestrator.files.workbench import Workbench

LOOK_EVERY = 16_777_216
"""Bytes between two looks at how much room is left, of all uploads together: photos are smaller than that."""

AT_ONCE = 40
"""Uploads that are read at the same time; further ones wait, each with little in memory."""

ARCHIVE_NAME = "results.zip"


class ArrivalHall:
    """Implements ``orchestrator.engine.ports.Arrivals`` below one root folder.

    ``keep_free``: bytes of the disk that uploads leave to others. ``max_file_bytes``: of one image;
    ``max_archive_bytes``: of one archive of results.
    """

    def __init__(self, *, root: Path, keep_free: int, max_file_bytes: int, max_archive_bytes: int) -> None:
        self._folder = Layout(root).arrivals
        self._keep_free = keep_free
        self.max_file_bytes = max_file_bytes
        self.max_archive_bytes = max_archive_bytes
        self.max_files = MAX_FILES
        self._bench = Workbench(name="files-arrive", threads=4)
        self.turns = asyncio.Semaphore(AT_ONCE)
        self._since_look = 0

    async def close(self) -> None:
        """Let the threads go."""
        await self._bench.close()

    @asynccontextmanager
    async def arriving(self, *, expected: int | None) -> AsyncIterator["Delivery"]:
        """Make a folder for the length of the block. Raises ``StorageFailed``."""
        folder = self._folder / secrets.token_hex(8)
        await self._bench.run(lambda _: self._check_room(expected or 0))
        with storing("Making room for an upload"):
            await self._bench.run(lambda _: make_folder(folder))
        try:
            yield Delivery(self, folder)
        finally:
            with storing("Deleting what is left of an upload"):
                await asyncio.shield(asyncio.ensure_future(self._bench.run(lambda _: delete_tree(folder))))

    def _check_room(self, wanted: int) -> None:
        with storing("Looking at the disk"):
            make_folder(self._folder)
            free = shutil.disk_usage(self._folder).free
        if free - wanted < self._keep_free:
            raise StorageFailed(
                f"The disk has not enough room: {free:,} bytes are free, {self._keep_free:,} of them are kept free "
                f"(files.keep_free_bytes){f', and {wanted:,} are to come' if wanted else ''}."
            )

    async def store(self, path: Path, name: str, pieces: AsyncIterator[bytes], *, limit: int) -> int:
        """Write a file, and give its size once the disk has it."""
        size = 0
        with storing(f"Storing {name}"):
            descriptor = await self._bench.run(lambda _: os.open(path, _NEW, FILE_MODE))
            try:
                async for piece in pieces:
                    size += len(piece)
                    if size > limit:
                        raise FileTooLarge(f"{name} is larger than the {limit:,} bytes that are taken.")
                    self._since_look += len(piece)
                    if self._since_look >= LOOK_EVERY:
                        self._since_look = 0
                        await self._bench.run(lambda _: self._check_room(0))
                    await self._bench.run(partial(_write, descriptor, piece))
                await self._bench.run(lambda _: os.fsync(descriptor))
            finally:
                os.close(descriptor)
        return size


class Delivery:
    """Implements ``orchestrator.engine.ports.Arrival``."""

    def __init__(self, hall: ArrivalHall, folder: Path) -> None:
        self._hall = hall
        self._folder = folder
        self._names = Names(())
        self._count = 0

    def turn(self) -> AbstractAsyncContextManager[object]:
        """Wait until the request may be read."""
        return self._hall.turns

    async def take(self, name: str, pieces: AsyncIterator[bytes]) -> Arrived:
        """Store an image, or a file that goes along, under a name that is safe and unique among those of the request.

        A text file of a name that says nothing holds ground control points, as nodes have it.
        Raises ``FileRefused``, for its name before anything of it is read, ``FileTooLarge``, ``StorageFailed``.
        """
        safe = safe_name(name)
        if is_gcp(safe) and not is_side(safe):
            safe = GCP_NAME
        if not (is_image(safe) or is_side(safe)):
            raise FileRefused(f"{safe or 'A file'} is no image: {TAKEN} are taken, and beside them {SIDE_TAKEN}.")
        if is_side(safe) and self._names.has(safe):
            raise FileRefused(f"{safe} is there twice, and a task takes only one of it.")
        return await self._take(self._names.give(safe), pieces, limit=self._hall.max_file_bytes)

    async def take_archive(self, pieces: AsyncIterator[bytes]) -> Arrived:
        """Store an archive of results. Raises as ``take`` does."""
        return await self._take(ARCHIVE_NAME, pieces, limit=self._hall.max_archive_bytes)

    async def _take(self, name: str, pieces: AsyncIterator[bytes], *, limit: int) -> Arrived:
        self._count += 1
        if self._count > self._hall.max_files:
            raise FileTooLarge(f"There are more than {self._hall.max_files:,} files; a task takes no more.")
        path = self._folder / str(self._count)
        size = await self._hall.store(path, name, pieces, limit=limit)
        if not size:
            raise FileRefused(f"{name} is empty (0 bytes).")
        return Arrived(path, name, size, image=is_image(name))


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def _write(descriptor: int, piece: bytes, _: object) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]
