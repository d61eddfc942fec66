"""What the engine's rounds and the library's readers get to see."""

from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.task import Stage, Status
from orchestrator.engine.changes import Answer, Changes
from orchestrator.engine.ports import Kept, TaskFilter
from orchestrator.store import SqlStore, open_store
from tests.integration.store.databases import InFile, InMemory, OnServer
from tests.integration.store.rows import MINUTE, NOON, a_job, a_node, a_project, a_task, write

LONG_AGO = NOON - 1_000_000 * MINUTE


class Rounds:
    async def test_which_jobs_are_known_live_or_abandoned(self, store: SqlStore):
        await write(store, jobs={"a": a_job("a", abandoned_at=NOON), "b": a_job("b")})
        assert {"a", "b"} == await store.known_jobs(["a", "b", "c", "\0"])
        assert set() == await store.known_jobs([])

    async def test_abandoned_jobs_oldest_first(self, store: SqlStore):
        later, sooner = a_job("a", abandoned_at=NOON + MINUTE), a_job("b", abandoned_at=NOON, stopped=True)
        await write(store, jobs={"a": later, "b": sooner, "c": a_job("c")})
        assert (sooner, later) == await store.abandoned_jobs()

    async def test_drafts_last_touched_before(self, store: SqlStore):
        draft = {"stage": Stage.DRAFT}
        await write(
            store,
            a_task(1, updated_at=NOON, **draft),
            a_task(2, updated_at=NOON + MINUTE, **draft),
            a_task(3, updated_at=NOON - MINUTE, **draft),
            a_task(4, updated_at=NOON - MINUTE),
        )
        assert [1, 3] == [task.id for task in await store.drafts(before=NOON + MINUTE)]
        assert (a_task(3, updated_at=NOON - MINUTE, **draft),) == await store.drafts(before=NOON)

    async def test_files_of_a_task_without_any(self, store: SqlStore):
        await write(store, a_task(1))
        assert () == await store.sources(1)
        assert () == await store.sources(2)

    async def test_old_answers_are_forgotten(self, url: str):
        time = NOON
        async with open_store(url, migrate=True, now=lambda: time) as store:
            await write(store, answers={f"old {n}": Answer("create-task", b"") for n in range(2500)})
            time = NOON + MINUTE
            await write(store, answers={"new": Answer("create-task", b"")})
            assert 0 == await store.forget_answers(before=NOON)
            assert 2500 == await store.forget_answers(before=NOON + MINUTE)
            assert 1 == await store.forget_answers(before=NOON + 2 * MINUTE)

    async def test_events_that_are_old_or_too_many_are_forgotten(self, url: str):
        time = NOON
        async with open_store(url, migrate=True, now=lambda: time) as store:
            await commit_events(store, 2500)
            time = NOON + MINUTE
            await commit_events(store, 10)
            await write(store, sent=list(range(1, 2511)))
            assert 0 == await store.forget_events(before=NOON, most=2510)
            assert 2500 == await store.forget_events(before=NOON + MINUTE, most=2510)
            assert Kept(first=2501, last=2510) == await store.kept()
            assert 7 == await store.forget_events(before=NOON, most=3)
            assert [2508, 2509, 2510] == [entry.number for entry in await store.events(after=0, limit=10)]
            assert 3 == await store.forget_events(before=NOON + 2 * MINUTE, most=3)
            assert Kept(first=2511, last=2510) == await store.kept()

    async def test_an_event_that_has_to_leave_yet_is_kept_and_all_that_follow_it(self, url: str):
        async with open_store(url, migrate=True, now=lambda: NOON) as store:
            await commit_events(store, 5)
            await write(store, sent=[1, 2, 4])
            assert 2 == await store.forget_events(before=NOON + MINUTE, most=1)
            assert [3, 5] == [entry.number for entry in await store.unsent(after=0, limit=10)]
            assert Kept(first=3, last=5) == await store.kept()

    async def test_who_saw_what_has_missed_what_is_gone(self, store: SqlStore):
        assert await store.kept() == Kept(first=1, last=0)
        kept = Kept(first=3, last=5)
        assert [False, True, True, False] == [kept.follows(number) for number in (1, 2, 5, 6)]

    async def test_the_events_of_a_few_tasks_in_order(self, store: SqlStore):
        for task in (1, 2, 1, 3, 2, 1):
            await commit_events(store, 1, task=task)
        kept = Kept(first=1, last=6)
        for keys, after, limit, numbers, upto in (
            (["tasks/1"], 0, 9, [1, 3, 6], 6),
            (["tasks/1"], 1, 9, [3, 6], 6),
            (["tasks/1"], 0, 2, [1, 3], 3),
            (["tasks/2"], 0, 9, [2, 5], 6),
            (["tasks/3", "tasks/2"], 0, 9, [2, 4, 5], 6),
            (["tasks/3", "tasks/1"], 1, 2, [3, 4], 4),
            (["tasks/9"], 0, 9, [], 6),
            ([], 0, 9, [], 6),
        ):
            found = await store.events_of(keys, after=after, limit=limit)
            assert (keys, numbers, upto) == (keys, [entry.number for entry in found.entries], found.upto)
            assert kept == found.kept
        await write(store, sent=list(range(1, 7)))
        await store.forget_events(before=LONG_AGO, most=4)
        found = await store.events_of(["tasks/1"], after=0, limit=9)
        assert ([3, 6], Kept(first=3, last=6)) == ([entry.number for entry in found.entries], found.kept)


