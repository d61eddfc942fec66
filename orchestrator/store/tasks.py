"""The tables ``tasks`` and ``task_sources`` as turns and daemons use them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Dialect,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from orchestrator.domain.task import Source, Stage, Status, Task
from orchestrator.engine.changes import Wanted
from orchestrator.store.prepared import Prepared, among, storable, upsert
from orchestrator.store.schema import DRAFT_CONDITION, IN_WORK_CONDITION, daemons, task_sources, tasks
from orchestrator.store.task_rows import (
    COLUMNS,
    LISTED,
    decode_sources,
    encode_sources,
    listed_values,
    task_of,
    task_values,
)

ROW = (tasks.c.id, *(tasks.c[name] for name in COLUMNS))
"""What ``task_of`` reads."""

_REASONS = {
    "tasks": tasks.c.id,
    "references": tasks.c.reference,
    "tasks_of_projects": tasks.c.project,
    "tasks_on_nodes": tasks.c.job_node,
}
"""Fields of Wanted that ask for tasks, and the column that each looks at."""


class TaskTable:
    """Statements about tasks, compiled for one kind of database. ``shared``: other daemons may own tasks, too."""

    def __init__(self, dialect: Dialect, *, shared: bool) -> None:
        self._dialect = dialect
        self._found: dict[tuple[str, ...], Prepared] = {}
        self._create = Prepared(insert(tasks), dialect, order=("id", *COLUMNS, *LISTED, "owner"))
        news = (f"new_{name}" for name in (*COLUMNS, *LISTED))
        self._change = Prepared(_change(), dialect, order=(*news, "same_fence", "me", "key"))
        self._delete = Prepared(delete(tasks).where(among(tasks.c.id, "ids", dialect)), dialect)
        self._sources = Prepared(select(task_sources).where(among(task_sources.c.task, "ids", dialect)), dialect)
        self._keep_sources = Prepared(upsert(task_sources, dialect), dialect, order=("task", "body"))
        self._claim = Prepared(_claim_shared() if shared else _claim_alone(), dialect)
        mine = and_(text(IN_WORK_CONDITION), tasks.c.owner == bindparam("me"))
        self._release = Prepared(update(tasks).where(mine).values(owner=None), dialect)
        self._let_go = Prepared(
            update(tasks).where(mine, among(tasks.c.id, "ids", dialect)).values(owner=None), dialect
        )
        self._owned = Prepared(select(tasks.c.id).where(mine), dialect)
        self._slots = Prepared(_slots(), dialect)
        idle = and_(text(DRAFT_CONDITION), tasks.c.updated_at < bindparam("before"))
        done = and_(tasks.c.stage == Stage.ENDED.value, tasks.c.status == Status.COMPLETED.value)
        kept = select(*ROW).where(tasks.c.job_node.is_not(None), done, tasks.c.updated_at < bindparam("before"))
        self._collected = Prepared(kept.order_by(tasks.c.id).limit(bindparam("limit")), dialect)
        self._drafts = Prepared(select(*ROW).where(idle).order_by(tasks.c.id), dialect)

    def find(self, connection: Connection, wanted: Wanted) -> tuple[Task, ...]:
        """Read and lock the tasks wanted for any reason, in one query by id: one order, and daemons don't deadlock."""
        reasons = {name: values for name in _REASONS if (values := storable(getattr(wanted, name)))}
        if not reasons:
            return ()
        rows = self._finding(tuple(reasons)).rows(connection, **reasons)
        return tuple(map(task_of, rows))

    def create(self, connection: Connection, created: Iterable[Task], *, owner: str) -> None:
        """Insert new tasks, which belong to that daemon."""
        self._create.many(connection, [(task.id, *task_values(task), *listed_values(task), owner) for task in created])

    def change(self, connection: Connection, changed: Iterable[Task], *, owner: str) -> None:
        """Rewrite tasks. Those whose fence has grown belong to that daemon from now on: it begins what is due."""
        rows = [(*task_values(task), *listed_values(task), task.fence, owner, task.id) for task in changed]
        self._change.many(connection, rows)

    def remove(self, connection: Connection, ids: Iterable[int]) -> None:
        """Delete tasks, and with them the lists of their files."""
        self._delete.run(connection, ids=storable(ids))

    def sources(self, connection: Connection, ids: Iterable[int]) -> dict[int, tuple[Source, ...]]:
        """Give the files of tasks; a task without any is absent."""
        found = self._sources.rows(connection, ids=storable(ids))
        return {task: sources for task, body in found if (sources := decode_sources(body))}

    def keep_sources(self, connection: Connection, lists: Mapping[int, tuple[Source, ...]]) -> None:
        """Write whole lists of files."""
        self._keep_sources.many(connection, [(task, encode_sources(sources)) for task, sources in lists.items()])

    def claim(self, connection: Connection, *, owner: str, now: datetime) -> tuple[Task, ...]:
        """Take over what is in work and belongs to nobody alive, by id."""
        claimed = map(task_of, self._claim.rows(connection, me=owner, now=now))
        return tuple(sorted(claimed, key=lambda task: task.id))

    def release(self, connection: Connection, *, owner: str) -> None:
        """Let go of the tasks in work; an ended one may go on naming a daemon that is gone."""
        self._release.run(connection, me=owner)

    def let_go(self, connection: Connection, *, owner: str, ids: Iterable[int]) -> None:
        """Let go of these tasks, as far as they are in work and belong to the daemon."""
        self._let_go.run(connection, me=owner, ids=storable(ids))

    def owned(self, connection: Connection, *, owner: str) -> frozenset[int]:
        """Give the tasks in work that belong to the daemon."""
        return frozenset(row[0] for row in self._owned.rows(connection, me=owner))

    def slots(self, connection: Connection, *, owner: str) -> dict[int, int]:
        """Count, by node, the tasks of other daemons that take a slot there."""
        return {row[0]: row[1] for row in self._slots.rows(connection, me=owner)}

    def drafts(self, connection: Connection, *, before: datetime) -> tuple[Task, ...]:
        """Give drafts last touched before then, by id."""
        return tuple(map(task_of, self._drafts.rows(connection, before=before)))

    def collected(self, connection: Connection, *, before: datetime, limit: int) -> tuple[Task, ...]:
        """Give COMPLETED tasks last touched before then that have a job on a node, by id."""
        return tuple(map(task_of, self._collected.rows(connection, before=before, limit=limit)))

    def _finding(self, reasons: tuple[str, ...]) -> Prepared:
        if reasons not in self._found:
            asked = or_(*(among(_REASONS[name], name, self._dialect) for name in reasons))
            query = select(*ROW).where(asked).order_by(tasks.c.id).with_for_update()
            self._found[reasons] = Prepared(query, self._dialect)
        return self._found[reasons]


