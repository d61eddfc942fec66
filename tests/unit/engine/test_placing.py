"""Placing: tasks go to nodes as soon as there is room, and those that wait can say why."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.domain.errors import StoreError
from orchestrator.domain.task import Option
from orchestrator.engine import placing
from orchestrator.engine.timing import Timing
from orchestrator.engine.turn import Turn
from tests.unit.engine.bundle import VIRTUAL_TIME, running
from tests.unit.engine.fakes import INFO, ScriptedNode

pytestmark = VIRTUAL_TIME


async def test_tasks_wait_here_until_a_slot_is_free(bundle):
    node = await bundle.add_node(ScriptedNode(seconds=60))
    tasks = [await bundle.create() for _ in range(3)]
    await bundle.until_task(tasks[2], reason="waiting for a processing node: node-1 is busy")
    assert 2 == node.count("begin")
    await bundle.until_task(tasks[2], status=40)


async def test_a_reason_is_told_though_the_clock_was_set_back(bundle):
    await bundle.add_node(ScriptedNode(seconds=1000))
    tasks = [await bundle.create() for _ in range(3)]
    bundle.clock.shift -= timedelta(hours=2)
    await bundle.until_task(tasks[2], within=60, reason="waiting for a processing node: node-1 is busy")


async def test_jobs_of_others_take_slots_too(bundle):
    node = ScriptedNode()
    node.about = replace(node.about, queue_count=2)
    await bundle.add_node(node)
    task = await bundle.create()
    await bundle.until_task(task, reason="waiting for a processing node: node-1 is busy")
    node.about = replace(node.about, queue_count=1)
    await bundle.until_task(task, status=40)


async def test_our_own_jobs_are_not_taken_for_those_of_others(bundle):
    node = await bundle.add_node(ScriptedNode(seconds=100))
    task = await bundle.create()
    await bundle.until_task(task, status=20)
    await asyncio.sleep(30)
    assert 0 == bundle.engine.board.foreign[node.id]


@pytest.mark.parametrize("error", [StoreError("locked"), ZeroDivisionError()])
async def test_a_failure_is_over_with_the_next_look(bundle, monkeypatch, error):
    report_all, failing = Turn.report_all, [error] * 3

    async def failing_report(turn, reports):
        if failing:
            raise failing.pop()
        return await report_all(turn, reports)

    monkeypatch.setattr(Turn, "report_all", failing_report)
    await bundle.add_node()
    task = await bundle.create()
    await bundle.until_task(task, status=40)


async def test_many_reasons_are_told_a_few_at_a_time(bundle, monkeypatch):
    monkeypatch.setattr(placing, "REASONS_AT_ONCE", 2)
    node = ScriptedNode()
    node.go_away()
    await bundle.add_node(node)
    tasks = [await bundle.create() for _ in range(5)]
    for task in tasks:
        await bundle.until_task(task, reason="waiting for a processing node: node-1 is offline")


async def test_a_waiting_task_that_another_daemon_has_is_let_go():
    async with running(Timing(lease_ttl=1e9)) as bundle:
        task = await bundle.create()
        await bundle.store.release("me")
        await bundle.store.claim("other", now=bundle.clock.now())
        node = await bundle.add_node()
        await bundle.until(lambda: not bundle.engine.conductor.tasks)
        assert (set(), 0) == (bundle.engine.conductor.to_place, node.count("begin"))
        assert 1 == await bundle.create(reference="x") - task


async def test_a_task_moved_while_it_is_placed_stays_ours(bundle):
    node = await bundle.add_node()
    other = await bundle.add_node(number=2)
    task = await bundle.create(processing_node=node.id, auto_processing_node=False)
    await bundle.update(task, processing_node=other.id)
    done = await bundle.until_task(task, status=40)
    assert other.id == done["processing_node"]


async def test_a_chosen_node_that_lacks_an_option_is_waited_for_with_a_reason(bundle):
    node = ScriptedNode()
    node.known_options = node.known_options[1:]
    await bundle.add_node(node)
    other = await bundle.add_node(number=2)
    task = await bundle.create(options=(Option("dsm", value=True),))
    done = await bundle.until_task(task, status=40)
    assert other.id == done["processing_node"]


async def test_an_urgent_task_goes_before_a_crowd_that_waits_for_a_cluster_of_any_size(bundle):
    endless = replace(INFO, is_cluster=True, max_parallel=2**31 - 1)
    node = await bundle.add_node(ScriptedNode(info=endless))
    opened = node.hold("begin")
    crowd = [await bundle.create(name="crowd") for _ in range(40)]
    told = "waiting until the images of tasks that go first are sent"
    await bundle.until_task(crowd[-1], reason=told)
    urgent = await bundle.create(name="urgent", priority=9)
    opened.set()
    await bundle.until_task(urgent, status=40)
    assert 8 == [name.partition(" ")[0] for name in node.names.values()].index("urgent")
    await bundle.until_task(crowd[-1], status=40)


async def test_uploads_to_a_node_that_is_away_keep_no_task_from_another(bundle):
    first = await bundle.add_node(ScriptedNode(info=replace(INFO, max_parallel=100)))
    first.hold("upload")
    tasks = [await bundle.create() for _ in range(8)]
    await bundle.until(lambda: 4 == first.count("begin"))
    await bundle.add_node(number=2)
    first.go_away()
    first.gates["upload"].set()
    for task in tasks:
        await bundle.until_task(task, reason="waiting for node-1, which is offline: connection refused")
    await bundle.until_task(await bundle.create(), within=60, status=40)
