"""Adoption: jobs on nodes that are ours by their names, although nobody remembers them, and what becomes of each.

A job's name is all that outlasts the loss of the store, so it says whose job it is: ``Field 7 [orchestrator 134.1]``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from orchestrator.domain.events import TaskEvent, TaskEventType
from orchestrator.domain.lifecycle import Decision
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import DEFAULT_PROJECT, NodeJob, Option, Stage, Status, Task

# Nobody counts further; a forged name must not use up the numbers that tasks are given.
_OURS = re.compile(r"(.*) \[orchestrator ([1-9][0-9]{0,8})\.([1-9][0-9]{0,4})\]", re.DOTALL)

_OF_ONE_RUN = frozenset({"rerun-from", "sm-cluster"})
"""Options that were for that run alone: the second is a cluster's own address, and has its token in it."""


def job_name(task: Task) -> str:
    """Name the job on the node: the task's own name, and by which it can be recognised as ours."""
    return f"{task.name or 'Task'} [orchestrator {task.id}.{task.attempt}]"


def named_task(name: str) -> tuple[str, int, int] | None:
    """Read a job's name: the task's own name, its id and its attempt; None if the job is not ours."""
    found = _OURS.fullmatch(name)
    return (found[1], int(found[2]), int(found[3])) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJob:
    """A job on a node that is ours by its name. ``images_count`` is 0 while the node has not counted them."""

    uuid: str
    node: int
    task: int
    attempt: int
    name: str
    status: int
    images_count: int = 0
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Foundling:
    """A task that is to be taken back: its latest job, and those of earlier attempts that are to vanish."""

    job: FoundJob
    older: tuple[FoundJob, ...] = ()

    @property
    def jobs(self) -> tuple[FoundJob, ...]:
        """Give all of its jobs."""
        return (self.job, *self.older)


def foundlings(jobs: Iterable[FoundJob]) -> tuple[Foundling, ...]:
    """Put jobs of one task together, by task. Canceled ones are left out: nobody waits for them.

    Another orchestrator may have a task of that number on the same nodes: jobs belong together only if their tasks'
    own names are the same, too, and their attempts are not.
    """
    latest: dict[tuple[int, str], list[FoundJob]] = {}
    for job in jobs:
        if job.status != Status.CANCELED:
            latest.setdefault((job.task, job.name), []).append(job)
    found: list[Foundling] = []
    for group in latest.values():
        group.sort(key=lambda job: (-job.attempt, job.uuid))
        top = [job for job in group if job.attempt == group[0].attempt]
        found.append(Foundling(top[0], tuple(group[len(top) :])))
        found += [Foundling(job) for job in top[1:]]
    return tuple(sorted(found, key=lambda each: (each.job.task, -each.job.attempt, each.job.uuid)))


def adopt(job: FoundJob, *, id: int, node: ProcessingNode, now: datetime) -> Decision:
    """Begin a task from its job. It stays where it is, for only that node has its images."""
    reason = f"adopted from node {node.name}"
    task = Task(
        id=id,
        project=DEFAULT_PROJECT,
        created_at=now,
        updated_at=now,
        stage=Stage.PROCESSING,
        status=Status.QUEUED if job.status == Status.QUEUED else Status.RUNNING,
        version=1,
        name=job.name,
        attempt=job.attempt,
        options=tuple(option for option in job.options if option.name not in _OF_ONE_RUN),
        processing_node=node.id,
        processing_node_name=node.name,
        auto_processing_node=False,
        can_rerun_from=node.rerun_stages,
        images_count=job.images_count,
        files_count=job.images_count,
        uuid=job.uuid,
        job_uuid=job.uuid,
        job_node=node.id,
        committed=True,
        upload_progress=1.0,
        reason=reason,
    )
    return Decision(task, (TaskEvent(TaskEventType.CREATED, task, None, reason, now),))


def outlived(job: FoundJob, *, by: Task, now: datetime) -> NodeJob:
    """Give the row for the job of an earlier attempt: it is to vanish from its node."""
    return NodeJob(
        uuid=job.uuid, node=job.node, task=by.id, attempt=job.attempt, created_at=now, committed=True, abandoned_at=now,
        taken=True, reason=f"attempt {by.attempt} was adopted in its place",
    )  # fmt: skip
