"""The conductor: each task in work has its next step going on, and none that is no longer wanted."""

import asyncio
from datetime import timedelta

import pytest

from orchestrator.domain.errors import NodeFault, StoreError
from orchestrator.domain.facts import FilesRemoved
from orchestrator.domain.next_step import Step
from orchestrator.engine.timing import Timing
from orchestrator.engine.turn import Turn
from tests.unit.engine.bundle import VIRTUAL_TIME, running
from tests.unit.engine.fakes import ScriptedNode

pytestmark = VIRTUAL_TIME


def replaced(monkeypatch, bundle, step, function):
    monkeypatch.setitem(bundle.engine.conductor.steps, step, function)


async def test_a_new_step_waits_until_every_old_one_has_let_go(bundle):
    node = await bundle.add_node()
    accept = bundle.shelves.accept
    slow = bundle.shelves.hold("letting go")

    async def stubborn(task):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await slow.wait()
            raise
        return await accept(task)

    bundle.shelves.accept = stubborn
    task = await bundle.create()
    await bundle.until_task(task, stage="collecting")
    await asyncio.sleep(1)
    for action in ("CANCEL", "RESTART"):
        await bundle.act(task, action)
    await bundle.until_task(task, stage="uploading")
    for action in ("CANCEL", "REMOVE"):
        await bundle.act(task, action)
    await asyncio.sleep(60)
    assert (1, 0) == (node.count("begin"), bundle.shelves.count("remove"))
    slow.set()
    await bundle.until(lambda: "task.removed" == bundle.events[-1]["type"])
    assert {} == bundle.engine.conductor._leaving


async def test_a_stop_waits_for_steps_that_are_letting_go():
    let_go = []
    async with running() as bundle:
        await bundle.add_node()

        async def stubborn(task):
            try:
                await asyncio.sleep(3600)
            finally:
                await asyncio.sleep(5)
                let_go.append(task.id)

        bundle.shelves.accept = stubborn
        task = await bundle.create()
        await bundle.until_task(task, stage="collecting")
        await asyncio.sleep(1)
        await bundle.act(task, "CANCEL")
    assert [task] == let_go


async def test_a_fault_of_ours_in_a_step_is_told_and_the_step_tried_again(bundle, logs):
    await bundle.add_node()
    bundle.shelves.will("accept", ZeroDivisionError())
    task = await bundle.create()
    await bundle.until_task(task, status=40, attempt=1)
    assert "the daemon failed at collect: ZeroDivisionError" in bundle.reasons(task)
    assert "step.failed" in {entry["event"] for entry in logs}


async def test_a_database_that_fails_in_a_step_is_waited_for(bundle, monkeypatch):
    await bundle.add_node()
    report, failing = Turn.report, iter([StoreError("locked")])

    async def locked(turn, report_):
        for error in failing:
            raise error
        return await report(turn, report_)

    gate = bundle.shelves.hold("accept")
    task = await bundle.create()
    await bundle.until_task(task, stage="processing")
    monkeypatch.setattr(Turn, "report", locked)
    gate.set()
    await bundle.until_task(task, status=40, attempt=1)


@pytest.mark.parametrize("error", [StoreError("locked"), ZeroDivisionError()])
async def test_an_outcome_is_reported_until_it_is_written(bundle, monkeypatch, error):
    await bundle.add_node()
    report, failing = Turn.report, [error] * 5

    async def failing_report(turn, report_):
        if type(report_.fact).__name__ == "ResultsCollected" and failing:
            raise failing.pop()
        return await report(turn, report_)

    monkeypatch.setattr(Turn, "report", failing_report)
    task = await bundle.create()
    await bundle.until_task(task, status=40, attempt=1)
    assert ([], 1) == (failing, bundle.shelves.count("accept"))


async def test_an_outcome_that_cannot_be_written_holds_nobody_up_who_wants_something_else(bundle, monkeypatch):
    await bundle.add_node()
    report = Turn.report

    async def failing_report(turn, report_):
        if type(report_.fact).__name__ == "ResultsCollected":
            raise StoreError("locked")
        return await report(turn, report_)

    monkeypatch.setattr(Turn, "report", failing_report)
    task = await bundle.create()
    await bundle.until(lambda: bundle.shelves.count("accept"))
    await asyncio.sleep(120)
    await bundle.act(task, "REMOVE")
    await bundle.until(lambda: "task.removed" == bundle.events[-1]["type"], within=10)


async def test_an_outcome_that_nobody_wants_any_more_is_not_reported_again(bundle, monkeypatch):
    await bundle.add_node()
    report, reported, gate = Turn.report, [], asyncio.Event()

    async def failing_report(turn, report_):
        if type(report_.fact).__name__ != "ResultsCollected":
            return await report(turn, report_)
        reported.append(report_)
        await gate.wait()
        raise StoreError("locked")

    monkeypatch.setattr(Turn, "report", failing_report)
    task = await bundle.create()
    await bundle.until(lambda: reported)
    await bundle.act(task, "CANCEL")
    gate.set()
    await bundle.until(lambda: not bundle.engine.conductor._leaving)
    assert 1 == len(reported)


