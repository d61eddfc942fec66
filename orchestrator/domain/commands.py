"""What clients ask for, and what became of it. Every door (bus, REST, command line) turns its words into these."""

from dataclasses import dataclass

from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.problem import Problem
from orchestrator.domain.task import DEFAULT_PRIORITY, Option, PendingAction, Project, Source, Task


class Unset:
    """The type of ``UNSET``: a field that an update leaves as it is."""

    def __repr__(self) -> str:
        """Read well in logs."""
        return "UNSET"


UNSET = Unset()


@dataclass(frozen=True, slots=True)
class TaskKey:
    """A task by its id or by its producer's own reference; exactly one is given."""

    id: int | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a task shows of a processing node that was chosen for it; the engine looks it up."""

    name: str
    rerun_stages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTask:
    """Create a task. ``sources`` stands for what its images were resolved to; empty only with ``partial``."""

    sources: tuple[Source, ...] = ()
    project: int | None = None
    name: str = ""
    options: tuple[Option, ...] = ()
    processing_node: int | None = None
    auto_processing_node: bool | None = None
    priority: int = DEFAULT_PRIORITY
    reference: str | None = None
    ground_control_points: str | None = None
    resize_to: int = -1
    tags: tuple[str, ...] = ()
    partial: bool = False
    chosen: Chosen | None = None
    """The ``processing_node`` that is given, as it is known."""
    whole: bool = False
    """The request that begins the draft brings all there is to it, and commits it; said with ``partial`` only."""
    import_url: str = ""
    """Where finished results are, which the task takes over instead of images; said with ``partial`` only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitTask:
    """A draft's images are complete; ``sources`` are further ones."""

    task: TaskKey
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTask:
    """Change what a client may change of a task."""

    task: TaskKey
    name: str | Unset = UNSET
    options: tuple[Option, ...] | Unset = UNSET
    processing_node: int | Unset | None = UNSET
    chosen: Chosen | None = None
    """The ``processing_node`` that is given, as it is known."""
    auto_processing_node: bool | Unset = UNSET
    priority: int | Unset = UNSET
    tags: tuple[str, ...] | Unset = UNSET
    project: int | Unset = UNSET
    resize_to: int | Unset = UNSET
    from_scratch: bool = False
    """The job that the task's node may still have is given up: the next run begins with the upload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPendingAction:
    """CANCEL, REMOVE or RESTART a task."""

    task: TaskKey
    pending_action: PendingAction


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProject:
    """Create a project."""

    name: str
    description: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProject:
    """Rename, describe or tag a project."""

    project: int
    name: str | Unset = UNSET
    description: str | Unset = UNSET
    tags: tuple[str, ...] | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteProject:
    """Remove a project and all its tasks."""

    project: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddProcessingNode:
    """Add a node. ``url`` is its base address, without token."""

    url: str
    token: str = ""
    label: str = ""
    static: bool = False

    def __repr__(self) -> str:
        """Safe to log: without the token."""
        return f"AddProcessingNode(url={self.url!r}, label={self.label!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProcessingNode:
    """Change a node's address, token or label."""

    processing_node: int
    url: str | Unset = UNSET
    token: str | Unset = UNSET
    label: str | Unset = UNSET

    def __repr__(self) -> str:
        """Safe to log: without the token."""
        return f"UpdateProcessingNode(processing_node={self.processing_node})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveProcessingNode:
    """Forget a node; ``force`` even while it has live jobs, whose tasks are then as on a lost node."""

    processing_node: int
    force: bool = False


TaskCommand = CommitTask | UpdateTask | SetPendingAction
ProjectCommand = CreateProject | UpdateProject | DeleteProject
NodeCommand = AddProcessingNode | UpdateProcessingNode | RemoveProcessingNode
Command = CreateTask | TaskCommand | ProjectCommand | NodeCommand

COMMAND_NAMES: dict[type, str] = {
    CreateTask: "create-task",
    CommitTask: "commit-task",
    UpdateTask: "update-task",
    SetPendingAction: "set-pending-action",
    CreateProject: "create-project",
    UpdateProject: "update-project",
    DeleteProject: "delete-project",
    AddProcessingNode: "add-processing-node",
    UpdateProcessingNode: "update-processing-node",
    RemoveProcessingNode: "remove-processing-node",
}
"""The name of each command on the wire: routing key and property ``type``."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A command that was taken, with what it was about as it now stands."""

    command: str
    subject: Task | Project | ProcessingNode


@dataclass(frozen=True, slots=True)
class Rejected:
    """A command that was not taken, and why."""

    command: str
    problem: Problem


Outcome = Accepted | Rejected
