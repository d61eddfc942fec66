"""The table ``node_jobs``: every submission to a node, until the node has confirmed that nothing is left of it."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, delete, select

from orchestrator.domain.task import NodeJob
from orchestrator.store.prepared import Prepared, Values, among, moment, storable, storable_text, upsert
from orchestrator.store.schema import node_jobs


def job_values(job: NodeJob) -> Values:
    """Give the values of a row."""
    return (
        job.uuid,
        job.node,
        job.task,
        job.attempt,
        job.created_at,
        job.committed,
        job.abandoned_at,
        job.stopped,
        storable_text(job.reason),
    )


def job_of(row: Sequence[Any]) -> NodeJob:
    """Give the job of a row."""
    uuid, node, task, attempt, created_at, committed, abandoned_at, stopped, reason = row
    return NodeJob(
        uuid=uuid,
        node=node,
        task=task,
        attempt=attempt,
        created_at=moment(created_at),
        committed=bool(committed),
        abandoned_at=moment(abandoned_at),
        stopped=bool(stopped),
        reason=reason,
    )


class JobTable:
    """Statements about node jobs, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        asked = select(node_jobs).where(among(node_jobs.c.uuid, "uuids", dialect)).order_by(node_jobs.c.uuid)
        self._find = Prepared(asked.with_for_update(), dialect)
        known = select(node_jobs.c.uuid).where(among(node_jobs.c.uuid, "uuids", dialect))
        self._known = Prepared(known, dialect)
        left = select(node_jobs).where(node_jobs.c.abandoned_at.is_not(None))
        self._abandoned = Prepared(left.order_by(node_jobs.c.abandoned_at, node_jobs.c.uuid), dialect)
        self._keep = Prepared(upsert(node_jobs, dialect), dialect, order=node_jobs.c.keys())
        self._delete = Prepared(delete(node_jobs).where(among(node_jobs.c.uuid, "uuids", dialect)), dialect)

    def find(self, connection: Connection, uuids: Iterable[str]) -> tuple[NodeJob, ...]:
        """Read and lock jobs."""
        return tuple(map(job_of, self._find.rows(connection, uuids=storable(uuids))))

    def known(self, connection: Connection, uuids: Iterable[str]) -> frozenset[str]:
        """Give those of the uuids that there are jobs of; locks nothing."""
        return frozenset(row[0] for row in self._known.rows(connection, uuids=storable(uuids)))

    def abandoned(self, connection: Connection) -> tuple[NodeJob, ...]:
        """Give jobs that are to vanish from their node, oldest first."""
        return tuple(map(job_of, self._abandoned.rows(connection)))

    def keep(self, connection: Connection, kept: Iterable[NodeJob]) -> None:
        """Write new and changed jobs."""
        self._keep.many(connection, [job_values(job) for job in kept])

    def remove(self, connection: Connection, uuids: Iterable[str]) -> None:
        """Delete jobs."""
        self._delete.run(connection, uuids=storable(uuids))
