"""What a body says is what the command means."""

import json

import pytest

from orchestrator.contract.commands import BODIES, decode, decode_object
from orchestrator.contract.headers import COMMANDS
from orchestrator.domain.commands import (
    COMMAND_NAMES,
    AddProcessingNode,
    CommitTask,
    CreateProject,
    CreateTask,
    DeleteProject,
    RemoveProcessingNode,
    SetPendingAction,
    TaskKey,
    UpdateProcessingNode,
    UpdateProject,
    UpdateTask,
)
from orchestrator.domain.task import Option, PendingAction, Source

BY_ID = TaskKey(id=134)
BY_REFERENCE = TaskKey(reference="flight-7")
CANCEL = PendingAction.CANCEL

MEANT = [
    ("create-task", {"images": ["/a/1.JPG"]}, CreateTask(sources=(Source("/a/1.JPG", ""),))),
    ("create-task", {"partial": True}, CreateTask(partial=True)),
    (
        "create-task",
        {"images": ["https://a.example/1.JPG", {"uri": "file:///b.JPG", "name": "B.JPG"}, {"uri": "/c.JPG"}]},
        CreateTask(
            sources=(Source("https://a.example/1.JPG", ""), Source("file:///b.JPG", "B.JPG"), Source("/c.JPG", ""))
        ),
    ),
    (
        "create-task",
        {
            "images": ["/a"],
            "project": 27,
            "name": "Field 7",
            "options": [{"name": "dsm", "value": False}, {"name": "matcher-neighbors", "value": 0}],
            "processing_node": 3,
            "auto_processing_node": False,
            "priority": 0,
            "reference": "flight-7",
            "ground_control_points": "/gcp_list.txt",
            "resize_to": 2048,
            "tags": ["spring"],
            "partial": False,
        },
        CreateTask(
            sources=(Source("/a", ""),),
            project=27,
            name="Field 7",
            options=(Option("dsm", value=False), Option("matcher-neighbors", 0)),
            processing_node=3,
            auto_processing_node=False,
            priority=0,
            reference="flight-7",
            ground_control_points="/gcp_list.txt",
            resize_to=2048,
            tags=("spring",),
        ),
    ),
    (
        "create-task",
        {"images": ["/a"], "project": None, "processing_node": None, "auto_processing_node": None, "reference": None},
        CreateTask(sources=(Source("/a", ""),)),
    ),
    (
        "create-task",
        {"images": ["/a"], "options": {"dsm": True, "pc-quality": "high", "resolution": 2.5, "empty": ""}},
        CreateTask(
            sources=(Source("/a", ""),),
            options=(
                Option("dsm", value=True),
                Option("pc-quality", "high"),
                Option("resolution", 2.5),
                Option("empty", ""),
            ),
        ),
    ),
    ("commit-task", {"task": 134}, CommitTask(task=BY_ID)),
    ("commit-task", {"task": "flight-7", "images": ["/z"]}, CommitTask(task=BY_REFERENCE, sources=(Source("/z", ""),))),
    ("update-task", {"task": 134}, UpdateTask(task=BY_ID)),
    ("update-task", {"task": 134, "processing_node": None}, UpdateTask(task=BY_ID, processing_node=None)),
    ("update-task", {"task": 134, "options": []}, UpdateTask(task=BY_ID, options=())),
    (
        "update-task",
        {
            "reference": "flight-7",
            "name": "",
            "options": [{"name": "rerun-from", "value": "odm_meshing"}],
            "processing_node": 3,
            "auto_processing_node": True,
            "priority": 5,
            "tags": [],
            "project": 1,
        },
        UpdateTask(
            task=BY_REFERENCE,
            name="",
            options=(Option("rerun-from", "odm_meshing"),),
            processing_node=3,
            auto_processing_node=True,
            priority=5,
            tags=(),
            project=1,
        ),
    ),
    ("set-pending-action", {"task": 134, "pending_action": 1}, SetPendingAction(task=BY_ID, pending_action=CANCEL)),
    (
        "set-pending-action",
        {"task": "134", "pending_action": "Cancel"},
        SetPendingAction(task=TaskKey(reference="134"), pending_action=CANCEL),
    ),
    (
        "set-pending-action",
        {"task": None, "reference": "flight-7", "pending_action": "restart"},
        SetPendingAction(task=BY_REFERENCE, pending_action=PendingAction.RESTART),
    ),
    ("create-project", {"name": "Orchards"}, CreateProject(name="Orchards")),
    ("create-project", {"name": "Ü", "description": "a\nb"}, CreateProject(name="Ü", description="a\nb")),
    ("update-project", {"project": 27}, UpdateProject(project=27)),
    ("update-project", {"project": 27, "description": ""}, UpdateProject(project=27, description="")),
    ("delete-project", {"project": 27}, DeleteProject(project=27)),
    ("add-processing-node", {"hostname": "node-1", "port": 3000}, AddProcessingNode(url="http://node-1:3000")),
    (
        "add-processing-node",
        {"url": "http://node-1:3000/?token=abc", "label": "Big"},
        AddProcessingNode(url="http://node-1:3000", token="abc", label="Big"),
    ),
    (
        "add-processing-node",
        {"url": "http://node-1:3000/?token=abc", "token": "abc"},
        AddProcessingNode(url="http://node-1:3000", token="abc"),
    ),
    ("update-processing-node", {"processing_node": 3}, UpdateProcessingNode(processing_node=3)),
    (
        "update-processing-node",
        {"processing_node": 3, "token": "", "label": ""},
        UpdateProcessingNode(processing_node=3, token="", label=""),
    ),
    (
        "update-processing-node",
        {"processing_node": 3, "url": "https://n.example/odm/?token=abc"},
        UpdateProcessingNode(processing_node=3, url="https://n.example:443/odm", token="abc"),
    ),
    (
        "update-processing-node",
        {"processing_node": 3, "url": "https://n.example"},
        UpdateProcessingNode(processing_node=3, url="https://n.example:443"),
    ),
    ("remove-processing-node", {"processing_node": 3}, RemoveProcessingNode(processing_node=3)),
    (
        "remove-processing-node",
        {"processing_node": 3, "force": True},
        RemoveProcessingNode(processing_node=3, force=True),
    ),
]


@pytest.mark.parametrize(("name", "body", "command"), MEANT)
def test_a_body_becomes_the_command_it_means(name, body, command):
    assert command == decode(name, json.dumps(body).encode())


@pytest.mark.parametrize(("name", "body", "command"), MEANT)
def test_an_object_becomes_the_same_command_as_its_json(name, body, command):
    assert command == decode_object(name, body)


@pytest.mark.parametrize(("name", "body", "command"), MEANT)
def test_blanks_and_escapes_in_a_body_change_nothing(name, body, command):
    spaced = json.dumps(body, indent=2, separators=(" ,", " : "), ensure_ascii=True).encode()
    assert command == decode(name, b"\n " + spaced + b" ")


def test_text_that_looks_like_json_is_text():
    name = 'a "quoted": \\ "name": {"x": 1}'
    body = json.dumps({"images": ["/a"], "name": name}).encode()
    assert CreateTask(sources=(Source("/a", ""),), name=name) == decode("create-task", body)


def test_every_command_of_the_domain_has_a_body():
    assert tuple(COMMAND_NAMES.values()) == tuple(BODIES) == COMMANDS


def test_node_commands_do_not_show_tokens_when_logged():
    body = BODIES["add-processing-node"].model_validate({"url": "http://n:1/?token=s3cret", "token": "s3cret"})
    assert "s3cret" not in repr(body)
