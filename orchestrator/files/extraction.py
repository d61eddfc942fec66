"""Results on their way from the archive into a new tree: each byte is read once, checked and written."""

import lzma
import os
import zipfile
import zlib
from pathlib import Path
from typing import IO

from orchestrator.domain.errors import ResultsCorrupt
from orchestrator.files.archive import Contents
from orchestrator.files.failures import storing
from orchestrator.files.layout import FILE_MODE, FOLDER_MODE, flush_folder
from orchestrator.files.space import check_space
from orchestrator.files.workbench import Stop

_PIECE = 1024 * 1024
_FLUSH_EVERY = 64 * 1024 * 1024
"""Written data goes to the disk in portions, so that no single flush holds up a cancellation."""

_FLUSHED_SINGLY = 500
"""Small files beyond these are flushed all at once at the end: a tile set has a hundred thousand of them."""

_SMALL = 1024 * 1024

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class Extraction:
    """One archive into one new folder."""

    def __init__(self, archive: zipfile.ZipFile, contents: Contents, target: Path, *, stop: Stop) -> None:
        self._archive = archive
        self._contents = contents
        self._target = target
        self._stop = stop
        self._small = 0

    def run(self) -> None:
        """Extract everything. Raises ``ResultsCorrupt``, ``StorageFailed``, and ``Stopped``."""
        with storing("Extracting the results"):
            check_space(self._target.parent, self._contents.size)
            self._target.mkdir(FOLDER_MODE)
            for folder in self._contents.folders:
                (self._target / folder).mkdir(FOLDER_MODE)
            for entry in self._contents.files:
                self._stop.check()
                self._extract(entry)
            self._flush()

    def _extract(self, entry: zipfile.ZipInfo) -> None:
        try:
            source = self._archive.open(entry)
        except _DAMAGED as error:
            raise _corrupt(entry) from error
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with source:
            descriptor = os.open(self._target / entry.filename, flags, FILE_MODE)
            try:
                if self._copy(entry, source, descriptor) != entry.file_size:
                    raise _corrupt(entry)
                self._flush_file(entry, descriptor)
            finally:
                os.close(descriptor)

    def _copy(self, entry: zipfile.ZipInfo, source: IO[bytes], descriptor: int) -> int:
        written = unflushed = 0
        while piece := _read(entry, source):
            self._stop.check()
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            written += len(piece)
            unflushed += len(piece)
            if unflushed >= _FLUSH_EVERY:
                os.fdatasync(descriptor)
                unflushed = 0
        return written

    def _flush_file(self, entry: zipfile.ZipInfo, descriptor: int) -> None:
        if entry.file_size < _SMALL:
            self._small += 1
            if self._small > _FLUSHED_SINGLY:
                return
        os.fsync(descriptor)

    def _flush(self) -> None:
        self._stop.check()
        if self._small > _FLUSHED_SINGLY:
            os.sync()
            return
        for folder in self._contents.folders:
            flush_folder(self._target / folder)
        flush_folder(self._target)


def _read(entry: zipfile.ZipInfo, source: IO[bytes]) -> bytes:
    """Read on; the checksum is compared when the entry's end is reached."""
    try:
        return source.read(_PIECE)
    except _DAMAGED as error:
        raise _corrupt(entry) from error
    except OSError as error:
        if error.errno is None:  # bz2 says so
            raise _corrupt(entry) from error
        raise


def _corrupt(entry: zipfile.ZipInfo) -> ResultsCorrupt:
    return ResultsCorrupt(f"The results archive is damaged: {entry.filename} does not match its checksum.")