def _change() -> Update:
    named = (*COLUMNS, *LISTED)
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=tasks.c[name].type) for name in named}
    same_fence = tasks.c.fence == bindparam("same_fence", type_=tasks.c.fence.type)
    me = bindparam("me", type_=tasks.c.owner.type)
    values["owner"] = case((same_fence, tasks.c.owner), else_=me)
    return update(tasks).where(tasks.c.id == bindparam("key")).values(values)


def _slots() -> Select[Any]:
    on_node = tasks.c.stage.in_([literal_column(f"'{stage.value}'") for stage in (Stage.UPLOADING, Stage.PROCESSING)])
    theirs = and_(on_node, tasks.c.job_node.is_not(None), tasks.c.owner != bindparam("me"))
    return select(tasks.c.job_node, func.count()).where(theirs).group_by(tasks.c.job_node)


def _taken_over() -> Update:
    me = bindparam("me", type_=tasks.c.owner.type)
    return update(tasks).values(owner=me, fence=tasks.c.fence + 1).returning(*ROW)


def _claim_alone() -> Update:
    """Where there is one daemon only, every other owner is dead."""
    return _taken_over().where(text(IN_WORK_CONDITION), or_(tasks.c.owner.is_(None), tasks.c.owner != bindparam("me")))


def _claim_shared() -> Update:
    """Skip rows that another daemon is writing: either it takes them over, or they come next time."""
    mine = tasks.alias("claimed")
    alive = exists().where(daemons.c.owner == mine.c.owner, daemons.c.until > bindparam("now"))
    orphaned = or_(mine.c.owner.is_(None), and_(mine.c.owner != bindparam("me"), ~alive))
    free = select(mine.c.id).where(text(IN_WORK_CONDITION), orphaned).order_by(mine.c.id)
    return _taken_over().where(tasks.c.id.in_(free.with_for_update(skip_locked=True, of=mine)))
