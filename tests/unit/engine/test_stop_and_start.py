"""Stop and start: nothing is cut needlessly, nothing is forgotten, and what was begun is gone on with."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from orchestrator.domain.errors import StorageFailed, StoreError
from orchestrator.domain.facts import Committing, Report
from orchestrator.engine.timing import Timing
from tests.unit.engine.bundle import VIRTUAL_TIME, built
from tests.unit.engine.fakes import ScriptedNode

pytestmark = VIRTUAL_TIME


@pytest.fixture
async def bundle():
    async with built(Timing(upload_connections=2)) as bundle:
        yield bundle


async def stop_during_upload(bundle, *, release):
    """Run until two files of six are in flight, and stop; ``release`` lets them land after so many seconds."""
    async with bundle.engine.running():
        node = await bundle.add_node()
        gate = node.hold("upload")
        task = await bundle.create(6)
        await bundle.until(lambda: 2 == node.count("upload"))
        asyncio.get_running_loop().call_later(release, gate.set)
    return node, task


async def test_files_in_flight_at_a_stop_land_and_the_upload_goes_on_where_it_was(bundle):
    node, task = await stop_during_upload(bundle, release=5)
    assert 2 == len(node.sent)
    assert set() == {"begin"} & {call[0] for call in node.calls[-2:]}
    async with bundle.engine.running():
        done = await bundle.until_task(task, status=40)
    assert (1, 1, 6) == (done["attempt"], node.count("begin"), node.count("upload"))
    assert {(done["uuid"], f"{number}.jpg") for number in range(6)} == set(node.sent)


async def test_an_upload_whose_last_file_had_landed_is_only_committed(bundle):
    node, task = await stop_during_upload(bundle, release=5)
    job, _ = bundle.shelves.notes[task]
    node.uploads[job] = [f"{number}.jpg" for number in range(6)]
    bundle.shelves.notes[task] = (job, frozenset(node.uploads[job]))
    async with bundle.engine.running():
        done = await bundle.until_task(task, status=40)
    assert (job, 2, 1) == (done["uuid"], node.count("upload"), node.count("commit"))


async def test_a_file_that_does_not_land_in_time_gives_the_uuid_up_and_costs_no_attempt(bundle):
    node, task = await stop_during_upload(bundle, release=100)
    assert ([], {}) == (node.sent, bundle.shelves.notes)
    node.gates.clear()
    async with bundle.engine.running():
        done = await bundle.until_task(task, status=40)
        await bundle.until(lambda: not bundle.engine.reaper.jobs)
    assert (1, 2, [done["uuid"]]) == (done["attempt"], node.count("begin"), list(node.jobs))


async def test_a_stop_during_the_last_files_starts_the_job(bundle):
    async with bundle.engine.running():
        node = await bundle.add_node()
        gate = node.hold("upload")
        task = await bundle.create(2)
        await bundle.until(lambda: 2 == node.count("upload"))
        asyncio.get_running_loop().call_later(5, gate.set)
    assert ("processing", 1) == ((await bundle.row(task)).stage, node.count("commit"))


async def test_a_stop_while_files_are_made_ready_sends_no_more(bundle):
    async with bundle.engine.running():
        node = await bundle.add_node()
        gate = bundle.images.hold("stage")
        task = await bundle.create(2)
        await bundle.until(lambda: 2 == bundle.images.count("stage"))
        asyncio.get_running_loop().call_later(5, gate.set)
    assert (0, frozenset()) == (node.count("upload"), bundle.shelves.notes[task][1])


async def test_a_note_that_cannot_be_written_costs_only_the_upload(bundle):
    bundle.shelves.will("note", StorageFailed("the disk is full"))
    node, task = await stop_during_upload(bundle, release=5)
    async with bundle.engine.running():
        done = await bundle.until_task(task, status=40)
    assert (1, 2) == (done["attempt"], node.count("begin"))


async def test_an_upload_that_was_committed_by_another_run_is_found(bundle):
    node, task = await stop_during_upload(bundle, release=100)
    node.take((await bundle.row(task)).job_uuid, images=6)
    async with bundle.engine.running():
        done = await bundle.until_task(task, status=40)
    assert (1, 1, 0) == (done["attempt"], node.count("begin"), node.count("commit"))


async def test_a_commit_that_may_have_been_sent_is_looked_for_first(bundle):
    async with bundle.engine.running():
        node = await bundle.add_node()
        node.hold("commit")
        task = await bundle.create(2)
        await bundle.until(lambda: node.count("commit"))
    node.gates.clear()
    async with bundle.engine.running():
        done = await bundle.until_task(task, status=40)
    assert (1, 2) == (done["attempt"], node.count("commit"))


async def test_a_stop_does_not_wait_for_an_outcome_that_the_store_is_slow_to_take(bundle, monkeypatch):
    begin, slow, asked = bundle.store.begin, asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def held():
        asked.set()
        await slow.wait()
        async with begin() as transaction:
            yield transaction

    async with bundle.engine.running():
        node = await bundle.add_node()
        gate = node.hold("commit")
        task = await bundle.create(2)
        await bundle.until(lambda: node.count("commit"))
        monkeypatch.setattr(bundle.store, "begin", held)
        gate.set()
        await asked.wait()
        asyncio.get_running_loop().call_later(1, slow.set)
    async with bundle.engine.running():
        done = await bundle.until_task(task, status=40)
    assert (1, 1) == (done["attempt"], node.count("commit"))


async def test_what_was_handed_in_by_the_stop_is_settled_and_nothing_is_taken_after(bundle):
    async with bundle.engine.running():
        asking = asyncio.create_task(bundle.create(2))
        await asyncio.sleep(0)
    assert 1 == await asking
    with pytest.raises(StoreError, match="stopping"):
        await bundle.engine.turn.report(Report(1, 0, Committing()))


async def test_confirmations_are_written_at_a_stop(bundle):
    async with bundle.engine.running():
        await bundle.create(2)
        assert [1] == [entry.number for entry in await bundle.store.unsent(after=0, limit=9)]
        bundle.engine.turn.sent([1])
    assert () == await bundle.store.unsent(after=0, limit=9)


async def test_an_outage_that_began_before_the_start_counts_from_the_start(bundle):
    async with bundle.engine.running():
        node = await bundle.add_node(ScriptedNode(seconds=2000))
        task = await bundle.create(2, processing_node=node.id)
        await bundle.until_task(task, status=20)
        node.go_away()
        await bundle.until(lambda: not bundle.board_node(node).online)
    await asyncio.sleep(7200)
    async with bundle.engine.running():
        await asyncio.sleep(60)
        node.come_back()
        await bundle.until_task(task, status=40, attempt=1)


async def test_a_start_that_fails_leaves_nothing_behind(bundle, monkeypatch):
    async def fail(owner, **_times):
        raise StoreError("locked")

    others = asyncio.all_tasks()
    monkeypatch.setattr(bundle.store, "heartbeat", fail)
    with pytest.raises(StoreError, match="locked"):
        async with bundle.engine.running():
            pass
    assert others == asyncio.all_tasks()
    monkeypatch.undo()
    async with bundle.engine.running():
        await bundle.add_node()
        await bundle.until_task(await bundle.create(), status=40)


async def test_a_loop_that_breaks_is_told(bundle, monkeypatch, logs):
    async def broken():
        raise ZeroDivisionError

    monkeypatch.setattr(type(bundle.engine.turn), "run", lambda _: broken())
    monkeypatch.setattr(type(bundle.engine.lease), "begin", lambda _: asyncio.sleep(0))
    async with bundle.engine.running():
        await bundle.engine.failed.wait()
    assert "turn" == next(entry["loop"] for entry in logs if entry["event"] == "engine.loop_failed")


@pytest.mark.parametrize("seed", range(10))
async def test_starting_and_stopping_with_work_going_on_leaves_nothing_stuck(bundle, seed):
    others = asyncio.all_tasks()
    async with bundle.engine.running():
        node = await bundle.add_node(ScriptedNode(seconds=3))
        tasks = [await bundle.create(3) for _ in range(6)]
    for number in range(20):
        async with bundle.engine.running():
            await asyncio.sleep((number * 7 + seed * 13) % 29 / 20)
            await bundle.act(
                tasks[number % 6], ("CANCEL", "RESTART", "REMOVE")[number % 7 % 3] if number < 3 else "RESTART"
            )
        assert others == asyncio.all_tasks()
    async with bundle.engine.running():
        for task in tasks:
            if task != tasks[2]:
                await bundle.until_task(task, stage="ended")
        await bundle.until(lambda: not bundle.engine.conductor.tasks and not bundle.engine.reaper.jobs)
    assert others == asyncio.all_tasks()
    running = [uuid for uuid in node.jobs if node.state(uuid).status in {10, 20}]
    assert ([], ()) == (running, await bundle.jobs())
    for task in tasks:
        versions = [each["version"] for each in bundle.of_task(task)]
        assert list(range(1, len(versions) + 1)) == versions
