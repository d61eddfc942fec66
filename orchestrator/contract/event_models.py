"""The shapes of ``events`` as models: from them come the JSON schemas that are published."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from orchestrator.contract.view_models import NodeView, StatusCode, TaskView, View
from orchestrator.domain.events import TaskEventType


class Envelope(View):
    """A CloudEvents 1.0 event in the JSON format, structured mode."""

    specversion: Literal["1.0"]
    id: UUID
    """Drop an event whose id you have seen: delivery is at least once."""
    source: str
    """The installation that tells it (a URI reference)."""
    time: datetime
    datacontenttype: Literal["application/json"]
    sequence: Annotated[int, Field(ge=1)]
    """Gapless for each subject."""
    partitionkey: str
    """The same as subject: order holds within it."""
    traceparent: str = ""
    """W3C Trace Context; absent when there is no trace."""


class TaskEventData(View):
    """What a task's event tells."""

    task: TaskView
    previous_status: StatusCode | None
    reason: str
    """Why, for people."""


class TaskEventView(Envelope):
    """Something happened to a task."""

    type: TaskEventType
    subject: Annotated[str, Field(pattern=r"^tasks/[1-9][0-9]*$")]
    data: TaskEventData


class NodeEventData(View):
    """What a processing node's event tells."""

    processing_node: NodeView
    reason: str
    """Why, for people."""


class NodeEventView(Envelope):
    """A processing node went online or offline."""

    type: Literal["processing-node.status-changed"]
    subject: Annotated[str, Field(pattern=r"^processing-nodes/[1-9][0-9]*$")]
    data: NodeEventData
