"""Commands that are understood but do not fit: unknown things, wrong moments, repeats. Each is settled, once."""

import asyncio

import pytest

from tests.acceptance.plain_client import Json, fields, problem_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

NO_NODE = "there is no processing node 999"
NO_REFERENCE = "there is no task with the reference 'survey/999'"

UNKNOWN: list[tuple[str, Json, str, str]] = [
    ("create-task", {"partial": True, "project": 999}, "project", "there is no project 999"),
    ("create-task", {"partial": True, "processing_node": 999}, "processing_node", NO_NODE),
    ("commit-task", {"task": 999}, "task", "there is no task 999"),
    ("commit-task", {"reference": "survey/999"}, "reference", NO_REFERENCE),
    ("update-task", {"task": 999, "name": "N"}, "task", "there is no task 999"),
    ("set-pending-action", {"task": 999, "pending_action": 1}, "task", "there is no task 999"),
    ("set-pending-action", {"task": "survey/999", "pending_action": "REMOVE"}, "reference", NO_REFERENCE),
    ("update-project", {"project": 999, "name": "N"}, "project", "there is no project 999"),
    ("delete-project", {"project": 999}, "project", "there is no project 999"),
    ("update-processing-node", {"processing_node": 999, "label": "N"}, "processing_node", NO_NODE),
    ("remove-processing-node", {"processing_node": 999, "force": True}, "processing_node", NO_NODE),
]


@pytest.mark.parametrize(("command", "body", "field", "detail"), UNKNOWN, ids=[f"{it[0]} {it[2]}" for it in UNKNOWN])
async def test_what_does_not_exist_is_not_found(unharmed, command, body, field, detail):
    problem = await unharmed.client.refused(command, body)
    assert ("not-found", "No such thing", 404) == (problem["type"], problem["title"], problem["status"])
    assert detail == problem["detail"]
    assert [{"field": field, "message": detail}] == problem["errors"]


async def test_what_was_settled_is_not_shelved(unharmed):
    await unharmed.client.refused("set-pending-action", {"task": 999, "pending_action": 1}, message_id="settled-1")
    await unharmed.client.refused("set-pending-action", {"task": 999}, message_id="settled-2")
    await unharmed.client.dead_letter("settled-2")
    assert "settled-1" not in [letter.message_id for letter in unharmed.client.dead_letters.messages]


def act(task: Json, action: str) -> tuple[str, Json]:
    return "set-pending-action", {"task": task["id"], "pending_action": action}


async def conflict(service, command: str, body: Json) -> str:
    problem = await service.client.refused(command, body)
    assert ("conflict", "Not possible in this state", 409) == (problem["type"], problem["title"], problem["status"])
    return problem["detail"]


# ----------------------------------------------------------------------------------------------------------- repeats


async def test_the_same_message_again_gets_the_same_answer_and_changes_nothing(unharmed):
    body = {"images": unharmed.photos, "name": "once"}
    first = await unharmed.client.send("create-task", body, message_id="twice-1")
    await unharmed.client.ended(first["task"]["id"])
    again = await unharmed.client.send("create-task", body, message_id="twice-1")
    assert first == again
    assert ["once"] == [task["name"] for task in await unharmed.get("/tasks") if task["name"] == "once"]


async def test_another_command_under_the_same_message_id_is_refused(unharmed):
    await unharmed.client.ok("create-project", {"name": "P"}, message_id="twice-3")
    problem = await unharmed.client.refused("update-project", {"project": 1}, message_id="twice-3")
    told = "another command was sent under this message id before; each needs one of its own"
    assert ("conflict", told) == (problem["type"], problem["detail"])


async def test_a_rejection_is_repeated_as_well(unharmed):
    said = {"message_id": "twice-2"}
    missing = unharmed.folder / "photos" / "late.jpg"
    first = await unharmed.client.send("create-task", {"images": [str(missing)]}, **said)
    missing.write_bytes(b"not late any more")
    try:
        assert first == await unharmed.client.send("create-task", {"images": [str(missing)]}, **said)
    finally:
        missing.unlink()
    assert not first["ok"]


