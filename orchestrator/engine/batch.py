"""A batch of stimuli being settled: rows as they stand so far, and everything that is to be written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.domain import jobs, lifecycle
from orchestrator.domain.commands import TaskKey
from orchestrator.domain.events import Event, NodeEvent
from orchestrator.domain.lifecycle import Decision
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import NodeJob, Project, Source, Task
from orchestrator.domain.transitions import Policy
from orchestrator.engine.changes import Changes, Snapshot


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is given to every decision of a batch: the time, the rules, and the nodes as last known."""

    now: datetime
    policy: Policy
    known_nodes: Sequence[ProcessingNode]


@dataclass(slots=True)
class Batch:
    """The rows of one transaction. Reading gives what earlier stimuli of the same batch have made of them."""

    around: Surroundings
    changes: Changes
    answers: dict[str, bytes]
    tasks: dict[int, Task]
    projects: dict[int, Project]
    nodes: dict[int, ProcessingNode]
    jobs: dict[str, NodeJob]
    sources: dict[int, tuple[Source, ...]]
    numbers: dict[str, int]
    """The next fresh number of each counter."""
    taken: dict[str, int] = field(default_factory=dict)
    """How many were taken of each."""
    traceparent: str = ""
    """Of the order that is being settled."""
    by_reference: dict[str, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    @classmethod
    def of(
        cls, snapshot: Snapshot, *, around: Surroundings, owner: str, numbers: dict[str, int], sent: list[int]
    ) -> "Batch":
        """Begin from what was read."""
        return cls(
            around=around,
            changes=Changes(owner=owner, sent=sent),
            answers=dict(snapshot.answers),
            tasks={task.id: task for task in snapshot.tasks},
            projects={project.id: project for project in snapshot.projects},
            nodes={node.id: node for node in snapshot.nodes},
            jobs={job.uuid: job for job in snapshot.jobs},
            sources=dict(snapshot.sources),
            numbers=dict(numbers),
            by_reference={task.reference: task.id for task in snapshot.tasks if task.reference},
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return self.changes == Changes(owner=self.changes.owner)

    def take_number(self, counter: str) -> int:
        """Give the next of the numbers that were reserved."""
        number = self.numbers[counter]
        self.numbers[counter] = number + 1
        self.taken[counter] = self.taken.get(counter, 0) + 1
        return number

    def unused_numbers(self, reserved: dict[str, int]) -> dict[str, int]:
        """Count those of the reserved numbers that nobody took."""
        left = {counter: count - self.taken.get(counter, 0) for counter, count in reserved.items()}
        return {counter: count for counter, count in left.items() if count}

    # ------------------------------------------------------------------------------------------------------ tasks

    def task(self, key: TaskKey) -> Task | None:
        """Find a task by id or reference."""
        if key.id is not None:
            return self.tasks.get(key.id)
        return self.tasks.get(self.by_reference.get(key.reference or "", 0))

    def move(self, task: Task, stimulus: lifecycle.Stimulus) -> Decision:
        """Apply a stimulus to a task, and note what follows."""
        decision = lifecycle.decide(task, stimulus, now=self.around.now, policy=self.around.policy)
        if decision.problem is None and decision.task is not task:
            self.note(task, decision)
        return decision

    def note(self, before: Task | None, decision: Decision) -> None:
        """Note a decision: the row, its node jobs, its events."""
        after = decision.task
        self._note_jobs(before, after)
        self.events.extend(decision.events)
        if decision.removed:
            self._forget(after)
            return
        self.tasks[after.id] = after
        if after.reference:
            self.by_reference[after.reference] = after.id
        if before is None or before.fence != after.fence:
            self.changes.begun.add(after.id)
        if before is None or after.id in self.changes.created:
            self.changes.created[after.id] = after
        elif before != after:
            self.changes.updated[after.id] = after

    def _note_jobs(self, before: Task | None, after: Task) -> None:
        now = self.around.now
        dropped = jobs.dropped_job(before, after)
        if dropped and before is not None:
            job = self.jobs.get(dropped) or jobs.open_job(before, now=now)
            self.save_job(jobs.abandon_job(job, before, after, now=now))
        if jobs.began_job(before, after):
            self.save_job(jobs.open_job(after, now=now))

    def _forget(self, task: Task) -> None:
        self.tasks.pop(task.id, None)
        self.by_reference.pop(task.reference or "", None)
        self.changes.updated.pop(task.id, None)
        self.changes.created.pop(task.id, None)
        self.changes.sources.pop(task.id, None)
        self.changes.removed.add(task.id)

    # ------------------------------------------------------------------------------------------------------- jobs

    def save_job(self, job: NodeJob) -> None:
        """Write a job's row."""
        self.jobs[job.uuid] = job
        self.changes.jobs[job.uuid] = job

    def drop_job(self, uuid: str) -> None:
        """Delete a job's row."""
        self.jobs.pop(uuid, None)
        self.changes.jobs.pop(uuid, None)
        self.changes.gone_jobs.add(uuid)

    # -------------------------------------------------------------------------------------------- projects, nodes

    def save_project(self, project: Project) -> None:
        """Write a project's row."""
        self.projects[project.id] = project
        self.changes.projects[project.id] = project

    def save_node(self, node: ProcessingNode, event: NodeEvent | None = None) -> None:
        """Write a node's row, and tell of it."""
        self.nodes[node.id] = node
        self.changes.nodes[node.id] = node
        if event:
            self.events.append(event)

    def drop_node(self, node: int) -> None:
        """Delete a node's row."""
        self.nodes.pop(node, None)
        self.changes.nodes.pop(node, None)
        self.changes.gone_nodes.add(node)
