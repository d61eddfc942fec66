"""What taking a task back from its node does to a batch: the task with its old number if that is free, and its jobs."""

from orchestrator.domain.adoption import Foundling, adopt, outlived
from orchestrator.domain.task import Task
from orchestrator.engine.batch import Batch


def settle_claim(batch: Batch, found: Foundling) -> Task | None:
    """Take a task back; None if its job is known by now, or its node is not."""
    node = batch.nodes.get(found.job.node)
    if node is None or found.job.uuid in batch.jobs:
        return None
    is_free = found.job.task not in batch.tasks
    number = found.job.task if is_free else batch.take_number("task")
    decision = adopt(found.job, id=number, node=node, now=batch.around.now)
    batch.note(None, decision)
    for job in found.older:
        if job.uuid not in batch.jobs:
            batch.save_job(outlived(job, by=decision.task, now=batch.around.now))
    return decision.task
