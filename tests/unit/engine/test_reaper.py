"""The reaper: abandoned jobs vanish from their nodes, and none is believed gone too soon."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.domain import commands
from orchestrator.domain.errors import JobNotFound, NodeFault, NodeRefused, StoreError
from orchestrator.engine.stimuli import JobReport
from orchestrator.engine.turn import Turn
from tests.integration.store.rows import a_job
from tests.unit.engine.bundle import VIRTUAL_TIME
from tests.unit.engine.fakes import INFO, T0, ScriptedNode

pytestmark = VIRTUAL_TIME

MICMAC = replace(INFO, engine="micmac")


async def canceled(bundle, **options):
    """Have a task that was canceled while its node ran it."""
    node = await bundle.add_node(ScriptedNode(**({"seconds": 1000} | options)))
    task = await bundle.create()
    shown = await bundle.until_task(task, status=20)
    return node, task, shown["uuid"]


async def gone(bundle, within=3600):
    await bundle.until(lambda: not bundle.engine.reaper.jobs, within)


@pytest.mark.parametrize("error", [NodeFault("502"), NodeRefused("ENOTEMPTY"), ZeroDivisionError()])
async def test_a_job_that_cannot_be_removed_yet_is_removed_later(bundle, error):
    node, task, _ = await canceled(bundle)
    node.will("remove", error, error)
    await bundle.act(task, "CANCEL")
    await gone(bundle)
    assert ({}, (), 1) == (node.jobs, await bundle.jobs(), node.count("cancel"))


async def test_many_jobs_are_stopped_at_once_and_removed_a_few_at_a_time(bundle):
    node = await bundle.add_node(ScriptedNode(seconds=1000, info=replace(INFO, max_parallel=10)))
    tasks = [await bundle.create() for _ in range(5)]
    for task in tasks:
        await bundle.until_task(task, status=20)
    look, removal = node.hold("job"), node.hold("remove")
    for task in tasks:
        await bundle.act(task, "CANCEL")
    *_, last = node.jobs
    node.set(last, status=40)
    look.set()
    await bundle.until(lambda: [50] * 4 + [40] == [job.status for job in node.jobs.values()])
    await asyncio.sleep(60)
    assert (2, {}) == (node.count("remove"), bundle.engine.reaper.holding())
    removal.set()
    await gone(bundle)
    assert {} == node.jobs


async def test_a_job_that_has_ended_is_not_canceled(bundle):
    node, task, uuid = await canceled(bundle)
    gate = node.hold("job")
    await bundle.act(task, "CANCEL")
    node.set(uuid, status=40)
    gate.set()
    await gone(bundle)
    assert (0, 1) == (node.count("cancel"), node.count("remove"))


async def test_a_job_that_the_node_forgot_is_gone_once_it_was_said_twice(bundle):
    node, task, uuid = await canceled(bundle)
    del node.jobs[uuid]
    before = node.count("job")
    await bundle.act(task, "CANCEL")
    await gone(bundle, within=2)
    assert 2 == node.count("job") - before


async def test_the_job_of_an_ended_task_is_cleaned_up_though_the_node_denies_it_once(bundle):
    node = await bundle.add_node()
    task = await bundle.create()
    await bundle.until_task(task, status=40)
    node.will("job", JobNotFound("not found"))
    await bundle.act(task, "REMOVE")
    await gone(bundle)
    assert ({}, 0) == (node.jobs, node.count("cancel"))


@pytest.mark.parametrize("call", ["job", "cancel", "remove"])
async def test_a_node_that_denies_a_job_once_is_cleaned_up_all_the_same(bundle, call):
    node, task, _ = await canceled(bundle)
    node.will(call, JobNotFound("not found"))
    await bundle.act(task, "CANCEL")
    await gone(bundle)
    assert {} == node.jobs


async def test_a_node_that_is_away_is_cleaned_up_when_it_is_back(bundle):
    node, task, _ = await canceled(bundle)
    node.go_away()
    await bundle.until(lambda: not bundle.board_node(node).online)
    await bundle.act(task, "CANCEL")
    await bundle.until_task(task, status=50, within=1)
    await asyncio.sleep(3600)
    assert [True] == [job.committed for job in await bundle.jobs()]
    node.come_back()
    await gone(bundle)
    assert {} == node.jobs


async def test_a_commit_that_may_still_take_effect_keeps_the_task_from_being_placed_again(bundle):
    node = await bundle.add_node()
    gate = node.hold("commit")
    task = await bundle.create()
    await bundle.until(lambda: node.count("commit"))
    first = node.calls[-1][1]
    await bundle.act(task, "RESTART")
    await asyncio.sleep(15)
    assert 1 == node.count("begin")
    gate.set()
    node.take(first, images=3)  # Now only: the network had it.
    await bundle.until_task(task, status=40, attempt=2)
    assert first not in node.jobs
    assert node.calls.index(("remove", first)) < [call[0] for call in node.calls].index("begin", 5)


async def test_a_commit_that_never_took_effect_is_believed_after_a_while(bundle):
    node = await bundle.add_node()
    node.hold("commit")
    task = await bundle.create()
    await bundle.until(lambda: node.count("commit"))
    await bundle.act(task, "CANCEL")
    await asyncio.sleep(15)
    assert 1 == len(await bundle.jobs())
    await gone(bundle, within=10)


@pytest.mark.parametrize(("info", "settled"), [(MICMAC, 1200), (replace(MICMAC, is_cluster=True), 20)])
async def test_a_node_that_moves_files_before_it_shows_a_job_is_looked_at_for_longer(bundle, info, settled):
    node = await bundle.add_node(ScriptedNode(info=info))
    node.hold("commit")
    task = await bundle.create()
    await bundle.until(lambda: node.count("commit"))
    await bundle.act(task, "CANCEL")
    await asyncio.sleep(settled - 5)
    assert 1 == len(await bundle.jobs())
    await gone(bundle, within=130)


async def test_a_job_on_a_node_that_only_the_cluster_cannot_reach_holds_its_task_no_longer_than_an_outage(bundle):
    node, task, uuid = await canceled(bundle, info=replace(INFO, is_cluster=True, max_parallel=99))
    node.will("job", *[NodeFault("closed without an answer")] * 20)
    await bundle.act(task, "RESTART")
    await bundle.until(lambda: node.count("begin") == 2, within=100)
    assert f"waiting for its previous job to stop on {bundle.board_node(node).name}" in bundle.reasons(task)
    await gone(bundle)
    assert uuid not in node.jobs


async def test_a_node_of_its_own_that_fails_holds_the_task_until_it_has_stopped_the_job(bundle):
    node, task, uuid = await canceled(bundle)
    node.will("job", *[NodeFault("502")] * 9)
    await bundle.act(task, "RESTART")
    await bundle.until(lambda: node.count("begin") == 2)
    assert uuid not in node.jobs


async def test_the_database_may_fail_while_a_job_goes(bundle, monkeypatch):
    node, task, _ = await canceled(bundle)
    confirm, failing = Turn.confirm_job, [StoreError("locked")] * 3

    async def failing_confirm(turn, report):
        if failing:
            raise failing.pop()
        await confirm(turn, report)

    monkeypatch.setattr(Turn, "confirm_job", failing_confirm)
    await bundle.act(task, "CANCEL")
    await gone(bundle)
    assert () == await bundle.jobs()


async def test_a_node_that_was_taken_away_and_does_not_answer_keeps_its_job(bundle):
    node, task, _ = await canceled(bundle)
    node.go_away()
    remove = commands.RemoveProcessingNode(processing_node=node.id, force=True)
    assert (await bundle.settle(remove))["ok"]
    assert 1 == len(bundle.engine.reaper.jobs)
    await gone(bundle, within=60)
    assert () == await bundle.jobs()


async def test_a_node_that_is_taken_away_while_it_is_waited_for_keeps_its_job(bundle):
    node, task, _ = await canceled(bundle)
    node.go_away()
    await bundle.until(lambda: not bundle.board_node(node).online)
    await bundle.act(task, "CANCEL")
    await asyncio.sleep(10)
    assert (await bundle.settle(commands.RemoveProcessingNode(processing_node=node.id)))["ok"]
    await gone(bundle, within=10)


async def test_a_job_on_a_node_that_nobody_remembers_is_forgotten(bundle):
    bundle.engine.reaper.take(a_job("6f1c2b1e-9a43-4f5a-8a51-0d6a34a7a001", node=77, abandoned_at=T0))
    await gone(bundle, within=1)


async def test_a_job_that_comes_again_while_its_reaping_ends_is_seen_to_again(bundle, monkeypatch):
    node, task, uuid = await canceled(bundle)
    await bundle.act(task, "CANCEL")
    job = bundle.engine.reaper.jobs[uuid]
    confirm = Turn.confirm_job

    async def confirm_and_take(turn, report):
        await confirm(turn, report)
        monkeypatch.undo()
        bundle.engine.reaper.take(job)

    await bundle.until(lambda: node.count("cancel"))
    await asyncio.sleep(0)
    monkeypatch.setattr(Turn, "confirm_job", confirm_and_take)
    await gone(bundle)
    assert {} == bundle.engine.reaper._going


async def test_a_job_that_another_daemon_saw_off_is_left_alone(bundle):
    node, task, uuid = await canceled(bundle)
    node.will("remove", NodeFault("502"))
    await bundle.act(task, "CANCEL")
    await bundle.until(lambda: node.count("remove"))
    await bundle.engine.turn.confirm_job(JobReport(uuid, gone=True))
    await bundle.until(lambda: not bundle.engine.reaper._going)
    assert 1 == node.count("remove")


async def test_a_stopped_reaper_takes_nothing_on(bundle):
    await bundle.engine.reaper.stop()
    bundle.engine.reaper.take(a_job("u", node=1, abandoned_at=T0))
    assert {} == bundle.engine.reaper._going


@pytest.mark.parametrize("hours", [-2, 2])
async def test_a_clock_that_is_set_makes_nothing_sure_sooner_or_later(bundle, hours):
    node = await bundle.add_node()
    node.hold("commit")
    task = await bundle.create()
    await bundle.until(lambda: node.count("commit"))
    await bundle.act(task, "CANCEL")
    bundle.clock.shift += timedelta(hours=hours)
    await asyncio.sleep(15)
    assert 1 == len(await bundle.jobs())
    await gone(bundle, within=10)


async def test_a_job_that_was_stopped_but_not_removed_is_not_stopped_twice(bundle):
    node, task, uuid = await canceled(bundle)
    node.will("remove", NodeFault("502"))
    await bundle.act(task, "CANCEL")
    await bundle.until(lambda: node.count("remove"))
    node.set(uuid, status=20)  # A node that was restarted begins again what it had canceled.
    await gone(bundle)
    assert (2, 2) == (node.count("cancel"), node.count("remove"))


async def test_a_job_that_was_stopped_before_a_crash_is_gone_when_its_node_does_not_know_it(bundle):
    node = await bundle.add_node()
    job = a_job("u", node=node.id, committed=True, stopped=True, abandoned_at=bundle.clock.now())
    bundle.engine.reaper.take(job)
    await gone(bundle, within=1)


async def test_a_job_that_vanishes_under_the_reapers_hands_is_gone(bundle):
    node, task, uuid = await canceled(bundle)
    gate = node.hold("remove")
    await bundle.act(task, "CANCEL")
    await bundle.until(lambda: node.count("remove"))
    del node.jobs[uuid]
    gate.set()
    await gone(bundle, within=3)
