"""Lists of tasks, filtered and ordered by the database. Ids come first and rows after: ids can be told from an index.

``tasks_listed`` holds all that tasks are commonly filtered, searched and ordered by. Reading it through takes some
20 ms for 100,000 tasks, whatever is asked. SQLite would rather fetch every row that another index names, since it
does not know how many these are; so it is told which index is worth it, after a look at how rare the value is.
"""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Text,
    bindparam,
    collate,
    func,
    literal_column,
    or_,
    select,
    text,
    union_all,
)

from orchestrator.domain.task import Task
from orchestrator.engine.ports import Ordering, TaskQuery
from orchestrator.store.conditions import MOST, Statements, ordered, part_of, unindexed
from orchestrator.store.library import STAGE_HINTS
from orchestrator.store.prepared import Prepared, among, storable
from orchestrator.store.schema import IN_WORK_CONDITION, projects, tasks
from orchestrator.store.task_rows import task_of
from orchestrator.store.tasks import ROW

FEW = 2000
"""Tasks that are fetched one by one sooner than the whole index is read."""

_EQUAL = ("project", "id", "name", "created_at", "status", "stage")
_INDEXED = ("project", "status")

_ASSET = re.compile(r"[A-Za-z0-9_.-]+")
_AMONG_ASSETS = r'"available_assets":\[[^]]*"{}"'

Values = dict[str, Any]


