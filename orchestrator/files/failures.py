"""What the operating system says, in the words of ``orchestrator.domain.errors``."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.domain.errors import FileError, SourceFailed, SourceHindered, StorageFailed

_WORDS = {
    errno.ENOSPC: "no space is left on the disk",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EIO: "the disk does not work properly (input/output error)",
    errno.EACCES: "the daemon may not write there",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}

_PASSING = {
    errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOTCONN,
    errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.ECONNABORTED, errno.ECONNRESET,
    errno.ESHUTDOWN, errno.EREMOTEIO,
}  # fmt: skip
"""Errors on reading that say nothing about the file itself: a share that is away, a process short of handles."""


def words(error: OSError) -> str:
    """Give the reason as a clause."""
    known = _WORDS.get(error.errno or 0)
    return known or (os.strerror(error.errno).lower() if error.errno else str(error))


@contextmanager
def storing(what: str) -> Iterator[None]:
    """Raise ``StorageFailed`` in place of what the operating system raises; ``what`` could not be done."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(f"{what} could not be done: {words(error)}.") from error


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Raise ``SourceFailed`` or ``SourceHindered``, naming the image, in place of what the operating system raises."""
    try:
        yield
    except OSError as error:
        raise source_error(name, error) from error


def source_error(name: str, error: OSError) -> FileError:
    """Sort an error on reading an image."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return SourceFailed(f"{name} is missing: it was there when the task was created.")
        case errno.ELOOP:
            return SourceFailed(f"{name} has become a symbolic link since the task was created.")
        case number if number in _PASSING:
            return SourceHindered(f"{name} could not be read just now: {words(error)}.")
    return SourceFailed(f"{name} could not be read: {words(error)}.")
