"""Examples of every message: what the published document shows, and what tests prove to be true."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from orchestrator.contract.answers import accepted, rejected
from orchestrator.contract.events import render
from orchestrator.contract.views import View
from orchestrator.domain.events import NodeEvent, TaskEvent, TaskEventType
from orchestrator.domain.node import Health, NodeInfo, NodeOption, ProcessingNode
from orchestrator.domain.problem import invalid_field
from orchestrator.domain.task import Option, PendingAction, Stage, Status, Task

_MORNING = datetime(2026, 5, 7, 9, 30, tzinfo=UTC)

COMMANDS: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = {
    "create-task": (
        {
            "images": [
                "file:///srv/flights/7/*.JPG",
                {"uri": "https://files.example.org/7/geo.txt", "name": "geo.txt"},
            ],
            "project": 27,
            "name": "Field 7, north",
            "options": [{"name": "dsm", "value": True}, {"name": "orthophoto-resolution", "value": 2.5}],
            "reference": "flight-7",
            "priority": 7,
        },
        {"partial": True, "name": "Images to follow", "options": {"fast-orthophoto": True}},
    ),
    "commit-task": ({"reference": "flight-7", "images": ["/srv/flights/7/DJI_0200.JPG"]},),
    "update-task": ({"task": 134, "priority": 9, "processing_node": None, "auto_processing_node": True},),
    "set-pending-action": ({"task": 134, "pending_action": "CANCEL"}, {"reference": "flight-7", "pending_action": 3}),
    "create-project": ({"name": "Orchards", "description": "Weekly flights"},),
    "update-project": ({"project": 27, "name": "Orchards 2026"},),
    "delete-project": ({"project": 27},),
    "add-processing-node": (
        {"hostname": "node-1", "port": 3000, "label": "The big one"},
        {"url": "https://odm.example.org/cluster", "token": "the-node's-token"},
    ),
    "update-processing-node": ({"processing_node": 3, "label": "The old one"},),
    "remove-processing-node": ({"processing_node": 3, "force": True},),
}
"""Bodies of commands."""

TASK: Final = Task(
    id=134,
    project=27,
    created_at=_MORNING,
    updated_at=_MORNING + timedelta(hours=2),
    stage=Stage.ENDED,
    status=Status.COMPLETED,
    version=17,
    name="Field 7, north",
    reference="flight-7",
    priority=7,
    options=(Option("dsm", value=True), Option("orthophoto-resolution", 2.5)),
    processing_node=3,
    processing_node_name="The big one",
    can_rerun_from=("dataset", "odm_meshing", "odm_orthophoto"),
    images_count=212,
    uuid="0bb7ad4a-6c0c-4a0e-9df0-1c9d3ec8f2a5",
    processing_time=5_400_000,
    upload_progress=1.0,
    running_progress=1.0,
    available_assets=("all.zip", "orthophoto.tif", "dsm.tif"),
    size=812.4,
    reason="All results are here",
)

NODE: Final = ProcessingNode(
    id=3,
    url="http://node-1:3000",
    hostname="node-1",
    port=3000,
    created_at=_MORNING,
    label="The big one",
    health=Health.ONLINE,
    last_refreshed=_MORNING + timedelta(hours=2),
    info=NodeInfo(
        api_version="2.2.4", queue_count=1, max_images=None, max_parallel=2, engine="odm", engine_version="3.5.5"
    ),
    options=(NodeOption(name="dsm", type="bool", value="false", domain="bool", help="Build the surface model"),),
    version=4,
)

_BEFORE: Final[Mapping[TaskEventType, Status | None]] = {
    TaskEventType.CREATED: None,
    TaskEventType.STATUS_CHANGED: Status.RUNNING,
}


def task_event(kind: TaskEventType) -> View:
    """Show an event of that type."""
    before = _BEFORE.get(kind, Status.COMPLETED)
    return render(TaskEvent(kind, TASK, before, TASK.reason, TASK.updated_at))


def node_event() -> View:
    """Show a processing node's event."""
    return render(NodeEvent(NODE, "It answers again", _MORNING + timedelta(hours=2)))


def accepted_answer() -> View:
    """Show the answer to a command that was taken."""
    return accepted("set-pending-action", TASK)


def rejected_answer() -> View:
    """Show the answer to a command that was not taken."""
    right = ", ".join(f"{action.value} or {action.name}" for action in PendingAction)
    return rejected("set-pending-action", invalid_field("pending_action", f"must be {right}"))
