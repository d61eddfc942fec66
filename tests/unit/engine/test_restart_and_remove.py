"""Restart and remove: an ended job is run again where it is, and what is to go goes everywhere."""

from dataclasses import replace

import pytest

from orchestrator.domain.commands import RemoveProcessingNode
from orchestrator.domain.errors import JobNotFound, NodeFault, NodeRefused, NodeUnreachable, StorageFailed
from orchestrator.domain.task import Option
from tests.unit.engine.bundle import VIRTUAL_TIME
from tests.unit.engine.fakes import INFO, ScriptedNode

pytestmark = VIRTUAL_TIME


async def ended(bundle, **fields):
    node = await bundle.add_node()
    task = await bundle.create(**fields)
    await bundle.until_task(task, status=40)
    return node, task


async def test_a_restart_runs_the_job_on_its_node_with_the_present_options(bundle):
    node, task = await ended(bundle)
    options = (Option("rerun-from", "odm_dem"), Option("dsm", value=True))
    await bundle.update(task, options=options)
    await bundle.act(task, "RESTART")
    done = await bundle.until_task(task, status=40, attempt=2)
    assert [options] == [call[2] for call in node.calls if call[0] == "restart"]
    assert [{"name": "dsm", "value": True}] == done["options"]


@pytest.mark.parametrize("choice", [{"processing_node": None}, {"processing_node": 2, "auto_processing_node": True}])
async def test_a_task_restarted_where_its_job_is_shows_that_node_whatever_was_chosen_meanwhile(bundle, choice):
    node, task = await ended(bundle)
    await bundle.add_node(number=2)
    await bundle.update(task, **choice)
    await bundle.act(task, "RESTART")
    done = await bundle.until_task(task, status=40, attempt=2)
    assert (node.id, "node-1", 1) == (
        done["processing_node"], done["processing_node_name"], node.count("restart"),
    )  # fmt: skip
    assert "restarted on node-1" in bundle.reasons(task)


async def test_a_restart_whose_answer_was_lost_took_effect(bundle):
    node, task = await ended(bundle)
    gate = node.hold("restart")
    await bundle.act(task, "RESTART")
    await bundle.until(lambda: node.count("restart"))
    uuid = node.calls[-1][1]
    node.take(uuid, images=3)
    node.will("restart", NodeFault("timeout"))
    gate.set()
    await bundle.until_task(task, status=40, attempt=2)
    assert 1 == node.count("restart")


async def restarted_unheard(bundle, node, task):
    """Let a restart take effect whose answer is lost, and let the job end before anyone looks."""
    gate = node.hold("restart")
    await bundle.act(task, "RESTART")
    await bundle.until(lambda: node.count("restart"))
    uuid = node.calls[-1][1]
    node.take(uuid, images=3)
    node.set(uuid, status=40, progress=1.0)
    node.will("restart", NodeFault("timeout"))
    gate.set()
    return await bundle.until_task(task, status=40, attempt=2)


async def test_a_restart_that_was_not_heard_and_has_ended_meanwhile_is_not_asked_for_again(bundle):
    node, task = await ended(bundle)
    await restarted_unheard(bundle, node, task)
    assert 1 == node.count("restart")


async def test_a_restarted_job_is_not_spoiled_by_the_masks_of_its_first_run(bundle):
    node, task = await ended(bundle)
    node.set(next(iter(node.jobs)), images_count=6)  # As a node tells that was down meanwhile.
    await bundle.act(task, "RESTART")
    await bundle.until_task(task, status=40, attempt=2)
    assert (1, 1) == (node.count("restart"), node.count("begin"))


async def test_a_second_restart_is_no_echo_of_the_first(bundle):
    node, task = await ended(bundle)
    await restarted_unheard(bundle, node, task)
    await bundle.act(task, "RESTART")
    await bundle.until_task(task, status=40, attempt=3)
    assert (2, 1) == (node.count("restart"), node.count("begin"))


