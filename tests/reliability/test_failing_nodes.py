"""Nodes that fail in every way we know: one hiccup never fails a task, and no job runs twice without need."""

import pytest

from orchestrator.engine.timing import Timing
from tests.integration.engine.bundle import QUICK, built, running

PATIENT = Timing(
    probe_interval=0.2,
    poll_interval=0.1,
    first_poll=0.05,
    offline_after=0.4,
    node_lost_after=60.0,
    progress_interval=0.05,
    idle_flush=0.01,
)
"""A node is offline soon, and lost late: what lies between is an outage that costs nothing."""


@pytest.fixture
async def bundle(tmp_path):
    async with running(tmp_path, PATIENT) as bundle:
        yield bundle


def no_failure(bundle, task):
    return [] == [status for status in bundle.statuses(task["id"]) if status in {30, 50}]


async def ends_in_one_run(bundle, node, task):
    done = await bundle.until_task(task["id"], status=40)
    assert 1 == done["attempt"]
    assert no_failure(bundle, task)
    assert [(done["uuid"], "completed")] == [(run.uuid, run.outcome) for run in node.runs]
    return done


async def running_task(bundle, node):
    task = await bundle.create()
    await bundle.until_task(task["id"], status=20)
    assert node.id == bundle.of_task(task["id"])[-1]["data"]["task"]["processing_node"]
    return task


async def test_a_node_that_is_away_for_a_while_costs_nothing(bundle):
    node = await bundle.add_node(seconds=1.0)
    other = await bundle.add_node()
    task = await running_task(bundle, node)
    await node.go_offline()
    await bundle.until(lambda: "offline" in bundle.healths(node))
    await node.wait_for("ended")
    await node.come_back()
    await ends_in_one_run(bundle, node, task)
    assert [] == list(other.runs)


async def test_a_job_whose_task_went_elsewhere_is_removed_when_its_node_comes_back(tmp_path):
    async with running(tmp_path, QUICK) as bundle:
        first = await bundle.add_node(seconds=30)
        task = await running_task(bundle, first)
        second = await bundle.add_node()
        await first.go_offline()
        done = await bundle.until_task(task["id"], status=40)
        assert (second.id, 1) == (done["processing_node"], len(second.runs))
        await first.come_back()
        await first.wait_for("removed")
        assert {} == dict(first.jobs)
        assert ["canceled"] == [run.outcome for run in first.runs]
        assert 40 == bundle.of_task(task["id"])[-1]["data"]["task"]["status"]


async def test_a_job_that_finished_while_we_were_down_is_collected(tmp_path):
    async with built(tmp_path, PATIENT) as bundle:
        async with bundle.engine.running():
            node = await bundle.add_node(seconds=0.5)
            task = await running_task(bundle, node)
        await node.wait_for("ended")
        async with bundle.engine.running():
            await ends_in_one_run(bundle, node, task)


async def test_a_job_whose_results_expired_while_we_were_down_is_run_again(tmp_path):
    async with built(tmp_path, PATIENT) as bundle:
        async with bundle.engine.running():
            node = await bundle.add_node(seconds=0.5)
            task = await running_task(bundle, node)
        await node.wait_for("ended")
        await node.forget()
        async with bundle.engine.running():
            done = await bundle.until_task(task["id"], status=40)
        assert 2 == done["attempt"]
        assert ["completed", "completed"] == [run.outcome for run in node.runs]
        assert any("not found" in event["data"]["reason"] for event in bundle.of_task(task["id"]))


@pytest.mark.parametrize(
    ("status", "path"), [(502, "*"), (500, "/task/new/*"), (503, "/task/*/info"), (429, "/task/*/download/*")]
)
async def test_a_node_that_answers_errors_for_a_while_costs_nothing(bundle, status, path):
    node = await bundle.add_node(seconds=0.5)
    node.respond_with(status, "<html>Bad gateway</html>", times=2, path=path)
    task = await bundle.create()
    await ends_in_one_run(bundle, node, task)


async def test_a_token_that_was_changed_under_us_makes_tasks_wait_until_we_have_it(bundle):
    node = await bundle.add_node(seconds=0.5, token="first")
    task = await running_task(bundle, node)
    node.set_token("second")
    await node.wait_for("ended")
    await bundle.until(lambda: "unauthorized" in bundle.healths(node))
    assert (await bundle.send("update-processing-node", processing_node=node.id, token="second"))["ok"]
    await ends_in_one_run(bundle, node, task)


async def test_a_node_that_hangs_for_a_moment_costs_nothing(bundle):
    node = await bundle.add_node(seconds=0.5)
    task = await running_task(bundle, node)
    node.hang()
    await node.wait_for("ended")
    node.unhang()
    await ends_in_one_run(bundle, node, task)


async def test_a_video_with_subtitles_is_sent_once(bundle):
    node = await bundle.add_node()
    for name in ("clip.mp4", "clip.srt", "geo.txt"):
        (bundle.photos / name).write_bytes(b"some bytes")
    answer = await bundle.send("create-task", images=[str(bundle.photos)])
    done = await ends_in_one_run(bundle, node, answer["task"])
    assert 1 == done["images_count"]


async def test_what_a_node_finds_wrong_with_options_is_told_in_words(bundle):
    await bundle.add_node()
    task = await bundle.create(options=[{"name": "dsm", "value": "maybe"}])
    failed = await bundle.until_task(task["id"], status=30)
    assert "dsm: Cannot convert maybe to boolean" == failed["last_error"]
