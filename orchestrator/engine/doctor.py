"""The doctor: checks store, outbox, jobs and files against each other, and mends what is surely safe to mend."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from orchestrator.domain.errors import FileError, StoreError
from orchestrator.domain.findings import Checkup, Finding
from orchestrator.engine.file_check import FileCheck
from orchestrator.engine.job_check import JobCheck
from orchestrator.engine.ports import Clock
from orchestrator.engine.ports.checkup import ShelfInspection, StoreInspection
from orchestrator.engine.workshop import told_time

log = structlog.get_logger()

LATE = timedelta(seconds=60)
"""After that, an event that has not left is worth a word."""

RESTORE = "Stop the daemon, and put a copy made by 'orchestrator backup' in its place."


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """Looks at everything. ``jobs`` None: no daemon runs, and the nodes are not looked at."""

    store: StoreInspection
    shelves: ShelfInspection
    clock: Clock
    jobs: JobCheck | None = None

    async def examine(self, *, fix: bool) -> Checkup:
        """Give what is wrong, mended where that is asked for and safe."""
        findings: list[Finding] = []
        notes: list[str] = []
        try:
            findings += await self.store.examine()
            findings += await self._outbox()
            if self.jobs:
                found, unseen = await self.jobs.run()
                findings += found
                notes += unseen
            else:
                notes.append("The nodes were not looked at, because no daemon runs.")
            findings += await FileCheck(self.store, self.shelves).run(fix=fix)
        except StoreError as error:
            findings.append(Finding(part="store", what=str(error), mend=f"If it is damaged: {RESTORE}"))
            notes.append("Because of that not everything was looked at.")
        except FileError as error:
            findings.append(Finding(part="files", what=str(error), mend="See to the disk that files.root is on."))
            notes.append("Because of that not all files were looked at.")
        for finding in findings:
            if finding.mended:
                log.warning("doctor.mended", what=finding.what, task=finding.task)
        return Checkup(tuple(findings), tuple(notes))

    async def _outbox(self) -> list[Finding]:
        oldest = await self.store.unsent(after=0, limit=1)
        if not oldest:
            return []
        age = self.clock.now() - datetime.fromisoformat(json.loads(oldest[0].body)["time"])
        if age < LATE:
            return []
        count = await self.store.count_unsent()
        waits = "1 event waits" if count == 1 else f"{count:,} events wait"
        return [
            Finding(
                part="outbox",
                what=f"{waits} for the bus, the oldest for {told_time(round(age.total_seconds()))}.",
                mend="They leave in order once a daemon runs and reaches the bus: see orchestrator health.",
            )
        ]
