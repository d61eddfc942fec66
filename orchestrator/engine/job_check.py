"""Jobs on nodes against node jobs in the store: what is only there, what is only here, and what should be gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.domain.findings import Finding
from orchestrator.domain.task import NodeJob, Stage
from orchestrator.engine.adoption import Adoption, Sighting
from orchestrator.engine.conductor import Conductor
from orchestrator.engine.workshop import told_time

LONG = timedelta(hours=1)
"""After that, an abandoned job that is still there is worth a word."""

NAMED = 10
"""Tasks that a sentence names at most."""


@dataclass(frozen=True, slots=True)
class JobCheck:
    """Looks through the nodes."""

    adoption: Adoption
    conductor: Conductor

    async def run(self) -> tuple[list[Finding], list[str]]:
        """Give the findings, and notes on nodes that were not seen. Raises ``StoreError``."""
        before = self._watched()
        seen = await self.adoption.look()
        # Only what was watched before and after the look: meanwhile jobs come and go.
        after = self._watched()
        lost = {id_: job for id_, job in before.items() if after.get(id_) == job and self._is_gone(job, seen)}
        findings = [*self._unknown(seen), *self._lost(lost, seen), *await self._abandoned()]
        notes = [f"{it.node.name} could not be looked through: {it.reason.rstrip('.')}." for it in seen.unseen]
        return findings, notes

    def _watched(self) -> dict[int, tuple[int, str]]:
        tasks = self.conductor.tasks.values()
        on_node = (task for task in tasks if task.stage in {Stage.PROCESSING, Stage.COLLECTING})
        return {task.id: (task.job_node, task.job_uuid) for task in on_node if task.job_node is not None}

    def _is_gone(self, job: tuple[int, str], seen: Sighting) -> bool:
        node = self.adoption.shop.board.get(job[0])
        if node is None or (node.info is not None and node.info.is_cluster):
            return False  # A cluster leaves out what is on a node of its that is away.
        return job[0] in seen.uuids and job[1] not in seen.uuids[job[0]]

    def _unknown(self, seen: Sighting) -> list[Finding]:
        by_node: dict[int, list[int]] = {}
        for found in seen.found:
            for job in found.jobs:
                by_node.setdefault(job.node, []).append(job.task)
        return [
            Finding(
                part="jobs",
                what=f"{seen.names[node]} has {len(tasks)} {'job' if len(tasks) == 1 else 'jobs'}, ours by name, "
                f"that the store does not know: {_listed(tasks)}.",
                mend="orchestrator adopt shows them, and takes them back, unless they are another orchestrator's.",
            )
            for node, tasks in by_node.items()
        ]

    def _lost(self, lost: Mapping[int, tuple[int, str]], seen: Sighting) -> list[Finding]:
        return [
            Finding(
                part="jobs", task=task,
                what=f"Task {task} is watched on {seen.names[node]}, which does not have its job {uuid}.",
                mend="The daemon finds that out by itself: the task is sent again, or ends as FAILED.",
            )
            for task, (node, uuid) in lost.items()
        ]  # fmt: skip

    async def _abandoned(self) -> list[Finding]:
        shop = self.adoption.shop
        now = shop.clock.now()
        jobs = [job for job in await shop.store.abandoned_jobs() if job.abandoned_at and now - job.abandoned_at >= LONG]
        return [self._left(job, told_time((now - (job.abandoned_at or now)).total_seconds())) for job in jobs]

    def _left(self, job: NodeJob, age: str) -> Finding:
        node = self.adoption.shop.board.get(job.node)
        name = f"{node.name} ({node.health.value})" if node else f"node {job.node}, which was taken away"
        return Finding(
            part="jobs",
            task=job.task,
            what=f"Job {job.uuid} of task {job.task} has been waiting for {age} to be removed from {name}.",
            mend=f"It is removed once the node answers; if that is gone for good: orchestrator node remove {job.node}.",
        )


def _listed(tasks: list[int]) -> str:
    ids = sorted(set(tasks))
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return f"{'task' if len(ids) == 1 else 'tasks'} {', '.join(map(str, ids[:NAMED]))}{more}"
