"""The table ``projects``."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, and_, bindparam, delete, exists, not_, select

from orchestrator.domain.task import Project
from orchestrator.store.prepared import Prepared, Values, among, moment, storable, upsert
from orchestrator.store.schema import projects, tasks


def project_values(project: Project) -> Values:
    """Give the values of a row."""
    return (
        project.id,
        project.name,
        project.description,
        project.deleting,
        project.version,
        project.created_at,
        json.dumps(project.tags),
    )


def project_of(row: Sequence[Any]) -> Project:
    """Give the project of a row."""
    id_, name, description, deleting, version, created_at, tags = row
    return Project(
        id=id_,
        name=name,
        description=description,
        deleting=bool(deleting),
        version=version,
        created_at=moment(created_at),
        tags=tuple(json.loads(tags)),
    )


class ProjectTable:
    """Statements about projects, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        asked = select(projects).where(among(projects.c.id, "ids", dialect)).order_by(projects.c.id)
        # Not FOR UPDATE: that would also stop other daemons from adding tasks to the project.
        self._find = Prepared(asked.with_for_update(key_share=True), dialect)
        shown = select(projects).where(not_(projects.c.deleting)).order_by(projects.c.id)
        self._shown = Prepared(shown, dialect)
        one = select(projects).where(projects.c.id == bindparam("key"), not_(projects.c.deleting))
        self._one = Prepared(one, dialect)
        self._tasks = Prepared(
            select(tasks.c.id).where(tasks.c.project == bindparam("key")).order_by(tasks.c.id), dialect
        )
        self._keep = Prepared(upsert(projects, dialect), dialect, order=projects.c.keys())
        empty = and_(projects.c.deleting, ~exists().where(tasks.c.project == projects.c.id))
        self._sweep = Prepared(delete(projects).where(empty), dialect)
        self._delete = Prepared(delete(projects).where(among(projects.c.id, "ids", dialect)), dialect)

    def find(self, connection: Connection, ids: Iterable[int]) -> tuple[Project, ...]:
        """Read and lock projects."""
        return tuple(map(project_of, self._find.rows(connection, ids=storable(ids))))

    def shown(self, connection: Connection) -> tuple[Project, ...]:
        """Give projects that are not deleted, by id."""
        return tuple(map(project_of, self._shown.rows(connection)))

    def one(self, connection: Connection, key: int) -> Project | None:
        """Give a project that is not deleted."""
        found = self._one.rows(connection, key=key)
        return project_of(found[0]) if found else None

    def task_ids(self, connection: Connection, key: int) -> tuple[int, ...]:
        """Give the ids of a project's tasks, in order."""
        return tuple(row[0] for row in self._tasks.rows(connection, key=key))

    def keep(self, connection: Connection, kept: Iterable[Project]) -> None:
        """Write new and changed projects."""
        self._keep.many(connection, [project_values(project) for project in kept])

    def remove(self, connection: Connection, ids: Iterable[int]) -> None:
        """Delete projects."""
        self._delete.run(connection, ids=storable(ids))

    def sweep(self, connection: Connection) -> None:
        """Delete projects that are being deleted and have no task any more."""
        self._sweep.run(connection)
