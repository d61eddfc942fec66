"""The effects of stimuli on a task: each takes the task as it stands and gives it as it stands next.

``lifecycle.TABLE`` says which effect answers which stimulus in which stage. An effect only says what is now true;
versions, times, fences and events follow from the difference (``lifecycle.decide``).
"""

from dataclasses import dataclass, replace

from orchestrator.domain import facts
from orchestrator.domain.commands import UNSET, CommitTask, Unset, UpdateTask
from orchestrator.domain.problem import Problem, conflict, invalid_field
from orchestrator.domain.task import Option, PendingAction, Stage, Status, Task

PROCESSING_SHARE = 0.85
"""Share of ``running_progress`` that processing has, as in WebODM; fetching the results has the next tenth."""

DOWNLOAD_SHARE = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Choices of the person who runs the daemon. ``max_attempts``: jobs per request before a task is FAILED."""

    max_attempts: int = 3


Steps = tuple[Task, ...]
"""The task's next states in order; each that differs in public is a change of its own."""


# ------------------------------------------------------------------------------------------------------- building


def _sent_anew(options: tuple[Option, ...]) -> tuple[Option, ...]:
    """Drop ``rerun-from``: it makes sense only for a job that the node still has."""
    return tuple(option for option in options if option.name != "rerun-from")


def wait(task: Task, *, reason: str, keep_job: bool = False) -> Task:
    """Begin anew: nothing is on a node, or (``keep_job``) an ended job is there to be run again."""
    if task.auto_processing_node and not keep_job:
        task = replace(task, processing_node=None, processing_node_name=None, can_rerun_from=())
    return replace(
        task,
        stage=Stage.WAITING,
        status=None,
        uuid="",
        pending_action=None,
        reason=reason,
        job_uuid=task.job_uuid if keep_job else "",
        job_node=task.job_node if keep_job else None,
        committed=False,
        ended_run=-1,
        failures=0,
        not_before=None,
        upload_progress=0.0,
        resize_progress=0.0,
        running_progress=0.0,
        processing_time=-1,
    )


def end(task: Task, status: Status, *, reason: str, keep_job: bool) -> Task:
    """Come to rest. ``keep_job``: the job stays on its node, so that a restart can use it."""
    return replace(
        task,
        stage=Stage.ENDED,
        status=status,
        pending_action=None,
        reason=reason,
        job_uuid=task.job_uuid if keep_job else "",
        job_node=task.job_node if keep_job else None,
        committed=False,
        ended_run=-1,
        failures=0,
        not_before=None,
        last_error=reason if status is Status.FAILED else task.last_error,
    )


def give_up_job(task: Task, *, reason: str, policy: Policy) -> Task:
    """Send the task anew while tries last, else FAILED."""
    tries = task.tries + 1
    if tries >= policy.max_attempts:
        told = f"{reason} (given up after {tries} attempts)"
        return end(replace(task, tries=tries), Status.FAILED, reason=told, keep_job=False)
    again = wait(task, reason=f"sent again: {reason}")
    return replace(again, tries=tries, attempt=task.attempt + 1)


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


def restart_ended(task: Task, _: object, __: Policy) -> Steps:
    """Run the job again on its node if it is there and the task is still meant for that node, else anew."""
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
    changed = replace(changed, processing_node=node, processing_node_name=None, auto_processing_node=automatic)
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


# ---------------------------------------------------------------------------------------------------------- facts


def placed(task: Task, fact: facts.Placed, _: Policy) -> Steps:
    """Upload to the chosen node."""
    return (
        replace(
            task,
            stage=Stage.UPLOADING,
            processing_node=fact.node,
            processing_node_name=fact.node_name,
            can_rerun_from=fact.rerun_stages,
            options=_sent_anew(task.options),
            job_uuid=fact.job_uuid,
            job_node=fact.node,
            committed=False,
            failures=0,
            not_before=None,
            reason=f"sending images to {fact.node_name}",
        ),
    )


def keep_waiting(task: Task, fact: facts.StillWaiting, _: Policy) -> Steps:
    """Say why."""
    return (replace(task, reason=fact.reason),)


def hindered(task: Task, fact: facts.Hindered, _: Policy) -> Steps:
    """Rest, and say why; the status stays."""
    failures = task.failures + 1 if fact.counts else task.failures
    return (replace(task, failures=failures, not_before=fact.not_before, reason=fact.reason),)


def upload_progressed(task: Task, fact: facts.UploadProgressed, _: Policy) -> Steps:
    """Show how far the upload is; it never goes backwards."""
    return (
        replace(
            task,
            upload_progress=max(task.upload_progress, min(1.0, fact.uploaded)),
            resize_progress=max(task.resize_progress, min(1.0, fact.resized)),
            failures=0,
            not_before=None,
            reason=f"sending images to {task.processing_node_name}",
        ),
    )


def committing(task: Task, _: object, __: Policy) -> Steps:
    """From here on the job may exist."""
    return (replace(task, committed=True, upload_progress=1.0, failures=0, not_before=None),)


def job_taken(task: Task, _: object, __: Policy) -> Steps:
    """Watch the job, whose uuid is public now. It is queued until the node is seen to run it."""
    return (
        replace(
            task,
            stage=Stage.PROCESSING,
            status=Status.QUEUED,
            uuid=task.job_uuid,
            committed=True,
            upload_progress=1.0,
            failures=0,
            not_before=None,
            reason=f"{task.processing_node_name} has the job",
        ),
    )


def only_prepares(fact: facts.JobSeen) -> bool:
    """Whether a job that says 20 does not run yet: a node prepares it, then it says 10 until its turn comes."""
    return fact.status == Status.RUNNING and fact.processing_time < 0 and fact.progress <= 0


