"""The spine: a task goes from a command to verified assets, and back, at every point of the way."""

import pytest

from tests.integration.engine.bundle import running


@pytest.fixture
async def bundle(tmp_path):
    async with running(tmp_path) as bundle:
        yield bundle


async def test_a_task_goes_to_verified_assets_and_a_subscriber_sees_every_change(bundle):
    node = await bundle.add_node()
    task = await bundle.create(3, name="Field 7", options=[{"name": "dsm", "value": True}])
    done = await bundle.until_task(task["id"], status=40)
    assert [10, 20, 40] == sorted(bundle.statuses(task["id"]))
    assert 40 == bundle.statuses(task["id"])[-1]
    events = bundle.of_task(task["id"])
    assert list(range(1, len(events) + 1)) == [event["sequence"] for event in events]
    assert {"all.zip", "orthophoto.tif", "dsm.tif", "report.pdf"} <= set(done["available_assets"])
    assets = bundle.root / "tasks" / str(task["id"]) / "assets"
    assert (assets / "odm_orthophoto" / "odm_orthophoto.tif").is_file()
    assert [done["uuid"]] == [run.uuid for run in node.runs]
    assert (1.0, 1.0, 3) == (done["upload_progress"], done["running_progress"], done["images_count"])
    lines, total = await bundle.shelves.read_output(task["id"], 0, None)
    assert total == len(lines) > 20


async def test_cancel_on_the_node_stops_the_job_there_and_restart_sends_it_anew(bundle):
    node = await bundle.add_node(seconds=30)
    task = await bundle.create()
    running_task = await bundle.until_task(task["id"], status=20)
    answer = await bundle.send("set-pending-action", task=task["id"], pending_action="CANCEL")
    assert (50, None) == (answer["task"]["status"], answer["task"]["pending_action"])
    await node.wait_for("canceled", running_task["uuid"])
    await node.wait_for("removed", running_task["uuid"])
    answer = await bundle.send("set-pending-action", task=task["id"], pending_action=3)
    assert (None, "waiting", 2) == (answer["task"]["status"], answer["task"]["stage"], answer["task"]["attempt"])
    again = await bundle.until_task(task["id"], status=20, attempt=2)
    assert running_task["uuid"] != again["uuid"]


async def test_remove_takes_the_task_from_node_and_disk_and_is_told_last(bundle):
    node = await bundle.add_node()
    task = await bundle.create()
    done = await bundle.until_task(task["id"], status=40)
    answer = await bundle.send("set-pending-action", task=task["id"], pending_action="REMOVE")
    assert ("removing", 2) == (answer["task"]["stage"], answer["task"]["pending_action"])
    await bundle.until(lambda: bundle.of_task(task["id"])[-1]["type"] == "task.removed")
    await node.wait_for("removed", done["uuid"])
    assert not (bundle.root / "tasks" / str(task["id"])).exists()
    assert await bundle.store.task(task["id"]) is None


async def test_restart_of_a_completed_task_runs_the_same_job_again_and_keeps_the_assets_until_then(bundle):
    node = await bundle.add_node()
    task = await bundle.create()
    first = await bundle.until_task(task["id"], status=40)
    answer = await bundle.send("set-pending-action", task=task["id"], pending_action="RESTART")
    assert first["available_assets"] == answer["task"]["available_assets"]
    again = await bundle.until_task(task["id"], status=40, attempt=2)
    assert first["uuid"] == again["uuid"]
    assert ["completed", "completed"] == [run.outcome for run in node.runs]
    assert 1 == node.calls["init"]


async def test_cancel_cuts_an_upload_short(bundle):
    node = await bundle.add_node(slow_upload=2000)
    task = await bundle.create()
    await node.wait_for("upload-started")
    await bundle.send("set-pending-action", task=task["id"], pending_action="CANCEL")
    ended = await bundle.until_task(task["id"], status=50)
    assert ("ended", "") == (ended["stage"], ended["uuid"])
    await bundle.engine.reaper.all_gone(task["id"])
    assert () == node.runs


async def test_a_task_waits_with_a_reason_until_a_node_comes(bundle):
    task = await bundle.create()
    assert "waiting for a processing node: none is known yet" == task["reason"]
    await bundle.add_node()
    await bundle.until_task(task["id"], status=40)


async def test_a_failed_job_fails_the_task_with_the_nodes_words(bundle):
    node = await bundle.add_node()
    node.fail_next(1, "Not enough memory")
    task = await bundle.create()
    failed = await bundle.until_task(task["id"], status=30)
    assert "Not enough memory" == failed["last_error"]


