"""How a task moves: the table of transitions, and the pure function that applies it.

Status changes nowhere else. Every stimulus in every stage has an answer: an effect, a rejection (commands), or nothing
(a fact that has come too late).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from orchestrator.domain import facts, outcomes, requests
from orchestrator.domain.commands import CommitTask, CreateTask, SetPendingAction, UpdateTask
from orchestrator.domain.events import TaskEvent, TaskEventType
from orchestrator.domain.facts import Fact
from orchestrator.domain.problem import Problem
from orchestrator.domain.task import DEFAULT_PROJECT, PRIVATE_FIELDS, PROGRESS_FIELDS, Stage, Task
from orchestrator.domain.transitions import Policy, Steps

Stimulus = CommitTask | UpdateTask | SetPendingAction | Fact
Effect = Callable[[Task, Any, Policy], Steps | Problem]

_D, _W, _U, _P, _C, _E, _R = Stage


def _in(effect: Effect, *stages: Stage) -> dict[Stage, Effect]:
    return dict.fromkeys(stages, effect)


TABLE: Mapping[str, Mapping[Stage, Effect]] = {
    # Commands: an effect in every stage.
    "CANCEL": _in(requests.cancel, _D, _W, _U, _P, _C)
    | {_E: requests.cancel_ended, _R: requests.refuse_while_removing},
    "REMOVE": _in(requests.remove, _D, _W, _U, _P, _C, _E) | {_R: requests.accept_unchanged},
    "RESTART": _in(requests.restart_live, _W, _U, _P, _C)
    | {_D: requests.refuse_draft_restart, _E: requests.restart_ended, _R: requests.refuse_while_removing},
    "CommitTask": {_D: requests.commit} | _in(requests.refuse_commit, _W, _U, _P, _C, _E, _R),
    "UpdateTask": _in(requests.update, _D, _W, _E)
    | _in(requests.update_but_node, _U, _P, _C)
    | {_R: requests.refuse_while_removing},
    # Facts: where there is no effect, the fact is late and changes nothing.
    "Placed": {_W: outcomes.placed},
    "StillWaiting": {_W: outcomes.keep_waiting},
    "Hindered": _in(outcomes.hindered, _W, _U, _P, _C, _R),
    "UploadProgressed": {_U: outcomes.upload_progressed},
    "Committing": {_U: outcomes.committing},
    "JobTaken": {_U: outcomes.job_taken},
    "JobSeen": {_P: outcomes.job_seen},
    "JobSpoiled": _in(outcomes.job_spoiled, _U, _P, _C),
    "JobLost": _in(outcomes.job_lost, _U, _P, _C),
    "JobRefused": _in(outcomes.job_refused, _U, _P, _C),
    "NodeTooSmall": _in(outcomes.node_too_small, _U, _P),
    "NodeLost": {_W: outcomes.restart_node_lost} | _in(outcomes.node_lost, _U, _P, _C),
    "SourcesFailed": _in(outcomes.sources_failed, _U, _C),
    "Restarting": {_W: outcomes.restarting},
    "JobRestarted": {_W: outcomes.job_restarted},
    "RestartImpossible": {_W: outcomes.restart_impossible},
    "DownloadProgressed": {_C: outcomes.download_progressed},
    "ResultsCollected": {_C: outcomes.results_collected},
    "JobKeptEnough": {_E: outcomes.job_kept_enough},
    "FilesRemoved": {_R: requests.accept_unchanged},
    "DraftExpired": {_D: outcomes.draft_expired},
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What a stimulus made of a task: how it now stands, what to tell, or why not. ``removed``: the task is no more."""

    task: Task
    events: tuple[TaskEvent, ...] = ()
    problem: Problem | None = None
    removed: bool = False


def kind(stimulus: Stimulus) -> str:
    """Give the row of the table that a stimulus belongs to."""
    if isinstance(stimulus, SetPendingAction):
        return stimulus.pending_action.name
    return type(stimulus).__name__


def decide(task: Task, stimulus: Stimulus, *, now: datetime, policy: Policy) -> Decision:
    """Apply a stimulus to a task."""
    effect = TABLE[kind(stimulus)].get(task.stage)
    if effect is None:
        return Decision(task)
    result = effect(task, stimulus, policy)
    if isinstance(result, Problem):
        return Decision(task, problem=result)
    if isinstance(stimulus, facts.FilesRemoved):
        return _removed(task, now=now)
    events: list[TaskEvent] = []
    before = task
    for state in result:
        after = settle(before, state, now=now)
        if after.version != before.version:
            events.append(_event(before, after, now=now))
        before = after
    return Decision(before, tuple(events))


def create(command: CreateTask, *, id: int, now: datetime, traceparent: str = "") -> Decision:
    """Begin a task. The command has been checked against projects, nodes and options by the caller."""
    automatic = command.auto_processing_node
    task = Task(
        id=id,
        project=command.project or DEFAULT_PROJECT,
        created_at=now,
        updated_at=now,
        stage=Stage.DRAFT if command.partial else Stage.WAITING,
        version=1,
        name=command.name,
        reference=command.reference,
        priority=command.priority,
        options=command.options,
        processing_node=command.processing_node,
        processing_node_name=command.chosen.name if command.chosen else None,
        can_rerun_from=command.chosen.rerun_stages if command.chosen else (),
        auto_processing_node=command.processing_node is None if automatic is None else automatic,
        images_count=sum(not source.side for source in command.sources),
        files_count=len(command.sources),
        ground_control_points=command.ground_control_points,
        resize_to=command.resize_to,
        tags=command.tags,
        partial=command.partial and not command.whole,
        import_url=command.import_url,
        traceparent=traceparent,
        reason="waiting for images" if command.partial else "waiting for a processing node",
    )
    return Decision(task, (TaskEvent(TaskEventType.CREATED, task, None, task.reason, now),))


# ------------------------------------------------------------------------------------------- what follows of a change

_PUBLIC = tuple(field.name for field in fields(Task) if field.name not in PRIVATE_FIELDS | {"version", "updated_at"})
_NEWS = tuple(name for name in _PUBLIC if name not in PROGRESS_FIELDS)


def _differs(before: Task, after: Task, names: tuple[str, ...]) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in names)


def settle(before: Task, after: Task, *, now: datetime) -> Task:
    """Give ``after`` the version, time and fence that follow from its difference to ``before``."""
    # Where it is to go matters only while it waits: an upload must not be cut for the sake of the next attempt.
    choice = ("processing_node", "auto_processing_node") if before.stage is Stage.WAITING else ()
    if _differs(before, after, ("stage", "attempt", "job_uuid", *choice)):
        after = replace(after, fence=before.fence + 1)
    if _differs(before, after, _PUBLIC):
        after = replace(after, version=before.version + 1, updated_at=now)
    return after


def _event(before: Task, after: Task, *, now: datetime) -> TaskEvent:
    if before.status != after.status:
        type_ = TaskEventType.STATUS_CHANGED
    elif after.pending_action not in {None, before.pending_action}:
        type_ = TaskEventType.PENDING_ACTION_SET
    elif _differs(before, after, _NEWS):
        type_ = TaskEventType.UPDATED
    else:
        type_ = TaskEventType.PROGRESSED
    return TaskEvent(type_, after, before.status, after.reason, now)


def _removed(task: Task, *, now: datetime) -> Decision:
    gone = replace(task, version=task.version + 1, updated_at=now, fence=task.fence + 1, reason="removed")
    event = TaskEvent(TaskEventType.REMOVED, gone, task.status, gone.reason, now)
    return Decision(gone, (event,), removed=True)
