"""A file being written without the event loop waiting for the disk."""

import asyncio
import io
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from orchestrator.domain.errors import StorageFailed

Result = TypeVar("Result")


class Sink:
    """A context with an open file, cut to ``offset`` bytes. Raises ``StorageFailed`` only."""

    def __init__(self, path: Path, *, offset: int) -> None:
        self._path = path
        self._offset = offset
        self._file: io.FileIO | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._on_disk(self._open)
        except BaseException:
            if self._file is not None:
                self._file.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            await self._on_disk(self._file.close)

    async def write(self, chunk: bytes) -> None:
        """Append."""
        file = self._file
        if file is not None:
            await self._on_disk(lambda: _write_all(file, chunk))

    def _open(self) -> None:
        self._file = file = self._path.open("r+b" if self._offset else "wb", buffering=0)
        file.truncate(self._offset)
        file.seek(self._offset)

    async def _on_disk(self, work: Callable[[], Result]) -> Result:
        job = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            # The thread can't be stopped, and the file must not be closed under it.
            await asyncio.wait([job])
            job.exception()
            raise
        except OSError as error:
            reason = error.strerror or os.strerror(error.errno or 0)
            raise StorageFailed(f"{self._path} could not be written: {reason}") from error


def _write_all(file: io.FileIO, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]
