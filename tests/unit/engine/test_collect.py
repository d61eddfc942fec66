"""Collect: only verified results complete a task, and what cannot be had is not asked for for ever."""

import asyncio

import pytest

from orchestrator.domain.errors import (
    AssetNotReady,
    JobNotFound,
    NodeFault,
    NodeUnauthorized,
    NodeUnreachable,
    ResultsCorrupt,
    StorageFailed,
)
from tests.unit.engine.bundle import VIRTUAL_TIME

pytestmark = VIRTUAL_TIME


async def begin(bundle, *answers, call="download", on=None, **fields):
    node = await bundle.add_node()
    (on or node).will(call, *answers)
    return node, await bundle.create(**fields)


async def test_the_share_that_was_fetched_is_told(bundle):
    node = await bundle.add_node()
    gate = bundle.shelves.hold("accept")
    download = node.download

    async def slow(uuid, target, *, received):
        received(50, 100)
        await asyncio.sleep(5)
        await download(uuid, target, received=received)

    node.download = slow
    task = await bundle.create()
    await bundle.until_task(task, stage="collecting", running_progress=0.9)
    gate.set()
    done = await bundle.until_task(task, status=40)
    assert (1.0, ["all.zip"], 2.0) == (done["running_progress"], done["available_assets"], done["size"])


async def test_results_that_are_not_there_or_damaged_are_fetched_again(bundle):
    node, task = await begin(bundle, AssetNotReady("Asset not ready"), NodeFault("cut"))
    bundle.shelves.will("accept", ResultsCorrupt("bad CRC"))
    done = await bundle.until_task(task, status=40)
    assert (1, 4) == (done["attempt"], node.count("download"))


async def test_results_that_never_come_are_lost_and_the_job_is_sent_again(bundle):
    node, task = await begin(bundle, *[AssetNotReady("Asset not ready")] * 5)
    await bundle.until_task(task, status=40, attempt=2)
    assert "sent again: Asset not ready (5 times)" in bundle.reasons(task)


async def test_faults_of_another_kind_do_not_make_damaged_results_lost_sooner(bundle):
    faults = [NodeFault("502")] * 20
    node, task = await begin(bundle, *faults)
    bundle.shelves.will("accept", *[ResultsCorrupt("bad CRC")] * 4)
    await bundle.until_task(task, status=40, attempt=1)


async def test_a_node_that_answers_with_faults_for_ever_is_given_up(bundle):
    node, task = await begin(bundle, *[NodeFault("502")] * 30)
    await bundle.until_task(task, within=9000, status=40, attempt=2)


@pytest.mark.parametrize("error", [NodeUnreachable("refused"), NodeUnauthorized("not with this token")])
async def test_a_node_that_is_away_is_waited_for(bundle, error):
    node, task = await begin(bundle, *[error] * 40)
    await bundle.until_task(task, within=9000, status=40, attempt=1)


async def test_a_job_that_is_gone_is_sent_again(bundle):
    node, task = await begin(bundle, JobNotFound("not found"))
    await bundle.until_task(task, status=40, attempt=2)


async def test_an_archive_that_the_disk_did_not_take_is_not_fetched_again(bundle):
    node, task = await begin(bundle)
    bundle.shelves.will("accept", *[StorageFailed("the disk is full")] * 4)
    await bundle.until_task(task, status=40)
    assert (1, 5) == (node.count("download"), bundle.shelves.count("accept"))


async def test_an_archive_that_does_not_fit_on_the_disk_is_asked_for_again_only_when_it_does(bundle):
    node = await bundle.add_node()
    download, full = node.download, [StorageFailed("no space is left on the disk")]

    async def filling(uuid, target, *, received):
        received(50, 100)
        await download(uuid, target, received=received)
        if full:
            raise full.pop()

    node.download = filling
    task = await bundle.create()
    await bundle.until_task(task, reason="no space is left on the disk")
    bundle.shelves.will("download_path", *[StorageFailed("only 7 are free on the disk")] * 4)
    await bundle.until_task(task, status=40)
    rooms = [each[1] for each in bundle.shelves.calls if each[0] == "download_path"]
    assert (2, [0, *[100] * 5]) == (node.count("download"), rooms)


async def test_an_archive_that_turns_out_damaged_later_is(bundle):
    node, task = await begin(bundle)
    bundle.shelves.will("accept", StorageFailed("the disk is full"), ResultsCorrupt("bad CRC"))
    await bundle.until_task(task, status=40)
    assert 2 == node.count("download")


async def test_staged_files_that_cannot_be_deleted_do_not_matter(bundle):
    node, task = await begin(bundle)
    bundle.shelves.will("discard", StorageFailed("read-only"))
    await bundle.until_task(task, status=40)
    assert 1 == node.count("download")


async def test_tasks_that_wait_for_a_node_keep_no_other_from_its_results(bundle):
    barred = await bundle.add_node()
    gate = barred.hold("download")
    tasks = [await bundle.create(processing_node=barred.id) for _ in range(2)]
    await bundle.until(lambda: 2 == barred.count("download"))
    barred.trouble = NodeUnauthorized("not with this token")
    gate.set()
    await bundle.until(lambda: not bundle.board_node(barred).online)
    node = await bundle.add_node(number=2)
    other = await bundle.create(processing_node=node.id)
    await bundle.until_task(other, status=40, within=60)
    barred.trouble = None
    for task in tasks:
        await bundle.until_task(task, status=40, attempt=1)
        assert "node-1 is online" in bundle.reasons(task)
