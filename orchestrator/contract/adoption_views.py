"""What could be taken back from nodes, and what was, as the world sees it: JSON-ready."""

from collections.abc import Mapping

from orchestrator.contract.views import View, public_task
from orchestrator.domain.adoption import FoundJob, Foundling
from orchestrator.domain.task import Task


def public_foundling(found: Foundling, *, nodes: Mapping[int, str]) -> View:
    """Show a task by its latest job, with the ``older`` ones that would be removed; ``nodes`` are names by id."""
    older = [_job(job, nodes=nodes) for job in found.older]
    return {**_job(found.job, nodes=nodes), "older": older}


def public_adopted(found: Foundling, task: Task) -> View:
    """Show what was taken back: ``was`` is the id that the job's name says."""
    return {
        "uuid": found.job.uuid,
        "was": found.job.task,
        "removed": [job.uuid for job in found.older],
        "task": public_task(task),
    }


def _job(job: FoundJob, *, nodes: Mapping[int, str]) -> View:
    return {
        "uuid": job.uuid,
        "processing_node": job.node,
        "processing_node_name": nodes.get(job.node, ""),
        "task": job.task,
        "attempt": job.attempt,
        "name": job.name,
        "status": job.status,
        "images_count": job.images_count,
    }
