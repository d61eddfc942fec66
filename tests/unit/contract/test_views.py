"""What the world sees: WebODM's fields, ours, and never a secret."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from orchestrator.contract.answers import accepted, rejected
from orchestrator.contract.examples import NODE, TASK
from orchestrator.contract.json_text import to_json
from orchestrator.contract.view_models import AcceptedView, NodeView, ProjectView, RejectedView, TaskView, View
from orchestrator.contract.views import public_node, public_project, public_task, utc_text
from orchestrator.domain.node import Health, NodeOption, ProcessingNode
from orchestrator.domain.problem import FieldError, invalid_field
from orchestrator.domain.task import PRIVATE_FIELDS, Option, PendingAction, Project, Stage, Task

NOON = datetime(2026, 5, 7, 12, 0, tzinfo=UTC)
PROJECT = Project(id=27, name="Orchards", description="Weekly", created_at=NOON, tags=("spring",))
DRAFT = Task(id=1, project=1, created_at=NOON, updated_at=NOON, stage=Stage.DRAFT)

# As WebODM's serializer gives them.
WEBODM = [
    "id",
    "project",
    "processing_node",
    "processing_node_name",
    "images_count",
    "can_rerun_from",
    "available_assets",
    "uuid",
    "name",
    "processing_time",
    "auto_processing_node",
    "status",
    "last_error",
    "options",
    "ground_control_points",
    "created_at",
    "pending_action",
    "upload_progress",
    "resize_progress",
    "running_progress",
    "partial",
    "resize_to",
    "import_url",
    "tags",
    "size",
    "statistics",
    "extent",
    "srs",
    "media",
    "crop",
    "epsg",
    "wkt",
    "orthophoto_bands",
    "potree_scene",
    "public",
    "public_edit",
    "compacted",
]
OURS = ["stage", "reference", "priority", "attempt", "version", "updated_at", "reason"]


@pytest.mark.parametrize(
    "task",
    [
        DRAFT,
        TASK,
        replace(TASK, pending_action=PendingAction.REMOVE, last_error="No", options=(Option("a", "b"), Option("c", 0))),
    ],
)
def test_a_task_is_shown_as_its_model_says(task):
    shown = public_task(task)
    assert WEBODM + OURS == list(shown) == list(TaskView.model_fields)
    assert shown == TaskView.model_validate_json(to_json(shown)).model_dump(mode="json") | times(shown)


def times(shown: dict) -> dict:
    return {name: shown[name] for name in ("created_at", "updated_at", "last_refreshed") if name in shown}


def test_a_new_task_has_the_defaults_that_clients_of_webodm_expect():
    assert public_task(DRAFT) == {
        "id": 1,
        "project": 1,
        "processing_node": None,
        "processing_node_name": None,
        "images_count": 0,
        "can_rerun_from": [],
        "available_assets": [],
        "uuid": "",
        "name": "",
        "processing_time": -1,
        "auto_processing_node": True,
        "status": None,
        "last_error": None,
        "options": [],
        "ground_control_points": None,
        "created_at": "2026-05-07T12:00:00.000000Z",
        "pending_action": None,
        "upload_progress": 0.0,
        "resize_progress": 0.0,
        "running_progress": 0.0,
        "partial": False,
        "resize_to": -1,
        "import_url": "",
        "tags": [],
        "size": 0.0,
        "statistics": {},
        "extent": None,
        "srs": {"name": "", "units": "m"},
        "media": [],
        "crop": None,
        "epsg": None,
        "wkt": "",
        "orthophoto_bands": [],
        "potree_scene": {},
        "public": False,
        "public_edit": False,
        "compacted": False,
        "stage": "draft",
        "reference": None,
        "priority": 5,
        "attempt": 1,
        "version": 0,
        "updated_at": "2026-05-07T12:00:00.000000Z",
        "reason": "",
    }


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://u:p@store.example/a/gcp.txt?X-Amz-Signature=s#f", "https://store.example/a/gcp.txt"),
        ("HTTP://u@h", "HTTP://h"),
        ("https://h?sig=s@x", "https://h"),
        ("https://h/a@b.txt", "https://h/a@b.txt"),
        ("file:///data/what?.txt", "file:///data/what?.txt"),
        ("/data/a?b.txt", "/data/a?b.txt"),
        ("", ""),
    ],
)
def test_addresses_are_shown_without_what_opens_them(uri, shown):
    task = public_task(replace(DRAFT, ground_control_points=uri, import_url=uri))
    assert (shown, shown) == (task["ground_control_points"], task["import_url"])


def test_codes_are_plain_numbers():
    shown = public_task(replace(TASK, pending_action=PendingAction.RESTART))
    assert (int, int) == (type(shown["status"]), type(shown["pending_action"]))


def test_every_field_of_a_task_is_either_shown_or_private():
    assert {field.name for field in fields(Task)} - PRIVATE_FIELDS <= set(public_task(DRAFT))
    assert set() == PRIVATE_FIELDS & set(public_task(DRAFT))


def test_two_views_share_nothing_that_can_be_changed():
    public_task(DRAFT)["srs"]["name"] = "EPSG:4326"
    assert public_task(DRAFT)["srs"]["name"] == ""


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2026-05-07T12:00:00.000000Z"),
        (NOON.replace(microsecond=7), "2026-05-07T12:00:00.000007Z"),
        (NOON.replace(tzinfo=None), "2026-05-07T12:00:00.000000Z"),
        (NOON.astimezone(timezone(timedelta(hours=2))), "2026-05-07T12:00:00.000000Z"),
    ],
)
def test_times_are_utc_with_microseconds(moment, text):
    assert text == utc_text(moment)


def test_a_project_is_shown_with_its_tasks_where_they_are_at_hand():
    shown = public_project(PROJECT, tasks=(134, 135))
    assert shown == {
        "id": 27,
        "name": "Orchards",
        "description": "Weekly",
        "created_at": "2026-05-07T12:00:00.000000Z",
        "owned": True,
        "permissions": ["view", "add", "change", "delete"],
        "tags": ["spring"],
        "tasks": [134, 135],
    }
    assert list(ProjectView.model_fields) == list(shown)
    assert "tasks" not in public_project(PROJECT)


@pytest.mark.parametrize(
    "node",
    [
        NODE,
        ProcessingNode(id=1, url="http://n:1", hostname="n", port=1, created_at=NOON, token="s3cret"),
        replace(
            NODE,
            token="s3cret",
            health=Health.UNAUTHORIZED,
            options=(NodeOption(name="rerun-from", type="enum", value="", domain=("dataset", "split"), help="Again"),),
        ),
    ],
)
def test_a_node_is_shown_as_its_model_says_and_without_its_token(node):
    shown = public_node(node)
    assert list(NodeView.model_fields) == list(shown)
    assert shown == NodeView.model_validate_json(to_json(shown)).model_dump(mode="json") | times(shown)
    assert b"s3cret" not in to_json(shown)
    assert (node.health is Health.ONLINE) == shown["online"]


@pytest.mark.parametrize(
    ("subject", "key", "view"),
    [(TASK, "task", public_task), (PROJECT, "project", public_project), (NODE, "processing_node", public_node)],
)
def test_a_command_that_was_taken_is_answered_with_what_it_was_about(subject, key, view):
    answer = accepted("any-command", subject)
    assert {"ok": True, "command": "any-command", key: view(subject)} == answer
    AcceptedView.model_validate_json(to_json(answer))


def test_a_command_that_was_not_taken_is_answered_with_the_problem():
    answer = rejected("create-task", invalid_field("priority", "must be at most 9"))
    assert answer == {
        "ok": False,
        "command": "create-task",
        "error": {
            "type": "validation",
            "title": "The command is not valid",
            "status": 422,
            "detail": "priority: must be at most 9",
            "errors": [{"field": "priority", "message": "must be at most 9"}],
        },
    }
    RejectedView.model_validate_json(to_json(answer))
    assert [field.name for field in fields(FieldError)] == ["field", "message"]


def test_json_is_valid_whatever_a_node_or_a_file_system_says():
    assert to_json({"a": float("nan"), "b": [float("inf")], "c": "x"}) == b'{"a":null,"b":[null],"c":"x"}'
    assert to_json({"a": float("nan"), "b": "\udcffé"}) == b'{"a":null,"b":"?\xc3\xa9"}'


def test_published_shapes_leave_room_for_more_fields():
    assert "additionalProperties" not in View.model_json_schema()
