"""Runs one job: console output line by line, growing progress, an archive or a failure at the end.

A run has two parts, as on a real node. The engine can be killed by a cancel. Packing cannot: its end decides the status
whatever has happened meanwhile, so a job canceled while it is packed still ends COMPLETED.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from orchestrator.nodes.simulated import results
from orchestrator.nodes.simulated.background import Background
from orchestrator.nodes.simulated.console import console_lines, failure_lines
from orchestrator.nodes.simulated.events import EventBook
from orchestrator.nodes.simulated.faults import DEFAULT_FAILURE, Faults
from orchestrator.nodes.simulated.job import Job, Run
from orchestrator.nodes.simulated.options import SimulatedNodeOptions
from orchestrator.nodes.simulated.webhook import deliver
from orchestrator.nodes.simulated.words import Status

__all__ = ["Engine"]

_log = logging.getLogger("orchestrator.nodes.simulated")
_ENGINE_SHARE = 0.9
_PROGRESS_AT_POSTPROCESS, _PROGRESS_AT_ZIP = 93, 97
_PROGRESS_OF_ENGINE = 90
_TICK = 0.02
_MASK = "_mask"


class EngineFailure(Exception):
    """The engine gave up; the text becomes the job's error message."""


class Engine:
    """Works on one job after another, or on several at once: it has no state but the list of runs."""

    def __init__(
        self, options: SimulatedNodeOptions, *, faults: Faults, events: EventBook, background: Background
    ) -> None:
        self.runs: list[Run] = []
        self._options = options
        self._faults = faults
        self._events = events
        self._background = background

    async def run(self, job: Job) -> None:
        """Run the job to its end; a cancel of this coroutine is the kill."""
        run = Run(uuid=job.uuid, name=job.submission.name, started=time.monotonic())
        self.runs.append(run)
        began = datetime.now(UTC)
        self._events.record("started", job.uuid)
        try:
            await self._process(job)
            await self._pack(job, began)
        except EngineFailure as failure:
            self._end(job, run, Status.FAILED, str(failure))
        except asyncio.CancelledError:
            run.close("canceled" if job.status is Status.CANCELED else "interrupted")
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the job ends; after the engine there is no message
            _log.warning("simulated_node.packing_failed %s: %r", job.uuid, error)
            self._end(job, run, Status.FAILED, None)
        else:
            self._end(job, run, Status.COMPLETED, None)

    async def _process(self, job: Job) -> None:
        images = _names(job.images)
        failure = self._faults.failure_of_run()
        lines = console_lines(self._options.name, images, _as_mapping(job))
        try:
            if not images:
                raise EngineFailure(DEFAULT_FAILURE)
            if _as_mapping(job).get("sky-removal"):
                _mask(job.images, images)
            await self._write_lines(job, lines, until=failure.at if failure else 1.0)
        finally:
            job.can_be_killed = False
        if failure is not None:
            job.output.extend(failure_lines())
            raise EngineFailure(failure.message)

    async def _write_lines(self, job: Job, lines: Sequence[str], *, until: float) -> None:
        """Spread the lines over the engine's time, in even ticks; stop at that share of them."""
        seconds = self._options.seconds * _ENGINE_SHARE
        ticks = max(1, min(len(lines), int(seconds / _TICK)))
        started = time.monotonic()
        last = max(1, round(ticks * until))
        for tick in range(1, last + 1):
            await asyncio.sleep(max(0.0, started + seconds * tick / ticks - time.monotonic()))
            job.output.extend(lines[len(lines) * (tick - 1) // ticks : len(lines) * tick // ticks])
            job.progress = round(_PROGRESS_OF_ENGINE * tick / ticks, 2)

    async def _pack(self, job: Job, began: datetime) -> None:
        seconds = self._options.seconds * (1 - _ENGINE_SHARE)
        self._events.record("packing", job.uuid)
        job.progress = _PROGRESS_AT_POSTPROCESS
        job.output.append("[INFO]    Post-processing the results")
        await asyncio.sleep(seconds / 2)
        job.progress = _PROGRESS_AT_ZIP
        job.output.append("[INFO]    Compressing all.zip")
        dataset = self._dataset(job, began)
        zipping = time.monotonic()
        await self._background.in_thread(partial(results.build_archive, job.archive, dataset))
        await asyncio.sleep(max(0.0, zipping + seconds / 2 - time.monotonic()))
        job.output.append("[INFO]    Done")

    def _dataset(self, job: Job, began: datetime) -> results.Dataset:
        return results.Dataset(
            uuid=job.uuid,
            name=job.submission.name or job.uuid,
            node=self._options.name,
            images=[job.images / name for name in _names(job.images)],
            options=_as_mapping(job),
            output=list(job.output),
            started=began,
            ended=datetime.now(UTC),
            outputs=[path for path in job.submission.outputs if isinstance(path, str)],
            padding=self._options.result_bytes,
        )

    def _end(self, job: Job, run: Run, status: Status, message: str | None) -> None:
        run.close("completed" if status is Status.COMPLETED else "failed")
        job.finish(status, message)
        self._events.record("ended", job.uuid)
        if job.submission.webhook:
            body = {**job.info(), "images": _names(job.images)}
            self._background.spawn(deliver(job.submission.webhook, body), name=f"webhook {job.uuid}")


def _names(folder: Path) -> list[str]:
    """Name the images; masks lie among them."""
    files = folder.iterdir() if folder.is_dir() else ()
    return sorted(path.name for path in files if not path.stem.endswith(_MASK))


def _mask(folder: Path, images: Sequence[str]) -> None:
    for name in images:
        (folder / f"{Path(name).stem}{_MASK}.png").touch()


def _as_mapping(job: Job) -> dict[str, object]:
    return {str(option["name"]): option["value"] for option in job.options}
