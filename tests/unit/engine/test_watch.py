"""Watch: the job is looked at until it ends; what hinders the looking is no failure of the task."""

import asyncio
from dataclasses import replace

import pytest

from orchestrator.domain.errors import JobNotFound, NodeFault, NodeRefused, NodeUnreachable, StorageFailed
from orchestrator.domain.task import Source
from orchestrator.engine.ports import JobInfo
from tests.unit.engine.bundle import VIRTUAL_TIME
from tests.unit.engine.fakes import INFO, ScriptedNode

pytestmark = VIRTUAL_TIME

CLUSTER = replace(INFO, is_cluster=True)


def handed_on(**state):
    """Give what a cluster says of a job that none of its nodes has yet."""
    fields = {"status": 20, "progress": None, "processing_time": -1, "images_count": -1}
    return JobInfo(**(fields | state))


async def at_work(bundle, *, seconds=1000.0, info=INFO, **fields):
    """Have a task that its node runs."""
    node = await bundle.add_node(ScriptedNode(seconds=seconds, info=info))
    task = await bundle.create(3, **fields)
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
    told = "the job was canceled on node-1, not by us; its console output ends with: line 2"
    assert told == canceled["last_error"]


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
    node, task, uuid = await at_work(bundle, info=CLUSTER)
    node.will("job", *[handed_on()] * 3)
    await bundle.until(lambda: not node.script["job"])
    assert ["line 1", "line 2"] == bundle.shelves.lines[task]


async def test_a_job_that_a_cluster_still_forwards_does_not_run_yet(bundle):
    node = await bundle.add_node(ScriptedNode(seconds=30, info=CLUSTER))
    node.will("job", *[handed_on(processing_time=90_000)] * 3)
    task = await bundle.create()
    done = await bundle.until_task(task, status=40)
    seen = [each["status"] for each in bundle.of_task(task) if each["stage"] == "processing"]
    assert [10, 20] == sorted(set(seen), key=seen.index)
    assert done["processing_time"] < 90_000


async def test_a_job_that_a_cluster_could_not_forward_is_sent_again(bundle):
    node, task, uuid = await at_work(bundle, info=CLUSTER)
    words = "Failed to forward task to processing node after 5 attempts. Try again later."
    node.will("job", handed_on(status=30, output=(words,)))
    await bundle.until_task(task, attempt=2)
    assert f"sent again: node-1 could not hand the job on: {words}" in bundle.reasons(task)


async def forgotten(bundle):
    """Have a job that a cluster was handing on when it was restarted."""
    node, task, uuid = await at_work(bundle, info=CLUSTER)
    node.will("job", handed_on())
    await bundle.until(lambda: not node.script["job"])
    del node.jobs[uuid]
    node.will("job", NodeUnreachable("refused"))
    return node, task, uuid


async def test_a_cluster_that_forgot_a_job_it_was_handing_on_is_told_again_and_nothing_is_sent_twice(bundle):
    node, task, uuid = await forgotten(bundle)
    node.uploads[uuid] = ["0.jpg", "1.jpg", "2.jpg"]
    node.seconds = 30
    node.will("commit", NodeFault("timeout"))
    done = await bundle.until_task(task, status=40)
    assert (1, uuid, 1, 3) == (done["attempt"], done["uuid"], node.count("begin"), node.count("commit"))


@pytest.mark.parametrize("error", [NodeRefused("No nodes available"), JobNotFound("ENOENT")])
async def test_a_cluster_that_forgot_a_job_and_has_nothing_of_it_has_lost_it(bundle, error):
    node, task, uuid = await forgotten(bundle)
    node.will("commit", error)
    await bundle.until_task(task, attempt=2)
    assert f"sent again: {uuid} not found" in bundle.reasons(task)


async def test_a_node_that_never_tells_progress_is_no_cluster(bundle):
    node, task, uuid = await at_work(bundle)
    node.set(uuid, status=30, progress=None)
    node.output += ("No space left on device",)
    failed = await bundle.until_task(task, status=30)
    assert ["line 1", "line 2", "No space left on device"] == bundle.shelves.lines[task]
    assert failed["last_error"].endswith("ends with: line 2 / No space left on device")


async def test_a_job_that_failed_without_a_reason_or_a_word_says_so(bundle):
    node, task, uuid = await at_work(bundle)
    node.output = ()
    node.set(uuid, status=30)
    failed = await bundle.until_task(task, status=30)
    assert "node-1 reported that processing failed, without a reason" == failed["last_error"]


async def test_subtitles_are_among_the_images_that_a_node_counts(bundle):
    names = ("clip.mp4", "clip.srt", "geo.txt", "align.laz")
    sources = tuple(Source(f"/clips/{name}", name, 10, side=name != "clip.mp4") for name in names)
    await bundle.add_node()
    task = await bundle.create(sources=sources)
    done = await bundle.until_task(task, status=40, attempt=1)
    assert 1 == done["images_count"]


async def test_a_job_of_which_an_online_node_tells_nothing_is_lost_after_a_while(bundle):
    node, task, uuid = await at_work(bundle)
    error = NodeFault("The node closed the connection without an answer.")
    node.will("job", *[error] * 60)
    await bundle.until_task(task, attempt=2, within=700)
    assert f"sent again: node-1 has told nothing of the job for 10 min: {error}" in bundle.reasons(task)


async def test_time_in_which_the_node_was_away_does_not_count_against_its_job(bundle):
    node, task, uuid = await at_work(bundle)
    node.will("job", NodeFault("502"))
    await bundle.until(lambda: not node.script["job"])
    node.go_away()
    await asyncio.sleep(590)
    node.come_back()
    node.will("job", *[NodeFault("502")] * 3)
    await asyncio.sleep(60)
    assert (1, {uuid}) == ((await bundle.row(task)).attempt, set(node.jobs))


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
