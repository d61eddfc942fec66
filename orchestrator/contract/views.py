"""What the world sees of a task, a project and a processing node, as plain JSON-ready dicts: the fast path.

``view_models`` describes the same shapes as models; a test holds the two together. Secrets and the fields that are kept
for the work itself (``PRIVATE_FIELDS``) have no way out, because every field that goes out is named here.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from orchestrator.domain.node import NodeOption, ProcessingNode
from orchestrator.domain.problem import Problem
from orchestrator.domain.task import Project, Task

View = dict[str, Any]

_WEB: Final = frozenset({"http", "https"})

PERMISSIONS: Final = ("view", "add", "change", "delete")
"""Of whoever may change projects; over REST a viewer has the first alone."""


def utc_text(moment: datetime) -> str:
    """Write a time as ISO 8601 in UTC with microseconds and ``Z``; one without a zone is UTC already."""
    if moment.tzinfo is not None and moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def public_uri(uri: str) -> str:
    """Show an address without password and query: signed ones open what they name to whoever reads them."""
    scheme, colon, rest = uri.partition("://")
    if not colon or scheme.lower() not in _WEB:
        return uri
    place, slash, path = re.split("[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"


def public_task(task: Task) -> View:
    """Show a task: every field of WebODM's task, then ours. Progress is 0..1, size MB, processing_time milliseconds."""
    return {
        "id": task.id,
        "project": task.project,
        "processing_node": task.processing_node,
        "processing_node_name": task.processing_node_name,
        "images_count": task.images_count,
        "can_rerun_from": list(task.can_rerun_from),
        "available_assets": list(task.available_assets),
        "uuid": task.uuid,
        "name": task.name,
        "processing_time": task.processing_time,
        "auto_processing_node": task.auto_processing_node,
        "status": None if task.status is None else task.status.value,
        "last_error": task.last_error,
        "options": [{"name": option.name, "value": option.value} for option in task.options],
        "ground_control_points": task.ground_control_points and public_uri(task.ground_control_points),
        "created_at": utc_text(task.created_at),
        "pending_action": None if task.pending_action is None else task.pending_action.value,
        "upload_progress": task.upload_progress,
        "resize_progress": task.resize_progress,
        "running_progress": task.running_progress,
        "partial": task.partial,
        "resize_to": task.resize_to,
        "import_url": public_uri(task.import_url),
        "tags": list(task.tags),
        "size": task.size,
        **_map_viewer(),
        "stage": task.stage.value,
        "reference": task.reference,
        "priority": task.priority,
        "attempt": task.attempt,
        "version": task.version,
        "updated_at": utc_text(task.updated_at),
        "reason": task.reason,
    }


def public_project(project: Project, *, tasks: Sequence[int] | None = None) -> View:
    """Show a project; the ids of its tasks only where they are at hand."""
    view: View = {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "created_at": utc_text(project.created_at),
        "owned": True,
        "permissions": list(PERMISSIONS),
        "tags": list(project.tags),
    }
    if tasks is not None:
        view["tasks"] = list(tasks)
    return view


def public_node(node: ProcessingNode) -> View:
    """Show a processing node: WebODM's fields, then ours. Its token is not among them."""
    info = node.info
    return {
        "id": node.id,
        "hostname": node.hostname,
        "port": node.port,
        "label": node.name,
        "online": node.online,
        "api_version": info.api_version if info else None,
        "engine": info.engine if info else None,
        "engine_version": info.engine_version if info else None,
        "last_refreshed": None if node.last_refreshed is None else utc_text(node.last_refreshed),
        "queue_count": info.queue_count if info else 0,
        "max_images": info.max_images if info else None,
        "available_options": [public_option(option) for option in node.options],
        "health": node.health.value,
        "problem": node.problem,
        "url": node.url,
    }


def public_option(option: NodeOption) -> View:
    """Show an option that a node takes, as WebODM lists it."""
    return {
        "domain": option.domain if isinstance(option.domain, str) else list(option.domain),
        "help": option.help,
        "name": option.name,
        "type": option.type,
        "value": option.value,
    }


def public_problem(problem: Problem) -> View:
    """Show why something was rejected (RFC 9457, with ``errors`` as the extension its own examples have)."""
    return {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "errors": [{"field": error.field, "message": error.message} for error in problem.errors],
    }


def _map_viewer() -> Mapping[str, Any]:
    """Give WebODM's fields for its map viewer, empty: there is no viewer here, but clients parse them."""
    return {
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
    }
