"""What a batch of stimuli reads, what it finds, and what it changes: the values that pass between turn and store."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import NodeJob, Project, Source, Task


@dataclass(slots=True)
class Wanted:
    """Rows that a batch needs. ``nodes``: all of them, they are few."""

    message_ids: set[str] = field(default_factory=set)
    tasks: set[int] = field(default_factory=set)
    references: set[str] = field(default_factory=set)
    projects: set[int] = field(default_factory=set)
    tasks_of_projects: set[int] = field(default_factory=set)
    tasks_on_nodes: set[int] = field(default_factory=set)
    """Nodes of which every task with a job there is wanted (``Task.job_node``)."""
    jobs: set[str] = field(default_factory=set)
    sources: set[int] = field(default_factory=set)
    """Tasks of which the files are wanted."""
    nodes: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Rows as they stand. What does not exist is absent."""

    answers: Mapping[str, bytes]
    tasks: tuple[Task, ...]
    projects: tuple[Project, ...]
    jobs: tuple[NodeJob, ...]
    nodes: tuple[ProcessingNode, ...]
    sources: Mapping[int, tuple[Source, ...]]
    """By task; a task without files is absent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer: under the same message id the same again."""

    command: str
    body: bytes


@dataclass(slots=True)
class Changes:
    """Everything one transaction writes. A task is in one of ``created``, ``updated`` and ``removed`` only."""

    owner: str
    """The daemon to which new tasks belong."""
    created: dict[int, Task] = field(default_factory=dict)
    updated: dict[int, Task] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    begun: set[int] = field(default_factory=set)
    """Tasks whose fence has grown: whoever moved a task so far has it, and goes on with it."""
    sources: dict[int, tuple[Source, ...]] = field(default_factory=dict)
    """Of new tasks, and of drafts that got more: the whole list."""
    jobs: dict[str, NodeJob] = field(default_factory=dict)
    """New or changed, by uuid."""
    gone_jobs: set[str] = field(default_factory=set)
    projects: dict[int, Project] = field(default_factory=dict)
    gone_projects: set[int] = field(default_factory=set)
    nodes: dict[int, ProcessingNode] = field(default_factory=dict)
    gone_nodes: set[int] = field(default_factory=set)
    answers: dict[str, Answer] = field(default_factory=dict)
    outbox: list[OutboxEntry] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    """Numbers of outbox entries that the bus has confirmed."""