@pytest.mark.parametrize("key", ["message_id", "reference"])
async def test_fifty_copies_at_once_make_one_task(unharmed, key):
    client, word = unharmed.client, f"fifty-{key}"
    body = {"images": [], "partial": True, "name": word} | ({"reference": word} if key == "reference" else {})
    for number in range(50):
        id_ = word if key == "message_id" else f"{word}-{number}"
        said = {"message_id": id_, "correlation_id": f"{word}/{number}", "reply_to": client.reply_to}
        await client.publish("create-task", body, **said)
    answers = [await client.answer(f"{word}/{number}") for number in range(50)]
    assert 1 == len({answer["task"]["id"] for answer in answers})
    assert 1 == len([task for task in await unharmed.get("/tasks") if task["name"] == word])
    created = [event for event in client.events.bodies if event["type"] == "task.created"]
    assert 1 == len([event for event in created if event["data"]["task"]["name"] == word])


async def test_a_reference_that_is_taken_is_answered_with_its_task_as_it_now_stands(unharmed):
    first = await unharmed.create(reference="survey/1", name="first")
    ended = await unharmed.client.ended(first["id"])
    for body in ({"images": unharmed.photos, "name": "second"}, {"images": ["/nowhere/1.jpg"]}):
        answer = await unharmed.client.ok("create-task", body | {"reference": "survey/1"})
        assert ended == answer


# ----------------------------------------------------------------------------------------------------------- options


async def test_an_option_that_no_node_knows_is_refused_with_the_nearest(unharmed):
    options = {"dsm": True, "feature-qualty": "high", "zzz": 1}
    problem = await unharmed.client.refused("create-task", {"images": unharmed.photos, "options": options})
    assert ("validation", 422) == (problem["type"], problem["status"])
    assert [
        ("options[1].name", "no processing node knows the option 'feature-qualty'; did you mean 'feature-quality'?"),
        ("options[2].name", "no processing node knows the option 'zzz'"),
    ] == [(error["field"], error["message"]) for error in problem["errors"]]


async def test_options_are_looked_at_when_a_task_is_updated_too(unharmed):
    draft = await unharmed.create(images=[], partial=True)
    body = {"task": draft["id"], "options": [{"name": "dsn", "value": True}]}
    problem = await unharmed.client.refused("update-task", body)
    assert "no processing node knows the option 'dsn'; did you mean 'dsm'?" == problem["detail"]


# ---------------------------------------------------------------------------------------------------- pending actions


async def test_a_task_that_has_ended_cannot_be_canceled(unharmed):
    task = await unharmed.client.ended((await unharmed.create())["id"])
    told = f"task {task['id']} has already ended (COMPLETED); only a task that has not ended can be canceled"
    assert told == await conflict(unharmed, *act(task, "CANCEL"))


async def test_a_canceled_task_can_be_canceled_again_which_changes_nothing(unharmed):
    draft = await unharmed.create(images=[], partial=True)
    await unharmed.client.ok(*act(draft, "CANCEL"))
    canceled = await unharmed.client.ended(draft["id"])
    assert canceled == await unharmed.client.ok(*act(draft, "CANCEL"))


async def test_a_draft_cannot_be_restarted(unharmed):
    draft = await unharmed.create(images=[], partial=True)
    told = f"task {draft['id']} is a draft; send commit-task to start it"
    assert told == await conflict(unharmed, *act(draft, "RESTART"))


async def test_a_task_that_is_no_draft_takes_no_more_images(unharmed):
    task = await unharmed.client.ended((await unharmed.create())["id"])
    told = f"task {task['id']} is not a draft (its stage is ended); it takes no more images"
    assert told == await conflict(unharmed, "commit-task", {"task": task["id"], "images": unharmed.photos})


async def test_remove_is_final(unharmed):
    async with unharmed.another_node(seconds=30) as (node, id_):
        task = await unharmed.create(processing_node=id_)
        await node.wait_for("started")
        node.hang()  # So that the removal takes a while.
        removing = await unharmed.client.ok(*act(task, "REMOVE"))
        assert (2, "removing") == (removing["pending_action"], removing["stage"])
        told = f"task {task['id']} is being removed, which is final"
        renamed = ("update-task", {"task": task["id"], "name": "N"})
        for command, body in (act(task, "RESTART"), act(task, "CANCEL"), renamed):
            assert told == await conflict(unharmed, command, body)
        assert removing == await unharmed.client.ok(*act(task, "REMOVE"))
        node.unhang()
        await unharmed.client.removed(task["id"])
    assert 404 == (await unharmed.client.refused(*act(task, "REMOVE")))["status"]


