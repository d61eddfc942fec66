"""Lists of tasks and projects as clients ask for them: filtered, ordered and paged by the store; none is held whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from orchestrator.domain.task import Project, Task

TASK_ORDERS: Final = ("id", "created_at", "updated_at", "name", "status", "stage", "project", "priority", "reference")
PROJECT_ORDERS: Final = ("id", "created_at", "name", "description")
"""Fields that a list can be ordered by; what is equal is ordered by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """By which field, and whether from the largest down."""

    field: str = "created_at"
    descending: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuery:
    """Which tasks; None: any. Those of projects that are being deleted are never among them."""

    visible: frozenset[int] | None = None
    """Projects outside of which there is nothing for the one who asks."""
    project: int | None = None
    id: int | None = None
    name: str | None = None
    created_at: datetime | None = None
    status: int | None = None
    stage: str | None = None
    assets: tuple[str, ...] = ()
    """Each of them must be available."""
    search: str | None = None
    """Part of the name or the reference, whatever its case; or the id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectQuery:
    """Which projects; None: any. Those that are being deleted are never among them."""

    visible: frozenset[int] | None = None
    """The only ones that exist for the one who asks."""
    id: int | None = None
    name: str | None = None
    description: str | None = None
    created_at: datetime | None = None
    search: str | None = None
    """Part of the name, of the description, or of the name or the reference of a task, whatever its case."""
    tags: tuple[str, ...] = ()
    """It has each of them, whatever their case."""


class Catalogue(Protocol):
    """Lists in three steps: how many there are, the ids of some in order, the rows of these. Raises ``StoreError``."""

    async def count_tasks(self, query: TaskQuery) -> int:
        """Count the tasks that fit."""
        ...

    async def task_numbers(
        self, query: TaskQuery, order: Ordering, *, limit: int | None = None, offset: int = 0
    ) -> tuple[int, ...]:
        """Give the ids of tasks that fit, in order."""
        ...

    async def tasks_numbered(self, ids: Sequence[int]) -> tuple[Task, ...]:
        """Give tasks in the order of their ids here; those that have gone meanwhile are left out."""
        ...

    async def count_projects(self, query: ProjectQuery) -> int:
        """Count the projects that fit."""
        ...

    async def project_numbers(
        self, query: ProjectQuery, order: Ordering, *, limit: int | None = None, offset: int = 0
    ) -> tuple[int, ...]:
        """Give the ids of projects that fit, in order."""
        ...

    async def projects_numbered(self, ids: Sequence[int]) -> tuple[tuple[Project, tuple[int, ...]], ...]:
        """Give projects in the order of their ids here, each with the ids of its tasks."""
        ...
