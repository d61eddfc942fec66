"""What each command does to a batch: checks against the rows, then a move of the lifecycle, then the outcome."""

import difflib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from orchestrator.domain import commands, lifecycle, placement
from orchestrator.domain.commands import COMMAND_NAMES, UNSET, Command, CommitTask, CreateTask, TaskKey, Unset
from orchestrator.domain.events import NodeEvent
from orchestrator.domain.facts import NodeLost
from orchestrator.domain.names import Names
from orchestrator.domain.node import Health, ProcessingNode
from orchestrator.domain.problem import FieldError, Problem, conflict, invalid, invalid_field, not_found
from orchestrator.domain.task import DEFAULT_PROJECT, Option, PendingAction, Project, Stage, Task
from orchestrator.engine.batch import Batch
from orchestrator.engine.ports import Accepted, Outcome, Rejected

Ruling = Task | Project | ProcessingNode | Problem


def rule(batch: Batch, command: Command) -> Outcome:
    """Settle one command within a batch."""
    name = COMMAND_NAMES[type(command)]
    result = _RULES[type(command)](batch, command)
    return Rejected(name, result) if isinstance(result, Problem) else Accepted(name, result)


# ---------------------------------------------------------------------------------------------------------- tasks


def existing_task(batch: Batch, command: Command) -> Task | None:
    """Give the task that a create-task with the same reference has made already."""
    if isinstance(command, CreateTask) and command.reference:
        return batch.task(TaskKey(reference=command.reference))
    return None


def _create_task(batch: Batch, command: CreateTask) -> Ruling:
    existing = existing_task(batch, command)
    if existing and existing.stage is Stage.REMOVING:
        return conflict(f"task {existing.id} has this reference and is being removed; send it anew when it is gone")
    if existing:
        return existing
    problem = (
        _project_problem(batch, command.project or DEFAULT_PROJECT)
        or _node_problem(batch, command.processing_node)
        or _options_problem(batch, command.options, node=command.processing_node)
    )
    if problem:
        return problem
    command = replace(command, chosen=_chosen(batch, command.processing_node))
    if not command.partial and all(source.side for source in command.sources):
        return invalid_field("images", "at least one image is needed")
    decision = lifecycle.create(
        command, id=batch.take_number("task"), now=batch.around.now, traceparent=batch.traceparent
    )
    if not command.partial and not batch.around.known_nodes:
        nowhere = placement.NONE_KNOWN
        task = replace(decision.task, reason=nowhere)
        decision = replace(decision, task=task, events=(replace(decision.events[0], task=task, reason=nowhere),))
    batch.note(None, decision)
    # In the batch as well: a commit-task of the same batch adds to them.
    batch.sources[decision.task.id] = batch.changes.sources[decision.task.id] = command.sources
    return decision.task


def _on_task(batch: Batch, command: Any) -> Ruling:
    task = batch.task(command.task)
    if task is None:
        return _no_task(command.task)
    traced = replace(task, traceparent=batch.traceparent) if batch.traceparent else task
    decision = batch.move(traced, command)
    return decision.problem or decision.task


def _no_task(key: TaskKey) -> Problem:
    if key.id is not None:
        return not_found("task", f"there is no task {key.id}")
    return not_found("reference", f"there is no task with the reference {key.reference!r}")


def _commit_task(batch: Batch, command: CommitTask) -> Ruling:
    task = batch.task(command.task)
    if task is None:
        return _no_task(command.task)
    there = batch.sources.get(task.id, ())
    names = Names(source.name for source in there)
    clash = next((source.name for source in command.sources if source.side and names.has(source.name)), None)
    if clash:
        return invalid_field("images", f"the draft has a file {clash} already, and nodes take only one of it")
    added = tuple(replace(source, name=names.give(source.name)) for source in command.sources)
    ruling = _on_task(batch, replace(command, sources=added))
    if isinstance(ruling, Task) and added:
        batch.sources[task.id] = batch.changes.sources[task.id] = there + added
    return ruling


def _update_task(batch: Batch, command: commands.UpdateTask) -> Ruling:
    node = None if isinstance(command.processing_node, Unset) else command.processing_node
    problem = _node_problem(batch, node)
    if command.project is not UNSET and not problem:
        assert not isinstance(command.project, Unset)
        problem = _project_problem(batch, command.project)
    if not isinstance(command.options, Unset) and not problem:
        problem = _options_problem(batch, command.options, node=node)
    return problem or _on_task(batch, replace(command, chosen=_chosen(batch, node)))


def _chosen(batch: Batch, node: int | None) -> commands.Chosen | None:
    found = None if node is None else batch.nodes.get(node)
    return commands.Chosen(found.name, found.rerun_stages) if found else None


# ----------------------------------------------------------------------------------------------------- the checks


def _project_problem(batch: Batch, project: int) -> Problem | None:
    found = batch.projects.get(project)
    if found is None or found.deleting:
        return not_found("project", f"there is no project {project}")
    return None


def _node_problem(batch: Batch, node: int | None) -> Problem | None:
    if node is None or node in batch.nodes:
        return None
    return not_found("processing_node", f"there is no processing node {node}")


