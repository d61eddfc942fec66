"""The control socket's place in the file system: one daemon at a time, no leftovers, nobody but owner and group."""

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path
from typing import Final

from orchestrator.domain.errors import OrchestratorError

MODE: Final = 0o660
FOLDER_MODE: Final = 0o750
LONGEST: Final = 107
"""Bytes of a path that fit into ``sockaddr_un`` with its closing zero: unix(7)."""

PATIENCE: Final = 1.0
"""Seconds for finding out whether somebody answers at a socket that is already there."""


class ListenError(OrchestratorError):
    """An address cannot be listened on."""

    code = "listen-failed"


def claim(path: Path) -> socket.socket:
    """Give a socket bound to the path, in place of one that a killed daemon left. Raises ``ListenError``."""
    if len(os.fsencode(path)) > LONGEST:
        told = f"The control socket's path is longer than {LONGEST} bytes, which is all that the system takes: {path}"
        raise ListenError(f"{told}. Set api.control_socket to a shorter one.")
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        _clear(path)
        # The mode that the file is made with comes from the socket (less the umask), so it is never open to all.
        os.fchmod(bound.fileno(), MODE)
        bound.bind(os.fspath(path))
        path.chmod(MODE)
    except OSError as error:
        bound.close()
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise ListenError(f"The control socket {path} cannot be made: {why}.") from None
    except BaseException:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


def unclaim(path: Path, *, inode: int) -> None:
    """Remove the socket if it is still the one that was made."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_ino == inode:
            path.unlink()


def _clear(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ListenError(f"The control socket cannot be made: {path} is there already and is no socket.")
    if _answers(path):
        raise ListenError(f"Another daemon answers at {path}; stop it, or give this one a files.root of its own.")
    path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as probe:
        probe.settimeout(PATIENCE)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError as error:
            # A full queue (EAGAIN) or silence: somebody is there, though busy.
            if error.errno in {errno.EAGAIN, None} or isinstance(error, TimeoutError):
                return True
            raise
        return True
