"""Who uses a root folder: daemons may share one, and only the first to come makes good what a crash left there."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.files.layout import FILE_MODE, make_folder


class Presence:
    """Holds a shared lock, which the kernel drops however the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    @contextmanager
    def entering(self) -> Iterator[bool]:
        """Be there from now on; gives whether nobody else is, and lets nobody else in for the length of the block."""
        make_folder(self._path.parent)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except BlockingIOError:
            alone = False
        yield alone
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def leave(self) -> None:
        """Be there no more; may be called again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
