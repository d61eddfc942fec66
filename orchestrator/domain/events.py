"""What is told to the world: one event for each change, numbered without a gap."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import Status, Task


class TaskEventType(StrEnum):
    """What happened to a task."""

    CREATED = "task.created"
    UPDATED = "task.updated"
    PENDING_ACTION_SET = "task.pending-action-set"
    STATUS_CHANGED = "task.status-changed"
    PROGRESSED = "task.progressed"
    REMOVED = "task.removed"


NODE_STATUS_CHANGED = "processing-node.status-changed"


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """One change of a task: the whole task as it then stood. ``sequence`` is the task's version: gapless from 1."""

    type: TaskEventType
    task: Task
    previous_status: Status | None
    reason: str
    time: datetime

    @property
    def sequence(self) -> int:
        """Position among the task's events."""
        return self.task.version


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """A node went online or offline. ``sequence`` is the node's version."""

    node: ProcessingNode
    reason: str
    time: datetime

    @property
    def sequence(self) -> int:
        """Position among the node's events."""
        return self.node.version


Event = TaskEvent | NodeEvent


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One event ready to publish. ``number`` is its place among all; within the partition ``key``, order holds."""

    number: int
    id: str
    key: str
    routing_key: str
    body: bytes
