"""An archive that came from elsewhere, looked at before anything of it is written.

What a node sends is not trusted: names may lead out of the folder, sizes may be enormous, entries may overlap. All of
that is decided from the archive's directory; whether the bytes are sound shows while they are read (``extraction``).
"""

import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from orchestrator.domain.errors import ResultsCorrupt
from orchestrator.files.assets import ARCHIVE
from orchestrator.files.failures import storing

_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_MAX_DEPTH = 64
_MAX_PART = 255
_MAX_NAME = 2048
"""Bytes of a whole name: with the folder that it goes to it must fit into the 4,096 of a path."""
_ENCRYPTED = 0x1
_KINDS = {0, stat.S_IFREG, stat.S_IFDIR}
_RATIO_COUNTS_FROM = 1024**3
"""Bytes unpacked below which any ratio is harmless: an empty raster packs very well."""

_END = b"PK\5\6"
_ENTRY = b"PK\1\2"
_END_LENGTH = 22
_END_LOOK = _END_LENGTH + 0xFFFF
_LOCATOR_LENGTH = 20
_LARGE_END_LENGTH = 56
_LOCAL_HEADER = 30
_READ = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """What an archive may unpack to."""

    max_unpacked_bytes: int = 500_000_000_000
    max_entries: int = 1_000_000
    max_ratio: int = 200


@dataclass(frozen=True, slots=True)
class Contents:
    """What is to be extracted: folders before what is in them, files, and the bytes of all files."""

    folders: tuple[str, ...]
    files: tuple[zipfile.ZipInfo, ...]
    size: int


@contextmanager
def opened(path: Path, *, limits: ArchiveLimits) -> Iterator[zipfile.ZipFile]:
    """Open an archive. Raises ``ResultsCorrupt`` if it is no zip, or was cut."""
    with storing("Reading the results archive"):
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise ResultsCorrupt("The results archive is not there: nothing was fetched.") from None
        with file:
            _check_directory(file, limits)
            try:
                archive = zipfile.ZipFile(file)
            except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
                raise _no_zip() from error
            with archive:
                yield archive


def contents(archive: zipfile.ZipFile, *, limits: ArchiveLimits, packed: int) -> Contents:
    """Decide what to extract. Raises ``ResultsCorrupt`` for anything that would not be safe."""
    folders: dict[str, None] = {}
    files: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        parts = _parts(entry)
        if parts[0].lower() == ARCHIVE:
            continue  # An older archive of its own is no result, and the archive itself is to lie there.
        for depth in range(1, len(parts) + (1 if entry.is_dir() else 0)):
            folders["/".join(parts[:depth])] = None
        if not entry.is_dir():
            key = entry.filename.casefold()
            if key in files:
                raise _refused(entry, "occurs twice (the case of letters aside)")
            files[key] = entry
    for folder in folders:
        if clash := files.get(folder.casefold()):
            raise _refused(clash, "is both a file and a folder")
    wanted = tuple(files.values())
    size = sum(entry.file_size for entry in wanted)
    _check_size(size, packed=packed, limits=limits)
    _check_overlap(wanted)
    return Contents(tuple(folders), wanted, size)


def _parts(entry: zipfile.ZipInfo) -> list[str]:
    name = entry.orig_filename
    parts = name.removesuffix("/").split("/")
    if _CONTROL.search(name) or "\\" in name or _DRIVE.match(name) or name.startswith("/"):
        raise _refused(entry, "has a name that is not a plain relative path")
    if any(part in {"", ".", ".."} for part in parts):
        raise _refused(entry, "has a name that leads out of its folder")
    too_long = len(name.encode()) > _MAX_NAME or any(len(part.encode()) > _MAX_PART for part in parts)
    if len(parts) > _MAX_DEPTH or too_long:
        raise _refused(entry, "has a name that is too long")
    if stat.S_IFMT(entry.external_attr >> 16) not in _KINDS:
        raise _refused(entry, "is a link or a special file")
    if entry.flag_bits & _ENCRYPTED:
        raise _refused(entry, "is encrypted")
    return parts


def _check_size(size: int, *, packed: int, limits: ArchiveLimits) -> None:
    if size > limits.max_unpacked_bytes:
        raise ResultsCorrupt(
            f"The results would unpack to {size:,} bytes; {limits.max_unpacked_bytes:,} at most are taken."
        )
    if size > max(_RATIO_COUNTS_FROM, packed * limits.max_ratio):
        raise ResultsCorrupt(
            f"The results would unpack to {size:,} bytes from {packed:,}, more than {limits.max_ratio} times as many."
        )


def _check_overlap(entries: tuple[zipfile.ZipInfo, ...]) -> None:
    """Refuse entries that share bytes: a small archive could unpack to any size by them."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise _refused(entry, "overlaps another")
        end = entry.header_offset + _LOCAL_HEADER + entry.compress_size


def _check_directory(file: IO[bytes], limits: ArchiveLimits) -> None:
    """Bound the number of entries before the directory is taken into memory as a whole."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_LOOK))
    tail = file.read(_END_LOOK)
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_LENGTH:
        raise _no_zip()
    place = max(0, size - _END_LOOK) + end
    length = _length_in_64_bits(file, at=place - _LOCATOR_LENGTH) or struct.unpack_from("<I", tail, end + 12)[0]
    if _count(file, until=place, length=length) > limits.max_entries:
        raise ResultsCorrupt(f"The results archive has more than {limits.max_entries:,} entries.")


def _length_in_64_bits(file: IO[bytes], *, at: int) -> int:
    """Give the length of a large archive's directory, with the records that follow it; 0 for an ordinary archive."""
    file.seek(max(0, at))
    locator = file.read(_LOCATOR_LENGTH)
    if not locator.startswith(b"PK\6\7"):
        return 0
    try:
        file.seek(struct.unpack_from("<Q", locator, 8)[0])
        record = file.read(_LARGE_END_LENGTH)
        length: int = struct.unpack_from("<Q", record, 40)[0]
    except (struct.error, OSError, OverflowError) as error:
        raise _no_zip() from error
    return length + _LARGE_END_LENGTH + _LOCATOR_LENGTH


def _count(file: IO[bytes], *, until: int, length: int) -> int:
    """Count what may be entries in the last ``length`` bytes before ``until``."""
    if length > until:
        raise _no_zip()
    file.seek(until - length)
    found, left, kept = 0, length, b""
    while left > 0 and (block := file.read(min(_READ, left))):
        left -= len(block)
        found += (kept + block).count(_ENTRY)
        kept = block[-3:]
    return found


def _no_zip() -> ResultsCorrupt:
    return ResultsCorrupt("The results archive is not a complete zip file.")


def _refused(entry: zipfile.ZipInfo, why: str) -> ResultsCorrupt:
    name = "".join(sign if sign.isprintable() else "?" for sign in entry.orig_filename[:200])
    return ResultsCorrupt(f"The results archive is not taken: its entry {name} {why}.")
