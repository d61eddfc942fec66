"""A turn's transaction: what it reads, what it numbers, what it writes, and that it is all or nothing."""

import asyncio

import pytest

from orchestrator.domain.errors import StoreError
from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.task import Source, Stage
from orchestrator.engine.changes import Answer, Changes, Wanted
from orchestrator.engine.ports import Store, TaskFilter
from orchestrator.store import SqlStore
from tests.integration.store.databases import InFile, InMemory, OnServer
from tests.integration.store.rows import NOON, a_job, a_node, a_project, a_task, stored_tasks, write

FILES = (Source("file:///a.jpg", "a.jpg", 5), Source("https://b", "b.txt", side=True))


async def read(store: Store, **wanted):
    async with store.begin() as transaction:
        return await transaction.read(Wanted(**wanted))


def entry(number: int) -> OutboxEntry:
    return OutboxEntry(number, f"id-{number}", "tasks/1", "task.created.none.1.1", b"{}")


class Reading:
    async def test_nothing_is_wanted(self, store: SqlStore):
        snapshot = await read(store)
        assert ({}, (), (), (), (), {}) == tuple(
            getattr(snapshot, name) for name in ("answers", "tasks", "projects", "jobs", "nodes", "sources")
        )

    async def test_what_does_not_exist_is_absent(self, store: SqlStore):
        snapshot = await read(
            store,
            message_ids={"no"},
            tasks={7},
            references={"no"},
            projects={7},
            tasks_of_projects={7},
            tasks_on_nodes={7},
            jobs={"no"},
            sources={7},
            nodes=True,
        )
        assert (0, 0, 0, 0, 0, 0) == tuple(
            len(getattr(snapshot, name)) for name in ("answers", "tasks", "projects", "jobs", "nodes", "sources")
        )

    async def test_tasks_for_each_reason_once_and_by_id(self, store: SqlStore):
        project = a_project(2)
        tasks = [
            a_task(1),
            a_task(2, reference="second"),
            a_task(3, project=2),
            a_task(4, job_node=9, stage=Stage.ENDED),
            a_task(5),
        ]
        await write(store, *tasks, projects={2: project})
        assert tuple(tasks[:1]) == (await read(store, tasks={1})).tasks
        assert tuple(tasks[1:2]) == (await read(store, references={"second"})).tasks
        assert tuple(tasks[2:3]) == (await read(store, tasks_of_projects={2})).tasks
        assert tuple(tasks[3:4]) == (await read(store, tasks_on_nodes={9})).tasks
        every = await read(store, tasks={4, 1, 2}, references={"second"}, tasks_of_projects={2}, tasks_on_nodes={9})
        assert tuple(tasks[:4]) == every.tasks

    async def test_projects_deleted_ones_too(self, store: SqlStore):
        deleted = a_project(2, deleting=True)
        await write(store, projects={2: deleted})
        found = (await read(store, projects={2, 1})).projects
        assert [1, 2] == [project.id for project in found]
        assert deleted == found[1]

    async def test_nodes_jobs_files_and_answers(self, store: SqlStore):
        node, job = a_node(1), a_job("u")
        await write(store, a_task(1), nodes={1: node}, jobs={"u": job}, sources={1: FILES})
        await write(store, answers={"m": Answer("create-task", b"answer")})
        snapshot = await read(store, nodes=True, jobs={"u", "v"}, sources={1, 2}, message_ids={"m", "n"})
        assert (node,) == snapshot.nodes
        assert (job,) == snapshot.jobs
        assert {1: FILES} == snapshot.sources
        assert {"m": b"answer"} == snapshot.answers

    async def test_thousands_at_once(self, store: SqlStore):
        tasks = [a_task(number) for number in range(1, 3001)]
        await write(store, *tasks)
        found = (await read(store, tasks=set(range(1, 70_000)), references={str(n) for n in range(40_000)})).tasks
        assert tuple(tasks) == found

    async def test_what_cannot_exist_is_only_absent(self, store: SqlStore):
        await write(store, a_task(1))
        texts = {"\0", "a\0b", "\ud800"}
        snapshot = await read(store, tasks={1, 2**63, -(2**200)}, references=texts, message_ids=texts, jobs=texts)
        assert [1] == [task.id for task in snapshot.tasks]
        assert await store.task("a\0b") is None
        assert await store.task(2**63) is None
        assert () == await store.tasks(TaskFilter(project=2**63))

    async def test_its_own_writes(self, store: SqlStore):
        async with store.begin() as transaction:
            await transaction.write(Changes(owner="me", created={1: a_task(1)}))
            assert (a_task(1),) == (await transaction.read(Wanted(tasks={1}))).tasks


