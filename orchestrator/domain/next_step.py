"""What is to be done about a task now: derived from the task alone, so that a crash loses no plan."""

from enum import StrEnum

from orchestrator.domain.task import Stage, Task


class Step(StrEnum):
    """One kind of work on a task."""

    PLACE = "place"
    RESTART = "restart"
    SUBMIT = "submit"
    WATCH = "watch"
    COLLECT = "collect"
    REMOVE = "remove"


_OF_STAGE = {
    Stage.UPLOADING: Step.SUBMIT,
    Stage.PROCESSING: Step.WATCH,
    Stage.COLLECTING: Step.COLLECT,
    Stage.REMOVING: Step.REMOVE,
}


def next_step(task: Task) -> Step | None:
    """Give the step that is due, or None when the task rests until somebody asks for something."""
    if task.stage is Stage.WAITING:
        return Step.RESTART if task.job_uuid else Step.PLACE
    return _OF_STAGE.get(task.stage)
