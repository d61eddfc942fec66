"""What all transitions are made of: a task sent anew, at rest, or given another try.

``lifecycle.TABLE`` says which effect answers which stimulus in which stage: those of commands are in ``requests``,
those of facts in ``outcomes``. An effect takes the task as it stands and gives it as it stands next. It only says what
is now true; versions, times, fences and events follow from the difference (``lifecycle.decide``).
"""

from dataclasses import dataclass, replace

from orchestrator.domain.task import Option, Stage, Status, Task

PROCESSING_SHARE = 0.85
"""Share of ``running_progress`` that processing has, as in WebODM; fetching the results has the next tenth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Choices of the person who runs the daemon. ``max_attempts``: jobs per request before a task is FAILED."""

    max_attempts: int = 3


Steps = tuple[Task, ...]
"""The task's next states in order; each that differs in public is a change of its own."""


def sent_anew(options: tuple[Option, ...]) -> tuple[Option, ...]:
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
