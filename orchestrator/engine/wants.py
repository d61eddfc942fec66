"""Which rows a batch of stimuli needs."""

from collections.abc import Iterable

from orchestrator.domain import commands
from orchestrator.domain.commands import Command, TaskKey, Unset
from orchestrator.domain.facts import Report
from orchestrator.domain.task import DEFAULT_PROJECT, Source
from orchestrator.engine.changes import Wanted
from orchestrator.engine.stimuli import Claim, NodeReport, PreparedOrder, Stimulus


def wanted_by(stimuli: Iterable[Stimulus]) -> Wanted:
    """Collect the rows to read."""
    wanted = Wanted()
    for stimulus in stimuli:
        match stimulus:
            case Report(task=task):
                wanted.tasks.add(task)
            case PreparedOrder(order=order):
                if order.message_id:
                    wanted.message_ids.add(order.message_id)
                _add_command(wanted, order.command)
            case NodeReport():
                wanted.nodes = True
            case Claim(foundling=found):
                wanted.nodes = True
                wanted.tasks.add(found.job.task)
                wanted.jobs.update(job.uuid for job in found.jobs)
            case _:
                wanted.jobs.add(stimulus.uuid)
    return wanted


def _add_key(wanted: Wanted, key: TaskKey) -> None:
    if key.id is not None:
        wanted.tasks.add(key.id)
    elif key.reference:
        wanted.references.add(key.reference)


def _add_command(wanted: Wanted, command: Command) -> None:
    match command:
        case commands.CreateTask():
            wanted.projects.add(command.project or DEFAULT_PROJECT)
            wanted.nodes |= command.processing_node is not None
            _add_key(wanted, TaskKey(reference=command.reference))
        case commands.UpdateTask():
            _add_key(wanted, command.task)
            wanted.nodes |= isinstance(command.processing_node, int)
            if not isinstance(command.project, Unset):
                wanted.projects.add(command.project)
        case commands.CommitTask() | commands.SetPendingAction():
            _add_key(wanted, command.task)
        case commands.UpdateProject():
            wanted.projects.add(command.project)
        case commands.DeleteProject():
            wanted.projects.add(command.project)
            wanted.tasks_of_projects.add(command.project)
        case commands.RemoveProcessingNode():
            wanted.nodes = True
            wanted.tasks_on_nodes.add(command.processing_node)
        case commands.AddProcessingNode() | commands.UpdateProcessingNode():
            wanted.nodes = True


def sources_of(command: Command) -> tuple[Source, ...]:
    """Give the files that a command names, its ground control points among them."""
    if isinstance(command, commands.CreateTask) and command.ground_control_points:
        return (*command.sources, Source(uri=command.ground_control_points, name="", side=True))
    return command.sources if isinstance(command, commands.CreateTask | commands.CommitTask) else ()