async def test_a_node_that_does_not_date_its_runs_is_asked_again_rather_than_never(bundle):
    node, task = await ended(bundle)
    node.dates_runs = False
    node.set(next(iter(node.jobs)), created=-1)
    await restarted_unheard(bundle, node, task)
    assert 2 == node.count("restart")


async def test_a_restart_that_is_refused_because_the_job_runs_was_heard(bundle):
    node, task = await ended(bundle)
    gate = node.hold("restart")
    await bundle.act(task, "RESTART")
    await bundle.until(lambda: node.count("restart"))
    node.take(node.calls[-1][1], images=3)
    node.will("restart", NodeRefused("Task cannot be restarted"))
    gate.set()
    await bundle.until_task(task, status=40, attempt=2)
    assert (1, 1) == (node.count("restart"), node.count("begin"))


@pytest.mark.parametrize("error", [JobNotFound("not found"), NodeRefused("request entity too large")])
async def test_a_job_that_cannot_be_restarted_is_sent_anew(bundle, error):
    node, task = await ended(bundle)
    node.will("restart", error)
    await bundle.act(task, "RESTART")
    await bundle.until_task(task, status=40, attempt=2)
    assert 2 == node.count("begin")


async def test_a_job_that_its_node_could_not_prepare_goes_from_there_and_is_sent_anew(bundle):
    node = await bundle.add_node()
    looks = node.hold("job")
    task = await bundle.create()
    await bundle.until(lambda: node.jobs)
    [uuid] = node.jobs
    node.set(uuid, status=30, error="ENOSPC: no space left on device")
    looks.set()
    failed = await bundle.until_task(task, status=30)
    assert "ENOSPC: no space left on device" == failed["last_error"]
    await bundle.until(lambda: not node.jobs)
    await bundle.act(task, "RESTART")
    await bundle.until_task(task, status=40)
    assert (0, 2) == (node.count("restart"), node.count("begin"))


async def test_a_job_that_was_canceled_on_its_node_meanwhile_is_sent_anew(bundle):
    node, task = await ended(bundle)
    node.set(next(iter(node.jobs)), status=50)
    await bundle.act(task, "RESTART")
    await bundle.until_task(task, status=40, attempt=2)
    assert (0, 2) == (node.count("restart"), node.count("begin"))


async def test_a_disk_that_is_full_delays_a_restart(bundle):
    node, task = await ended(bundle)
    bundle.shelves.will("begin_output", StorageFailed("the disk is full"))
    await bundle.act(task, "RESTART")
    await bundle.until_task(task, status=40, attempt=2)
    assert 1 == node.count("restart")


async def offline(bundle, node):
    node.go_away()
    await bundle.until(lambda: not bundle.board_node(node).online)


async def test_a_task_that_may_choose_does_not_wait_for_its_old_node(bundle):
    node, task = await ended(bundle)
    other = await bundle.add_node(number=2)
    await offline(bundle, node)
    await bundle.act(task, "RESTART")
    done = await bundle.until_task(task, status=40, attempt=2)
    assert other.id == done["processing_node"]


async def test_a_node_that_was_taken_away_cannot_restart_its_job(bundle):
    node, task = await ended(bundle)
    await bundle.add_node(number=2)
    assert (await bundle.settle(RemoveProcessingNode(processing_node=node.id)))["ok"]
    await bundle.act(task, "RESTART")
    await bundle.until_task(task, status=40, attempt=2)
    assert "node-1 is not there; the task is sent anew" in bundle.reasons(task)


async def test_the_restart_on_a_chosen_node_that_stays_away_fails_with_a_plain_reason(bundle):
    node = await bundle.add_node()
    task = await bundle.create(processing_node=node.id)
    await bundle.until_task(task, status=40)
    await offline(bundle, node)
    await bundle.act(task, "RESTART")
    commits: list[object] = []
    bundle.engine.turn.listeners.append(commits.append)
    failed = await bundle.until_task(task, status=30)
    assert "node-1 has been unreachable for 10 min: connection refused" == failed["last_error"]
    assert len(commits) < 20


