"""No query looks at rows that it does not want: stored, ended tasks cost running ones nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.task import Source, Stage, Status
from orchestrator.domain.webhooks import Progress
from orchestrator.engine.changes import Answer, Changes, Wanted
from orchestrator.engine.ports import TaskFilter
from orchestrator.store import SqlStore
from orchestrator.store.address import connect
from orchestrator.store.prepared import Prepared
from tests.integration.store.databases import InMemory, OnServer
from tests.integration.store.rows import NOON, a_job, a_node, a_project, a_task, write
from tests.integration.store.test_webhooks import HOOK, delivery

SMALL = ("projects", "processing_nodes", "counters", "daemons", "webhooks")


@contextmanager
def explained(explain: str) -> Iterator[list[tuple[str, str]]]:
    """Collect the plan of every statement that is run."""
    plans: list[tuple[str, str]] = []
    execute = Prepared._execute

    def noting(self, connection, values):
        if isinstance(values, tuple):
            rows = connection.exec_driver_sql(f"{explain} {self._text}", values).all()
            plans.append((self._text, "\n".join(str(row[-1]) for row in rows)))
        return execute(self, connection, values)

    with patch.object(Prepared, "_execute", noting):
        yield plans


async def use_everything(store: SqlStore):
    async with store.begin() as transaction:
        await transaction.read(Wanted(message_ids={"m"}, projects={1}, nodes=True, jobs={"u"}, sources={1}))
        reasons: tuple[dict[str, Any], ...] = (
            {"tasks": {1}},
            {"references": {"r"}},
            {"tasks_of_projects": {2}},
            {"tasks_on_nodes": {1}},
            {"tasks": {1}, "references": {"r"}},
            {"tasks": {1}, "references": {"r"}, "tasks_of_projects": {2}, "tasks_on_nodes": {1}},
        )
        for reason in reasons:
            await transaction.read(Wanted(**reason))
        await transaction.write(
            Changes(owner="me", removed={1}, gone_jobs={"u"}, gone_projects={99}, gone_nodes={1}, sent=[1])
        )
    await store.heartbeat("me", until=NOON, now=NOON)
    await store.claim("me", now=NOON)
    await store.owned("me")
    await store.slots_of_others("me")
    await store.release("me")
    await store.sources(1)
    await store.abandoned_jobs()
    await store.unsent(after=1, limit=10)
    await store.drafts(before=NOON)
    await store.events(after=1, limit=10)
    await store.events_of(["tasks/1"], after=1, limit=10)
    await store.kept()
    await store.forget_answers(before=NOON)
    await store.forget_events(before=NOON, most=10)
    await store.webhook_book.under_retry(1)
    await store.webhook_book.due_deliveries(1, now=NOON, limit=10)
    await store.webhook_book.failures(1, limit=10, offset=0)
    await store.task(1)
    await store.task("r")
    for wanted in (
        TaskFilter(),
        TaskFilter(project=2),
        TaskFilter(status=40),
        TaskFilter(stage="waiting"),
        TaskFilter(stage="draft"),
    ):
        await store.tasks(wanted)


class TestInMemory(InMemory):
    async def test_no_large_table_is_scanned(self, store: SqlStore):
        with explained("EXPLAIN QUERY PLAN") as plans:
            await use_everything(store)
        assert 48 == len(plans)
        for text, plan in plans:
            for line in plan.splitlines():
                scanned = line.startswith("SCAN") and "VIRTUAL TABLE" not in line  # the list that was asked for
                listed = (
                    "LIMIT" in text and "stage =" not in text
                )  # newest first, by the primary key, until the page is full
                partial = "tasks_in_work" in line or "tasks_drafts" in line or "node_jobs_abandoned" in line
                assert not scanned or partial or listed or line.split()[1] in SMALL, f"{text}\n{plan}"


class TestOnServer(OnServer):
    @pytest.fixture
    async def filled(self, store: SqlStore, url: str) -> SqlStore:
        """Enough rows that PostgreSQL prefers an index where there is one."""
        done = {"stage": Stage.ENDED, "status": Status.COMPLETED}
        number = 10_000
        tasks = (a_task(n, reference=f"r{n}", project=1 + n % 50, job_node=n, **done) for n in range(1, number))
        jobs = {f"u{n}": a_job(f"u{n}") for n in range(number)}
        answers = {f"m{n}": Answer("create-task", b"") for n in range(number)}
        projects = {n: a_project(n) for n in range(2, 52)}
        events = [OutboxEntry(n, f"id-{n}", f"tasks/{n}", "task.created", bytes(500)) for n in range(1, number)]
        await write(store, *tasks, projects=projects, jobs=jobs, answers=answers, nodes={1: a_node(1)}, outbox=events)
        hook = await store.webhook_book.add_webhook(HOOK)
        shelf = tuple(delivery(hook.id, n, next_at=None) for n in range(1, number))
        await store.webhook_book.note_progress(Progress(webhook=hook.id, cursor=number, failed=shelf))
        await write(store, sources={n: (a_source(n),) for n in range(1, number)})
        database = await connect(url, lock=False)
        await database.read(lambda connection: connection.exec_driver_sql("ANALYZE").close())
        await database.close()
        return store

    async def test_no_large_table_is_scanned(self, filled: SqlStore):
        with explained("EXPLAIN") as plans:
            await use_everything(filled)
        assert 48 == len(plans)
        for text, plan in plans:
            for line in plan.splitlines():
                scanned = line.split("Seq Scan on ")[-1].split()[0] if "Seq Scan on " in line else None
                assert scanned in {None, *SMALL, "outbox"}, f"{text}\n{plan}"

    async def test_the_events_of_a_task_are_read_by_their_index_and_never_sorted(self, filled: SqlStore):
        with explained("EXPLAIN") as plans:
            await filled.events_of(["tasks/7"], after=0, limit=1000)
        (plan,) = [plan for text, plan in plans if "events.key = " in text]
        assert "events_key" in plan, plan
        assert "Sort" not in plan, plan


def a_source(number: int):
    return Source(f"file:///{number}.jpg", f"{number}.jpg")