class Numbering:
    async def reserve(self, store: SqlStore, **counts: int):
        async with store.begin() as transaction:
            return await transaction.reserve(counts)

    async def test_numbers_begin(self, store: SqlStore):
        first = await self.reserve(store, task=1, project=1, node=1, outbox=1)
        assert {"task": 1, "project": 2, "node": 1, "outbox": 1} == first

    async def test_each_counter_grows_alone(self, store: SqlStore):
        assert {"task": 1} == await self.reserve(store, task=3)
        assert {"task": 4, "outbox": 1} == await self.reserve(store, task=2, outbox=5)
        assert {"outbox": 6, "task": 6} == await self.reserve(store, outbox=1, task=1)

    async def test_nothing_reserved_nothing_taken(self, store: SqlStore):
        assert {} == await self.reserve(store)
        assert {"task": 1} == await self.reserve(store, task=1)

    async def test_a_removed_tasks_number_is_not_used_again(self, store: SqlStore):
        number = (await self.reserve(store, task=1))["task"]
        await write(store, a_task(number))
        await write(store, removed={number})
        assert {"task": number + 1} == await self.reserve(store, task=1)

    async def test_an_unknown_counter_is_our_mistake(self, store: SqlStore):
        with pytest.raises(KeyError):
            await self.reserve(store, unheard_of=1)


class Writing:
    async def test_everything_leaves(self, store: SqlStore):
        await write(
            store,
            a_task(1, project=2),
            sources={1: FILES},
            projects={2: a_project(2)},
            nodes={1: a_node(1)},
            jobs={"u": a_job("u", abandoned_at=NOON)},
            outbox=[entry(1), entry(2)],
        )
        await write(store, removed={1}, gone_projects={2}, gone_nodes={1}, gone_jobs={"u"}, sent=[1, 99])
        assert () == await store.sources(1)
        assert () == await stored_tasks(store)
        assert [1] == [project.id for project in await store.projects()]
        assert () == await store.nodes()
        assert () == await store.abandoned_jobs()
        assert (entry(2),) == await store.unsent(after=0, limit=9)

    async def test_a_job_outlives_its_task_and_its_node(self, store: SqlStore):
        job = a_job("u", abandoned_at=NOON)
        await write(store, a_task(1), nodes={1: a_node(1)}, jobs={"u": job})
        await write(store, removed={1}, gone_nodes={1})
        assert (job,) == await store.abandoned_jobs()

    async def test_a_project_with_tasks_cannot_leave(self, store: SqlStore):
        await write(store, a_task(1, project=2), projects={2: a_project(2)})
        with pytest.raises(StoreError):
            await write(store, gone_projects={2})
        assert [1, 2] == [project.id for project in await store.projects()]

    @pytest.mark.parametrize(
        ("created", "more"),
        [
            ([], {"answers": {"m": Answer("create-task", b"other")}}),
            ([a_task(1)], {}),
            ([a_task(2, reference="ours")], {}),
            ([a_task(2, project=77)], {}),
            ([], {"outbox": [entry(1)]}),
        ],
        ids=["message", "id", "reference", "project", "number"],
    )
    async def test_a_broken_rule_is_told_as_no_passing_trouble(self, store: SqlStore, created, more):
        await write(store, a_task(1, reference="ours"), answers={"m": Answer("create-task", b"")}, outbox=[entry(1)])
        with pytest.raises(StoreError) as caught:
            await write(store, *created, **more)
        assert not caught.value.retryable
        assert caught.value.__cause__ is not None

    @pytest.mark.parametrize("broken", [{"name": "\ud800"}, {"version": 2**64}], ids=["text", "number"])
    async def test_a_value_that_cannot_be_stored_is_no_passing_trouble(self, store: SqlStore, broken):
        with pytest.raises(StoreError) as caught:
            await write(store, a_task(1, **broken))
        assert not caught.value.retryable
        assert () == await stored_tasks(store)