class TaskListing:
    """Queries that lock nothing."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._statements = Statements(dialect)
        self._rows = Prepared(select(*ROW).where(among(tasks.c.id, "ids", dialect)), dialect)
        self._probes = {name: Prepared(_probe(tasks.c[name]), dialect) for name in _INDEXED}

    def count(self, connection: Connection, query: TaskQuery) -> int:
        """Count the tasks that fit."""
        values = _values(query, self._dialect)
        if values is None:
            return 0
        # By project alone, its own index is read without a look at any row.
        narrow = "project" if values.keys() == {"project"} else self._narrow(connection, values)
        conditions = self._conditions(query, values, narrow)
        counting = self._statements.of(
            ("count", conditions.key), lambda: select(func.count()).select_from(tasks).where(*conditions.made())
        )
        return int(counting.rows(connection, **values)[0][0])

    def numbers(
        self, connection: Connection, query: TaskQuery, order: Ordering, *, limit: int | None, offset: int
    ) -> tuple[int, ...]:
        """Give the ids of tasks that fit, in order."""
        values = _values(query, self._dialect)
        if values is None:
            return ()
        conditions = self._conditions(query, values, self._narrow(connection, values))
        listing = self._statements.of((order, conditions.key), lambda: self._listing(conditions.made(), order))
        most = MOST if limit is None else limit
        found = listing.rows(connection, **values, limit=most, offset=offset, reach=most + offset)
        return tuple(row[0] for row in found)

    def numbered(self, connection: Connection, ids: Sequence[int]) -> tuple[Task, ...]:
        """Give tasks in the order of their ids here."""
        found = {row[0]: row for row in self._rows.rows(connection, ids=storable(ids))}
        return tuple(task_of(found[id_]) for id_ in ids if id_ in found)

    def _listing(self, conditions: list[ColumnElement[bool]], order: Ordering) -> Select[Any]:
        if order.field == "updated_at":
            return _changed_last(conditions, order)
        column: ColumnElement[Any] = tasks.c[order.field]
        if order.field == "name":
            # Whatever its case; on PostgreSQL not by the rules of a language, which take thrice as long.
            column = tasks.c.search if self._dialect.name == "sqlite" else collate(tasks.c.search, "C")
        query = select(tasks.c.id).where(*conditions).order_by(*ordered(column, tasks.c.id, order))
        return query.limit(bindparam("limit")).offset(bindparam("offset"))

    def _narrow(self, connection: Connection, values: Values) -> str | None:
        """Give the column whose value few tasks have."""
        if self._dialect.name == "sqlite":
            for name in _INDEXED:
                if name in values and self._probes[name].rows(connection, value=values[name])[0][0] <= FEW:
                    return name
        return None

    def _conditions(self, query: TaskQuery, values: Values, narrow: str | None) -> "_Conditions":
        hint = STAGE_HINTS.get(query.stage or "", "")
        return _Conditions(self._dialect, tuple(values), hint, narrow)


class _Conditions:
    """What a list is filtered by, as a key to know the statement by, and as SQL."""

    def __init__(self, dialect: Dialect, names: tuple[str, ...], hint: str, narrow: str | None) -> None:
        self.key = (names, hint, narrow)
        self._dialect = dialect

    def made(self) -> list[ColumnElement[bool]]:
        names, hint, _ = self.key
        hidden = select(projects.c.id).where(projects.c.deleting)
        found: list[ColumnElement[bool]] = []
        if hint:
            found.append(text(hint))  # type: ignore[arg-type]
        found += [self._column(name) == bindparam(name, type_=tasks.c[name].type) for name in names if name in _EQUAL]
        if "visible" in names:
            found.append(among(self._column("project"), "visible", self._dialect))
        if "search" in names:
            found.append(self._search(by_id="number" in names))
        found += [self._has_asset(name) for name in names if name.startswith("asset")]
        # Last: SQLite looks at conditions in this order, and this one is true for nearly all.
        return [*found, tasks.c.project.not_in(hidden)]

    def _column(self, name: str) -> ColumnElement[Any]:
        column: ColumnElement[Any] = tasks.c[name]
        _, _, narrow = self.key
        return unindexed(column) if self._dialect.name == "sqlite" and name in _INDEXED and name != narrow else column

    def _search(self, *, by_id: bool) -> ColumnElement[bool]:
        part = part_of(tasks.c.search, "search", self._dialect)
        return or_(part, tasks.c.id == bindparam("number")) if by_id else part

    def _has_asset(self, name: str) -> ColumnElement[bool]:
        if self._dialect.name == "sqlite":
            each = func.json_each(tasks.c.body, literal_column("'$.available_assets'")).table_valued("value")
            return bindparam(name, type_=Text).in_(select(each.c.value))
        # A regular expression, and not the JSON functions: these refuse a body that holds \u0000 anywhere.
        return tasks.c.body.regexp_match(bindparam(name))


def _values(query: TaskQuery, dialect: Dialect) -> Values | None:
    """Give the values to filter by; None: no task has them."""
    values = {name: value for name in _EQUAL if (value := getattr(query, name)) is not None}
    if not all(storable([value]) for value in values.values() if isinstance(value, int | str)):
        return None
    if query.visible is not None:
        values["visible"] = storable(query.visible)
    if query.search is not None:
        if not storable([query.search]):
            return None
        values["search"] = query.search.casefold()
        if query.search.isascii() and query.search.isdigit() and storable([int(query.search)]):
            values["number"] = int(query.search)
    for number, name in enumerate(query.assets):
        if not _ASSET.fullmatch(name):
            return None
        values[f"asset{number}"] = name if dialect.name == "sqlite" else _AMONG_ASSETS.format(re.escape(name))
    return values


def _changed_last(conditions: list[ColumnElement[bool]], order: Ordering) -> Select[Any]:
    """Order by ``updated_at``, which no index holds: tasks in work are few, and those that rest have an index."""
    work = select(tasks.c.id, tasks.c.updated_at.label("at")).where(*conditions, text(IN_WORK_CONDITION))
    rest = select(tasks.c.id, tasks.c.rested_at.label("at")).where(*conditions, tasks.c.rested_at.is_not(None))
    some = rest.order_by(*ordered(rest.selected_columns["at"], tasks.c.id, order)).limit(
        bindparam("reach", type_=BigInteger)
    )
    both = union_all(work, select(some.subquery("resting"))).subquery("both")
    query = select(both.c.id).order_by(*ordered(both.c.at, both.c.id, order))
    return query.limit(bindparam("limit")).offset(bindparam("offset"))


def _probe(column: ColumnElement[Any]) -> Select[Any]:
    some: Select[Any] = (
        select(literal_column("1")).select_from(tasks).where(column == bindparam("value", type_=column.type))
    )
    return select(func.count()).select_from(some.limit(FEW + 1).subquery())
