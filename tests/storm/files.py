"""Images and shelves without files: what the engine keeps on disk, in memory that outlives the daemon."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import ResultsCorrupt, SourceHindered, StorageFailed
from orchestrator.engine.ports import Collected, OutgoingFile


@dataclass
class Archive:
    """A fetched archive: of which run of which job, and whether it is sound."""

    job: str
    run: int
    sound: bool


@dataclass
class Shelf:
    """All that is kept for one task."""

    lines: list[str] = field(default_factory=list)
    archives: dict[str, Archive] = field(default_factory=dict)
    results: Archive | None = None
    note: tuple[str, frozenset[str]] | None = None


class Cupboard:
    """Every task's shelf: survives whatever happens to the daemon."""

    def __init__(self) -> None:
        self.shelves: dict[int, Shelf] = {}

    def of(self, task: int) -> Shelf:
        """Give a task's shelf, made if need be."""
        return self.shelves.setdefault(task, Shelf())


class StormImages:
    """Sources are what they say, one file each."""

    def __init__(self, world: Any, life: Any) -> None:
        self._world = world
        self._life = life

    async def expand(self, sources, *, taken=(), own=False):
        await self._world.pause(self._life, 0.001)
        return tuple(replace(source, name=source.uri.rsplit("/", 1)[-1], size=1000) for source in sources)

    async def fetch_archive(self, url, target):
        raise NotImplementedError("no storm imports")

    async def stage(self, task, source, *, resize_to, among=()):
        await self._world.pause(self._life, 0.002)
        if self._world.weather.strikes("source hindered", task=task.id, about=task.job_uuid):
            raise SourceHindered(f"{source.uri} could not be fetched just now")
        return OutgoingFile(name=source.name, size=1000, chunks=_no_chunks)


async def _no_chunks():
    return
    yield b""


class StormShelves:
    """A run's view of the cupboard. A dead daemon's hand never moves again."""

    def __init__(self, world: Any, life: Any) -> None:
        self._world = world
        self._life = life
        self._cupboard: Cupboard = world.cupboard

    async def _write(self, what: str) -> None:
        await self._world.pause(self._life, 0.001)
        if self._world.disk.full:
            self._world.trace.faults["file refused: disk full"] += 1
            raise StorageFailed(f"{what} failed: the disk is full")

    def download_path(self, task, *, room=0):
        return Path("/storm") / str(task.id) / task.job_uuid

    def fetched(self, target: Path, archive: Archive) -> None:
        """Put a fetched archive where it is to lie."""
        self._cupboard.of(int(target.parts[-2])).archives[target.name] = archive

    async def accept(self, task):
        await self._write("Extracting")
        await self._world.crossing("files.accept.before", self._life, task=task.id)
        shelf = self._cupboard.of(task.id)
        archive = shelf.archives.pop(task.job_uuid, None)
        if archive is None or not archive.sound:
            raise ResultsCorrupt("the archive does not stand verification")
        shelf.results = archive
        await self._world.crossing("files.accept.after", self._life, task=task.id)
        return Collected(available_assets=("all.zip", "orthophoto.tif"), size=2_000_000)

    async def append_output(self, task, lines, *, new_run):
        await self._write("Keeping the console output")
        shelf = self._cupboard.of(task.id)
        if new_run:
            shelf.lines = []
        shelf.lines.extend(lines)

    async def output_tail(self, task):
        await self._world.pause(self._life, 0.0)
        lines = self._cupboard.of(task.id).lines
        return len(lines), lines[-1] if lines else ""

    async def begin_output(self, task):
        await self._write("Deleting the console output")
        self._cupboard.of(task.id).lines = []

    async def discard_staged(self, task):
        await self._world.pause(self._life, 0.001)

    async def note_upload(self, task, names):
        await self._write("Noting the upload")
        self._cupboard.of(task.id).note = (task.job_uuid, frozenset(names))

    async def restore_archive(self, task):
        raise NotImplementedError("no storm imports")

    async def last_arrival(self, task):
        await self._world.pause(self._life, 0.001)

    async def take_upload_note(self, task):
        await self._world.pause(self._life, 0.001)
        shelf = self._cupboard.of(task.id)
        note, shelf.note = shelf.note, None
        return note[1] if note and note[0] == task.job_uuid else None

    async def remove(self, task):
        await self._world.pause(self._life, 0.001)
        self._cupboard.shelves.pop(task.id, None)
        await self._world.crossing("files.remove.after", self._life, task=task.id)
