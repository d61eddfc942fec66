"""The effects of facts on a task: what was seen of nodes, transfers and timers."""

from dataclasses import replace

from orchestrator.domain import facts
from orchestrator.domain.requests import remove
from orchestrator.domain.task import Stage, Status, Task
from orchestrator.domain.transitions import PROCESSING_SHARE, Policy, Steps, end, give_up_job, sent_anew, wait

DOWNLOAD_SHARE = 0.10


def placed(task: Task, fact: facts.Placed, _: Policy) -> Steps:
    """Upload to the chosen node."""
    return (
        replace(
            task,
            stage=Stage.UPLOADING,
            processing_node=fact.node,
            processing_node_name=fact.node_name,
            can_rerun_from=fact.rerun_stages,
            options=sent_anew(task.options),
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
    """From here on the job may exist. That the upload is whole is told with the node's taking it, very soon."""
    return (replace(task, committed=True, failures=0, not_before=None),)


def job_taken(task: Task, _: object, __: Policy) -> Steps:
    """Watch the job, whose uuid is public now. It is queued until the node is seen to run it."""
    return (_in_the_nodes_queue(task, reason=f"{task.processing_node_name} has the job"),)


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
        words = fact.error or _with_last_words(
            f"{task.processing_node_name} reported that processing failed, without a reason", fact
        )
        # One that never ran has failed to be prepared: the node has deleted its images, so it can't be run again there.
        return (end(seen, Status.FAILED, reason=words, keep_job=seen.has_run or fact.progress > 0),)
    if fact.status == Status.CANCELED:
        words = _with_last_words(f"the job was canceled on {task.processing_node_name}, not by us", fact)
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


def _with_last_words(words: str, fact: facts.JobSeen) -> str:
    return f"{words}; its console output ends with: {fact.last_words}" if fact.last_words else words


def job_spoiled(task: Task, fact: facts.JobSpoiled, policy: Policy) -> Steps:
    """Give the uuid up and begin a new one."""
    if fact.counts:
        after = give_up_job(task, reason=fact.reason, policy=policy)
    else:
        after = wait(task, reason=f"sent again: {fact.reason}")
    if fact.elsewhere:
        after = replace(after, avoid_node=task.job_node)
    return (replace(after, not_before=fact.not_before) if after.is_live else after,)


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


def job_restarted(task: Task, fact: facts.JobRestarted, _: Policy) -> Steps:
    """The node works again, whichever was chosen meanwhile; ``rerun-from`` has served once."""
    queued = _in_the_nodes_queue(task, reason=f"restarted on {fact.node_name}")
    there = replace(
        queued,
        processing_node=task.job_node,
        processing_node_name=fact.node_name,
        can_rerun_from=fact.rerun_stages,
        options=sent_anew(task.options),
    )
    return (there,)


def _in_the_nodes_queue(task: Task, *, reason: str) -> Task:
    return replace(
        task,
        stage=Stage.PROCESSING,
        status=Status.QUEUED,
        uuid=task.job_uuid,
        committed=True,
        upload_progress=1.0,
        resize_progress=1.0 if task.resize_to > 0 else 0.0,
        failures=0,
        not_before=None,
        reason=reason,
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
            images_count=fact.photos if task.import_url else task.images_count,
        ),
    )


def job_kept_enough(task: Task, _: object, __: Policy) -> Steps:
    """The job goes from its node; the results are here, and a restart sends the task anew."""
    return (replace(task, job_uuid="", job_node=None),)


def sources_failed(task: Task, fact: facts.SourcesFailed, _: Policy) -> Steps:
    """FAILED: without its images, or the results that it was to take over, the task cannot go on."""
    return (end(task, Status.FAILED, reason=fact.reason, keep_job=False),)


def draft_expired(task: Task, fact: facts.DraftExpired, policy: Policy) -> Steps:
    """Take the draft away."""
    return tuple(replace(step, reason=fact.reason) for step in remove(task, None, policy))
