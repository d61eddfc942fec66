"""A task: one set of images on its way to maps, as an immutable value.

Field names and codes are those of WebODM's task API; what is ours alone says so.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


class Status(IntEnum):
    """Status codes of a task, as WebODM and NodeODM number them. A task that no node has yet has none."""

    QUEUED = 10
    RUNNING = 20
    FAILED = 30
    COMPLETED = 40
    CANCELED = 50


class PendingAction(IntEnum):
    """What a client wants done to a task, as WebODM numbers it."""

    CANCEL = 1
    REMOVE = 2
    RESTART = 3


class Stage(StrEnum):
    """What is being done about a task (ours): the finer state from which the next step is derived."""

    DRAFT = "draft"
    WAITING = "waiting"
    UPLOADING = "uploading"
    PROCESSING = "processing"
    COLLECTING = "collecting"
    ENDED = "ended"
    REMOVING = "removing"


IMPORTED_FILE = "file://all.zip"
"""The ``import_url`` of a task whose results were uploaded, as WebODM writes it."""

IN_WORK = frozenset({Stage.WAITING, Stage.UPLOADING, Stage.PROCESSING, Stage.COLLECTING, Stage.REMOVING})
"""Stages in which the daemon owes the task a next step."""

DEFAULT_PRIORITY = 5


@dataclass(frozen=True, slots=True)
class Option:
    """One command-line option for the processing engine: ``{"name": "dsm", "value": true}``."""

    name: str
    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Source:
    """One file to send to a node: where it comes from and the unique name under which the node will know it.

    ``side`` marks files that go along without being photos (ground control points, ``geo.txt``).
    """

    uri: str
    name: str
    size: int = -1
    side: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task as it stands. Times are UTC; ``processing_time`` is milliseconds, -1 when unknown; progress is 0..1."""

    id: int
    project: int
    created_at: datetime
    updated_at: datetime
    stage: Stage
    status: Status | None = None
    pending_action: PendingAction | None = None
    version: int = 0
    name: str = ""
    reference: str | None = None
    priority: int = DEFAULT_PRIORITY
    attempt: int = 1
    options: tuple[Option, ...] = ()
    processing_node: int | None = None
    processing_node_name: str | None = None
    auto_processing_node: bool = True
    can_rerun_from: tuple[str, ...] = ()
    images_count: int = 0
    ground_control_points: str | None = None
    resize_to: int = -1
    tags: tuple[str, ...] = ()
    partial: bool = False
    import_url: str = ""
    uuid: str = ""
    processing_time: int = -1
    last_error: str | None = None
    upload_progress: float = 0.0
    resize_progress: float = 0.0
    running_progress: float = 0.0
    available_assets: tuple[str, ...] = ()
    size: float = 0.0
    reason: str = ""
    """Why the task is where it is, for people (ours)."""

    # Below: never public.
    fence: int = 0
    """Grows whenever work begun on the task is no longer wanted; a fact that carries an older number is refused."""
    job_uuid: str = ""
    """The job on a node that belongs to the task now; chosen by us before the first byte is sent."""
    job_node: int | None = None
    committed: bool = False
    """Every upload was answered, and the job's commit may have been sent."""
    failures: int = 0
    """Hindrances in a row in the present step; what the wait before the next try grows with."""
    tries: int = 0
    """Jobs given up since a client last asked for the task."""
    not_before: datetime | None = None
    """The present step rests until then."""
    ended_run: int = -1
    """When the node made the run that has ended, by its own clock; -1 unless it may have been told to run it again."""
    files_count: int = 0
    """Files to send, side files included: nodes count them all against their limit."""
    traceparent: str = ""
    """The W3C trace context of the last command that moved the task; its events carry it on."""
    avoid_node: int | None = None
    """The node on which the task was lost: it goes elsewhere while there is an elsewhere."""

    @property
    def is_live(self) -> bool:
        """Whether the task is on its way to an end."""
        return self.stage in {Stage.WAITING, Stage.UPLOADING, Stage.PROCESSING, Stage.COLLECTING}

    @property
    def was_taken(self) -> bool:
        """Whether a node has or had the job of the present attempt: till then there is nothing to be seen of it."""
        return bool(self.uuid) or self.running_progress > 0 or self.processing_time >= 0


PROGRESS_FIELDS = frozenset({"upload_progress", "resize_progress", "running_progress", "processing_time"})
"""A change of these alone is progress, not news."""

PRIVATE_FIELDS = frozenset(
    {
        "fence",
        "job_uuid",
        "job_node",
        "committed",
        "failures",
        "tries",
        "not_before",
        "ended_run",
        "files_count",
        "traceparent",
        "avoid_node",
    }
)
"""Kept for the work itself: a change of these alone is no change for anyone outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeJob:
    """One submission to a node. A live one belongs to its task; an abandoned one is to vanish from its node."""

    uuid: str
    node: int
    task: int
    attempt: int
    created_at: datetime
    committed: bool = False
    abandoned_at: datetime | None = None
    stopped: bool = False
    """The node has said that the abandoned job does not run (any more)."""
    taken: bool = False
    """The node had said that it has the job, so 'not found' means gone. Not stored: whoever was not told, doubts."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder of tasks. A deleted one is hidden at once and goes with the last of its tasks."""

    id: int
    name: str
    created_at: datetime
    description: str = ""
    deleting: bool = False
    version: int = 0
    tags: tuple[str, ...] = field(default=())


DEFAULT_PROJECT = 1
"""The project of a task that names none; it always exists."""
