"""Console output on disk: one file per run of the node, ``0001.log``, ``0002.log`` and so on.

The number of complete lines in the last file is where to go on asking the node. That number is counted, never stored
beside the lines, so that no crash can set the two apart. Lines beyond what a task may keep are only counted, in
``0001.dropped``: how many, and the last of them.
"""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.domain.lines import MAX_LINE
from orchestrator.files.layout import FILE_MODE, make_folder
from orchestrator.files.workbench import Stop

_PIECE = 1024 * 1024
_LOOK_BACK = 2 * MAX_LINE + 4
"""Bytes at the end of a file that surely hold its last whole line and a torn one."""

_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class Moved(Exception):
    """The file is not what was remembered: someone else has written. Never leaves the room."""


@dataclass(slots=True)
class Tail:
    """What is known of the end of a task's output."""

    segment: int = 0
    """Number of the last file; 0: none yet."""
    lines: int = 0
    size: int = 0
    before: int = 0
    """Bytes in the files before."""
    dropped: int = 0
    last: str = ""


def begin_next(tail: Tail) -> None:
    """Let the tail be that of the next run's file, which is yet to be written."""
    tail.segment += 1
    tail.before += tail.size
    tail.lines = tail.size = tail.dropped = 0
    tail.last = ""


def size_of_last(folder: Path) -> int:
    """Give the bytes that ``load`` would read."""
    found = _segments(folder)
    return _size(folder, found[-1]) if found else 0


def load(folder: Path) -> Tail:
    """Count what is there; a line that a crash tore off is cut away, the node will be asked for it again."""
    found = _segments(folder)
    if not found:
        return Tail()
    before = sum(_size(folder, number) for number in found[:-1])
    tail = Tail(segment=found[-1], before=before)
    descriptor = os.open(_path(folder, tail.segment), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        tail.last, tail.size = _last_line(descriptor)
        if os.fstat(descriptor).st_size != tail.size:
            os.ftruncate(descriptor, tail.size)
        tail.lines = _count(descriptor, tail.size)
    finally:
        os.close(descriptor)
    dropped = _dropped(folder, tail.segment)
    if dropped:
        tail.dropped, tail.last = dropped
    return tail


def append(folder: Path, tail: Tail, data: bytes) -> None:
    """Add whole lines to the file that ``tail`` is the end of. Raises ``Moved``, and ``OSError`` with nothing added."""
    path = _path(folder, tail.segment)
    try:
        descriptor = os.open(path, _APPEND, FILE_MODE)
    except FileNotFoundError:
        if tail.size:
            raise Moved from None
        make_folder(folder)
        descriptor = os.open(path, _APPEND, FILE_MODE)
    try:
        if os.fstat(descriptor).st_size != tail.size:
            raise Moved
        _write(descriptor, data, size=tail.size)
    finally:
        os.close(descriptor)
    tail.size += len(data)


def note_dropped(folder: Path, tail: Tail) -> None:
    """Write down how many lines were not kept, and the last of them."""
    make_folder(folder)
    place = _path(folder, tail.segment).with_suffix(".dropped")
    part = place.with_suffix(".part")
    part.write_bytes(f"{tail.dropped}\n{tail.last}\n".encode())
    part.replace(place)


def read(folder: Path, *, line: int, limit: int | None, notice: str, stop: Stop) -> tuple[list[str], int]:
    """Give lines from ``line`` on across all files, and how many there are in all; a negative limit: the last n.

    Where lines were dropped, ``notice`` stands for them.
    """
    counts = []
    for number in _segments(folder):
        stop.check()
        lost = _dropped(folder, number)
        counts.append((number, _counted(_path(folder, number)), notice.format(lost[0]) if lost else None))
    total = sum(count + (end is not None) for _, count, end in counts)
    start = max(0, total + limit) if limit is not None and limit < 0 else max(0, line)
    until = total if limit is None or limit < 0 else min(total, start + limit)
    lines: list[str] = []
    for number, count, end in counts:
        stop.check()
        if start < count and until > 0:
            lines += _lines(_path(folder, number), max(0, start), min(count, until))
        if end is not None and start <= count < until:
            lines.append(end)
        passed = count + (end is not None)
        start, until = start - passed, until - passed
    return lines, total


def _lines(path: Path, start: int, until: int) -> Iterator[str]:
    with path.open("rb") as file:
        for raw in itertools.islice(file, start, until):
            yield raw[:-1].decode("utf-8", "replace")


def _write(descriptor: int, data: bytes, *, size: int) -> None:
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _last_line(descriptor: int) -> tuple[str, int]:
    """Give the last whole line, and where it ends."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - _LOOK_BACK)
    block = os.pread(descriptor, size - start, start)
    end = block.rfind(b"\n")
    if end < 0:
        return "", 0
    begin = block.rfind(b"\n", 0, end) + 1
    return block[begin:end].decode("utf-8", "replace"), start + end + 1


def _counted(path: Path) -> int:
    with path.open("rb") as file:
        return _count(file.fileno(), None)


def _count(descriptor: int, size: int | None) -> int:
    count, at = 0, 0
    while piece := os.pread(descriptor, _PIECE if size is None else min(_PIECE, size - at), at):
        count += piece.count(b"\n")
        at += len(piece)
    return count


def _segments(folder: Path) -> list[int]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are wanted, not paths
    except FileNotFoundError:
        return []
    return sorted(int(name[:-4]) for name in names if name.endswith(".log") and name[:-4].isdecimal())


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:04}.log"


def _size(folder: Path, number: int) -> int:
    return _path(folder, number).stat().st_size


def _dropped(folder: Path, number: int) -> tuple[int, str] | None:
    try:
        count, last, _ = (
            _path(folder, number).with_suffix(".dropped").read_bytes().decode("utf-8", "replace").split("\n")
        )
        return int(count), last
    except (FileNotFoundError, ValueError):
        return None
