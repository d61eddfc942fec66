"""A processing node as a state machine over virtual time: a queue, slots, jobs that run, and a memory to lose."""

from dataclasses import dataclass, field
from math import inf

from orchestrator.domain.errors import AssetNotReady, JobNotFound, NodeRefused
from orchestrator.domain.node import NodeInfo, NodeOption
from orchestrator.engine.ports import JobInfo

QUEUED, RUNNING, FAILED, COMPLETED, CANCELED = 10, 20, 30, 40, 50
OPTIONS = tuple(NodeOption(name, "bool", "false", "", "") for name in ("dsm", "dtm", "rerun-from"))


@dataclass
class Upload:
    """Files sent under a uuid so far, whole or not."""

    task: int
    attempt: int
    files: list[tuple[str, bool]] = field(default_factory=list)


@dataclass
class Job:
    """One committed job. ``completed`` has the task's attempt of each run that came to a good end."""

    uuid: str
    task: int
    attempt: int
    files: list[tuple[str, bool]]
    committed_at: float
    seconds: float
    fails: bool
    node: str
    state: int = QUEUED
    run: int = 1
    queued_at: float = 0.0
    began: float = inf
    ends: float = inf
    completed: list[int] = field(default_factory=list)
    results: bool = True
    created: float = 0.0
    """When it was made, or last restarted."""
    hidden: int = 0
    """How often it is yet denied."""

    @property
    def live(self) -> bool:
        """Whether it costs the node anything."""
        return self.state in {QUEUED, RUNNING}

    def wait(self, now: float) -> None:
        """Queue, from the beginning."""
        self.state, self.queued_at, self.began, self.ends = QUEUED, now, inf, inf


class Node:
    """One node, whatever is known of it elsewhere. Every call says what time it is."""

    def __init__(self, name: str, *, slots: int, max_images: int | None, engine: str, cluster: bool) -> None:
        self.name = name
        self.url = f"http://{name}:3000"
        self.slots = slots
        self.max_images = max_images
        self.engine = engine
        self.cluster = cluster
        self.reachable = True
        self.running = True
        self.token = ""
        self.away_since = inf
        self.back_at = 0.0
        self.absences: list[tuple[float, float]] = []
        self.uploads: dict[str, Upload] = {}
        self.jobs: dict[str, Job] = {}
        self._at = 0.0

    # ------------------------------------------------------------------------------------------------------- time

    def advance(self, now: float) -> None:
        """Let jobs run until now."""
        if not self.running:
            self._at = now
            return
        at = self._at
        while True:
            self._start(at)
            due = min(
                (job for job in self.jobs.values() if job.state == RUNNING), key=lambda job: job.ends, default=None
            )
            if due is None or due.ends > now:
                break
            at = due.ends
            due.state = FAILED if due.fails else COMPLETED
            if not due.fails:
                due.completed.append(due.attempt)
        self._at = now

    def _start(self, at: float) -> None:
        free = self.slots - sum(job.state == RUNNING for job in self.jobs.values())
        for job in [job for job in self.jobs.values() if job.state == QUEUED][: max(0, free)]:
            job.state, job.began = RUNNING, max(at, job.queued_at)
            job.ends = job.began + job.seconds

    # ------------------------------------------------------------------------------------------------------ faults

    def vanish(self, now: float) -> None:
        """Be cut off; work goes on."""
        self.advance(now)
        self.reachable, self.away_since = False, min(self.away_since, now)

    def crash(self, now: float, *, forgets: bool) -> list[str]:
        """Die; jobs run anew on return, or are forgotten. Gives the uuids of those."""
        self.vanish(now)
        self.running = False
        gone = list(self.jobs) if forgets else []
        for uuid in gone:
            del self.jobs[uuid]
        for job in self.jobs.values():
            if job.live:
                job.wait(now)
        return gone

    def come_back(self, now: float) -> None:
        """Be there again."""
        self.advance(now)
        if not self.reachable:
            self.absences.append((self.away_since, now))
            self.back_at = now
        self.running, self.reachable, self.away_since = True, True, inf

    def was_lost(self, since: float, until: float, *, after: float) -> bool:
        """Whether it was away for so long that it was known to be, at a time between these."""
        return any(away + after <= until and back >= since and back - away >= after for away, back in self.absences)

    # ------------------------------------------------------------------------------------------------------- calls

    def info(self) -> NodeInfo:
        busy = sum(job.live for job in self.jobs.values())
        return NodeInfo(
            api_version="2.2.4", queue_count=0 if self.cluster else busy, max_images=self.max_images,
            max_parallel=self.slots, engine=self.engine, engine_version="3.5.6", is_cluster=self.cluster,
        )  # fmt: skip

    def begin(self, uuid: str, *, task: int, attempt: int) -> None:
        if uuid in self.jobs:
            raise NodeRefused(f"Invalid set-uuid: {uuid}")
        self.uploads.setdefault(uuid, Upload(task, attempt))

    def upload(self, uuid: str, name: str, *, whole: bool) -> None:
        if uuid not in self.uploads:
            raise JobNotFound("Invalid uuid (not found)")
        self.uploads[uuid].files.append((name, whole))

    def commit(self, uuid: str, now: float, *, seconds: float, fails: bool) -> Job:
        upload = self.uploads.pop(uuid, None)
        if upload is None:
            raise JobNotFound("Invalid uuid (not found)")
        job = Job(
            uuid, upload.task, upload.attempt, upload.files, now, seconds, fails, self.name, queued_at=now, created=now
        )
        self.jobs[uuid] = job
        self._start(now)
        return job

    def _job(self, uuid: str) -> Job:
        job = self.jobs.get(uuid)
        if job is None:
            raise JobNotFound(f"{uuid} not found")
        if job.hidden > 0:
            job.hidden -= 1
            raise JobNotFound(f"{uuid} not found")
        return job

    def job(self, uuid: str, from_line: int | None, now: float) -> JobInfo:
        job = self._job(uuid)
        spent = 0.0 if job.began == inf else min(now, job.ends) - job.began
        share = 0.0 if job.state == QUEUED else 1.0 if job.state != RUNNING else spent / job.seconds
        lines = [f"{uuid[:8]} run {job.run} line {number}" for number in range(int(spent // 5))]
        error = "the engine failed" if job.state == FAILED else ""
        kept = () if from_line is None else tuple(lines[from_line:])
        return JobInfo(
            status=job.state, progress=share, processing_time=int(spent * 1000) if spent else -1,
            images_count=len(job.files), created=int(job.created * 1000), error=error, output=kept,
        )  # fmt: skip

    def cancel(self, uuid: str, now: float) -> None:
        self._job(uuid).state = CANCELED
        self._start(now)

    def remove(self, uuid: str, now: float) -> None:
        self._job(uuid)
        del self.jobs[uuid]
        self._start(now)

    def restart(self, uuid: str, now: float) -> Job:
        job = self._job(uuid)
        if job.live:
            raise NodeRefused("Task cannot be restarted")
        job.run += 1
        job.created = now
        job.results = True
        job.wait(now)
        self._start(now)
        return job

    def archive(self, uuid: str) -> Job:
        job = self._job(uuid)
        if job.state != COMPLETED or not job.results:
            raise AssetNotReady("Asset not ready")
        return job