class Outbox:
    async def test_in_order_after_and_at_most(self, store: SqlStore):
        await write(store, outbox=[entry(number) for number in (5, 3, 4, 1, 2)])
        assert [1, 2, 3, 4, 5] == [each.number for each in await store.unsent(after=0, limit=10)]
        assert [3, 4] == [each.number for each in await store.unsent(after=2, limit=2)]
        assert () == await store.unsent(after=5, limit=2)


class AllOrNothing:
    async def test_an_error_in_the_block_leaves_nothing(self, store: SqlStore):
        async def fail():
            async with store.begin() as transaction:
                await transaction.reserve({"task": 5})
                changes = Changes(owner="me", created={1: a_task(1)}, sources={1: FILES}, outbox=[entry(1)])
                await transaction.write(changes)
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        assert () == await stored_tasks(store)
        assert () == await store.unsent(after=0, limit=1)
        async with store.begin() as transaction:
            assert {"task": 1} == await transaction.reserve({"task": 1})

    async def test_an_error_of_the_database_leaves_nothing(self, store: SqlStore):
        await write(store, outbox=[entry(1)])
        with pytest.raises(StoreError):
            await write(store, a_task(1), outbox=[entry(1)])
        assert () == await stored_tasks(store)

    async def test_a_caller_who_is_cut_short_leaves_nothing(self, store: SqlStore):
        written = asyncio.Event()

        async def interrupted():
            async with store.begin() as transaction:
                await transaction.write(Changes(owner="me", created={1: a_task(1)}))
                written.set()
                await asyncio.Event().wait()

        caller = asyncio.create_task(interrupted())
        await written.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert () == await stored_tasks(store)

    async def test_cut_short_at_any_moment_it_is_whole_or_absent_and_the_store_goes_on(self, store: SqlStore):
        """Cancel after each number of turns of the event loop: in BEGIN, in a read, in a write, in the commit."""

        async def one(number: int):
            async with store.begin() as transaction:
                await transaction.read(Wanted(tasks={number}, nodes=True))
                changes = Changes(owner="me", created={number: a_task(number)}, outbox=[entry(number)])
                await transaction.write(changes)

        for number in range(1, 60):
            caller = asyncio.create_task(one(number))
            for _ in range(number):
                await asyncio.sleep(0)
            caller.cancel()
            await asyncio.wait([caller])
        await one(1000)
        tasks = [task.id for task in await stored_tasks(store)]
        assert tasks == [each.number for each in await store.unsent(after=0, limit=1000)]
        assert 1000 in tasks

    async def test_concurrent_transactions_come_one_after_the_other(self, store: SqlStore):
        await write(store, a_task(1))

        async def grow():
            async with store.begin() as transaction:
                (task,) = (await transaction.read(Wanted(tasks={1}))).tasks
                number = (await transaction.reserve({"outbox": 1}))["outbox"]
                changed = a_task(1, version=task.version + 1)
                await transaction.write(Changes(owner="me", updated={1: changed}, outbox=[entry(number)]))

        await asyncio.gather(*(grow() for _ in range(40)))
        task = await store.task(1)
        assert task
        assert 40 == task.version
        assert list(range(1, 41)) == [each.number for each in await store.unsent(after=0, limit=100)]

    async def test_a_project_that_is_being_deleted_goes_with_the_last_of_its_tasks(self, store: SqlStore):
        projects = {2: a_project(2, deleting=True), 3: a_project(3)}
        await write(store, a_task(1, project=2), a_task(2, project=2), a_task(3, project=3), projects=projects)
        await write(store, removed={1})
        assert [2, 3] == [project.id for project in (await read(store, projects={2, 3})).projects]
        await write(store, removed={2, 3})
        assert [3] == [project.id for project in (await read(store, projects={2, 3})).projects]


class Suite(Reading, Numbering, Writing, Outbox, AllOrNothing):
    """All of it."""


class TestInFile(InFile, Suite): ...


class TestInMemory(InMemory, Suite): ...


class TestOnServer(OnServer, Suite): ...