def job_seen(task: Task, fact: facts.JobSeen, _: Policy) -> Steps:
    """Follow the node's view of the job."""
    seen = replace(
        task,
        processing_time=max(task.processing_time, fact.processing_time),
        failures=0,
        not_before=None,
    )
    if fact.status == Status.FAILED:
        words = fact.error or f"{task.processing_node_name} reported that processing failed, without a reason"
        return (end(seen, Status.FAILED, reason=words, keep_job=True),)
    if fact.status == Status.CANCELED:
        words = f"the job was canceled on {task.processing_node_name}, not by us"
        return (end(replace(seen, last_error=words), Status.CANCELED, reason=words, keep_job=False),)
    share = max(task.running_progress, PROCESSING_SHARE * min(1.0, max(0.0, fact.progress)))
    if fact.status == Status.COMPLETED:
        done = replace(seen, stage=Stage.COLLECTING, status=Status.RUNNING, running_progress=PROCESSING_SHARE)
        return (replace(done, reason=f"fetching results from {task.processing_node_name}"),)
    status = Status(fact.status)
    if task.status is Status.QUEUED and only_prepares(fact):
        status = Status.QUEUED
    reason = f"{'queued' if status is Status.QUEUED else 'processing'} on {task.processing_node_name}"
    return (replace(seen, status=status, running_progress=share, reason=reason),)


def job_spoiled(task: Task, fact: facts.JobSpoiled, policy: Policy) -> Steps:
    """Give the uuid up and begin a new one."""
    if fact.counts:
        given_up = give_up_job(task, reason=fact.reason, policy=policy)
        return (replace(given_up, not_before=fact.not_before) if given_up.is_live else given_up,)
    return (wait(task, reason=f"sent again: {fact.reason}"),)


def job_lost(task: Task, fact: facts.JobLost, policy: Policy) -> Steps:
    """Submit again, while attempts last."""
    return (give_up_job(task, reason=fact.reason, policy=policy),)


def job_refused(task: Task, fact: facts.JobRefused, _: Policy) -> Steps:
    """FAILED, with the node's words."""
    return (end(task, Status.FAILED, reason=fact.reason, keep_job=False),)


def node_too_small(task: Task, fact: facts.NodeTooSmall, policy: Policy) -> Steps:
    """Try a larger node, if the task may choose."""
    if not task.auto_processing_node:
        return (end(task, Status.FAILED, reason=fact.reason, keep_job=False),)
    smaller = task.job_node
    return (replace(give_up_job(task, reason=fact.reason, policy=policy), avoid_node=smaller),)


def node_lost(task: Task, fact: facts.NodeLost, policy: Policy) -> Steps:
    """Go elsewhere if the task may choose, else FAILED."""
    lost = task.job_node
    if not task.auto_processing_node:
        return (replace(end(task, Status.FAILED, reason=fact.reason, keep_job=False), avoid_node=lost),)
    return (replace(give_up_job(task, reason=fact.reason, policy=policy), avoid_node=lost),)


def restart_node_lost(task: Task, fact: facts.NodeLost, _: Policy) -> Steps:
    """The old job cannot be run again: its node is lost. Go elsewhere if the task may choose, else FAILED."""
    if task.auto_processing_node:
        return (replace(wait(task, reason=fact.reason), avoid_node=task.job_node),)
    lost = task.job_node
    return (replace(end(task, Status.FAILED, reason=fact.reason, keep_job=False), avoid_node=lost),)


def restarting(task: Task, fact: facts.Restarting, _: Policy) -> Steps:
    """From here on the job may run again."""
    return (replace(task, ended_run=fact.created),)


def job_restarted(task: Task, _: object, __: Policy) -> Steps:
    """The node works again; ``rerun-from`` has served once."""
    return (
        replace(
            task,
            stage=Stage.PROCESSING,
            status=Status.QUEUED,
            uuid=task.job_uuid,
            committed=True,
            ended_run=-1,
            upload_progress=1.0,
            failures=0,
            not_before=None,
            options=_sent_anew(task.options),
            reason=f"restarted on {task.processing_node_name}",
        ),
    )


def restart_impossible(task: Task, fact: facts.RestartImpossible, _: Policy) -> Steps:
    """Send the task anew."""
    return (wait(task, reason=fact.reason),)


def download_progressed(task: Task, fact: facts.DownloadProgressed, _: Policy) -> Steps:
    """Show how far the results are; it never goes backwards."""
    share = PROCESSING_SHARE + DOWNLOAD_SHARE * min(1.0, max(0.0, fact.fraction))
    reason = "importing results" if task.import_url else f"fetching results from {task.processing_node_name}"
    return (replace(task, running_progress=max(task.running_progress, share), reason=reason),)


def results_collected(task: Task, fact: facts.ResultsCollected, _: Policy) -> Steps:
    """COMPLETED: the assets are here, verified."""
    done = end(task, Status.COMPLETED, reason="results are here, verified", keep_job=True)
    return (
        replace(
            done,
            available_assets=fact.available_assets,
            size=round(fact.size / 1_000_000, 6),
            running_progress=1.0,
            last_error=None,
            tries=0,
            avoid_node=None,
        ),
    )


def sources_failed(task: Task, fact: facts.SourcesFailed, _: Policy) -> Steps:
    """FAILED: without its images, or the results that it was to take over, the task cannot go on."""
    return (end(task, Status.FAILED, reason=fact.reason, keep_job=False),)


def draft_expired(task: Task, fact: facts.DraftExpired, policy: Policy) -> Steps:
    """Take the draft away."""
    return tuple(replace(step, reason=fact.reason) for step in remove(task, None, policy))
