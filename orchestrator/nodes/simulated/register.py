"""The committed jobs: who is there, whose turn it is, and what a client may do to them.

Jobs live in memory only. A crash forgets them and wipes their folders; a graceful restart keeps them, without output
and times, and starts the running ones anew.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from orchestrator.nodes.simulated.answers import Refusal
from orchestrator.nodes.simulated.background import Background
from orchestrator.nodes.simulated.catalogue import POST_PROCESSING
from orchestrator.nodes.simulated.engine import Engine
from orchestrator.nodes.simulated.events import EventBook
from orchestrator.nodes.simulated.filtering import OptionValues
from orchestrator.nodes.simulated.intake import InitialisationFailed, take_in
from orchestrator.nodes.simulated.job import Job
from orchestrator.nodes.simulated.options import SimulatedNodeOptions
from orchestrator.nodes.simulated.submission import Submission
from orchestrator.nodes.simulated.uploads import is_uuid
from orchestrator.nodes.simulated.words import Status

__all__ = ["Register"]

_INITIALISATION_SHARE, _LONGEST_INITIALISATION = 0.05, 0.5
_QUEUED_SHARE, _SHORTEST_QUEUED, _LONGEST_QUEUED = 0.04, 0.01, 0.2


class Register:
    """All committed jobs of one node, in the order they came, which is the order of the queue."""

    def __init__(
        self,
        options: SimulatedNodeOptions,
        *,
        root: Path,
        engine: Engine,
        events: EventBook,
        background: Background,
    ) -> None:
        self._options = options
        self._root = root
        self._engine = engine
        self._events = events
        self._background = background
        self._jobs: dict[str, Job] = {}
        self._is_paused = False
        _remove_orphans(root)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def __contains__(self, uuid: str) -> bool:
        return uuid in self._jobs

    @property
    def unfinished(self) -> int:
        """How many jobs are queued, running or being initialised."""
        return sum(not job.status.is_terminal for job in self._jobs.values())

    def find(self, uuid: str) -> Job:
        """The job of exactly this uuid: a different case is a different job.

        Raises:
            Refusal: there is none, or no more.
        """
        if uuid not in self._jobs:
            raise Refusal(f"{uuid} not found")
        return self._jobs[uuid]

    def admit(self, uuid: str, submission: Submission, *, files: int, hand_over: Callable[[Path], None]) -> None:
        """Take a job; `hand_over` moves its files to where it is told. Initialisation goes on in the background."""
        job = Job(
            uuid=uuid,
            folder=self._root / uuid,
            submission=submission,
            images_count=files,
            options=list(submission.options),
            created=submission.date_created,
        )
        # A run of an earlier job of this uuid may have been packing while it was removed, and left something.
        shutil.rmtree(job.folder, ignore_errors=True)
        job.folder.mkdir(parents=True)
        hand_over(job.images)
        self._jobs[uuid] = job
        job.initialisation = self._background.spawn(self._initialise(job), name=f"initialise {uuid}")

    def cancel(self, uuid: str) -> None:
        """CANCELED at once, whatever the status. What is being packed goes on; see `Engine`."""
        job = self.find(uuid)
        was_live = not job.status.is_terminal
        job.cancel()
        if job.can_be_killed and job.task is not None:
            job.task.cancel()
        self._events.record("canceled", uuid)
        if was_live:
            self._events.record("ended", uuid)
        self._start_next()

    async def remove(self, uuid: str) -> None:
        """Cancel the job, forget it and delete its folder; waits for the end of its initialisation."""
        job = self.find(uuid)
        self.cancel(uuid)
        await _finished(job.initialisation)
        # Another request may have removed it meanwhile.
        if self._jobs.pop(uuid, None) is not None:
            await asyncio.to_thread(shutil.rmtree, job.folder, ignore_errors=True)
            self._events.record("removed", uuid)

    def restart(self, uuid: str, options: OptionValues | None) -> None:
        """Queue an ended job again, at its old place in the queue.

        Raises:
            Refusal: there is no such job, or it has not ended.
        """
        job = self.find(uuid)
        if not job.status.is_terminal:
            raise Refusal("Task cannot be restarted", success=False)
        job.reset(options)
        self._events.record("restarted", uuid)
        self._start_next()

    def pause(self) -> None:
        """Start no more runs: the node is about to stop."""
        self._is_paused = True

    async def crash(self) -> None:
        """Forget every job and wipe its folder."""
        lost = list(self._jobs.values())
        self._jobs.clear()
        await self._stop_work(lost)
        for job in lost:
            await asyncio.to_thread(shutil.rmtree, job.folder, ignore_errors=True)

    async def restart_gracefully(self) -> None:
        """As after SIGTERM and a new start. Jobs that failed in initialisation are gone, as their folder is.

        Whatever lies in the folder of a job's images is counted now, masks too.
        """
        await asyncio.gather(*(_finished(job.initialisation) for job in self._jobs.values()))
        self._is_paused = True
        await self._stop_work(list(self._jobs.values()))
        self._jobs = {uuid: job for uuid, job in self._jobs.items() if job.folder.is_dir()}
        for job in self._jobs.values():
            job.clear()
            job.count_images()
            if job.status is Status.RUNNING:
                job.turn(Status.QUEUED)
        self._is_paused = False
        self._start_next()

    async def _initialise(self, job: Job) -> None:
        await asyncio.sleep(min(_LONGEST_INITIALISATION, self._options.seconds * _INITIALISATION_SHARE))
        try:
            await self._background.in_thread(lambda: take_in(job.folder, self._options.max_images))
        except (InitialisationFailed, OSError) as failure:
            await asyncio.to_thread(shutil.rmtree, job.folder, ignore_errors=True)
            job.fail_to_begin(str(failure))
            self._events.record("ended", job.uuid)
            return
        job.is_initialising = False
        job.count_images()
        if not job.submission.skip_post_processing:
            _add_post_processing(job.options)
        if job.status is Status.RUNNING:
            job.turn(Status.QUEUED)
            self._events.record("queued", job.uuid)
        # A moment in the queue even when nothing is before it, so that a client can see 10 between two 20.
        pause = self._options.seconds * _QUEUED_SHARE
        await asyncio.sleep(min(_LONGEST_QUEUED, max(_SHORTEST_QUEUED, pause)))
        self._start_next()

    def _start_next(self) -> None:
        free = self._options.parallel - sum(job.is_processing for job in self._jobs.values())
        waiting = (job for job in self._jobs.values() if job.status is Status.QUEUED)
        for job in list(waiting)[: max(0, free)]:
            if self._is_paused:
                return
            job.begin()
            job.task = self._background.spawn(self._work(job), name=f"run {job.uuid}")

    async def _work(self, job: Job) -> None:
        try:
            await self._engine.run(job)
        finally:
            self._start_next()

    async def _stop_work(self, jobs: Iterable[Job]) -> None:
        tasks = [task for job in jobs for task in (job.task, job.initialisation) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _add_post_processing(options: OptionValues) -> None:
    given = {option["name"] for option in options}
    options.extend({"name": name, "value": True} for name in POST_PROCESSING if name not in given)


def _remove_orphans(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for folder in root.iterdir():
        # Only what looks like a job: the folder is the user's.
        if is_uuid(folder.name) and folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)


async def _finished(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        await asyncio.wait([task])
