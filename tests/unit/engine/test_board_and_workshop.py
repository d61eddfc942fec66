"""The board and the workshop: who waits for a node is woken, and who tells of progress cannot harm the work."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.domain import commands
from orchestrator.domain.errors import NodeUnauthorized, StoreError
from orchestrator.domain.node import Health
from orchestrator.engine.board import FORMER, Board
from orchestrator.engine.changes import Changes
from orchestrator.engine.tally import Tally
from orchestrator.engine.timing import Timing
from orchestrator.engine.workshop import Overtaken, told_time
from tests.integration.store.rows import NOON, a_job, a_node, a_task
from tests.unit.engine.bundle import VIRTUAL_TIME, running
from tests.unit.engine.fakes import FakeClients, ScriptedNode

pytestmark = VIRTUAL_TIME


async def test_who_waits_for_a_change_is_woken_by_the_next_or_by_time():
    board = Board(FakeClients())
    waiting = asyncio.create_task(board.change(60))
    await asyncio.sleep(1)
    board.put(a_node(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert waiting.done()
    begun = asyncio.get_running_loop().time()
    await board.change(60)
    assert 60 == pytest.approx(asyncio.get_running_loop().time() - begun)


async def test_a_node_is_away_for_as_long_as_this_daemon_has_seen_it_away():
    board = Board(FakeClients())
    away = replace(a_node(1), unreachable_since=NOON)
    begun = asyncio.get_running_loop().time()
    board.put(away)
    await asyncio.sleep(30)
    board.on_commit(Changes(owner="me", nodes={1: away}))
    assert begun == pytest.approx(board.away_since(1))
    board.start()
    board.put(away)
    assert begun + 30 == pytest.approx(board.away_since(1))
    board.put(replace(away, unreachable_since=None))
    assert None is board.away_since(1)


async def test_a_task_whose_node_has_moved_waits_for_the_first_look_at_the_new_address(bundle):
    node = await bundle.add_node(ScriptedNode(seconds=500))
    task = await bundle.create()
    await bundle.until_task(task, status=20)
    bundle.clients.nodes["http://node-2:3000"] = node
    seen = node.hold("info")
    await bundle.settle(commands.UpdateProcessingNode(processing_node=node.id, url="http://node-2:3000"))
    await bundle.until_task(task, reason="waiting for node-1, which was not reached yet", status=20)
    seen.set()
    await bundle.until_task(task, status=40, attempt=1)


async def test_a_clock_that_is_set_ahead_takes_no_task_from_a_node_that_hiccups(bundle):
    node = await bundle.add_node(ScriptedNode(seconds=500))
    task = await bundle.create()
    await bundle.until_task(task, status=20)
    node.go_away()
    await asyncio.sleep(15)
    bundle.clock.shift += timedelta(hours=2)
    await asyncio.sleep(60)
    node.come_back()
    await bundle.until_task(task, status=40, attempt=1)


def test_only_so_many_former_nodes_are_remembered():
    board = Board(FakeClients())
    for number in range(FORMER + 10):
        board.put(a_node(number))
        board.on_commit(Changes(owner="me", gone_nodes={number, 10_000}))
    assert list(range(10, FORMER + 10)) == list(board.former)


def test_a_tally_counts_each_trouble_of_each_job_until_it_is_given_up():
    tally = Tally()
    assert [1, 2, 1, 1] == [tally.add(*each) for each in (("a", "x"), ("a", "x"), ("a", "y"), ("b", "x"))]
    tally.on_commit(Changes(owner="me", jobs={"a": a_job("a", abandoned_at=NOON), "b": a_job("b")}))
    assert [1, 2] == [tally.add("a", "x"), tally.add("b", "x")]


async def test_a_task_says_that_it_waits_for_its_node_and_that_it_is_back(bundle):
    node = await bundle.add_node(ScriptedNode(seconds=500))
    task = await bundle.create()
    await bundle.until_task(task, status=20)
    node.go_away()
    await bundle.until_task(task, reason="waiting for node-1, which is offline: connection refused", status=20)
    node.come_back()
    await bundle.until(lambda: "node-1 is online" in bundle.reasons(task))
    await bundle.until_task(task, status=40, attempt=1)


async def test_a_node_that_takes_no_token_is_waited_for_without_end(bundle):
    node = await bundle.add_node(ScriptedNode(seconds=50))
    task = await bundle.create(processing_node=node.id)
    await bundle.until_task(task, status=20)
    node.trouble = NodeUnauthorized("not with this token")
    await asyncio.sleep(1500)
    assert ("processing", 20) == tuple(bundle.of_task(task)[-1][name] for name in ("stage", "status"))
    node.trouble = None
    await bundle.until_task(task, status=40)


@pytest.mark.parametrize(("shown", "named"), [({"processing_node": 1}, "node-1"), ({"processing_node": 2}, "1")])
async def test_a_node_that_is_not_remembered_is_named_by_its_task_or_its_number(bundle, shown, named):
    task = a_task(1, job_node=1, processing_node_name="node-1", **shown)
    assert named == bundle.engine.shop.node_name(task)


async def test_a_wait_that_was_told_before_a_restart_is_not_told_again(bundle):
    shop = bundle.engine.shop
    node = await bundle.add_node(ScriptedNode(seconds=500))
    task = await bundle.create()
    await bundle.until_task(task, status=20)
    await bundle.engine.conductor.stop()
    row = await bundle.row(task)
    shop.board.put(replace(bundle.board_node(node), health=Health.OFFLINE, problem="x"))
    told = "waiting for node-1, which is offline: x"
    waiting = asyncio.create_task(shop.node_of(replace(row, reason=told)))
    await asyncio.sleep(1)
    assert told not in bundle.reasons(task)
    await bundle.until(waiting.done)
    assert "node-1 is online" == bundle.reasons(task)[-1]


async def test_progress_that_cannot_be_told_does_not_stop_the_work(logs):
    async with running(Timing(progress_interval=1)) as bundle:
        troubles = [StoreError("locked"), ZeroDivisionError(), None, StoreError("locked")]

        async def tell():
            if error := troubles.pop():
                raise error

        async with bundle.engine.shop.telling(tell):
            await asyncio.sleep(4.5)
        assert [] == troubles
        assert "step.progress_not_told" in {entry["event"] for entry in logs}


async def test_work_is_cut_off_when_its_progress_is_not_wanted_any_more(bundle):
    async def tell():
        raise Overtaken

    with pytest.raises(Overtaken):
        async with bundle.engine.shop.telling(tell):
            await asyncio.sleep(3600)


async def test_a_timeout_of_the_work_itself_stays_one(bundle):
    async def tell():
        pass

    with pytest.raises(TimeoutError):
        async with bundle.engine.shop.telling(tell):
            raise TimeoutError


@pytest.mark.parametrize(("seconds", "expected"), [(45, "45 s"), (90, "90 s"), (600, "10 min"), (86_400, "24 h")])
def test_times_are_said_as_people_do(seconds, expected):
    assert expected == told_time(seconds)
