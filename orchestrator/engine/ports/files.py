"""Images on their way in, results and console output kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from orchestrator.domain.problem import Problem
from orchestrator.domain.task import Source, Task
from orchestrator.engine.ports.nodes import OutgoingFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Verified results in place: WebODM's asset names in WebODM's order, and their size on disk in bytes."""

    available_assets: tuple[str, ...]
    size: int
    photos: int = 0
    """Of how many they were made, if they say so."""


class Images(Protocol):
    """Images on their way in."""

    async def expand(
        self, sources: Sequence[Source], *, taken: Sequence[str] = (), own: bool = False
    ) -> tuple[Source, ...] | Problem:
        """Resolve what a command names (files, folders, globs, http addresses) into single files, or say what is wrong.

        Names come out unique, case-insensitively, ``taken`` ones included. Local files are looked at, nothing is read.
        ``own``: those that came in over HTTP may be named, too.
        """
        ...

    async def stage(self, task: Task, source: Source, *, resize_to: int, among: Sequence[Source] = ()) -> OutgoingFile:
        """Make one file ready to send: fetched, resized where asked. Raises ``SourceFailed``, ``SourceHindered``.

        ``among``: all files of the task. Ground control points are moved along with those images that are resized.
        """
        ...

    async def fetch_archive(self, url: str, target: Path) -> None:
        """Fetch an archive of results. Raises ``SourceFailed``, ``SourceHindered``, ``StorageFailed``."""
        ...


class Shelves(Protocol):
    """Results and console output on disk, each task in a folder of its own."""

    def download_path(self, task: Task, *, room: int = 0) -> Path:
        """Give the temporary name under which the task's archive is fetched.

        ``room``: bytes that it is known to have. Raises ``StorageFailed`` when the disk has not so many to give.
        """
        ...

    async def accept(self, task: Task) -> Collected:
        """Verify the fetched archive, extract it and swap it in; the old results stay until then.

        Raises ``ResultsCorrupt`` (the archive is deleted) and ``StorageFailed``.
        """
        ...

    async def restore_archive(self, task: Task) -> bool:
        """Have the task's archive where ``accept`` looks for it, be it the one of its results; False: there is none.

        Raises ``StorageFailed``.
        """
        ...

    async def append_output(self, task: Task, lines: Sequence[str], *, new_run: bool) -> None:
        """Add console lines. ``new_run``: the node began its output anew, so lines count from zero again."""
        ...

    async def output_tail(self, task: Task) -> tuple[int, str]:
        """Give the number of lines kept of the node's present run, and the last of them ('' without)."""
        ...

    async def begin_output(self, task: Task) -> None:
        """Start the console output anew, for a new attempt."""
        ...

    async def discard_staged(self, task: Task) -> None:
        """Delete what was staged for upload."""
        ...

    async def note_upload(self, task: Task, names: Sequence[str]) -> None:
        """Note that the node has these files of the task's present job, no others. Raises ``StorageFailed``."""
        ...

    async def take_upload_note(self, task: Task) -> frozenset[str] | None:
        """Give what was noted of the task's present job, None without a note; the note is dropped for good.

        Raises ``StorageFailed``.
        """
        ...

    async def last_arrival(self, task: Task) -> datetime | None:
        """Say when an image of the task last came in over HTTP; None: none ever did. Raises ``StorageFailed``."""
        ...

    async def remove(self, task: Task) -> None:
        """Delete all that is kept for the task. Raises ``StorageFailed``."""
        ...