async def test_a_job_that_the_node_forgot_is_sent_again_and_runs_to_its_end(bundle):
    node = await bundle.add_node(seconds=3)
    task = await bundle.create()
    first = await bundle.until_task(task["id"], status=20)
    await node.forget()
    done = await bundle.until_task(task["id"], status=40)
    assert (2, True) == (done["attempt"], first["uuid"] != done["uuid"])


async def test_an_automatic_task_goes_elsewhere_when_its_node_stays_away(bundle):
    first = await bundle.add_node(seconds=30)
    task = await bundle.create()
    await bundle.until_task(task["id"], status=20)
    second = await bundle.add_node()
    await first.go_offline()
    done = await bundle.until_task(task["id"], status=40)
    assert second.id == done["processing_node"]
    await first.come_back()
    await first.wait_for("removed")


async def test_a_chosen_node_that_stays_away_fails_the_task_with_a_plain_reason(bundle):
    node = await bundle.add_node(seconds=30, name="chosen")
    task = await bundle.create(processing_node=node.id)
    await bundle.until_task(task["id"], status=20)
    await node.go_offline()
    failed = await bundle.until_task(task["id"], status=30)
    assert "unreachable" in failed["last_error"]


async def test_the_same_message_again_gets_the_same_answer_and_changes_nothing(bundle):
    photo = str(bundle.photo("1.jpg"))
    first = await bundle.send("create-task", message_id="m-1", images=[photo])
    again = await bundle.send("create-task", message_id="m-1", images=[photo])
    assert first == again
    assert 1 == len(bundle.events)


async def test_the_same_reference_again_gets_the_existing_task(bundle):
    photo = str(bundle.photo("1.jpg"))
    first = await bundle.send("create-task", images=[photo], reference="flight-7")
    again = await bundle.send("create-task", images=[photo], reference="flight-7")
    assert first["task"] == again["task"]
    assert 1 == len(bundle.events)


async def test_results_that_were_damaged_on_the_way_are_fetched_again(bundle):
    await bundle.add_node(corrupt_results=1)
    task = await bundle.create()
    done = await bundle.until_task(task["id"], status=40)
    assert "all.zip" in done["available_assets"]


async def test_uploads_that_the_node_drops_are_sent_again_under_the_same_uuid(bundle):
    node = await bundle.add_node(drop_uploads=0.4, seed=7)
    task = await bundle.create(6)
    await bundle.until_task(task["id"], status=40, attempt=1)
    assert 1 == len(node.runs)


async def test_an_upload_that_was_cut_begins_anew_under_a_new_uuid_and_runs_once(bundle):
    node = await bundle.add_node(cut_uploads=0.15, seed=3)
    task = await bundle.create(4)
    done = await bundle.until_task(task["id"], status=40)
    assert [done["uuid"]] == [run.uuid for run in node.runs]


async def test_a_node_that_restarts_with_its_jobs_costs_nothing(bundle):
    node = await bundle.add_node(seconds=1.5)
    # Its engine puts masks beside the images, and the node counts them when it is there again.
    task = await bundle.create(options=[{"name": "sky-removal", "value": True}])
    running = await bundle.until_task(task["id"], status=20)
    await node.restart_gracefully()
    assert 2 * running["images_count"] == node.jobs[running["uuid"]].images_count
    done = await bundle.until_task(task["id"], status=40)
    assert 1 == done["attempt"]


async def test_an_option_that_no_node_knows_is_refused_with_the_nearest_one(bundle):
    await bundle.add_node()
    await bundle.until(lambda: any(node.options for node in bundle.engine.board.nodes()) or None)
    answer = await bundle.send(
        "create-task", images=[str(bundle.photo("1.jpg"))], options=[{"name": "dsmm", "value": True}]
    )
    assert "did you mean 'dsm'?" in answer["error"]["errors"][0]["message"]


async def test_a_project_goes_with_its_last_task(bundle):
    project = (await bundle.send("create-project", name="Survey"))["project"]["id"]
    task = await bundle.create(project=project)
    assert (await bundle.send("delete-project", project=project))["ok"]
    await bundle.until(lambda: bundle.of_task(task["id"])[-1]["type"] == "task.removed")
    assert [1] == [each.id for each in await bundle.store.projects()]
    assert "not-found" == (await bundle.send("create-task", partial=True, project=project))["error"]["type"]


async def test_a_draft_takes_images_until_it_is_committed(bundle):
    node = await bundle.add_node()
    draft = (await bundle.send("create-task", partial=True, images=[str(bundle.photo("1.jpg"))]))["task"]
    assert ("draft", True) == (draft["stage"], draft["partial"])
    answer = await bundle.send("commit-task", task=draft["id"], images=[str(bundle.photo("2.jpg"))])
    assert 2 == answer["task"]["images_count"]
    await bundle.until_task(draft["id"], status=40)
    assert 2 == node.calls["upload"]
