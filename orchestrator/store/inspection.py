"""A look at the database itself: what SQLite says of its own file, the schema's revision, and all tasks by page."""

from sqlalchemy import Connection, Dialect, bindparam, func, select

from orchestrator.domain.findings import Finding
from orchestrator.domain.task import Task
from orchestrator.store.migrate import HEAD, revision_of
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import outbox, tasks
from orchestrator.store.task_rows import task_of
from orchestrator.store.tasks import ROW

SHOWN = 5
"""Complaints of SQLite that are shown: what follows the first few is mostly their consequence."""

DAMAGED = "Stop the daemon, and put a copy made by 'orchestrator backup' in its place; then run orchestrator adopt."


class Inspection:
    """Queries for a check-up, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self._sqlite = dialect.name == "sqlite"
        later = select(*ROW).where(tasks.c.id > bindparam("after")).order_by(tasks.c.id)
        self._tasks = Prepared(later.limit(bindparam("limit")), dialect)
        self._unsent = Prepared(select(func.count()).select_from(outbox), dialect)

    def examine(self, connection: Connection) -> tuple[Finding, ...]:
        """Give what is wrong with the database; PostgreSQL has checks of its own."""
        findings = []
        if self._sqlite:
            said = [str(row[0]) for row in connection.exec_driver_sql(f"PRAGMA quick_check({SHOWN})")]
            words = [line for line in said if line != "ok"]
            findings += [Finding(part="store", what=f"The database is damaged: {it}.", mend=DAMAGED) for it in words]
        revision = revision_of(connection)
        if revision != HEAD:
            what = f"The database is at revision {revision}, and this release goes by {HEAD}."
            findings.append(Finding(part="store", what=what, mend="Run orchestrator migrate with the newest release."))
        return tuple(findings)

    def count_unsent(self, connection: Connection) -> int:
        """Count events that the bus has not confirmed."""
        return int(self._unsent.rows(connection)[0][0])

    def tasks(self, connection: Connection, *, after: int, limit: int) -> tuple[Task, ...]:
        """Give tasks with ids above ``after``, by id."""
        return tuple(map(task_of, self._tasks.rows(connection, after=after, limit=limit)))
