"""What a check-up needs of store and files. Nothing here is part of the daily work."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.findings import Finding
from orchestrator.domain.task import NodeJob, Task


class StoreInspection(Protocol):
    """A look at the store itself. Raises ``StoreError`` only."""

    async def examine(self) -> tuple[Finding, ...]:
        """Check the database's own consistency and its schema."""
        ...

    async def count_unsent(self) -> int:
        """Count events that the bus does not have yet."""
        ...

    async def unsent(self, *, after: int, limit: int) -> tuple[OutboxEntry, ...]:
        """Give events that the bus does not have yet, numbered above ``after``, in order."""
        ...

    async def abandoned_jobs(self) -> tuple[NodeJob, ...]:
        """Give every job that is to vanish from its node, oldest first."""
        ...

    async def every_task(self, *, after: int, limit: int) -> tuple[Task, ...]:
        """Give tasks with ids above ``after``, by id, hidden ones among them."""
        ...


class ShelfInspection(Protocol):
    """A look at the folders of tasks, and the tidying up there. Raises ``StorageFailed`` only."""

    async def folders(self) -> tuple[str, ...]:
        """Give the names of all that lies where task folders lie."""
        ...

    async def leftovers(self, tasks: Sequence[int]) -> Mapping[int, tuple[str, ...]]:
        """Give, for tasks at rest, the names of what earlier work left in their folders; tasks without are absent."""
        ...

    async def missing(self, tasks: Sequence[Task]) -> Mapping[int, tuple[str, ...]]:
        """Give, for tasks that have assets, the names of those that are not there; tasks that lack none are absent."""
        ...

    async def tidy(self, task: int) -> None:
        """Delete what earlier work left in a task's folder; a swap of results that was begun is finished."""
        ...

    async def put_away(self, task: int) -> None:
        """Delete a task's folder; one with results is set aside instead."""
        ...
