"""Transfer: a file counts only by its own answer, and one whose fate is unknown spoils the upload."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from orchestrator.domain.errors import NodeFault, NodeRefused, SourceHindered, UploadUncertain
from orchestrator.domain.task import Source
from orchestrator.engine.timing import Timing
from tests.unit.engine.bundle import VIRTUAL_TIME, running
from tests.unit.engine.fakes import ScriptedNode

pytestmark = VIRTUAL_TIME


def names(count):
    return [f"{number}.jpg" for number in range(count)]


async def test_a_file_that_was_surely_not_stored_is_sent_again(bundle):
    node = await bundle.add_node()
    node.will("upload", NodeFault("500"))
    task = await bundle.create(3)
    await bundle.until_task(task, status=40, attempt=1)
    assert names(3) == sorted(name for _, name in node.sent)


async def test_after_many_refusals_of_a_file_the_rest_waits_and_nothing_is_sent_twice(bundle):
    node = await bundle.add_node()
    node.will("upload", *[NodeFault("500")] * 30)
    task = await bundle.create(6)
    await bundle.until_task(task, status=40, attempt=1)
    assert names(6) == sorted(name for _, name in node.sent)


async def test_progress_of_the_upload_begins_the_count_of_faults_anew(bundle):
    node = await bundle.add_node()
    node.will("upload", *[NodeRefused("ENOSPC"), *[None] * 4] * 10)
    task = await bundle.create(60)
    await bundle.until_task(task, status=40, attempt=1)
    assert 60 == len(node.sent)


async def test_progress_is_told_once_in_an_interval_from_the_first_file_to_the_last_look():
    async with running(Timing(progress_interval=2.0, upload_connections=1)) as bundle:
        node = await bundle.add_node(ScriptedNode(seconds=20))
        slow_down(node, seconds=0.7)
        node.will("job", *[None] * 6, NodeFault("502"), None, NodeFault("502"))
        task = await bundle.create(8)
        await bundle.until_task(task, status=40)
        times = [datetime.fromisoformat(event["time"]) for event in bundle.events if event["type"] == "task.progressed"]
        assert 5 < len(times)
        assert timedelta(seconds=2) <= min(later - sooner for sooner, later in pairwise(times))


async def test_how_many_images_are_resized_is_told_along_with_the_upload():
    async with running(Timing(progress_interval=1.0, upload_connections=1)) as bundle:
        slow_down(await bundle.add_node(), seconds=1.5)
        side = Source("/photos/geo.txt", "geo.txt", 10, side=True)
        photos = tuple(Source(f"/photos/{name}", name, 10) for name in names(4))
        resized, whole = await bundle.create(sources=(side, *photos), resize_to=64), await bundle.create(2)
        await bundle.until_task(resized, status=40)
        await bundle.until_task(whole, status=40)
        shares = sorted({seen["resize_progress"] for seen in bundle.of_task(resized)})
        assert [0.0, 0.25, 0.5, 0.75, 1.0] == shares
        assert {0.0} == {seen["resize_progress"] for seen in bundle.of_task(whole)}


def slow_down(node, *, seconds):
    """Have each file take so long."""
    upload = node.upload

    async def slow(*args, **fields):
        await asyncio.sleep(seconds)
        await upload(*args, **fields)

    node.upload = slow


@pytest.mark.parametrize("error", [UploadUncertain("cut"), SourceHindered("the share went away")])
async def test_a_file_whose_fate_is_unknown_gives_the_uuid_up(bundle, error):
    node = await bundle.add_node()
    node.will("upload", error)
    task = await bundle.create(3)
    done = await bundle.until_task(task, status=40)
    assert (2, names(3)) == (done["attempt"], sorted(name for uuid, name in node.sent if uuid == done["uuid"]))


async def test_an_uncertain_file_decides_whatever_else_failed(bundle):
    node = await bundle.add_node()
    node.will("upload", NodeRefused("slow down"), UploadUncertain("cut"))
    task = await bundle.create(3)
    await bundle.until_task(task, status=40, attempt=2)


async def test_a_file_cut_off_by_a_fault_of_ours_gives_the_uuid_up(bundle):
    node = await bundle.add_node()
    node.will("upload", ZeroDivisionError("ours"))
    task = await bundle.create(3)
    done = await bundle.until_task(task, status=40)
    assert (2, names(3)) == (done["attempt"], sorted(name for uuid, name in node.sent if uuid == done["uuid"]))
    assert "sent again: a file's transfer was broken off" in bundle.reasons(task)


async def test_an_update_of_the_choice_of_nodes_does_not_cut_an_upload(bundle):
    node = await bundle.add_node()
    gate = node.hold("upload")
    task = await bundle.create(2)
    await bundle.until(lambda: node.count("upload"))
    assert (await bundle.update(task, auto_processing_node=False, name="renamed"))["ok"]
    gate.set()
    done = await bundle.until_task(task, status=40, name="renamed")
    assert (1, names(2)) == (done["attempt"], sorted(name for uuid, name in node.sent))


async def test_cancel_cuts_an_upload_and_it_is_forgotten(bundle):
    node = await bundle.add_node()
    node.hold("upload")
    task = await bundle.create(2)
    await bundle.until(lambda: node.count("upload"))
    await bundle.act(task, "CANCEL")
    await bundle.until(lambda: not bundle.engine.reaper.jobs)
    assert ({}, set(), 50) == (
        bundle.engine.submit._uploads,
        bundle.engine.shop.sending,
        bundle.of_task(task)[-1]["status"],
    )


@pytest.mark.parametrize(("resize_to", "size"), [(-1, 10), (-1, -1), (1000, 10)])
async def test_the_share_that_was_sent_is_told_now_and_then(bundle, resize_to, size):
    node = await bundle.add_node()
    meet = node.meet

    async def slow(call, *about):
        if call == "upload":
            await asyncio.sleep(1.5)
        return await meet(call, *about)

    node.meet = slow
    sources = tuple(Source(f"/photos/{number}", f"{number}.jpg", size) for number in range(12))
    side = Source("/photos/gcp.txt", "gcp.txt", size, side=True)
    task = await bundle.create(sources=(*sources, side), resize_to=resize_to)
    await bundle.until_task(task, status=40, attempt=1)
    told = [each["upload_progress"] for each in bundle.of_task(task)]
    assert sorted(told) == told
    assert any(0.0 < share < 1.0 for share in told)
    resized = [each["resize_progress"] for each in bundle.of_task(task)]
    assert sorted(resized) == resized
    assert (resize_to > 0) is any(0.0 < share < 1.0 for share in resized)
    assert (1.0 if resize_to > 0 else 0.0) == resized[-1]
    assert ("stage", "gcp.txt", resize_to) in bundle.images.calls
    assert ("stage", "0.jpg", resize_to) in bundle.images.calls


async def test_a_task_that_another_daemon_moved_has_its_upload_cut():
    async with running(Timing(progress_interval=0.5)) as bundle:
        node = await bundle.add_node(ScriptedNode())
        node.hold("upload")
        bundle.images.will("stage")
        task = await bundle.create(2)
        await bundle.until(lambda: node.count("upload"))
        await bundle.store.release("me")
        [taken] = await bundle.store.claim("other", now=bundle.clock.now())
        node.gates["upload"].set()  # One file lands, so that there is progress to tell of; the other hangs.
        node.hold("upload")
        await bundle.until(lambda: task not in bundle.engine.conductor.tasks)
        assert (taken, 0) == (await bundle.row(task), node.count("commit"))


async def test_files_go_one_by_one_for_an_hour_to_a_node_that_cut_a_slow_one_off(bundle):
    node = await bundle.add_node()
    other = await bundle.add_node(number=2)
    node.will("upload", UploadUncertain("cut"), UploadUncertain("408", too_slow=True), NodeRefused("slow down"))
    task = await bundle.create(6, processing_node=node.id)
    await bundle.until_task(task, attempt=2)
    gates = node.hold("upload"), other.hold("upload")
    await bundle.until(lambda: node.count("begin") == 2)
    await bundle.create(6, processing_node=other.id)
    await bundle.until(lambda: other.count("upload") == 4)
    await asyncio.sleep(60)
    assert 4 + 1 == node.count("upload")
    gates[0].set()
    gates[1].set()
    await bundle.until_task(task, status=40)
    await asyncio.sleep(3600)
    gate, before = node.hold("upload"), node.count("upload")
    await bundle.create(6, processing_node=node.id)
    await bundle.until(lambda: node.count("upload") - before == 4)
    gate.set()
