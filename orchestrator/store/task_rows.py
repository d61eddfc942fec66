"""Tasks and their files as rows and back, exactly: None is not "", 1 is not true, tuples come back as tuples.

``body`` leaves out a field that has the value it has in ``ABSENT``. Those values are part of the stored format, not
the domain's defaults, which may change without changing a stored task. A key that a newer daemon wrote is passed over.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from orchestrator.domain.task import IN_WORK, Option, PendingAction, Source, Stage, Status, Task
from orchestrator.store.prepared import Values, moment

COLUMNS = (
    "project",
    "reference",
    "stage",
    "status",
    "pending_action",
    "priority",
    "name",
    "job_node",
    "job_uuid",
    "fence",
    "version",
    "created_at",
    "updated_at",
    "body",
)
"""Columns that follow ``id`` in a row of values; ``owner`` is the store's own."""

LISTED = ("search", "rested_at")
"""Columns for lists alone, which say again what others say; a row is read without them."""

INDEXED = 2500
"""Bytes that name, reference and search text may have together: an index holds all three, and PostgreSQL takes 2,704
bytes of one row there. Only of names in letters of three or four bytes, and of that length, some are not searched.
"""

ABSENT: dict[str, Any] = {
    "attempt": 1,
    "options": (),
    "processing_node": None,
    "processing_node_name": None,
    "auto_processing_node": True,
    "can_rerun_from": (),
    "images_count": 0,
    "ground_control_points": None,
    "resize_to": -1,
    "tags": (),
    "partial": False,
    "import_url": "",
    "uuid": "",
    "processing_time": -1,
    "last_error": None,
    "upload_progress": 0.0,
    "resize_progress": 0.0,
    "running_progress": 0.0,
    "available_assets": (),
    "size": 0.0,
    "reason": "",
    "committed": False,
    "failures": 0,
    "tries": 0,
    "not_before": None,
    "ended_run": -1,
    "files_count": 0,
    "traceparent": "",
    "avoid_node": None,
}

_TUPLES = ("can_rerun_from", "tags", "available_assets")
_ABSENT = tuple(ABSENT.items())
_body_of = attrgetter(*ABSENT)
_STAGES = {stage.value: stage for stage in Stage}
_STATUSES: dict[int | None, Status | None] = {None: None, **{status.value: status for status in Status}}
_ACTIONS: dict[int | None, PendingAction | None] = {None: None, **{action.value: action for action in PendingAction}}
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def task_values(task: Task) -> Values:
    """Give the values of ``COLUMNS``."""
    return (
        task.project,
        task.reference,
        task.stage.value,
        None if task.status is None else task.status.value,
        None if task.pending_action is None else task.pending_action.value,
        task.priority,
        task.name,
        task.job_node,
        task.job_uuid,
        task.fence,
        task.version,
        task.created_at,
        task.updated_at,
        encode_body(task),
    )


def listed_values(task: Task) -> Values:
    """Give the values of ``LISTED``."""
    return (search_text(task), None if task.stage in IN_WORK else task.updated_at)


def search_text(task: Task) -> str:
    """Give what a part is searched in, folded: case is no matter to either database then."""
    text = f"{task.name}\n{task.reference or ''}"
    folded = text.casefold()
    if text.isascii():
        return folded
    return folded.encode()[: INDEXED - len(text.encode())].decode(errors="ignore")


def encode_body(task: Task) -> str:
    """Write the fields that have no column of their own."""
    body = {name: value for (name, absent), value in zip(_ABSENT, _body_of(task), strict=True) if value != absent}
    if "options" in body:
        body["options"] = [(option.name, option.value) for option in task.options]
    if task.not_before is not None:
        body["not_before"] = task.not_before.isoformat()
    return _encode(body)


def decode_body(text: str) -> dict[str, Any]:
    """Read what ``encode_body`` wrote, as keyword arguments of Task."""
    body: dict[str, Any] = json.loads(text)
    if not body.keys() <= ABSENT.keys():
        body = {name: value for name, value in body.items() if name in ABSENT}
    if "options" in body:
        body["options"] = tuple(Option(name, value) for name, value in body["options"])
    for name in _TUPLES:
        if name in body:
            body[name] = tuple(body[name])
    if "not_before" in body:
        body["not_before"] = datetime.fromisoformat(body["not_before"])
    return ABSENT | body


def task_of(row: Sequence[Any]) -> Task:
    """Give the task of a row: its id, then ``COLUMNS``."""
    (
        id_,
        project,
        reference,
        stage,
        status,
        action,
        priority,
        name,
        node,
        uuid,
        fence,
        version,
        made,
        changed,
        body,
    ) = row
    return Task(
        id=id_,
        project=project,
        reference=reference,
        stage=_STAGES[stage],
        status=_STATUSES[status],
        pending_action=_ACTIONS[action],
        priority=priority,
        name=name,
        job_node=node,
        job_uuid=uuid,
        fence=fence,
        version=version,
        created_at=moment(made),
        updated_at=moment(changed),
        **decode_body(body),
    )


def encode_sources(sources: Sequence[Source]) -> str:
    """Write a task's files."""
    return _encode([(source.uri, source.name, source.size, source.side) for source in sources])


def decode_sources(text: str) -> tuple[Source, ...]:
    """Read what ``encode_sources`` wrote."""
    # A list within: a generator takes half as long again, and surveys have thousands of files.
    return tuple([Source(*entry[:4]) for entry in json.loads(text)])
