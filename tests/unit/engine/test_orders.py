"""Orders: what each command may do, and the plain words in which it is refused."""

import asyncio

import pytest

from orchestrator.domain import commands
from orchestrator.domain.commands import CommitTask, CreateTask, SetPendingAction, TaskKey
from orchestrator.domain.errors import NodeUnauthorized
from orchestrator.domain.node import NodeOption
from orchestrator.domain.task import Option, PendingAction, Source
from orchestrator.engine.changes import Wanted
from orchestrator.engine.ports import Order
from tests.unit.engine.bundle import VIRTUAL_TIME
from tests.unit.engine.fakes import ScriptedNode

pytestmark = VIRTUAL_TIME

PHOTO = Source("/photos/1.jpg", "1.jpg", 10)
GCP = Source("/photos/gcp.txt", "gcp.txt", 10, side=True)


def rerunning():
    """Give a node that can run a job again from one stage."""
    node = ScriptedNode()
    node.known_options = (NodeOption("rerun-from", "enum", "", ("odm_dem",), ""),)
    return node


def error(answer):
    """Give type and detail of a refusal."""
    return answer["error"]["type"], answer["error"]["detail"]


# -------------------------------------------------------------------------------------------------------- tasks


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"project": 9}, ("not-found", "there is no project 9")),
        ({"processing_node": 9}, ("not-found", "there is no processing node 9")),
        ({"sources": (GCP,)}, ("validation", "images: at least one image is needed")),
        (
            {"options": (Option("dsmm", value=True),)},
            ("validation", "no processing node knows the option 'dsmm'; did you mean 'dsm'?"),
        ),
        (
            {"options": (Option("zzz", value=True),)},
            ("validation", "no processing node knows the option 'zzz'"),
        ),
    ],
)
async def test_a_task_that_cannot_be_done_is_refused(bundle, fields, expected):
    await bundle.add_node()
    assert expected == error(await bundle.settle(CreateTask(**({"sources": (PHOTO,)} | fields))))


async def test_options_are_not_judged_before_a_node_has_told_its_own(bundle):
    node = ScriptedNode()
    node.known_options = ()
    await bundle.add_node(node)
    assert (await bundle.settle(CreateTask(sources=(PHOTO,), options=(Option("zzz", value=True),))))["ok"]


async def test_a_draft_may_be_empty_and_is_told_so(bundle):
    answer = await bundle.settle(CreateTask(partial=True))
    assert ("draft", "waiting for images") == (answer["task"]["stage"], answer["task"]["reason"])
    problem = await bundle.settle(CommitTask(task=TaskKey(id=1)))
    assert ("validation", "images: task 1 has no image yet; give at least one") == error(problem)


@pytest.mark.parametrize(
    ("key", "expected"),
    [(TaskKey(id=9), "there is no task 9"), (TaskKey(reference="x"), "there is no task with the reference 'x'")],
)
async def test_commands_for_unknown_tasks_are_refused(bundle, key, expected):
    for command in (
        CommitTask(task=key),
        commands.UpdateTask(task=key, name="x"),
        SetPendingAction(task=key, pending_action=PendingAction.CANCEL),
    ):
        assert ("not-found", expected) == error(await bundle.settle(command))


async def test_a_second_list_of_ground_control_points_is_refused(bundle):
    await bundle.settle(CreateTask(sources=(PHOTO, GCP), partial=True))
    answer = await bundle.settle(CommitTask(task=TaskKey(id=1), sources=(GCP,)))
    assert "images: the draft has a file gcp.txt already, and nodes take only one of it" == error(answer)[1]


async def test_a_task_that_was_committed_takes_no_more_images(bundle):
    await bundle.settle(CreateTask(sources=(PHOTO,)))
    answer = await bundle.settle(CommitTask(task=TaskKey(id=1), sources=(PHOTO,)))
    assert ("conflict", "task 1 is not a draft (its stage is waiting); it takes no more images") == error(answer)
    assert 1 == len(await bundle.store.sources(1))


async def test_a_draft_that_was_complete_is_committed_as_it_is(bundle):
    await bundle.settle(CreateTask(sources=(PHOTO,), partial=True))
    answer = await bundle.settle(CommitTask(task=TaskKey(id=1)))
    assert ("waiting", 1) == (answer["task"]["stage"], answer["task"]["images_count"])


async def test_a_reference_is_not_given_to_a_new_task_before_the_old_one_is_gone(bundle):
    again = CreateTask(sources=(PHOTO,), reference="flight-7")
    held = bundle.shelves.hold("remove")
    task = (await bundle.settle(again))["task"]["id"]
    await bundle.act(task, "REMOVE")
    told = f"task {task} has this reference and is being removed; send it anew when it is gone"
    assert ("conflict", told) == error(await bundle.settle(again))
    held.set()
    await bundle.until(lambda: bundle.events[-1]["type"] == "task.removed")
    assert task + 1 == (await bundle.settle(again))["task"]["id"]


