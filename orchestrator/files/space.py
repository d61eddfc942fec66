"""Whether the disk has room for what is about to be written: better asked before than found out after gigabytes."""

import errno
import os
from pathlib import Path

from orchestrator.domain.errors import StorageFailed


def check_space(folder: Path, needed: int) -> None:
    """Raise ``StorageFailed`` unless so many bytes are free for results on the folder's disk."""
    there = os.statvfs(folder)
    free = there.f_bavail * there.f_frsize
    if needed > free:
        raise StorageFailed(f"The results need {needed:,} bytes, but only {free:,} are free on the disk.") from OSError(
            errno.ENOSPC, os.strerror(errno.ENOSPC)
        )
