"""Submit: files go to the node under the chosen uuid, each once, and the job is started, once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.domain.errors import (
    JobNotFound,
    NodeFault,
    NodeRefused,
    NodeUnauthorized,
    NodeUnreachable,
    SourceFailed,
    SourceHindered,
    StorageFailed,
    StoreError,
    UploadUncertain,
)
from orchestrator.domain.task import Option
from tests.unit.engine.bundle import VIRTUAL_TIME
from tests.unit.engine.fakes import INFO, ScriptedNode

pytestmark = VIRTUAL_TIME


async def test_a_task_is_sent_committed_watched_and_collected(bundle):
    node = await bundle.add_node()
    task = await bundle.create(3, name="Field 7")
    done = await bundle.until_task(task, status=40)
    assert {"0.jpg", "1.jpg", "2.jpg"} == {name for _, name in node.sent}
    assert ("begin", done["uuid"], "Field 7 [orchestrator 1.1]", ()) in node.calls
    assert 1 == node.count("commit")
    assert ["waiting", "uploading", "processing", "collecting", "ended"] == bundle.stages(task)
    assert {} == bundle.engine.submit._uploads


async def test_a_node_whose_words_no_database_can_hold_fails_the_task_all_the_same(bundle):
    node = await bundle.add_node()
    node.will("commit", NodeRefused("half \ud800 of it"))
    done = await bundle.until_task(await bundle.create(), status=30)
    assert "half ? of it" == done["last_error"]


# ------------------------------------------------------------------------------------------------------ opening


async def test_an_opening_that_fails_is_tried_again_with_the_same_uuid(bundle):
    node = await bundle.add_node()
    node.will("begin", NodeFault("502"), NodeUnreachable("refused"))
    task = await bundle.create()
    await bundle.until_task(task, status=40, attempt=1)
    assert 1 == len({call[1] for call in node.calls if call[0] == "begin"})


async def test_a_node_that_fails_on_and_on_without_progress_costs_an_attempt(bundle):
    node = await bundle.add_node()
    node.will("begin", *[NodeFault("502")] * 8)
    task = await bundle.create()
    done = await bundle.until_task(task, status=40)
    assert 2 == done["attempt"]
    assert "sent again: 502" in bundle.reasons(task)


@pytest.mark.parametrize("error", [NodeUnreachable("refused"), NodeUnauthorized("not with this token")])
async def test_a_node_that_is_away_costs_none(bundle, error):
    node = await bundle.add_node()
    node.will("begin", *[error] * 20)
    task = await bundle.create()
    done = await bundle.until_task(task, status=40)
    assert 1 == done["attempt"]


async def test_a_refusal_fails_the_task_with_the_nodes_words(bundle):
    node = await bundle.add_node()
    node.will("begin", NodeRefused("Cannot convert maybe to boolean: EPSG or EXIF"))
    task = await bundle.create()
    failed = await bundle.until_task(task, status=30)
    assert "Cannot convert maybe to boolean: EPSG or EXIF" == failed["last_error"]


async def test_a_refusal_that_passes_is_waited_out(bundle):
    node = await bundle.add_node()
    node.will("begin", NodeRefused("Cannot create task, no nodes are online."), NodeRefused("ENOSPC: no space left"))
    task = await bundle.create()
    await bundle.until_task(task, status=40, attempt=1)


@pytest.mark.parametrize(
    "words",
    [
        "Reached maximum number of concurrent tasks: 2.",
        "EMFILE: too many open files, open 'tmp/x/body.json'",
        '{"errno": -28, "code": "ENOSPC", "syscall": "write"}',
        "Cannot get options for node-7:3000: timeout of 10000ms exceeded",
    ],
)
async def test_a_task_that_a_node_refuses_for_now_costs_nothing_and_goes_elsewhere(bundle, words):
    node = await bundle.add_node()
    node.will("begin", *[NodeRefused(words)] * 5)
    task = await bundle.create()
    await bundle.until(lambda: node.count("begin") == 4)
    other = await bundle.add_node(number=2)
    done = await bundle.until_task(task, status=40)
    assert (1, other.id) == (done["attempt"], done["processing_node"])


async def test_a_node_that_is_full_in_the_middle_of_an_upload_gets_a_rest(bundle):
    node = await bundle.add_node()
    node.will("upload", UploadUncertain("What became of 0.jpg on the node is unknown: ENOSPC: no space left on device"))
    task = await bundle.create()
    await bundle.until_task(task, stage="waiting", attempt=2)
    await asyncio.sleep(50)
    assert 1 == node.count("begin")
    await bundle.until_task(task, status=40)


async def test_an_upload_whose_commit_is_refused_for_now_is_gone(bundle):
    node = await bundle.add_node(ScriptedNode(info=replace(INFO, is_cluster=True)))
    words = "No nodes available. Could not find a node which was capable of processing the job"
    node.will("commit", *[NodeRefused(words)] * 3)
    task = await bundle.create()
    failed = await bundle.until_task(task, status=30, within=200)
    assert (3, f"{words} (given up after 3 attempts)") == (node.count("commit"), failed["last_error"])


async def test_too_many_images_for_one_node_tries_another(bundle):
    node = await bundle.add_node()
    node.will("begin", NodeRefused("3 images uploaded, but this node can only process up to 2."))
    other = await bundle.add_node(number=2)
    task = await bundle.create()
    done = await bundle.until_task(task, status=40)
    assert other.id == done["processing_node"]


async def test_too_many_images_for_the_chosen_node_fails_the_task(bundle):
    node = await bundle.add_node()
    node.will("begin", NodeRefused("Max images count exceeded."))
    task = await bundle.create(processing_node=node.id)
    failed = await bundle.until_task(task, status=30)
    assert "Max images count exceeded." == failed["last_error"]


async def test_an_uuid_that_the_node_has_already_is_our_job(bundle):
    node = await bundle.add_node()
    gate = node.hold("begin")
    task = await bundle.create()
    await bundle.until(lambda: node.count("begin"))
    uuid = node.calls[-1][1]
    node.take(uuid, images=3)
    node.will("begin", NodeRefused(f"Invalid set-uuid: {uuid}"))
    gate.set()
    done = await bundle.until_task(task, status=40)
    assert (uuid, 0) == (done["uuid"], node.count("commit"))


async def test_an_uuid_that_the_node_neither_takes_nor_has_costs_an_attempt(bundle):
    node = await bundle.add_node()
    node.will("begin", *[NodeRefused("Invalid set-uuid")] * 9)
    task = await bundle.create()
    failed = await bundle.until_task(task, status=30)
    assert "given up after 3 attempts" in failed["last_error"]


async def test_options_reach_the_node_in_the_types_that_it_names_and_stay_what_was_asked_for(bundle):
    node = await bundle.add_node()
    task = await bundle.create(options=(Option("dsm", value=1),))
    done = await bundle.until_task(task, status=40)
    await bundle.act(task, "RESTART")
    await bundle.until_task(task, status=40, attempt=2)
    sent = [call[-1] for call in node.calls if call[0] in {"begin", "restart"}]
    assert [(Option("dsm", value=True),)] * 2 == sent
    assert [{"name": "dsm", "value": 1}] == done["options"]


async def test_options_changed_during_the_upload_are_for_the_next_attempt(bundle):
    node = await bundle.add_node()
    node.will("begin", NodeFault("502"))
    task = await bundle.create(options=(Option("dsm", value=True),))
    await bundle.until(lambda: node.count("begin"))
    await bundle.update(task, options=(Option("dtm", value=True),))
    await bundle.until_task(task, status=40)
    assert [(Option("dsm", value=True),)] * 2 == [call[3] for call in node.calls if call[0] == "begin"]


async def test_a_disk_or_a_database_that_fails_is_waited_for(bundle, monkeypatch):
    await bundle.add_node()
    bundle.shelves.will("begin_output", StorageFailed("the disk is full"))
    sources, failing = bundle.store.sources, iter([StoreError("locked")])

    async def read(task):
        for error in failing:
            raise error
        return await sources(task)

    monkeypatch.setattr(bundle.store, "sources", read)
    task = await bundle.create()
    await bundle.until_task(task, status=40, attempt=1)
    assert {"the disk is full", "locked"} <= set(bundle.reasons(task))


async def test_an_image_that_is_gone_fails_the_task(bundle):
    await bundle.add_node()
    bundle.images.will("stage", SourceFailed("0.jpg is missing"))
    task = await bundle.create()
    failed = await bundle.until_task(task, status=30)
    assert "0.jpg is missing" == failed["last_error"]


async def test_an_image_that_cannot_be_fetched_just_now_is_fetched_later(bundle):
    await bundle.add_node()
    bundle.images.will("stage", SourceHindered("503"))
    task = await bundle.create()
    await bundle.until_task(task, status=40, attempt=1)


# ------------------------------------------------------------------------------------------------------- commit


async def test_a_commit_whose_answer_was_lost_is_found_and_not_repeated(bundle):
    node = await bundle.add_node()
    gate = node.hold("commit")
    task = await bundle.create()
    await bundle.until(lambda: node.count("commit"))
    node.take(node.calls[-1][1])
    node.will("commit", NodeFault("timeout"))
    gate.set()
    done = await bundle.until_task(task, status=40)
    assert (1, 1) == (done["attempt"], node.count("commit"))


async def test_a_commit_that_never_arrived_is_sent_again(bundle):
    node = await bundle.add_node()
    node.will("commit", NodeFault("timeout"))
    task = await bundle.create()
    done = await bundle.until_task(task, status=40)
    assert (1, 2) == (done["attempt"], node.count("commit"))


@pytest.mark.parametrize("error", [JobNotFound("ENOENT"), NodeRefused("Invalid uuid (not found)")])
async def test_an_upload_that_is_gone_and_no_job_begins_anew(bundle, error):
    node = await bundle.add_node()
    node.will("commit", error)
    task = await bundle.create()
    done = await bundle.until_task(task, status=40)
    assert 2 == done["attempt"]
    assert "sent again: node-1 does not have what was sent to it" in bundle.reasons(task)


async def test_a_commit_that_is_refused_fails_the_task(bundle):
    node = await bundle.add_node()
    node.will("commit", NodeRefused("Need at least 1 file."))
    task = await bundle.create()
    failed = await bundle.until_task(task, status=30)
    assert "Need at least 1 file." == failed["last_error"]


async def test_a_cluster_may_show_a_job_only_after_a_while(bundle):
    node = await bundle.add_node(ScriptedNode(info=replace(INFO, is_cluster=True)))
    node.will("commit", JobNotFound("Invalid route"))
    node.will("job", *[JobNotFound("no task table entry")] * 15)
    gate = node.hold("commit")
    task = await bundle.create()
    await bundle.until(lambda: node.count("commit"))
    node.take(node.calls[-1][1])
    gate.set()
    await bundle.until_task(task, status=40, attempt=1)
    assert 1 == node.count("commit")


def test_only_the_names_of_tasks_that_have_one_are_told_to_the_node():
    from orchestrator.domain.adoption import job_name
    from tools.lifecycle_cells import tasks

    assert "Task [orchestrator 134.1]" == job_name(next(tasks()))


async def test_an_image_that_stays_away_gives_the_node_back_for_a_while(bundle):
    node = await bundle.add_node()
    bundle.images.will("stage", *[SourceHindered("503")] * 9)
    task = await bundle.create(1)
    waiting = await bundle.until_task(task, stage="waiting", attempt=2)
    assert "sent again: 503" == waiting["reason"]
    begun = node.count("begin")
    await asyncio.sleep(50)
    assert begun == node.count("begin")
    await bundle.until(lambda: node.count("begin") > begun, within=20)


async def test_a_clock_that_was_set_back_does_not_keep_such_a_task_for_ever(bundle):
    await bundle.add_node()
    bundle.images.will("stage", *[SourceHindered("503")] * 3)
    task = await bundle.create(1)
    await bundle.until_task(task, stage="waiting", attempt=2)
    bundle.clock.shift = -timedelta(days=1)
    await bundle.until_task(task, status=40, within=60)
