"""Which paths lie on network shares: told by the table of mounts, without a look at anything on a share."""

import contextlib
import os
import re
import select
import stat
import weakref
from pathlib import Path
from typing import Final

TABLE: Final = Path("/proc/self/mountinfo")
"""See proc(5); where there is none, nothing counts as a share."""

MOST_LINKS: Final = 40
"""Links that are followed in one path, as in the kernel."""

_REMOTE: Final = frozenset(
    {"9p", "afs", "autofs", "beegfs", "ceph", "cifs", "davfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3",
     "smbfs", "virtiofs"}
)  # fmt: skip

_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


class Mounts:
    """The table of mounts as it stands: it is read anew when the kernel says that it has changed."""

    def __init__(self, table: Path = TABLE) -> None:
        self._changes = select.poll()
        self._remote: dict[str, bool] = {}
        self._any = False
        self._descriptor = -1
        with contextlib.suppress(OSError):
            self._descriptor = os.open(table, os.O_RDONLY | os.O_CLOEXEC)
            weakref.finalize(self, os.close, self._descriptor)
            self._changes.register(self._descriptor, select.POLLPRI)
            self._read()

    def share_of(self, path: str) -> str | None:
        """Give the mount point of the share that a path leads to, through whatever links; None: it is on a disk."""
        self._keep_up()
        done, left, links = "/", [part for part in path.split("/") if part not in {"", "."}], 0
        while left:
            part = left.pop(0)
            here = os.path.dirname(done) if part == ".." else os.path.join(done, part)  # noqa: PTH118, PTH120 - hot
            if share := self._share_at(here):
                return share
            target = _link(here) if links < MOST_LINKS else None
            if target is None:
                done = here
                continue
            links += 1
            done = "/" if target.startswith("/") else done
            left = [each for each in target.split("/") if each not in {"", "."}] + left
        return None

    def any_share(self) -> bool:
        """Whether there is a share at all."""
        self._keep_up()
        return self._any

    def _share_at(self, path: str) -> str | None:
        """Give the share on which a path without links lies: what is mounted nearest above it.

        The root itself counts as a disk: if that hangs, so does everything.
        """
        point = path
        while point not in self._remote and point:
            point = point.rpartition("/")[0]
        return point if self._remote.get(point) else None

    def _keep_up(self) -> None:
        if self._changes.poll(0):
            self._read()

    def _read(self) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        pieces = iter(lambda: os.read(self._descriptor, 65_536), b"")
        # Of two mounts on one point the later one is seen.
        self._remote = dict(map(_mount, os.fsdecode(b"".join(pieces)).splitlines()))
        self._any = any(self._remote.values())


def _mount(line: str) -> tuple[str, bool]:
    """Give a mount point, and whether it is a share's."""
    before, _, after = line.partition(" - ")
    point = _ESCAPED.sub(lambda found: chr(int(found[1], 8)), before.split(" ")[4])
    kind = after.split(" ")[0]
    return point, kind in _REMOTE or kind.startswith("fuse")


def _link(path: str) -> str | None:
    try:
        return os.readlink(path) if stat.S_ISLNK(os.lstat(path).st_mode) else None  # noqa: PTH115 - strings throughout
    except OSError:
        return None
