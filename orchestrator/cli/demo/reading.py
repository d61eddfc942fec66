"""Reads events as a subscriber does: what they are filed under, and in a few words what has changed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.cli.words import status_name

Json = dict[str, Any]

ACTIONS = {1: "CANCEL", 2: "REMOVE", 3: "RESTART"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the event log. ``state`` is that of the task or node, for its colour."""

    time: str
    key: str
    what: str
    state: str
    is_progress: bool


def entry_of(event: Json, before: Json | None) -> Entry:
    """Make a line of an event; ``before`` is the task as it was known before it."""
    time = f"{datetime.fromisoformat(event['time']).astimezone():%H:%M:%S}"
    if "processing_node" in event["data"]:
        node = event["data"]["processing_node"]
        what = f"{node['label']}: {event['data']['reason']}" if not node["online"] else event["data"]["reason"]
        return Entry(time, _node_key(event), what, word_of(node), is_progress=False)
    task = task_of(event)
    what = f"{task['name']}: {_change(event, before, task)}"
    return Entry(time, _task_key(event), what, state_of(task), is_progress=event["type"] == "task.progressed")


def task_of(event: Json) -> Json:
    """Give the task that an event tells of; one that is no more has the stage ``removed``."""
    task: Json = event["data"]["task"]
    return {**task, "stage": "removed"} if event["type"] == "task.removed" else task


def state_of(task: Json) -> str:
    """Say in a word what is being done about a task, or how it ended."""
    known = task["status"] is not None
    return status_name(task["status"]) if known and task["stage"] in {"processing", "ended"} else str(task["stage"])


def reason_of(task: Json) -> str:
    """Say why the task is where it is; that it waits for a node, the state says already."""
    return str(task["reason"]).removeprefix("waiting for a processing node").removeprefix(": ")


def word_of(node: Json) -> str:
    """Say in a word how a node is."""
    return "online" if node["online"] else "offline"


def share_of(task: Json) -> float:
    """Give the share, 0 to 1, of the upload while that is going on, else of all that follows."""
    return float(task["upload_progress" if task["stage"] == "uploading" else "running_progress"])


def _task_key(event: Json) -> str:
    task = event["data"]["task"]
    status = "none" if task["status"] is None else status_name(task["status"]).lower()
    return f"{event['type']}.{status}.{task['project']}.{task['id']}"


def _node_key(event: Json) -> str:
    node = event["data"]["processing_node"]
    return f"{event['type']}.{word_of(node)}.{node['id']}"


def _change(event: Json, before: Json | None, task: Json) -> str:
    told: dict[str, Callable[[], str]] = {
        "task.created": lambda: f"{task['images_count']} images, priority {task['priority']}",
        "task.pending-action-set": lambda: f"{ACTIONS[task['pending_action']]} was asked for",
        "task.progressed": lambda: f"{share_of(task):.0%}",
        "task.removed": lambda: "removed",
    }
    if event["type"] in told:
        return told[event["type"]]()
    was, now = state_of(before) if before else "", state_of(task)
    if before and before["attempt"] != task["attempt"]:
        return f"attempt {task['attempt']}: {reason_of(task)}"
    if now == "FAILED":
        return f"{was} → {now}: {reason_of(task)}"
    if before and before["options"] != task["options"]:
        return "options " + ", ".join(f"{it['name']}={json.dumps(it['value'])}" for it in task["options"])
    if was not in {"", now}:
        return f"{was} → {now}"
    return f"waits: {reason_of(task) or 'for a node'}" if now == "waiting" else reason_of(task)