async def test_a_later_action_replaces_an_earlier_one(unharmed):
    async with unharmed.another_node(seconds=30) as (node, id_):
        task = await unharmed.create(processing_node=id_)
        await node.wait_for("started")
        for action in ("RESTART", "CANCEL", "RESTART", "CANCEL"):
            await unharmed.client.ok(*act(task, action))
        ended = await unharmed.client.ended(task["id"], attempt=3)
        assert (50, None) == (ended["status"], ended["pending_action"])


# ------------------------------------------------------------------------------------------------------ nodes, projects


async def test_the_node_of_a_task_that_is_uploading_cannot_be_changed_and_all_else_can(unharmed):
    async with unharmed.another_node(slow_upload=2_000) as (_, id_):
        task = await unharmed.create(processing_node=id_)
        await unharmed.client.task(task["id"], lambda it: it["stage"] == "uploading")
        told = f"task {task['id']} is uploading; its processing node can be changed only in draft, waiting or ended"
        moved = {"task": task["id"], "processing_node": unharmed.node_id}
        assert told == await conflict(unharmed, "update-task", moved)
        changes = {"name": "N", "priority": 9, "tags": ["t"], "options": [{"name": "dsm", "value": True}]}
        assert changes.items() <= (await unharmed.client.ok("update-task", {"task": task["id"]} | changes)).items()
        await unharmed.client.ok(*act(task, "CANCEL"))
        assert 50 == (await unharmed.client.ended(task["id"]))["status"]


async def test_the_default_project_cannot_be_deleted(unharmed):
    told = "the default project cannot be deleted: tasks that name no project belong to it"
    assert told == await conflict(unharmed, "delete-project", {"project": 1})


async def test_a_deleted_project_is_gone_at_once_and_its_tasks_soon(unharmed):
    project = (await unharmed.client.ok("create-project", {"name": "P"}))["id"]
    task = await unharmed.create(project=project)
    await unharmed.client.ok("delete-project", {"project": project})
    for command, body in {
        "delete-project": {},
        "update-project": {"name": "Q"},
        "create-task": {"partial": True},
    }.items():
        problem = await unharmed.client.refused(command, {"project": project} | body)
        assert ("not-found", ["project"]) == (problem["type"], fields(problem))
    await unharmed.client.removed(task["id"])
    assert project not in [it["id"] for it in await unharmed.get("/projects")]


async def test_a_node_with_live_jobs_is_kept_unless_forced(unharmed):
    async with unharmed.another_node(seconds=30) as (node, id_):
        task = await unharmed.create(processing_node=id_)
        await node.wait_for("started")
        told = await conflict(unharmed, "remove-processing-node", {"processing_node": id_})
        assert f"processing node {id_} has 1 live jobs (task {task['id']} among them)" == told.split(";", maxsplit=1)[0]
        await unharmed.client.ok("remove-processing-node", {"processing_node": id_, "force": True})
        ended = await unharmed.client.ended(task["id"])
        assert (30, True) == (ended["status"], ended["last_error"].endswith(" was removed"))


async def test_an_automatic_task_of_a_node_that_is_removed_by_force_goes_elsewhere(unharmed):
    async with unharmed.another_node(seconds=30) as (node, id_):
        task = await unharmed.create(processing_node=id_)
        await node.wait_for("started")
        await unharmed.client.ok("update-task", {"task": task["id"], "auto_processing_node": True})
        await unharmed.client.ok("remove-processing-node", {"processing_node": id_, "force": True})
        ended = await unharmed.client.ended(task["id"])
        assert (40, unharmed.node_id, 2) == (ended["status"], ended["processing_node"], ended["attempt"])


async def test_two_thousand_rejections_at_once_are_all_answered(unharmed):
    client = unharmed.client
    async with asyncio.TaskGroup() as group:
        for number in range(2_000):
            said = {"correlation_id": f"flood-{number}", "reply_to": client.reply_to}
            group.create_task(client.publish(*act({"id": 10**6 + number}, "CANCEL"), **said))
    answers = [await client.answer(f"flood-{number}") for number in range(2_000)]
    assert {404} == {problem_in(answer, command="set-pending-action")["status"] for answer in answers}
