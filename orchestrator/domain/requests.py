"""The effects of commands on a task: pending actions, commit and update; or why not."""

from dataclasses import replace

from orchestrator.domain.commands import UNSET, CommitTask, Unset, UpdateTask
from orchestrator.domain.problem import Problem, conflict, invalid_field
from orchestrator.domain.task import PendingAction, Stage, Status, Task
from orchestrator.domain.transitions import PROCESSING_SHARE, Policy, Steps, end, wait

# ------------------------------------------------------------------------------------------------ pending actions


def cancel(task: Task, _: object, __: Policy) -> Steps:
    """End the task now, wherever it is; its job is abandoned and stopped on the node."""
    asked = replace(task, pending_action=PendingAction.CANCEL, reason="cancel was asked for")
    return asked, end(asked, Status.CANCELED, reason="canceled", keep_job=False)


def remove(task: Task, _: object, __: Policy) -> Steps:
    """Begin to take the task away; its job is abandoned and removed from the node."""
    return (
        replace(
            task,
            stage=Stage.REMOVING,
            pending_action=PendingAction.REMOVE,
            reason="remove was asked for",
            job_uuid="",
            job_node=None,
            failures=0,
            not_before=None,
        ),
    )


def _restarted(task: Task, *, keep_job: bool) -> Steps:
    asked = replace(task, pending_action=PendingAction.RESTART, reason="restart was asked for")
    anew = wait(asked, reason="restarted", keep_job=keep_job)
    if task.import_url:
        anew = _importing(anew)
    return asked, replace(anew, attempt=task.attempt + 1, tries=0, last_error=None)


def restart_live(task: Task, _: object, __: Policy) -> Steps:
    """Stop what is going on and start over."""
    return _restarted(task, keep_job=False)


def restart_ended(task: Task, _: object, __: Policy) -> Steps | Problem:
    """Run the job again on its node if it is there and the task is still meant for that node, else anew."""
    if task.partial:
        return conflict(f"task {task.id} was canceled before all its images had come; create it anew")
    same_node = task.auto_processing_node or task.processing_node == task.job_node
    usable = bool(task.job_uuid) and task.status in {Status.FAILED, Status.COMPLETED} and same_node
    return _restarted(task, keep_job=usable and task.job_node != task.avoid_node)


def accept_unchanged(task: Task, _: object, __: Policy) -> Steps:
    """What was asked for is so already."""
    return (task,)


def cancel_ended(task: Task, _: object, __: Policy) -> Steps | Problem:
    """Only a CANCELED task can be canceled again, which changes nothing."""
    if task.status is Status.CANCELED:
        return (task,)
    word = task.status.name if task.status else "no status"
    return conflict(f"task {task.id} has already ended ({word}); only a task that has not ended can be canceled")


def refuse_draft_restart(task: Task, _: object, __: Policy) -> Problem:
    """A draft has not begun."""
    return conflict(f"task {task.id} is a draft; send commit-task to start it")


def refuse_while_removing(task: Task, _: object, __: Policy) -> Problem:
    """REMOVE is final."""
    return conflict(f"task {task.id} is being removed, which is final")


# ------------------------------------------------------------------------------------------------- other commands


def _importing(task: Task) -> Task:
    """Begin to take over finished results: nothing is to be done on a node."""
    reason = "importing results"
    return replace(
        task, stage=Stage.COLLECTING, status=Status.RUNNING, running_progress=PROCESSING_SHARE, reason=reason
    )


def commit(task: Task, command: CommitTask, _: Policy) -> Steps | Problem:
    """All images are there, or it is known where the results are."""
    if task.import_url:
        return (_importing(replace(task, partial=False)),)
    images = task.images_count + sum(not source.side for source in command.sources)
    if images < 1:
        return invalid_field("images", f"task {task.id} has no image yet; give at least one")
    files = task.files_count + len(command.sources)
    complete = replace(task, stage=Stage.WAITING, partial=False, images_count=images, files_count=files)
    return (replace(complete, reason="waiting for a processing node"),)


def refuse_commit(task: Task, _: object, __: Policy) -> Problem:
    """Only a draft takes images."""
    return conflict(f"task {task.id} is not a draft (its stage is {task.stage.value}); it takes no more images")


def _updated(task: Task, command: UpdateTask) -> Task:
    changes: dict[str, object] = {}
    for name in ("name", "options", "auto_processing_node", "priority", "tags", "project", "resize_to"):
        value = getattr(command, name)
        if not isinstance(value, Unset):
            changes[name] = value
    return replace(task, **changes) if changes else task  # type: ignore[arg-type]


def update(task: Task, command: UpdateTask, _: Policy) -> Steps:
    """Change what may be changed in a stage in which the node may be, too."""
    changed = _updated(task, command)
    if command.from_scratch or changed.resize_to != task.resize_to:
        changed = replace(changed, uuid="", job_uuid="", job_node=None, ended_run=-1)
    if command.processing_node is UNSET or command.processing_node == task.processing_node:
        return (changed,)
    automatic = command.auto_processing_node
    if isinstance(automatic, Unset):
        automatic = command.processing_node is None
    node = command.processing_node
    assert not isinstance(node, Unset)
    changed = replace(
        changed,
        processing_node=node,
        processing_node_name=command.chosen.name if command.chosen else None,
        can_rerun_from=command.chosen.rerun_stages if command.chosen else (),
        auto_processing_node=automatic,
    )
    if task.stage is Stage.WAITING:
        changed = replace(changed, job_uuid="", job_node=None)
    return (changed,)


def update_but_node(task: Task, command: UpdateTask, policy: Policy) -> Steps | Problem:
    """Change what may be changed while a node is at work: not which node, nor what it gets; a RESTART sends anew."""
    for name, what in (("processing_node", "processing node"), ("resize_to", "resize_to")):
        wanted = getattr(command, name)
        if wanted is not UNSET and wanted != getattr(task, name):
            return conflict(
                f"task {task.id} is {task.stage.value}; its {what} can be changed only in draft, waiting or ended"
            )
    return update(task, replace(command, from_scratch=False), policy)
