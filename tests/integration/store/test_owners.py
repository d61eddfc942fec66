"""Tasks in work belong to one daemon at a time."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from orchestrator.domain.task import IN_WORK, Stage, Status
from orchestrator.engine.changes import Changes, Wanted
from orchestrator.store import SqlStore, open_store
from tests.integration.store.databases import InFile, InMemory, OnServer
from tests.integration.store.rows import MINUTE, NOON, a_task, write


def taken(*tasks):
    return tuple(replace(task, fence=task.fence + 1) for task in tasks)


class Owning:
    async def test_what_belongs_to_nobody_is_taken_with_a_new_fence(self, store: SqlStore):
        task = a_task(1, fence=7)
        await write(store, task, owner="gone")
        assert taken(task) == await store.claim("me", now=NOON)
        assert taken(task)[0] == await store.task(1)

    async def test_what_is_mine_is_not_taken_again(self, store: SqlStore):
        await write(store, a_task(1), owner="me")
        assert () == await store.claim("me", now=NOON)

    async def test_only_tasks_in_work_are_taken(self, store: SqlStore):
        tasks = [a_task(number, stage=stage) for number, stage in enumerate(Stage, start=1)]
        await write(store, *tasks, owner="gone")
        claimed = await store.claim("me", now=NOON)
        assert taken(*(task for task in tasks if task.stage in IN_WORK)) == claimed

    async def test_what_was_released_is_taken(self, store: SqlStore):
        await write(store, a_task(1), a_task(2), owner="other")
        await store.heartbeat("other", until=NOON + MINUTE, now=NOON)
        await store.release("other")
        assert [1, 2] == [task.id for task in await store.claim("me", now=NOON)]

    async def test_releasing_touches_only_what_is_owned(self, store: SqlStore):
        await write(store, a_task(1), owner="me")
        await write(store, a_task(2), owner="other")
        await store.release("other")
        assert [2] == [task.id for task in await store.claim("me", now=NOON)]

    async def test_tasks_that_are_let_go_belong_to_nobody_if_they_were_mine(self, store: SqlStore):
        await write(store, a_task(1), a_task(2), a_task(3, stage=Stage.ENDED), owner="me")
        await write(store, a_task(4), owner="other")
        await store.let_go("me", [1, 3, 4, 5])
        assert {2} == await store.owned("me")
        assert {4} == await store.owned("other")
        await store.heartbeat("other", until=NOON + MINUTE, now=NOON)
        await store.release("other")
        assert [1, 4] == [task.id for task in await store.claim("me", now=NOON)]

    async def test_completed_tasks_with_a_job_can_be_asked_for_by_age(self, store: SqlStore):
        done = {"stage": Stage.ENDED, "status": Status.COMPLETED, "job_node": 7, "updated_at": NOON}
        old, later = a_task(1, **done), a_task(2, **done)
        others = [
            a_task(3, **done | {"updated_at": NOON + MINUTE}),
            a_task(4, **done | {"job_node": None}),
            a_task(5, **done | {"status": Status.FAILED}),
            a_task(6, **done | {"stage": Stage.REMOVING}),
        ]
        await write(store, old, later, *others, owner="me")
        assert (old, later) == await store.collected(before=NOON + MINUTE, limit=9)
        assert (old,) == await store.collected(before=NOON + MINUTE, limit=1)
        assert () == await store.collected(before=NOON, limit=9)

    async def test_what_is_owned_can_be_asked(self, store: SqlStore):
        await write(store, a_task(1), a_task(2, stage=Stage.ENDED), owner="me")
        await write(store, a_task(3), owner="other")
        assert {1} == await store.owned("me")

    async def test_a_change_leaves_the_owner(self, store: SqlStore):
        await write(store, a_task(1), owner="me")
        await write(store, owner="other", updated={1: a_task(1, version=2)})
        assert () == await store.claim("me", now=NOON)

    async def test_a_change_that_begins_new_work_makes_it_the_writers(self, store: SqlStore):
        await write(store, a_task(1, stage=Stage.ENDED), owner="gone")
        await write(store, owner="me", updated={1: a_task(1, fence=1)})
        assert () == await store.claim("me", now=NOON)

    async def test_releasing_and_forgetting_the_unknown_does_nothing(self, store: SqlStore):
        await store.release("unheard of")
        assert () == await store.claim("me", now=NOON)


class TestInFile(InFile, Owning): ...


class TestInMemory(InMemory, Owning):
    async def test_nobody_else_is_alive_on_sqlite(self, store: SqlStore):
        await store.heartbeat("other", until=NOON + MINUTE, now=NOON)
        assert ("me",) == await store.heartbeat("me", until=NOON + MINUTE, now=NOON)

    async def test_another_daemon_on_sqlite_is_dead_whatever_its_heartbeat_says(self, store: SqlStore):
        await write(store, a_task(1), owner="other")
        await store.heartbeat("other", until=NOON + MINUTE, now=NOON)
        assert taken(a_task(1)) == await store.claim("me", now=NOON)


class TestOnServer(OnServer, Owning):
    async def test_a_beat_tells_who_is_alive(self, store: SqlStore):
        assert ("b",) == await store.heartbeat("b", until=NOON + MINUTE, now=NOON)
        assert ("a", "b") == await store.heartbeat("a", until=NOON + 2 * MINUTE, now=NOON)
        assert ("a", "c") == await store.heartbeat("c", until=NOON + 3 * MINUTE, now=NOON + MINUTE)

    async def test_what_others_have_on_nodes_is_counted(self, store: SqlStore):
        on_node = [a_task(n, stage=stage, job_node=7) for n, stage in enumerate(Stage, start=1)]
        await write(store, *on_node, owner="other")
        await write(store, a_task(20, stage=Stage.PROCESSING, job_node=7), owner="me")
        assert {7: 2} == await store.slots_of_others("me")

    async def test_a_live_daemon_keeps_its_tasks_until_its_heartbeat_runs_out(self, store: SqlStore):
        await write(store, a_task(1), owner="other")
        await store.heartbeat("other", until=NOON + MINUTE, now=NOON)
        assert () == await store.claim("me", now=NOON)
        await store.heartbeat("other", until=NOON + 3 * MINUTE, now=NOON)
        assert () == await store.claim("me", now=NOON + 2 * MINUTE)
        assert taken(a_task(1)) == await store.claim("me", now=NOON + 3 * MINUTE)

    async def test_two_daemons_share_what_is_left_and_neither_gets_the_others(self, store: SqlStore, url: str):
        await write(store, *(a_task(number) for number in range(1, 501)), owner="gone")
        async with AsyncExitStack() as stack:
            stores = [await stack.enter_async_context(open_store(url)) for _ in range(4)]
            for number, each in enumerate(stores):
                await each.heartbeat(str(number), until=NOON + MINUTE, now=NOON)
            shares = await asyncio.gather(*(each.claim(str(n), now=NOON) for n, each in enumerate(stores)))
        got = sorted(task.id for share in shares for task in share)
        assert list(range(1, 501)) == got
        assert all(task.fence == 1 for share in shares for task in share)

    async def test_a_row_that_another_turn_holds_is_passed_over(self, store: SqlStore, url: str):
        await write(store, a_task(1), a_task(2), owner="gone")
        async with open_store(url) as other, store.begin() as transaction:
            await transaction.read(Wanted(tasks={1}))
            assert [2] == [task.id for task in await other.claim("me", now=NOON)]

    async def test_a_turn_waits_for_the_rows_of_another_daemons_turn(self, store: SqlStore, url: str):
        await write(store, a_task(1))

        async def grow(through: SqlStore):
            for _ in range(20):
                async with through.begin() as transaction:
                    (task,) = (await transaction.read(Wanted(tasks={1}, projects={1}, nodes=True))).tasks
                    await transaction.reserve({"task": 1, "outbox": 2})
                    changed = replace(task, version=task.version + 1)
                    await transaction.write(Changes(owner="me", updated={1: changed}))

        async with open_store(url) as other:
            await asyncio.gather(grow(store), grow(other))
        task = await store.task(1)
        assert task
        assert 40 == task.version

    async def test_a_heartbeat_does_not_wait_for_a_turn(self, store: SqlStore):
        async with store.begin() as transaction:
            await transaction.read(Wanted(projects={1}))
            await store.heartbeat("me", until=NOON, now=NOON)


@pytest.mark.parametrize("owner", ["", "daemon 'quoted' \" 1"])
class TestNames(InMemory):
    async def test_any_owner_name_serves(self, store: SqlStore, owner: str):
        await store.heartbeat(owner, until=NOON, now=NOON)
        await write(store, a_task(1), owner=owner)
        assert () == await store.claim(owner, now=NOON)
