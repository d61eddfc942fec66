"""One log line for each task that changes its status or goes."""

from collections.abc import Iterable

import structlog

from orchestrator.domain.events import Event, TaskEvent, TaskEventType
from orchestrator.domain.task import Status

log = structlog.get_logger()


def log_moves(events: Iterable[Event]) -> None:
    """Log what was committed."""
    for event in events:
        if not isinstance(event, TaskEvent):
            continue
        task = event.task
        if event.type is TaskEventType.STATUS_CHANGED:
            log.info(
                "task.status_changed",
                task=task.id, before=_name(event.previous_status), status=_name(task.status), stage=task.stage.value,
                attempt=task.attempt, node=task.processing_node, reason=event.reason,
            )  # fmt: skip
        elif event.type is TaskEventType.REMOVED:
            log.info("task.removed", task=task.id)


def _name(status: Status | None) -> str | None:
    return status.name if status else None