async def test_a_restart_that_is_hindered_is_tried_again(bundle):
    node, task = await ended(bundle)
    node.will("job", NodeUnreachable("refused"))
    await bundle.act(task, "RESTART")
    await bundle.until_task(task, status=40, attempt=2)
    assert 1 == node.count("restart")


async def test_a_restart_of_a_running_task_waits_until_its_old_job_has_stopped(bundle):
    node = await bundle.add_node(ScriptedNode(seconds=100))
    task = await bundle.create()
    first = await bundle.until_task(task, status=20)
    gate = node.hold("cancel")
    await bundle.act(task, "RESTART")
    await bundle.until_task(task, reason="waiting for its previous job to stop on node-1")
    assert 1 == node.count("begin")
    gate.set()
    again = await bundle.until_task(task, status=20, attempt=2)
    assert first["uuid"] not in {again["uuid"], *node.jobs}


async def test_remove_takes_job_files_and_task_away(bundle):
    node, task = await ended(bundle)
    await bundle.act(task, "REMOVE")
    await bundle.until(lambda: "task.removed" == bundle.events[-1]["type"])
    assert ({}, ("remove", task)) == (node.jobs, bundle.shelves.calls[-1])
    assert await bundle.row(task) is None
    assert {} == bundle.engine.conductor.tasks


async def test_remove_waits_only_so_long_for_a_node_that_does_not_let_go(bundle):
    node, task = await ended(bundle)
    gate = node.hold("remove")
    await bundle.act(task, "REMOVE")
    await bundle.until(lambda: "task.removed" == bundle.events[-1]["type"], within=10)
    gate.set()
    await bundle.until(lambda: not node.jobs)


async def test_remove_waits_only_so_long_for_a_node_that_does_not_stop_the_job(bundle):
    node = await bundle.add_node(ScriptedNode(seconds=10_000))
    task = await bundle.create()
    await bundle.until_task(task, status=20)
    gate = node.hold("cancel")
    await bundle.act(task, "REMOVE")
    await bundle.until(lambda: "task.removed" == bundle.events[-1]["type"], within=10)
    assert 20 == node.state(next(iter(node.jobs))).status
    gate.set()
    await bundle.until(lambda: not node.jobs)


async def test_files_that_cannot_be_removed_yet_are_removed_later(bundle):
    _, task = await ended(bundle)
    bundle.shelves.will("remove", StorageFailed("read-only"))
    await bundle.act(task, "REMOVE")
    await bundle.until(lambda: "task.removed" == bundle.events[-1]["type"])
    assert "read-only" in bundle.reasons(task)


@pytest.mark.parametrize(("is_cluster", "within"), [(True, 120), (False, 1200)])
async def test_a_job_of_which_an_online_node_tells_nothing_is_not_waited_for_to_be_restarted(
    bundle, *, is_cluster, within
):
    node = await bundle.add_node(ScriptedNode(info=replace(INFO, is_cluster=is_cluster)))
    task = await bundle.create(processing_node=node.id)
    await bundle.until_task(task, status=40)
    node.will("job", *[NodeFault("The node closed the connection without an answer.")] * 30)
    await bundle.act(task, "RESTART")
    await bundle.until(lambda: node.count("begin") == 2, within=within)
    assert any("has told nothing of the job for" in reason for reason in bundle.reasons(task))


async def test_a_node_that_was_away_during_a_restart_is_asked_for_it_all_the_same(bundle):
    node, task = await ended(bundle)
    node.will("job", NodeFault("502"), *[NodeUnreachable("refused")] * 15, NodeFault("502"))
    await bundle.act(task, "RESTART")
    await bundle.until_task(task, status=40, attempt=2)
    assert (1, 1) == (node.count("restart"), node.count("begin"))