async def test_a_task_may_be_used_by_its_reference_in_the_batch_that_makes_it(bundle):
    key = TaskKey(reference="flight-7")
    create = CreateTask(sources=(PHOTO,), reference="flight-7")
    cancel = SetPendingAction(task=key, pending_action=PendingAction.CANCEL)
    created, canceled = await bundle.engine.turn.settle([Order(create), Order(cancel)])
    assert (True, True) == (created.accepted, canceled.accepted)
    assert 50 == (await bundle.row(1)).status


async def test_a_draft_that_is_committed_in_the_batch_that_makes_it_keeps_all_its_images(bundle):
    more = Source("/photos/2.jpg", "2.jpg", 10)
    create = CreateTask(sources=(PHOTO,), reference="flight-7", partial=True)
    commit = CommitTask(task=TaskKey(reference="flight-7"), sources=(more,))
    await bundle.engine.turn.settle([Order(create), Order(commit)])
    assert (PHOTO, more) == await bundle.store.sources(1)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"project": 9}, "there is no project 9"),
        ({"processing_node": 9}, "there is no processing node 9"),
        ({"options": (Option("dsmm", value=True),)}, "no processing node knows the option 'dsmm'; did you mean 'dsm'?"),
    ],
)
async def test_an_update_to_what_does_not_exist_is_refused(bundle, fields, expected):
    await bundle.add_node()
    task = await bundle.create(partial=True)
    assert expected == error(await bundle.update(task, **fields))[1]


async def test_an_update_changes_what_was_given_and_nothing_else(bundle):
    project = (await bundle.settle(commands.CreateProject(name="Survey")))["project"]["id"]
    task = await bundle.create(partial=True, name="old")
    changed = (await bundle.update(task, priority=9, tags=("a",), project=project))["task"]
    assert ("old", 9, ["a"], project) == (changed["name"], changed["priority"], changed["tags"], changed["project"])
    assert changed["version"] == (await bundle.update(task, priority=9))["task"]["version"]


async def test_a_task_shows_the_node_that_was_chosen_for_it_from_the_start(bundle):
    node = await bundle.add_node(rerunning())
    task = await bundle.create(partial=True, processing_node=node.id)
    [shown] = bundle.of_task(task)
    assert (node.id, "node-1", ["odm_dem"]) == (
        shown["processing_node"], shown["processing_node_name"], shown["can_rerun_from"],
    )  # fmt: skip


async def test_a_task_told_to_choose_its_node_again_is_automatic_again(bundle):
    task = await bundle.create(partial=True)
    node = await bundle.add_node(rerunning())
    bound = (await bundle.update(task, processing_node=node.id))["task"]
    assert (node.id, False) == (bound["processing_node"], bound["auto_processing_node"])
    assert ("node-1", ["odm_dem"]) == (bound["processing_node_name"], bound["can_rerun_from"])
    free = (await bundle.update(task, processing_node=None))["task"]
    assert (None, []) == (free["processing_node_name"], free["can_rerun_from"])
    assert (None, True) == (free["processing_node"], free["auto_processing_node"])
    both = (await bundle.update(task, processing_node=node.id, auto_processing_node=True))["task"]
    assert (node.id, True) == (both["processing_node"], both["auto_processing_node"])


# ----------------------------------------------------------------------------------------------------- projects


async def test_a_project_is_renamed_and_described(bundle):
    project = (await bundle.settle(commands.CreateProject(name="Survey")))["project"]["id"]
    for change in ({"name": "Survey 2"}, {"description": "north"}, {"description": "north"}):
        answer = await bundle.settle(commands.UpdateProject(project=project, **change))
    assert ("Survey 2", "north") == (answer["project"]["name"], answer["project"]["description"])
    assert 3 == next(each.version for each in await bundle.store.projects() if each.id == project)


async def test_unknown_and_deleted_projects_are_refused(bundle):
    for command in (commands.UpdateProject(project=9, name="x"), commands.DeleteProject(project=9)):
        assert ("not-found", "there is no project 9") == error(await bundle.settle(command))
    assert "conflict" == error(await bundle.settle(commands.DeleteProject(project=1)))[0]


async def test_a_project_without_tasks_goes_at_once(bundle):
    orders = [Order(commands.CreateProject(name="x"))]
    await bundle.engine.turn.settle(orders)
    assert (await bundle.settle(commands.DeleteProject(project=2)))["ok"]
    async with bundle.store.begin() as transaction:
        assert () == (await transaction.read(Wanted(projects={2}))).projects


