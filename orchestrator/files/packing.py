"""A zip that is made while it is sent: files stored as they are, so that its length is known before the first byte.

Sizes stand in the headers; checksums follow the files, since nothing is read twice. Zip64 where sizes need it.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import gmtime
from typing import BinaryIO, Final

_PIECE: Final = 262_144
_LIMIT: Final = 0xFFFFFFFF
_MOST: Final = 0xFFFF
_FLAGS: Final = 0x0808  # The checksum follows the file; names are UTF-8.
_MODE: Final = 0o100644 << 16
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")


@dataclass(frozen=True, slots=True)
class Packed:
    """One file: its name within the zip, its size in bytes, its time in seconds since 1970."""

    name: str
    size: int
    time: float
    path: Path

    @property
    def raw_name(self) -> bytes:
        """The name as it is written."""
        return self.name.encode("utf-8", "surrogateescape")

    @property
    def large(self) -> bool:
        """Whether its sizes need 64 bits."""
        return self.size >= _LIMIT


class Shrunk(OSError):
    """A file is not as long as it was."""


def length(files: Sequence[Packed]) -> int:
    """Give the length of the zip of these files, in bytes."""
    position, central = 0, 0
    for file in files:
        central += _CENTRAL.size + len(file.raw_name) + len(_extra(file, position))
        position += len(_local(file)) + file.size + len(_descriptor(file, 0))
    return position + central + len(_end(len(files), central, position))


def pack(files: Sequence[Packed], *, opened: Callable[[Path], BinaryIO]) -> Iterator[bytes]:
    """Give the zip in pieces, some of them small. Raises ``OSError``."""
    position = 0
    entries: list[bytes] = []
    for file in files:
        checksum = 0
        yield _local(file)
        with opened(file.path) as source:
            for piece in _content(source, file):
                checksum = zlib.crc32(piece, checksum)
                yield piece
        yield _descriptor(file, checksum)
        entries.append(_entry(file, checksum, position))
        position += len(_local(file)) + file.size + len(_descriptor(file, 0))
    central = b"".join(entries)
    yield central
    yield _end(len(files), len(central), position)


def _content(source: BinaryIO, file: Packed) -> Iterator[bytes]:
    left = file.size
    while left:
        piece = source.read(min(_PIECE, left))
        if not piece:
            raise Shrunk(f"{file.name} has become shorter")
        left -= len(piece)
        yield piece


def _stamp(file: Packed) -> tuple[int, int]:
    year, month, day, hour, minute, second = gmtime(max(file.time, 315_532_800))[:6]  # DOS counts from 1980.
    return hour << 11 | minute << 5 | second // 2, min(year - 1980, 127) << 9 | month << 5 | day


def _local(file: Packed) -> bytes:
    name, stamp = file.raw_name, _stamp(file)
    if file.large:
        extra = struct.pack("<HHQQ", 1, 16, file.size, file.size)
        return _LOCAL.pack(b"PK\3\4", 45, _FLAGS, 0, *stamp, 0, _LIMIT, _LIMIT, len(name), len(extra)) + name + extra
    return _LOCAL.pack(b"PK\3\4", 20, _FLAGS, 0, *stamp, 0, file.size, file.size, len(name), 0) + name


def _descriptor(file: Packed, checksum: int) -> bytes:
    return struct.pack("<4sIQQ" if file.large else "<4sIII", b"PK\7\x08", checksum, file.size, file.size)


def _extra(file: Packed, position: int) -> bytes:
    """Give what does not fit into 32 bits."""
    wide = [file.size, file.size] if file.large else []
    wide += [position] if position >= _LIMIT else []
    return struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""


def _entry(file: Packed, checksum: int, position: int) -> bytes:
    name, extra = file.raw_name, _extra(file, position)
    size = min(file.size, _LIMIT)
    version = 45 if extra else 20
    head = _CENTRAL.pack(
        b"PK\1\2", 3 << 8 | version, version, _FLAGS, 0, *_stamp(file), checksum, size, size, len(name), len(extra),
        0, 0, 0, _MODE, min(position, _LIMIT),
    )  # fmt: skip
    return head + name + extra


def _end(count: int, central: int, position: int) -> bytes:
    short = _END.pack(
        b"PK\5\6", 0, 0, min(count, _MOST), min(count, _MOST), min(central, _LIMIT), min(position, _LIMIT), 0
    )
    if count < _MOST and central < _LIMIT and position < _LIMIT:
        return short
    long = _END64.pack(b"PK\6\6", 44, 45, 45, 0, 0, count, count, central, position)
    return long + _LOCATOR.pack(b"PK\6\7", 0, position + central, 1) + short
