"""Which node jobs follow from a task's moves: one live job at most, and none that nobody remembers."""

from dataclasses import replace
from datetime import datetime

from orchestrator.domain.task import NodeJob, Stage, Task


def open_job(task: Task, *, now: datetime) -> NodeJob:
    """Give the row for the job that the task has just begun."""
    assert task.job_node is not None
    return NodeJob(
        uuid=task.job_uuid, node=task.job_node, task=task.id, attempt=task.attempt, created_at=now,
        committed=task.committed,
    )  # fmt: skip


def abandon_job(job: NodeJob, before: Task, after: Task, *, now: datetime) -> NodeJob:
    """The task, which has moved on from ``before``, is done with the job: it is to vanish from its node.

    A job that has outlived its upload is one that the node has, and one of an ended task is one that it has done with.
    """
    taken = before.stage is not Stage.UPLOADING
    return replace(
        job, abandoned_at=now, committed=before.committed or taken, taken=taken, stopped=before.stage is Stage.ENDED,
        reason=after.reason,
    )  # fmt: skip


def began_job(before: Task | None, after: Task) -> bool:
    """Whether the task has a job that it had not before."""
    return bool(after.job_uuid) and (before is None or before.job_uuid != after.job_uuid)


def dropped_job(before: Task | None, after: Task) -> str | None:
    """Give the uuid of the job that the task had and has no more."""
    if before is None or not before.job_uuid or before.job_uuid == after.job_uuid:
        return None
    return before.job_uuid
