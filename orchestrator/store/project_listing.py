"""Lists of projects, filtered and ordered by the database."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select, bindparam, func, not_, or_, select

from orchestrator.domain.task import Project
from orchestrator.engine.ports import Ordering, ProjectQuery
from orchestrator.store.conditions import MOST, Statements, contains, holding, ordered, part_of
from orchestrator.store.prepared import Prepared, among, storable
from orchestrator.store.projects import project_of
from orchestrator.store.schema import projects, tasks

_EQUAL = ("id", "name", "description", "created_at")

Values = dict[str, Any]


class ProjectListing:
    """Queries that lock nothing."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._statements = Statements(dialect)
        shown = (not_(projects.c.deleting), among(projects.c.id, "ids", dialect))
        self._rows = Prepared(select(projects).where(*shown), dialect)
        members = select(tasks.c.project, tasks.c.id).where(among(tasks.c.project, "ids", dialect))
        self._members = Prepared(members.order_by(tasks.c.project, tasks.c.id), dialect)

    def count(self, connection: Connection, query: ProjectQuery) -> int:
        """Count the projects that fit."""
        values = _values(query)
        if values is None:
            return 0
        key = tuple(values)
        counting = self._statements.of(
            ("count", key), lambda: select(func.count()).select_from(projects).where(*self._conditions(key))
        )
        return int(counting.rows(connection, **values)[0][0])

    def numbers(
        self, connection: Connection, query: ProjectQuery, order: Ordering, *, limit: int | None, offset: int
    ) -> tuple[int, ...]:
        """Give the ids of projects that fit, in order."""
        values = _values(query)
        if values is None:
            return ()
        key = tuple(values)
        listing = self._statements.of((order, key), lambda: _listing(self._conditions(key), order))
        found = listing.rows(connection, **values, limit=MOST if limit is None else limit, offset=offset)
        return tuple(row[0] for row in found)

    def numbered(self, connection: Connection, ids: Sequence[int]) -> tuple[tuple[Project, tuple[int, ...]], ...]:
        """Give projects in the order of their ids here, each with the ids of its tasks."""
        found = {row[0]: project_of(row) for row in self._rows.rows(connection, ids=storable(ids))}
        members: dict[int, list[int]] = {id_: [] for id_ in found}
        for project, task in self._members.rows(connection, ids=sorted(found)):
            members[project].append(task)
        return tuple((found[id_], tuple(members[id_])) for id_ in ids if id_ in found)

    def _conditions(self, names: Sequence[str]) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [not_(projects.c.deleting)]
        found += [projects.c[name] == bindparam(name, type_=projects.c[name].type) for name in names if name in _EQUAL]
        if "visible" in names:
            found.append(among(projects.c.id, "visible", self._dialect))
        if "search" in names:
            texts = (projects.c.name, projects.c.description)
            named = select(tasks.c.project).where(part_of(tasks.c.search, "part", self._dialect))
            ways = [contains(column, "search", self._dialect) for column in texts]
            found.append(or_(*ways, projects.c.id.in_(named)))
        found += [contains(projects.c.tags, name, self._dialect) for name in names if name.startswith("tag")]
        return found


def _values(query: ProjectQuery) -> Values | None:
    """Give the values to filter by; None: no project has them."""
    values = {name: value for name in _EQUAL if (value := getattr(query, name)) is not None}
    if not all(storable([value]) for value in values.values() if isinstance(value, int | str)):
        return None
    if query.visible is not None:
        values["visible"] = storable(query.visible)
    if query.search is not None:
        if not storable([query.search]):
            return None
        values |= {"search": holding(query.search), "part": query.search.casefold()}
    for number, tag in enumerate(query.tags):
        if not storable([tag]):
            return None
        values[f"tag{number}"] = holding(json.dumps(tag))  # As they are stored, a list in JSON.
    return values


def _listing(conditions: list[ColumnElement[bool]], order: Ordering) -> Select[Any]:
    query = select(projects.c.id).where(*conditions).order_by(*ordered(projects.c[order.field], projects.c.id, order))
    return query.limit(bindparam("limit")).offset(bindparam("offset"))
