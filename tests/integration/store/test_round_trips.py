"""Whatever is stored comes back as it was, on every database."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.node import NodeInfo
from orchestrator.domain.task import Option, Source
from orchestrator.engine.changes import Answer, Wanted
from orchestrator.store import SqlStore
from tests.integration.store import rows
from tests.integration.store.databases import InFile, InMemory, OnServer
from tests.integration.store.rows import BIG, MINUTE, NOON, a_job, a_node, a_project, a_task, typed, write

# The store is opened once and emptied by the test itself; the method runs in three classes.
wild = settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
)


def by_id(values):
    return sorted(values, key=lambda value: value.id)


class RoundTrips:
    async def test_what_a_node_said_is_stored_whatever_it_was(self, store: SqlStore):
        said, kept = "half \ud800 of \0 it", "half \ufffd of \ufffd it"
        job = a_job("8f3f1c9e-0000-4000-8000-000000000001", abandoned_at=NOON, reason=said)
        await write(store, jobs={job.uuid: job}, nodes={1: replace(a_node(1), problem=said)})
        assert [kept] == [each.reason for each in await store.abandoned_jobs()]
        assert [kept] == [each.problem for each in await store.nodes()]

    @wild
    @given(
        drawn=st.lists(
            rows.tasks, unique_by=(lambda t: t.id, lambda t: t.id if t.reference is None else t.reference), max_size=5
        )
    )
    async def test_tasks(self, store: SqlStore, drawn):
        ids = {task.id for task in drawn}
        await write(store, *drawn)
        async with store.begin() as transaction:
            found = (await transaction.read(Wanted(tasks=ids))).tasks
        await write(store, removed=ids)
        assert typed(tuple(by_id(drawn))) == typed(found)

    @wild
    @given(before=rows.tasks, after=rows.tasks)
    async def test_changed_tasks(self, store: SqlStore, before, after):
        after = replace(after, id=before.id)
        await write(store, before)
        await write(store, updated={after.id: after})
        found = await store.task(after.id)
        await write(store, removed={after.id})
        assert typed(after) == typed(found)

    @wild
    @given(drawn=st.lists(rows.sources, min_size=1, max_size=20).map(tuple))
    async def test_files(self, store: SqlStore, drawn):
        await write(store, a_task(1), sources={1: drawn})
        found = await store.sources(1)
        await write(store, removed={1})
        assert typed(drawn) == typed(found)

    @wild
    @given(drawn=st.lists(rows.jobs, unique_by=lambda job: job.uuid, max_size=5))
    async def test_jobs(self, store: SqlStore, drawn):
        uuids = {job.uuid for job in drawn}
        await write(store, jobs={job.uuid: job for job in drawn})
        async with store.begin() as transaction:
            found = (await transaction.read(Wanted(jobs=uuids))).jobs
        await write(store, gone_jobs=uuids)
        assert {job.uuid: typed(job) for job in drawn} == {job.uuid: typed(job) for job in found}

    @wild
    @given(drawn=st.lists(rows.projects, unique_by=lambda project: project.id, max_size=5))
    async def test_projects(self, store: SqlStore, drawn):
        ids = {project.id for project in drawn}
        await write(store, projects={project.id: project for project in drawn})
        async with store.begin() as transaction:
            found = (await transaction.read(Wanted(projects=ids))).projects
        await write(store, gone_projects=ids)
        assert typed(tuple(by_id(drawn))) == typed(found)

    @wild
    @given(drawn=st.lists(rows.nodes, unique_by=lambda node: node.id, max_size=4))
    async def test_nodes(self, store: SqlStore, drawn):
        await write(store, nodes={node.id: node for node in drawn})
        found = await store.nodes()
        await write(store, gone_nodes={node.id for node in drawn})
        assert typed(tuple(by_id(drawn))) == typed(found)

    @wild
    @given(body=st.binary(), number=st.integers(1, 2**63 - 1), texts=st.tuples(*[rows.column_text] * 3))
    async def test_events(self, store: SqlStore, body, number, texts):
        id_, key, routing_key = texts
        entry = OutboxEntry(number, id_, key, routing_key, body)
        await write(store, outbox=[entry])
        found = await store.unsent(after=0, limit=10)
        await write(store, sent=[number])
        assert 1 == await store.forget_events(before=NOON + 1_000_000 * MINUTE, most=10)
        assert (entry,) == found

    @wild
    @given(answers=st.dictionaries(rows.column_text, st.binary(), max_size=5))
    async def test_answers(self, store: SqlStore, answers):
        await write(store, answers={key: Answer("create-task", body) for key, body in answers.items()})
        async with store.begin() as transaction:
            found = (await transaction.read(Wanted(message_ids=set(answers)))).answers
        await store.forget_answers(before=NOON + 1_000_000 * MINUTE)
        assert answers == found

    async def test_an_options_value_keeps_its_type(self, store: SqlStore):
        options = tuple(Option("same", value) for value in (True, 1, 1.0, "1", "true", False, 0, 0.0, ""))
        await write(store, a_task(1, options=options))
        task = await store.task(1)
        assert task
        assert [(type(o.value), o.value) for o in options] == [(type(o.value), o.value) for o in task.options]

    @pytest.mark.parametrize("nothing", [None, ""])
    async def test_none_is_not_empty_text(self, store: SqlStore, nothing):
        task = a_task(1, reference=nothing, last_error=nothing, ground_control_points=nothing)
        await write(store, task)
        assert task == await store.task(1)

    async def test_a_cluster_without_limits(self, store: SqlStore):
        info = NodeInfo(
            api_version="1.5.0", queue_count=BIG, max_images=BIG, max_parallel=BIG, engine="odm", engine_version="3"
        )
        node = a_node(BIG, info=info, version=BIG)
        await write(store, nodes={node.id: node}, jobs={"u": a_job("u", node=BIG, task=BIG)})
        assert (node,) == await store.nodes()

    async def test_rewriting_replaces_the_row(self, store: SqlStore):
        first: dict[str, Any] = {"projects": {2: a_project(2)}, "nodes": {1: a_node(1)}, "jobs": {"u": a_job("u")}}
        await write(store, a_task(1), sources={1: (Source("a", "a"),)}, **first)
        project, node = a_project(2, name="new", version=2), a_node(1, label="new", token="t")
        job, files = a_job("u", abandoned_at=NOON), (Source("a", "a"), Source("b", "b"))
        await write(store, sources={1: files}, projects={2: project}, nodes={1: node}, jobs={"u": job})
        assert (project,) == (await store.projects())[1:]
        assert (node,) == await store.nodes()
        assert (job,) == await store.abandoned_jobs()
        assert files == await store.sources(1)


class TestInFile(InFile, RoundTrips): ...


class TestInMemory(InMemory, RoundTrips): ...


class TestOnServer(OnServer, RoundTrips): ...
