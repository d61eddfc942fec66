"""The table ``projects``."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, and_, delete, exists, not_, select

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

    def keep(self, connection: Connection, kept: Iterable[Project]) -> None:
        """Write new and changed projects."""
        self._keep.many(connection, [project_values(project) for project in kept])

    def remove(self, connection: Connection, ids: Iterable[int]) -> None:
        """Delete projects."""
        self._delete.run(connection, ids=storable(ids))

    def sweep(self, connection: Connection) -> None:
        """Delete projects that are being deleted and have no task any more."""
        self._sweep.run(connection)
