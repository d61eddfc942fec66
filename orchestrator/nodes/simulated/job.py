"""One committed job as the node knows it: its state, its words on the wire, and its folder."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.nodes.simulated.filtering import OptionValues
from orchestrator.nodes.simulated.submission import Submission, now_ms
from orchestrator.nodes.simulated.words import Outcome, Status

__all__ = ["Job", "JobView", "Run", "slice_lines"]

_FIRST_UPDATE_MS = 1000


@dataclass
class Run:
    """One time the node worked on a job. Moments are monotonic seconds; no outcome means it is still at work."""

    uuid: str
    name: str | None
    started: float
    ended: float | None = None
    outcome: Outcome | None = None

    def close(self, outcome: Outcome) -> None:
        """Note how it ended, now."""
        self.ended = time.monotonic()
        self.outcome = outcome


@dataclass(frozen=True)
class JobView:
    """A job as seen from a test: `history` has every status code it went through."""

    uuid: str
    name: str | None
    status: Status
    progress: float
    images_count: int
    error_message: str | None
    history: tuple[Status, ...]


@dataclass(eq=False)
class Job:
    """A job in memory. The routes read it; only the register and the engine change it."""

    uuid: str
    folder: Path
    submission: Submission
    images_count: int
    options: OptionValues
    created: int
    status: Status = Status.RUNNING
    error_message: str | None = None
    progress: float = 0
    output: list[str] = field(default_factory=list)
    history: list[Status] = field(default_factory=lambda: [Status.RUNNING])
    downloads: int = 0
    is_initialising: bool = True
    is_processing: bool = False
    can_be_killed: bool = False
    task: asyncio.Task[None] | None = None
    initialisation: asyncio.Task[None] | None = None
    _started: float | None = None
    _took: int = -1

    @property
    def images(self) -> Path:
        """The folder of the images proper."""
        return self.folder / "images"

    @property
    def archive(self) -> Path:
        """The result; it may be there from an earlier run."""
        return self.folder / "all.zip"

    @property
    def processing_time(self) -> int:
        """Milliseconds; -1 before the start, for the first second, after a cancel and after a restart of the node."""
        if not self.is_processing or self._started is None:
            return self._took
        elapsed = self._elapsed()
        return elapsed if elapsed >= _FIRST_UPDATE_MS else -1

    def turn(self, status: Status, error_message: str | None = None) -> None:
        """Change the status."""
        self.status = status
        self.error_message = error_message
        self.history.append(status)

    def begin(self) -> None:
        """A run starts."""
        self.turn(Status.RUNNING)
        self._started = time.monotonic()
        self.is_processing = True
        self.can_be_killed = True

    def fail_to_begin(self, error_message: str) -> None:
        """Its initialisation fails: it has not run, and shows no progress. One that was canceled stays so."""
        self.is_initialising = False
        if self.status is Status.RUNNING:
            self.turn(Status.FAILED, error_message)

    def finish(self, status: Status, error_message: str | None = None) -> None:
        """A run ends, whatever has happened to the job meanwhile: a canceled one may complete like this."""
        self._took = self._elapsed()
        self.is_processing = False
        self.progress = 100
        self.turn(status, error_message)

    def cancel(self) -> None:
        """CANCELED at once, from any status."""
        self.is_processing = False
        self._took = -1
        if self.status is not Status.CANCELED:
            self.turn(Status.CANCELED)

    def reset(self, options: OptionValues | None) -> None:
        """As new, for another run; options are replaced as a whole."""
        self.created = now_ms()
        self.clear()
        if options is not None:
            self.options = options
        self.turn(Status.RUNNING if self.is_initialising else Status.QUEUED)

    def clear(self) -> None:
        """What is not kept over a restart: progress, time and output."""
        self.progress = 0
        self.output = []
        self.is_processing = False
        self._took = -1

    def count_images(self) -> None:
        """Count the files in the folder of images."""
        self.images_count = sum(1 for _ in self.images.iterdir())

    def info(self) -> dict[str, object]:
        """The body of `/task/<uuid>/info`. A job without name has no such key."""
        status: dict[str, object] = {"code": int(self.status)}
        if self.error_message is not None:
            status["errorMessage"] = self.error_message
        named = {} if self.submission.name is None else {"name": self.submission.name}
        return {
            "uuid": self.uuid,
            **named,
            "dateCreated": self.created,
            "processingTime": self.processing_time,
            "status": status,
            "options": self.options,
            "imagesCount": self.images_count,
            "progress": self.progress,
        }

    def view(self) -> JobView:
        """A snapshot for tests."""
        return JobView(
            uuid=self.uuid,
            name=self.submission.name,
            status=self.status,
            progress=self.progress,
            images_count=self.images_count,
            error_message=self.error_message,
            history=tuple(self.history),
        )

    def _elapsed(self) -> int:
        return -1 if self._started is None else int((time.monotonic() - self._started) * 1000)


def slice_lines(lines: list[str], given: list[str]) -> list[str]:
    """The lines from a query parameter on, as JavaScript's slice has it.

    Negative counts from the end; what is not a number, or comes more than once, means everything.
    """
    if len(given) != 1:
        return lines
    try:
        start = int(float(given[0] or "0"))
    except (ValueError, OverflowError):
        return lines
    return lines[start:]
