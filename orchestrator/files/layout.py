"""Where everything of a task lies: in one folder of its own, named by its number, and nowhere else."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

FOLDER_MODE = 0o750
FILE_MODE = 0o640

_PLAIN_KEY = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder of one task."""

    folder: Path

    @property
    def assets(self) -> Path:
        """Verified results, extracted, with ``all.zip`` itself."""
        return self.folder / "assets"

    @property
    def ready(self) -> Path:
        """Verified results that have not yet taken the place of the old ones."""
        return self.folder / "assets.ready"

    @property
    def old(self) -> Path:
        """Results that have been replaced."""
        return self.folder / "assets.old"

    @property
    def images(self) -> Path:
        """Images that came in over HTTP; they stay for as long as the task."""
        return self.folder / "images"

    @property
    def parts(self) -> Path:
        """Files of a draft that come in chunks, not yet whole."""
        return self.folder / "parts"

    @property
    def incoming(self) -> Path:
        """Archives that are being fetched."""
        return self.folder / "incoming"

    @property
    def output(self) -> Path:
        """Console output, one file per run of the node."""
        return self.folder / "output"

    @property
    def staging(self) -> Path:
        """Images that were fetched or made smaller, to be sent."""
        return self.folder / "staging"

    @property
    def note(self) -> Path:
        """What the node has of an upload that is to be gone on with."""
        return self.folder / "upload.json"

    def new(self, fence: int) -> Path:
        """Give the place where results are extracted by the work that was begun under this number."""
        return self.folder / f"assets.new-{int(fence)}"

    def archive(self, job: str) -> Path:
        """Give the name under which a job's archive is fetched: another job's leftover is never gone on with."""
        return self.incoming / f"{job if _PLAIN_KEY.fullmatch(job) else 'results'}.zip.part"


class Layout:
    """All folders below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.tasks = self.root / "tasks"
        self.swaps = self.root / "swaps"
        self.arrivals = self.root / "arrivals"
        self.presence = self.root / "daemons.lock"

    def shelf(self, task: int) -> Shelf:
        """Give a task's folder; the number alone names it, so that nothing a client says can lead elsewhere."""
        return Shelf(self.tasks / str(int(task)))


def make_folder(path: Path) -> None:
    """Create a folder with its missing parents, closed to others."""
    try:
        path.mkdir(FOLDER_MODE)
    except FileNotFoundError:
        make_folder(path.parent)
        path.mkdir(FOLDER_MODE, exist_ok=True)
    except FileExistsError:
        if not path.is_dir():
            raise


def link(old: Path, new: Path) -> None:
    """Give a file a second name; where that cannot be, copy it. Raises ``OSError``."""
    try:
        os.link(old, new)
    except FileNotFoundError:
        raise
    except OSError:  # A file system without hard links, or one that has no more for this file.
        shutil.copyfile(old, new)


def flush_folder(path: Path) -> None:
    """Make renames and new names in a folder outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
