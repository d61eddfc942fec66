"""The shapes of ``views`` as models: from them come the JSON schemas that are published."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.domain.node import Health
from orchestrator.domain.task import Stage

StatusCode = Literal[10, 20, 30, 40, 50]
ActionCode = Literal[1, 2, 3]
Fraction = Annotated[float, Field(ge=0, le=1)]


class View(BaseModel):
    """Something shown. Subscribers should ignore fields they don't know: more may come within version 1."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class OptionView(View):
    """One command-line option for the processing engine."""

    name: str
    value: bool | int | float | str


class SrsView(View):
    """A spatial reference system, as WebODM's map viewer wants it."""

    name: str = ""
    units: str = "m"


class TaskView(View):
    """A task as everyone sees it: WebODM's fields and codes, then ours."""

    id: int
    project: int
    processing_node: int | None
    """The node assigned."""
    processing_node_name: str | None
    """Its label, else host:port."""
    images_count: int
    can_rerun_from: list[str]
    """Stages from which the engine can start again."""
    available_assets: list[str]
    """Results that are here, verified."""
    uuid: str
    """The job's id on the node, once the node has it."""
    name: str
    processing_time: int
    """Milliseconds since the start of processing; -1: unknown."""
    auto_processing_node: bool
    """Whether the task is placed automatically."""
    status: StatusCode | None
    """10 QUEUED, 20 RUNNING, 30 FAILED, 40 COMPLETED, 50 CANCELED; null: not on a node yet."""
    last_error: str | None
    options: list[OptionView]
    ground_control_points: str | None
    created_at: datetime
    pending_action: ActionCode | None
    """1 CANCEL, 2 REMOVE, 3 RESTART."""
    upload_progress: Fraction
    resize_progress: Fraction
    running_progress: Fraction
    """Up to 0.85 processing, up to 0.95 download of the results, then 1."""
    partial: bool
    """Images are still to come."""
    resize_to: int
    """Longest side in pixels; -1: not resized."""
    import_url: str
    tags: list[str]
    size: float
    """MB of results."""
    statistics: dict[str, Any]
    extent: list[float] | None
    srs: SrsView
    media: list[Any]
    crop: dict[str, Any] | None
    epsg: int | None
    wkt: str
    orthophoto_bands: list[Any]
    potree_scene: dict[str, Any]
    public: bool
    public_edit: bool
    compacted: bool
    stage: Stage
    """What is being done about the task."""
    reference: str | None
    """The producer's own unique key."""
    priority: Annotated[int, Field(ge=0, le=9)]
    attempt: int
    """Grows with each RESTART."""
    version: int
    """Grows by one with each change; the sequence of the event that tells it."""
    updated_at: datetime
    reason: str
    """Why the task is where it is, for people."""


class ProjectView(View):
    """A project as everyone sees it."""

    id: int
    name: str
    description: str
    created_at: datetime
    owned: bool
    permissions: list[str]
    """What may be done with it: view, add, change, delete."""
    tags: list[str]
    tasks: list[int] | None = None
    """Ids of its tasks; over REST only."""


class NodeOptionView(View):
    """One option that a node takes."""

    domain: str | list[str]
    help: str
    name: str
    type: str
    value: str


class NodeView(View):
    """A processing node as everyone sees it."""

    id: int
    hostname: str
    port: int
    label: str
    """What it is called, else host:port."""
    online: bool
    """Whether it can be given work."""
    api_version: str | None
    engine: str | None
    engine_version: str | None
    last_refreshed: datetime | None
    """When it last answered."""
    queue_count: int
    max_images: int | None
    """null: unlimited, or not known yet."""
    available_options: list[NodeOptionView]
    health: Health
    problem: str
    """Why it is not online, for people."""
    url: str


class FieldErrorView(View):
    """One wrong field of a command."""

    field: str
    """Path in the body, such as images[3].uri."""
    message: str
    """What would be right."""


class ProblemView(View):
    """Why a command was rejected, as in RFC 9457."""

    type: str
    """For programs: validation, not-found, conflict, unreadable, unknown-command, too-large, internal."""
    title: str
    status: int
    """As in HTTP."""
    detail: str
    errors: list[FieldErrorView]


class AcceptedView(View):
    """The answer to a command that was taken: what it was about, as it now stands."""

    ok: Literal[True]
    command: str
    task: TaskView | None = None
    project: ProjectView | None = None
    processing_node: NodeView | None = None


class RejectedView(View):
    """The answer to a command that was not taken."""

    ok: Literal[False]
    command: str
    error: ProblemView