async def test_a_database_that_fails_while_a_task_waits_for_its_node_is_waited_for(bundle, monkeypatch):
    node = await bundle.add_node()
    gate = node.hold("download")
    task = await bundle.create()
    await bundle.until(lambda: node.count("download"))
    report, failing = Turn.report, [StoreError("locked")]

    async def failing_report(turn, report_):
        if failing and "waiting for node-1" in getattr(report_.fact, "reason", ""):
            raise failing.pop()
        return await report(turn, report_)

    monkeypatch.setattr(Turn, "report", failing_report)
    node.go_away()
    gate.set()
    await bundle.until(lambda: not failing)
    node.come_back()
    await bundle.until_task(task, status=40, attempt=1)


async def test_a_report_that_was_refused_for_an_older_fence_does_not_disown_the_task(bundle):
    task = await bundle.create()
    older = await bundle.row(task)
    await bundle.act(task, "RESTART")
    bundle.engine.conductor.disown(older)
    assert [task] == list(bundle.engine.conductor.tasks)
    bundle.engine.conductor.disown(await bundle.row(task))
    assert [] == list(bundle.engine.conductor.tasks)


async def test_a_step_whose_outcome_changes_nothing_does_not_spin(bundle, monkeypatch, logs):
    done = []

    async def pointless(task):
        done.append(task.id)
        return FilesRemoved()

    replaced(monkeypatch, bundle, Step.SUBMIT, pointless)
    await bundle.add_node()
    task = await bundle.create()
    await bundle.until(lambda: done)
    await asyncio.sleep(10)
    assert 8 < len(done) < 12
    assert "step.without_effect" in {entry["event"] for entry in logs}
    await bundle.act(task, "CANCEL")
    await bundle.until_task(task, status=50)


async def test_a_clock_that_was_set_back_holds_nobody_up_for_long(bundle, monkeypatch):
    node = await bundle.add_node()
    node.will("begin", NodeFault("502"))
    task = await bundle.create()
    await bundle.until_task(task, reason="502")
    bundle.clock.shift = timedelta(days=-3)
    await bundle.until_task(task, status=40, within=120)


async def test_a_task_that_another_daemon_took_over_is_let_go():
    async with running(Timing(lease_ttl=1e9)) as bundle:
        node = await bundle.add_node(ScriptedNode(seconds=30))
        task = await bundle.create()
        await bundle.until_task(task, status=20)
        await bundle.store.release("me")
        [taken] = await bundle.store.claim("other", now=bundle.clock.now())
        await bundle.until(lambda: task not in bundle.engine.conductor.tasks)
        assert (taken, {}) == (await bundle.row(task), bundle.engine.conductor._going)
        assert node.jobs


async def test_a_task_that_another_daemon_has_is_not_begun_here_by_a_change_of_its_name():
    async with running(Timing(lease_ttl=1e9)) as bundle:
        task = await bundle.create()
        await bundle.store.release("me")
        await bundle.store.claim("other", now=bundle.clock.now())
        bundle.engine.conductor.tasks.clear()
        bundle.engine.conductor.to_place.clear()
        assert (await bundle.update(task, name="renamed"))["ok"]
        assert {} == bundle.engine.conductor.tasks
        assert (await bundle.act(task, "RESTART"))["ok"]
        assert [task] == list(bundle.engine.conductor.tasks)
        assert () == await bundle.store.claim("me", now=bundle.clock.now())


async def test_a_task_restarted_after_a_restart_of_the_daemon_is_not_cut_by_the_next_beat():
    async with running() as bundle:
        node = await bundle.add_node()
        task = await bundle.create()
        await bundle.until_task(task, status=40)
        bundle.engine.turn.owner = "after a restart"
        await bundle.act(task, "CANCEL")
        await bundle.act(task, "RESTART")
        gate = node.hold("restart")
        await bundle.until(lambda: node.count("restart"))
        fence = (await bundle.row(task)).fence
        await asyncio.sleep(30)
        assert fence == (await bundle.row(task)).fence
        gate.set()
        await bundle.until_task(task, status=40, attempt=2)
        assert 1 == node.count("restart")


async def test_a_cancel_during_a_stop_is_settled_and_begins_nothing(bundle):
    await bundle.add_node(ScriptedNode(seconds=100))
    task = await bundle.create()
    await bundle.until_task(task, status=20)
    await bundle.engine.conductor.stop()
    await bundle.act(task, "RESTART")
    assert ({}, "waiting") == (bundle.engine.conductor._going, (await bundle.row(task)).stage)


async def test_what_an_upload_still_does_is_cut_by_a_cancel_during_a_stop(bundle):
    node = await bundle.add_node()
    node.hold("upload")
    task = await bundle.create()
    await bundle.until(lambda: node.count("upload"))
    stopping = asyncio.create_task(bundle.engine.conductor.stop())
    await asyncio.sleep(1)
    assert not stopping.done()
    await bundle.act(task, "CANCEL")
    await asyncio.sleep(1)
    assert stopping.done()
