"""A file that comes in chunks: twice, out of order, in parallel, before and after a restart.

What is there is on the disk: ``data``, and for each chunk that was taken a file that says where it belongs. Once all
fit together, ``whole`` says so before ``data`` leaves, so that a chunk that comes again changes nothing.
"""

import hashlib
import os
import secrets
import shutil
from pathlib import Path

from orchestrator.domain.errors import FileRefused
from orchestrator.engine.ports import Chunk
from orchestrator.files.deletion import delete_tree
from orchestrator.files.layout import FILE_MODE, make_folder

_PIECE = 1_048_576
_WHOLE = "whole"


class Jigsaw:
    """One file of a draft. ``upload`` is what its sender calls it."""

    def __init__(self, parts: Path, *, name: str, upload: str) -> None:
        key = hashlib.sha256(f"{upload}\0{name}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._folder = parts / key
        self._name = name
        self.data = self._folder / "data"

    @property
    def whole(self) -> int | None:
        """The file's size once all of it is there; None until then."""
        try:
            return int((self._folder / _WHOLE).read_text())
        except FileNotFoundError:
            return None

    def add(self, path: Path, chunk: Chunk) -> None:
        """Add a chunk that is the file at ``path``.

        Raises ``FileRefused`` if all are there and do not fit, or if it has moved: what it overwrote is not known then.
        """
        if self.whole is not None:
            return
        make_folder(self._folder)
        if self._has_moved(chunk):
            raise self._misfits()
        size = self._write(path, chunk.offset)
        self._note(str(chunk.index), f"{chunk.offset} {size}")
        if sum(1 for _ in self._folder.iterdir()) <= chunk.total:  # ``data`` is one more.
            return
        whole = self._fit(chunk.total)
        with self.data.open("r+b") as file:
            file.truncate(whole)  # Of a chunk that was written elsewhere, and never noted.
            os.fsync(file.fileno())
        self._note(_WHOLE, str(whole))

    def _write(self, path: Path, offset: int) -> int:
        descriptor = os.open(self.data, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        with os.fdopen(descriptor, "wb") as target, path.open("rb") as source:
            target.seek(offset)
            shutil.copyfileobj(source, target, _PIECE)
            return target.tell() - offset

    def _note(self, name: str, text: str) -> None:
        # Of nobody else's name: two daemons may share the folder, and take chunks of one file at the same time.
        note = self._folder.parent / f".{self._folder.name}.{secrets.token_hex(4)}"
        note.write_text(text)
        note.rename(self._folder / name)

    def _fit(self, total: int) -> int:
        """Give the size of the whole, if the chunks make one without gaps and overlaps."""
        position = 0
        try:
            places = sorted(self._place(index) for index in range(total))
        except FileNotFoundError:
            places = [(-1, -1)]
        for offset, size in places:
            if offset != position:
                raise self._misfits()
            position += size
        return position

    def _has_moved(self, chunk: Chunk) -> bool:
        """Whether a chunk was noted at another place."""
        try:
            return self._place(chunk.index)[0] != chunk.offset
        except FileNotFoundError:
            return False

    def _misfits(self) -> FileRefused:
        delete_tree(self._folder)
        return FileRefused(f"The chunks of {self._name} do not fit together; send all of them again.")

    def _place(self, index: int) -> tuple[int, int]:
        offset, size = (self._folder / str(index)).read_text().split()
        return int(offset), int(size)