async def test_a_project_is_hidden_at_once_and_goes_with_the_last_of_its_tasks(bundle):
    project = (await bundle.settle(commands.CreateProject(name="x")))["project"]["id"]
    gate = bundle.shelves.hold("remove")
    tasks = [await bundle.create(project=project), await bundle.create(project=project, partial=True)]
    assert (await bundle.settle(commands.DeleteProject(project=project)))["ok"]
    assert [1] == [each.id for each in await bundle.store.projects()]
    assert "not-found" == error(await bundle.settle(CreateTask(sources=(PHOTO,), project=project)))[0]
    assert ["removing"] * 2 == [bundle.of_task(task)[-1]["stage"] for task in tasks]
    gate.set()
    await bundle.until(lambda: 2 == [event["type"] for event in bundle.events].count("task.removed"))
    async with bundle.store.begin() as transaction:
        assert () == (await transaction.read(Wanted(projects={project}))).projects


# -------------------------------------------------------------------------------------------------------- nodes


async def test_two_nodes_cannot_have_one_address(bundle):
    await bundle.add_node()
    await bundle.add_node(number=2)
    again = await bundle.settle(commands.AddProcessingNode(url="http://node-1:3000"))
    assert ("conflict", "processing node 1 has the address http://node-1:3000 already") == error(again)
    moved = await bundle.settle(commands.UpdateProcessingNode(processing_node=2, url="http://node-1:3000"))
    assert "conflict" == error(moved)[0]


@pytest.mark.parametrize(("url", "port"), [("https://node-9", 443), ("http://node-9", 80), ("http://node-9:3", 3)])
async def test_the_port_follows_from_the_address(bundle, url, port):
    bundle.clients.nodes[url] = ScriptedNode()
    node = (await bundle.settle(commands.AddProcessingNode(url=url)))["processing_node"]
    assert ("node-9", port) == (node["hostname"], node["port"])


async def test_a_node_that_moves_is_looked_at_anew_and_does_not_get_the_token_of_its_old_address(bundle):
    node = await bundle.add_node(token="secret")
    moved = bundle.clients.nodes["http://node-7:3000"] = ScriptedNode()
    await bundle.settle(commands.UpdateProcessingNode(processing_node=node.id, url="http://node-7:3000", label="seven"))
    changed = bundle.board_node(node)
    assert ("node-7", "", "seven", "unknown") == (changed.hostname, changed.token, changed.label, changed.health)
    await bundle.until(lambda: bundle.board_node(node).online, within=1)
    assert moved.calls


async def test_a_changed_token_is_tried_at_once(bundle):
    node = ScriptedNode()
    node.trouble = NodeUnauthorized("not with this token")
    await bundle.add_node(node)
    node.trouble = None
    await bundle.settle(commands.UpdateProcessingNode(processing_node=node.id, token="right"))
    await bundle.until(lambda: bundle.board_node(node).online, within=1)


async def test_an_update_without_a_difference_changes_nothing(bundle):
    node = await bundle.add_node()
    before = bundle.board_node(node)
    await bundle.settle(commands.UpdateProcessingNode(processing_node=node.id, url="http://node-1:3000"))
    assert before == bundle.board_node(node)


async def test_unknown_nodes_are_refused(bundle):
    for command in (
        commands.UpdateProcessingNode(processing_node=9, label="x"),
        commands.RemoveProcessingNode(processing_node=9),
    ):
        assert ("not-found", "there is no processing node 9") == error(await bundle.settle(command))


async def test_a_node_with_live_jobs_is_removed_only_by_force_and_its_job_is_stopped(bundle):
    node = await bundle.add_node(ScriptedNode(seconds=1000))
    automatic = await bundle.create()
    bound = await bundle.create(processing_node=node.id)
    for task in (automatic, bound):
        await bundle.until_task(task, status=20)
    refused = await bundle.settle(commands.RemoveProcessingNode(processing_node=node.id))
    assert "processing node 1 has 2 live jobs" in error(refused)[1]
    removed = await bundle.settle(commands.RemoveProcessingNode(processing_node=node.id, force=True))
    assert "offline" == removed["processing_node"]["health"]
    assert "processing-node.status-changed" == bundle.events[-1]["type"]
    assert ("waiting", 2) == tuple(bundle.of_task(automatic)[-1][name] for name in ("stage", "attempt"))
    failed = bundle.of_task(bound)[-1]
    assert (30, "processing node node-1 was removed") == (failed["status"], failed["last_error"])
    await bundle.until(lambda: not node.jobs and not bundle.engine.reaper.jobs)


async def test_a_node_that_is_away_is_removed_without_ado(bundle):
    node = ScriptedNode()
    node.go_away()
    await bundle.add_node(node)
    told = len(bundle.events)
    assert (await bundle.settle(commands.RemoveProcessingNode(processing_node=node.id)))["ok"]
    await asyncio.sleep(60)
    assert told == len(bundle.events)
