"""One daemon per SQLite file: a lock that the kernel keeps on ``<file>.lock``, and drops however its process ends."""

import contextlib
import fcntl
import os
from pathlib import Path

from orchestrator.domain.errors import StoreError


class FileLock:
    """Holds the lock of a database file from ``acquire`` to ``release``; an unlocked file that stays means nothing."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(f"{database.name}.lock")
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises ``StoreError``, which names the process that has it."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"The lock file {self._path} cannot be opened: {error.strerror}.") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(file, 20, 0).decode(errors="replace").strip()
            os.close(file)
            by = f"process {holder}" if holder else "another process"
            raise StoreError(f"The database {self._database} is in use by {by}; only one daemon can use it.") from error
        self._file = file
        _name_holder(file, str(os.getpid()))

    def release(self) -> None:
        """Give the lock back; may be called again."""
        if self._file is not None:
            _name_holder(self._file, "")
            os.close(self._file)
            self._file = None


def _name_holder(file: int, pid: str) -> None:
    """Write who has the lock, for people: a disk too full for it does not stop us."""
    with contextlib.suppress(OSError):
        os.ftruncate(file, 0)
        os.pwrite(file, pid.encode(), 0)
