"""Tasks as people and programs ask for them: by id, by reference, or filtered and newest first."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select, bindparam, select, text

from orchestrator.domain.task import IN_WORK, Stage, Task
from orchestrator.engine.ports import TaskFilter
from orchestrator.store.prepared import Prepared, storable
from orchestrator.store.schema import DRAFT_CONDITION, IN_WORK_CONDITION, projects, tasks
from orchestrator.store.task_rows import task_of
from orchestrator.store.tasks import ROW

_FILTERS = ("project", "status", "stage")

STAGE_HINTS: dict[str, str] = {Stage.DRAFT: DRAFT_CONDITION, **dict.fromkeys(IN_WORK, IN_WORK_CONDITION)}
"""What follows from a stage, but leads the databases to the index only when it is said."""


class TaskCatalogue:
    """Queries about tasks that lock nothing, compiled for one kind of database as they are first asked."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._lists: dict[tuple[str, ...], Prepared] = {}
        self._by_id = Prepared(select(*ROW).where(tasks.c.id == bindparam("key")), dialect)
        self._by_reference = Prepared(select(*ROW).where(tasks.c.reference == bindparam("key")), dialect)

    def one(self, connection: Connection, key: int | str) -> Task | None:
        """Give one task by id or by reference."""
        if not storable([key]):
            return None
        query = self._by_id if isinstance(key, int) else self._by_reference
        found = query.rows(connection, key=key)
        return task_of(found[0]) if found else None

    def listed(self, connection: Connection, wanted: TaskFilter) -> tuple[Task, ...]:
        """Give the tasks that pass the filter, newest first, without those of deleted projects."""
        values = {name: value for name in _FILTERS if (value := getattr(wanted, name)) is not None}
        if not all(storable([value]) for value in values.values()):
            return ()
        query = self._listing(tuple(values), hint=STAGE_HINTS.get(wanted.stage or "", ""))
        rows = query.rows(connection, limit=wanted.limit, offset=wanted.offset, **values)
        return tuple(map(task_of, rows))

    def _listing(self, filters: tuple[str, ...], *, hint: str) -> Prepared:
        key = (*filters, hint)
        if key not in self._lists:
            self._lists[key] = Prepared(_listing(filters, hint=hint), self._dialect)
        return self._lists[key]


def _listing(filters: tuple[str, ...], *, hint: str) -> Select[Any]:
    hidden = select(projects.c.id).where(projects.c.deleting)
    passed: list[ColumnElement[bool]] = [tasks.c.project.not_in(hidden)]
    passed += [tasks.c[name] == bindparam(name) for name in filters]
    query = select(*ROW).where(*passed).order_by(tasks.c.id.desc())
    if hint:
        query = query.where(text(hint))
    return query.limit(bindparam("limit")).offset(bindparam("offset"))
