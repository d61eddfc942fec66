"""Restart: an ended job that its node still has is run again there, with the task's options in place of the old."""

from orchestrator.domain import facts
from orchestrator.domain.errors import FileError, JobNotFound, NodeError, NodeRefused, StoreError
from orchestrator.domain.facts import Fact
from orchestrator.domain.task import Status, Task
from orchestrator.engine.ports import NodeClient
from orchestrator.engine.workshop import Workshop


class Restart:
    """The step of a waiting task that has a job."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    async def __call__(self, task: Task) -> Fact:
        """Say ``JobRestarted``, or ``RestartImpossible``: then the task is sent anew."""
        node = self._shop.board.get(task.job_node)
        if node is None or (task.auto_processing_node and not node.online):
            name = node.name if node else task.processing_node_name
            return facts.RestartImpossible(f"{name} is not there; the task is sent anew")
        try:
            client = await self._shop.client_of(task)
            return await self._restart(task, client)
        except (JobNotFound, NodeRefused) as error:
            return facts.RestartImpossible(f"the job cannot be restarted on its node ({error}); it is sent anew")
        except NodeError as error:
            self._shop.probe(node.id)
            return self._shop.later(task, str(error))
        except (FileError, StoreError) as error:
            return self._shop.later(task, str(error))

    async def _restart(self, task: Task, client: NodeClient) -> Fact:
        info = await client.job(task.job_uuid)
        if info.status in {Status.QUEUED, Status.RUNNING}:
            # It had ended when the restart was asked for: our own restart took effect, and its answer was lost.
            return facts.JobRestarted()
        if info.status == Status.CANCELED:
            return facts.RestartImpossible("the job was canceled on its node; it is sent anew")
        await self._shop.shelves.begin_output(task)
        await client.restart(task.job_uuid, options=task.options)
        return facts.JobRestarted()