async def commit_events(store: SqlStore, count: int, *, task: int = 1):
    """Commit events as the turn does, with the next numbers."""
    async with store.begin() as transaction:
        first = (await transaction.reserve({"outbox": count}))["outbox"]
        entries = [
            OutboxEntry(n, f"id-{n}", f"tasks/{task}", f"task.created.none.1.{task}", b"{}")
            for n in range(first, first + count)
        ]
        await transaction.write(Changes(owner="me", outbox=entries))


class Library:
    async def test_there_is_a_default_project(self, store: SqlStore):
        (project,) = await store.projects()
        assert (1, "Default project") == (project.id, project.name)

    async def test_projects_by_id_without_deleted_ones(self, store: SqlStore):
        await write(store, projects={3: a_project(3), 2: a_project(2), 4: a_project(4, deleting=True)})
        assert [1, 2, 3] == [project.id for project in await store.projects()]

    async def test_nodes_by_id(self, store: SqlStore):
        nodes = {number: a_node(number) for number in (3, 1, 2)}
        await write(store, nodes=nodes)
        assert (nodes[1], nodes[2], nodes[3]) == await store.nodes()

    async def test_a_task_by_id_or_reference(self, store: SqlStore):
        task = a_task(1, reference="27")
        await write(store, task, a_task(27))
        assert task == await store.task(1)
        assert task == await store.task("27")
        assert await store.task(99) is None
        assert await store.task("1") is None

    async def test_tasks_newest_first_and_paged(self, store: SqlStore):
        await write(store, *(a_task(number) for number in range(1, 121)))
        assert list(range(120, 20, -1)) == [task.id for task in await store.tasks(TaskFilter())]
        assert [110, 109] == [task.id for task in await store.tasks(TaskFilter(limit=2, offset=10))]
        assert () == await store.tasks(TaskFilter(offset=120))

    async def test_tasks_of_deleted_projects_are_left_out(self, store: SqlStore):
        await write(store, a_task(1, project=2), a_task(2), projects={2: a_project(2, deleting=True)})
        assert [2] == [task.id for task in await store.tasks(TaskFilter())]
        assert () == await store.tasks(TaskFilter(project=2))

    async def test_filters_one_by_one_and_together(self, store: SqlStore):
        ended = {"stage": Stage.ENDED, "status": Status.COMPLETED}
        await write(
            store,
            a_task(1, project=2, **ended),
            a_task(2, **ended),
            a_task(3, project=2, stage=Stage.PROCESSING, status=Status.RUNNING),
            a_task(4, stage=Stage.PROCESSING, status=Status.QUEUED),
            projects={2: a_project(2)},
        )

        async def found(**wanted):
            return [task.id for task in await store.tasks(TaskFilter(**wanted))]

        assert [3, 1] == await found(project=2)
        assert [2, 1] == await found(status=40)
        assert [4, 3] == await found(stage="processing")
        assert [2, 1] == await found(stage=Stage.ENDED)
        assert [3] == await found(project=2, stage="processing")
        assert [3] == await found(project=2, stage="processing", status=20)
        assert [] == await found(project=2, stage="processing", status=40)
        assert [] == await found(status=99)
        assert [] == await found(stage="unheard of")

    async def test_readers_see_only_what_is_committed(self, store: SqlStore):
        async with store.begin() as transaction:
            await transaction.write(Changes(owner="me", created={1: a_task(1)}))
            seen = await store.task(1) if not isinstance(self, InMemory) else None
        assert seen is None
        assert a_task(1) == await store.task(1)


class Suite(Rounds, Library):
    """All of it."""


class TestInFile(InFile, Suite): ...


class TestInMemory(InMemory, Suite): ...


class TestOnServer(OnServer, Suite): ...
