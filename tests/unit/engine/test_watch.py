"""Watch: the job is looked at until it ends; what hinders the looking is no failure of the task."""

from dataclasses import replace

import pytest

from orchestrator.domain.errors import JobNotFound, NodeFault, NodeUnreachable, StorageFailed
from orchestrator.engine.ports import JobInfo
from tests.unit.engine.bundle import VIRTUAL_TIME
from tests.unit.engine.fakes import INFO, ScriptedNode

pytestmark = VIRTUAL_TIME


async def at_work(bundle, count=3, *, seconds=1000.0, info=INFO, **fields):
    """Have a task that its node runs."""
    node = await bundle.add_node(ScriptedNode(seconds=seconds, info=info))
    task = await bundle.create(count, **fields)
    shown = await bundle.until_task(task, status=20)
    return node, task, shown["uuid"]


async def test_a_hindrance_is_told_and_over_with_the_next_look(bundle):
    node, task, _ = await at_work(bundle)
    node.will("job", NodeFault("502"))
    await bundle.until_task(task, reason="502", status=20)
    shown = await bundle.until_task(task, reason="processing on node-1", status=20)
    assert 1 == shown["attempt"]
    assert 0 == (await bundle.row(task)).failures


async def test_a_disk_that_is_full_does_not_fail_the_task(bundle):
    node, task, _ = await at_work(bundle, seconds=20)
    bundle.shelves.will("append", *[StorageFailed("the disk is full")] * 3)
    node.output += ("line 3",)
    await bundle.until_task(task, reason="the disk is full", status=20)
    await bundle.until_task(task, status=40, attempt=1)
    assert ["line 1", "line 2", "line 3"] == bundle.shelves.lines[task]


async def test_a_job_that_the_node_does_not_know_twice_in_a_row_is_sent_again(bundle):
    node, task, uuid = await at_work(bundle)
    del node.jobs[uuid]
    await bundle.until_task(task, attempt=2)
    assert f"{uuid} not found; asking once more" in bundle.reasons(task)


async def test_a_node_that_was_away_and_then_does_not_know_the_job_at_first_is_asked_once_more(bundle):
    node, task, uuid = await at_work(bundle, seconds=30)
    node.will("job", NodeUnreachable("refused"), NodeUnreachable("refused"), JobNotFound(f"{uuid} not found"))
    await bundle.until_task(task, status=40, attempt=1)


async def test_looks_that_succeed_in_between_begin_the_count_anew(bundle):
    node, task, uuid = await at_work(bundle, seconds=60)
    for _ in range(3):
        node.will("job", JobNotFound(f"{uuid} not found"))
        await bundle.until(lambda: not node.script["job"])
        await bundle.until_task(task, reason="processing on node-1")
    await bundle.until_task(task, status=40, attempt=1)


async def test_a_job_that_another_canceled_ends_the_task_as_canceled(bundle):
    node, task, uuid = await at_work(bundle)
    node.set(uuid, status=50)
    canceled = await bundle.until_task(task, status=50)
    assert "the job was canceled on node-1, not by us" == canceled["last_error"]


async def test_a_job_that_failed_of_too_many_images_tries_a_larger_node(bundle):
    node, task, uuid = await at_work(bundle)
    larger = await bundle.add_node(number=2)
    node.set(uuid, status=30, error="3 images uploaded, but this node can only process up to 2.")
    done = await bundle.until_task(task, status=40)
    assert larger.id == done["processing_node"]


async def test_a_job_that_failed_fails_the_task_with_its_words(bundle):
    node, task, uuid = await at_work(bundle)
    node.set(uuid, status=30, progress=1.0, error="Not enough memory", images_count=2)
    failed = await bundle.until_task(task, status=30)
    assert ("Not enough memory", uuid) == (failed["last_error"], failed["uuid"])


@pytest.mark.parametrize(
    "changes", [{"progress": 0.5}, {"status": 40}, {"status": 10, "progress": 0.0}], ids=["running", "done", "queued"]
)
async def test_a_job_with_other_images_than_were_sent_is_sent_anew(bundle, changes):
    node, task, uuid = await at_work(bundle)
    node.set(uuid, images_count=4, **changes)
    await bundle.until_task(task, attempt=2)
    assert "sent again: node-1 has 4 images of the 3 that were sent" in bundle.reasons(task)


async def test_images_are_not_counted_before_the_node_has_sorted_them(bundle):
    node, task, uuid = await at_work(bundle)
    node.set(uuid, images_count=9, status=20, progress=0.0)
    looks = node.count("job")
    await bundle.until(lambda: node.count("job") > looks + 3)
    assert 1 == bundle.of_task(task)[-1]["attempt"]


@pytest.mark.parametrize("said", [{"images_count": -1}, {"images_count": 5}], ids=["unsaid", "micmac"])
async def test_images_are_not_counted_where_the_count_means_nothing(bundle, said):
    engine = "odm" if said["images_count"] == -1 else "micmac"
    node, task, uuid = await at_work(bundle, info=replace(INFO, engine=engine))
    node.set(uuid, status=40, **said)
    await bundle.until_task(task, status=40, attempt=1)


async def test_a_job_that_a_cluster_still_forwards_is_left_alone(bundle):
    node, task, uuid = await at_work(bundle)
    forwarded = JobInfo(status=20, progress=None, processing_time=-1, images_count=-1)
    node.will("job", *[forwarded] * 3)
    await bundle.until(lambda: not node.script["job"])
    assert ["line 1", "line 2"] == bundle.shelves.lines[task]


async def test_progress_is_told_as_a_share_that_grows_with_processing(bundle):
    _, task, _ = await at_work(bundle, seconds=100)
    await bundle.until_task(task, status=40)
    shares = [each["running_progress"] for each in bundle.of_task(task) if each["stage"] == "processing"]
    assert sorted(shares) == shares
    assert 0.75 < max(shares) <= 0.85


async def test_console_lines_are_kept_without_loss_or_repeat(bundle):
    node, task, _ = await at_work(bundle, seconds=30)
    await bundle.until(lambda: len(bundle.shelves.lines.get(task, ())) == 2)
    node.output += ("line 2", "line 4")
    await bundle.until_task(task, status=40)
    assert ["line 1", "line 2", "line 2", "line 4"] == bundle.shelves.lines[task]


async def test_console_lines_go_on_when_the_node_began_them_anew(bundle):
    node, task, _ = await at_work(bundle, seconds=30)
    await bundle.until(lambda: len(bundle.shelves.lines.get(task, ())) == 2)
    node.output = ("other 1",)
    await bundle.until(lambda: bundle.shelves.runs[task])
    node.output = ("other 1", "other 2")
    await bundle.until_task(task, status=40)
    assert (1, ["other 1", "other 2"]) == (bundle.shelves.runs[task], bundle.shelves.lines[task])


async def test_a_job_without_output_keeps_none(bundle):
    node, task, uuid = await at_work(bundle, seconds=30)
    bundle.shelves.lines.pop(task, None)
    node.output = ()
    appended = bundle.shelves.count("append")
    await bundle.until_task(task, status=40)
    assert appended == bundle.shelves.count("append")
