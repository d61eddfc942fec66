"""Results and console output on disk: a folder for each task, old results kept until new ones are verified."""

import contextlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.domain.errors import ResultsCorrupt
from orchestrator.domain.task import IMPORTED_FILE, Task
from orchestrator.engine.ports import Collected
from orchestrator.files.archive import ArchiveLimits, contents, opened
from orchestrator.files.assets import ARCHIVE, available, photos_in
from orchestrator.files.backups import unwrap
from orchestrator.files.console import MAX_OUTPUT, Console
from orchestrator.files.deletion import delete_file, delete_tree
from orchestrator.files.extraction import Extraction
from orchestrator.files.failures import storing
from orchestrator.files.layout import Layout, link, make_folder
from orchestrator.files.notes import take_note, write_note
from orchestrator.files.presence import Presence
from orchestrator.files.space import check_space
from orchestrator.files.swap import clear, repair, settle, swap_in
from orchestrator.files.workbench import Stop, Workbench


class TaskShelves:
    """Implements ``orchestrator.engine.ports.Shelves`` below one root folder, and gives the API the console output."""

    def __init__(
        self,
        *,
        root: Path,
        limits: ArchiveLimits | None = None,
        max_output_bytes: int = MAX_OUTPUT,
        threads: int = 4,
    ) -> None:
        self._layout = Layout(root)
        self._limits = limits or ArchiveLimits()
        self._acceptors = Workbench(name="files-accept", threads=threads)
        self._deleters = Workbench(name="files-delete", threads=threads)
        self._readers = Workbench(name="files-read", threads=threads)
        self._presence = Presence(self._layout.presence)
        self._console = Console(self._layout, self._readers, max_bytes=max_output_bytes)

    async def recover(self) -> None:
        """Make good what a crash interrupted; to be called before anything else. Raises ``StorageFailed``.

        Where another daemon is at work, its swaps are left alone; what a dead one began is finished with its task.
        """
        with storing("Putting results in place after a crash"):
            await self._deleters.run(lambda _: self._recover())

    def _recover(self) -> None:
        with self._presence.entering() as alone:
            if alone:
                repair(self._layout.tasks, self._layout.swaps)
                delete_tree(self._layout.arrivals)

    async def close(self) -> None:
        """Let the threads go."""
        self._presence.leave()
        for bench in (self._acceptors, self._deleters, self._readers):
            await bench.close()

    # ------------------------------------------------------------------------------------------------- results

    def download_path(self, task: Task, *, room: int = 0) -> Path:
        """Give the temporary name for the archive of the task's present job, in a folder that exists.

        ``room``: bytes that it is known to have. Raises ``StorageFailed``, also when there is no room for them.
        """
        shelf = self._layout.shelf(task.id)
        path = shelf.archive(task.job_uuid)
        with storing(f"Making room for the results of task {task.id}"):
            make_folder(shelf.incoming)
            for other in shelf.incoming.iterdir():
                if other.name != path.name:
                    delete_file(other)  # Of a job that was given up: nobody will go on with it.
            if path.exists() and path.stat().st_nlink > 1:
                delete_file(path)  # A crash left it: it is the archive of the results, which nothing may write into.
            if room:
                check_space(shelf.incoming, room - (path.stat().st_size if path.exists() else 0))
        return path

    async def accept(self, task: Task) -> Collected:
        """Verify the fetched archive, extract it and swap it in; the old results stay until then.

        Raises ``ResultsCorrupt`` (the archive is deleted, or emptied if it was uploaded) and ``StorageFailed`` (it is
        kept). When cancelled, what was extracted is gone before ``CancelledError`` is raised.
        """
        return await self._acceptors.run(lambda stop: self._accept(task, stop))

    async def restore_archive(self, task: Task) -> bool:
        """Have the task's archive where ``accept`` looks for it. Raises ``StorageFailed``."""
        with storing(f"Looking for the archive of task {task.id}"):
            return await self._readers.run(lambda _: self._restore_archive(task))

    async def discard_staged(self, task: Task) -> None:
        """Delete what was staged for upload. Raises ``StorageFailed``."""
        await self._delete(self._layout.shelf(task.id).staging, f"Deleting the staged images of task {task.id}")

    async def note_upload(self, task: Task, names: Sequence[str]) -> None:
        """Note that the node has these files of the task's present job, no others. Raises ``StorageFailed``."""
        path = self._layout.shelf(task.id).note
        with storing(f"Noting how far the upload of task {task.id} is"):
            await self._readers.run(lambda _: write_note(path, task.job_uuid, names))

    async def take_upload_note(self, task: Task) -> frozenset[str] | None:
        """Give what was noted of the task's present job, and drop the note. Raises ``StorageFailed``."""
        path = self._layout.shelf(task.id).note
        with storing(f"Reading how far the upload of task {task.id} is"):
            return await self._readers.run(lambda _: take_note(path, task.job_uuid))

    async def last_arrival(self, task: Task) -> datetime | None:
        """Say when an image of the task last came in over HTTP. Raises ``StorageFailed``."""
        shelf = self._layout.shelf(task.id)
        with storing(f"Looking at the images of task {task.id}"):
            return await self._readers.run(lambda _: _last_change(shelf.images, shelf.parts))

    async def remove(self, task: Task) -> None:
        """Delete all that is kept for the task. Raises ``StorageFailed``."""
        self._console.forget(task.id)
        await self._delete(self._layout.shelf(task.id).folder, f"Deleting the files of task {task.id}")
        self._console.forget(task.id)

    # -------------------------------------------------------------------------------------------------- output

    async def append_output(self, task: Task, lines: Sequence[str], *, new_run: bool) -> None:
        """Add console lines; ``new_run``: the node began its output anew. Raises ``StorageFailed``, nothing added."""
        await self._console.append(task, lines, new_run=new_run)

    async def output_tail(self, task: Task) -> tuple[int, str]:
        """Give the number of lines of the node's present run, and the last of them as it was stored ('' without)."""
        return await self._console.tail(task)

    async def begin_output(self, task: Task) -> None:
        """Start the console output anew, for a new attempt."""
        await self._console.begin(task)

    async def read_output(self, task_id: int, line: int, limit: int | None) -> tuple[list[str], int]:
        """Give lines from ``line`` on (negative: 0), and how many there are; a negative limit means the last n."""
        return await self._console.read(task_id, line=line, limit=limit)

    def _accept(self, task: Task, stop: Stop) -> Collected:
        shelf = self._layout.shelf(task.id)
        archive, new = shelf.archive(task.job_uuid), shelf.new(task.fence)
        note = self._layout.swaps / str(task.id)
        with storing(f"Storing the results of task {task.id}"):
            settle(shelf)
            clear(shelf, stop=stop)
            try:
                size, photos = self._extract(archive, new, stop), 0
                if task.import_url:
                    size -= unwrap(new, stop=stop)
                    photos = photos_in(new)
                assets = available(new)
                stop.check()
                swap_in(shelf, new, archive=archive, note=note)
            except ResultsCorrupt:
                _refuse(task, archive, kept=shelf.assets / ARCHIVE)
                raise
            finally:
                _discard(new)
            clear(shelf, stop=stop)
            delete_tree(shelf.incoming, stop=stop)
            delete_file(note)
        return Collected(available_assets=(ARCHIVE, *assets), size=size, photos=photos)

    def _restore_archive(self, task: Task) -> bool:
        shelf = self._layout.shelf(task.id)
        settle(shelf)
        archive, kept = shelf.archive(task.job_uuid), shelf.assets / ARCHIVE
        if archive.exists() or not kept.exists():
            return archive.exists()
        make_folder(shelf.incoming)
        link(kept, archive)
        return True

    def _extract(self, archive: Path, new: Path, stop: Stop) -> int:
        with opened(archive, limits=self._limits) as file:
            packed = archive.stat().st_size
            found = contents(file, limits=self._limits, packed=packed)
            Extraction(file, found, new, stop=stop).run()
        return found.size + packed

    async def _delete(self, path: Path, what: str) -> None:
        with storing(what):
            await self._deleters.run(lambda stop: delete_tree(path, stop=stop))


def _last_change(*folders: Path) -> datetime | None:
    times = [datetime.fromtimestamp(folder.stat().st_mtime, UTC) for folder in folders if folder.exists()]
    return max(times, default=None)


def _discard(new: Path) -> None:
    """Delete a tree that did not become the results; if the disk refuses even that, the next try does it."""
    with contextlib.suppress(OSError):
        delete_tree(new)


def _refuse(task: Task, archive: Path, *, kept: Path) -> None:
    """Delete an archive that is none. One that nobody can fetch again leaves its name: who looks again finds no zip.

    That of earlier results is the same file by another name, and stays as it is.
    """
    if task.import_url == IMPORTED_FILE and archive.exists() and not kept.exists():
        os.truncate(archive, 0)
    else:
        delete_file(archive)