def _options_problem(batch: Batch, options: tuple[Option, ...], *, node: int | None) -> Problem | None:
    """Refuse options that no node knows, so that nobody uploads gigabytes to learn it."""
    nodes = [each for each in batch.around.known_nodes if node in {None, each.id}]
    if not options or not nodes or any(not each.options for each in nodes):
        return None
    known = {option.name for each in nodes for option in each.options}
    errors = [
        FieldError(f"options[{index}].name", f"no processing node knows the option {name!r}{_nearest(name, known)}")
        for index, name in enumerate(option.name for option in options)
        if name not in known
    ]
    return invalid(errors[0].message, *errors) if errors else None


def _nearest(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


# ------------------------------------------------------------------------------------------------------- projects


def _create_project(batch: Batch, command: commands.CreateProject) -> Ruling:
    project = Project(
        id=batch.take_number("project"),
        name=command.name,
        description=command.description,
        tags=command.tags,
        created_at=batch.around.now,
        version=1,
    )
    batch.save_project(project)
    return project


def _update_project(batch: Batch, command: commands.UpdateProject) -> Ruling:
    problem = _project_problem(batch, command.project)
    if problem:
        return problem
    project = batch.projects[command.project]
    changed = replace(
        project,
        name=project.name if isinstance(command.name, Unset) else command.name,
        description=project.description if isinstance(command.description, Unset) else command.description,
        tags=project.tags if isinstance(command.tags, Unset) else command.tags,
    )
    if changed == project:
        return project
    changed = replace(changed, version=project.version + 1)
    batch.save_project(changed)
    return changed


def _delete_project(batch: Batch, command: commands.DeleteProject) -> Ruling:
    if command.project == DEFAULT_PROJECT:
        return conflict("the default project cannot be deleted: tasks that name no project belong to it")
    problem = _project_problem(batch, command.project)
    if problem:
        return problem
    hidden = replace(batch.projects[command.project], deleting=True)
    members = [task for task in batch.tasks.values() if task.project == hidden.id]
    if not members:
        batch.projects.pop(hidden.id)
        batch.changes.projects.pop(hidden.id, None)
        batch.changes.gone_projects.add(hidden.id)
        return hidden
    batch.save_project(hidden)
    for task in members:
        batch.move(task, commands.SetPendingAction(task=TaskKey(id=task.id), pending_action=PendingAction.REMOVE))
    return hidden


# ---------------------------------------------------------------------------------------------------------- nodes


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _same_address(batch: Batch, url: str, *, but: int | None = None) -> ProcessingNode | None:
    return next((node for node in batch.nodes.values() if node.url == url and node.id != but), None)


def _add_node(batch: Batch, command: commands.AddProcessingNode) -> Ruling:
    twin = _same_address(batch, command.url)
    if twin:
        return conflict(f"processing node {twin.id} has the address {command.url} already")
    hostname, port = _address(command.url)
    node = ProcessingNode(
        id=batch.take_number("node"), url=command.url, hostname=hostname, port=port, created_at=batch.around.now,
        token=command.token, label=command.label, static=command.static,
    )  # fmt: skip
    batch.save_node(node)
    return node


def _update_node(batch: Batch, command: commands.UpdateProcessingNode) -> Ruling:
    node = batch.nodes.get(command.processing_node)
    if node is None:
        return not_found("processing_node", f"there is no processing node {command.processing_node}")
    changed = node
    if not isinstance(command.url, Unset) and command.url != node.url:
        twin = _same_address(batch, command.url, but=node.id)
        if twin:
            return conflict(f"processing node {twin.id} has the address {command.url} already")
        hostname, port = _address(command.url)
        # The old token is for the old address: it is never shown to another host. Nor does what was seen there hold.
        changed = replace(
            changed, url=command.url, hostname=hostname, port=port, token="", health=Health.UNKNOWN, problem="",
            unreachable_since=None,
        )  # fmt: skip
    if not isinstance(command.token, Unset):
        changed = replace(changed, token=command.token)
    if not isinstance(command.label, Unset):
        changed = replace(changed, label=command.label)
    if changed != node:
        batch.save_node(changed)
    return changed


def _remove_node(batch: Batch, command: commands.RemoveProcessingNode) -> Ruling:
    node = batch.nodes.get(command.processing_node)
    if node is None:
        return not_found("processing_node", f"there is no processing node {command.processing_node}")
    there = [task for task in batch.tasks.values() if task.job_node == node.id]
    live = [task for task in there if task.is_live]
    if live and not command.force:
        return conflict(
            f"processing node {node.id} has {len(live)} live jobs (task {live[0].id} among them); "
            "cancel them, or remove it with force"
        )
    for task in live:
        batch.move(task, NodeLost(f"processing node {node.name} was removed"))
    batch.drop_node(node.id)
    gone = replace(node, health=Health.OFFLINE, problem="removed", version=node.version + 1)
    if node.online:
        batch.events.append(NodeEvent(gone, f"{node.name} was removed", batch.around.now))
    return gone


_RULES: dict[type, Callable[[Batch, Any], Ruling]] = {
    CreateTask: _create_task,
    CommitTask: _commit_task,
    commands.UpdateTask: _update_task,
    commands.SetPendingAction: _on_task,
    commands.CreateProject: _create_project,
    commands.UpdateProject: _update_project,
    commands.DeleteProject: _delete_project,
    commands.AddProcessingNode: _add_node,
    commands.UpdateProcessingNode: _update_node,
    commands.RemoveProcessingNode: _remove_node,
}
