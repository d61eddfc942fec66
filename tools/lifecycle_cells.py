"""Every cell of the lifecycle: each (stage, status, pending action) a task can be in, with each stimulus it can get.

The exhaustive test walks them, and the reference page is drawn from what the lifecycle itself answers in each.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from orchestrator.domain import facts
from orchestrator.domain.commands import CommitTask, SetPendingAction, TaskKey, UpdateTask
from orchestrator.domain.lifecycle import Stimulus
from orchestrator.domain.task import PendingAction, Source, Stage, Status, Task

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
JOB = "6f1c2b1e-9a43-4f5a-8a51-0d6a34a7a001"
OTHER_JOB = "6f1c2b1e-9a43-4f5a-8a51-0d6a34a7a002"
KEY = TaskKey(id=134)

STATUSES: dict[Stage, tuple[Status | None, ...]] = {
    Stage.DRAFT: (None,),
    Stage.WAITING: (None,),
    Stage.UPLOADING: (None,),
    Stage.PROCESSING: (Status.QUEUED, Status.RUNNING),
    Stage.COLLECTING: (Status.RUNNING,),
    Stage.ENDED: (Status.FAILED, Status.COMPLETED, Status.CANCELED),
    Stage.REMOVING: (None, *Status),
}
"""The statuses that a task can have in each stage."""

HAS_JOB = frozenset({Stage.UPLOADING, Stage.PROCESSING, Stage.COLLECTING})


def sample_task(stage: Stage, status: Status | None) -> Task:
    """Give a task as it is found in that stage, with two images."""
    has_job = stage in HAS_JOB or status in {Status.FAILED, Status.COMPLETED}
    has_job = has_job and stage is not Stage.REMOVING
    return Task(
        id=134,
        project=27,
        created_at=NOW,
        updated_at=NOW,
        stage=stage,
        status=status,
        pending_action=PendingAction.REMOVE if stage is Stage.REMOVING else None,
        version=7,
        fence=3,
        images_count=2,
        files_count=2,
        partial=stage is Stage.DRAFT,
        processing_node=5 if has_job else None,
        processing_node_name="node-5" if has_job else None,
        job_uuid=JOB if has_job else "",
        job_node=5 if has_job else None,
        uuid=JOB if has_job and stage is not Stage.UPLOADING else "",
    )


def tasks() -> Iterator[Task]:
    """Give a task for every state."""
    for stage, statuses in STATUSES.items():
        for status in statuses:
            yield sample_task(stage, status)


def _seen(code: int) -> facts.JobSeen:
    return facts.JobSeen(status=code, progress=0.4, processing_time=1500)


STIMULI: dict[str, tuple[Stimulus, ...]] = {
    "CANCEL": (SetPendingAction(task=KEY, pending_action=PendingAction.CANCEL),),
    "REMOVE": (SetPendingAction(task=KEY, pending_action=PendingAction.REMOVE),),
    "RESTART": (SetPendingAction(task=KEY, pending_action=PendingAction.RESTART),),
    "CommitTask": (CommitTask(task=KEY, sources=(Source("/data/3.jpg", "3.jpg"),)),),
    "UpdateTask": (UpdateTask(task=KEY, name="renamed"), UpdateTask(task=KEY, from_scratch=True)),
    "Placed": (facts.Placed(node=6, node_name="node-6", rerun_stages=("dataset",), job_uuid=OTHER_JOB),),
    "StillWaiting": (facts.StillWaiting("all are busy"),),
    "Hindered": (facts.Hindered("the node answered 502", NOW),),
    "UploadProgressed": (facts.UploadProgressed(uploaded=0.5),),
    "Committing": (facts.Committing(),),
    "JobTaken": (facts.JobTaken(),),
    "JobSeen": tuple(_seen(code) for code in (10, 20, 30, 40, 50)),
    "JobSpoiled": (facts.JobSpoiled("an answer was lost"),),
    "JobLost": (facts.JobLost("the node does not know the job"),),
    "JobRefused": (facts.JobRefused("not like this"),),
    "NodeTooSmall": (facts.NodeTooSmall("at most 1 image"),),
    "SourcesFailed": (facts.SourcesFailed("2.jpg is gone"),),
    "NodeLost": (facts.NodeLost("away for 10 min"),),
    "Restarting": (facts.Restarting(created=1_795_457_378_850),),
    "JobRestarted": (facts.JobRestarted(node_name="node-5", rerun_stages=("dataset",)),),
    "RestartImpossible": (facts.RestartImpossible("the job is gone"),),
    "DownloadProgressed": (facts.DownloadProgressed(0.5),),
    "ResultsCollected": (facts.ResultsCollected(available_assets=("all.zip",), size=2_500_000),),
    "JobKeptEnough": (facts.JobKeptEnough(),),
    "FilesRemoved": (facts.FilesRemoved(),),
    "DraftExpired": (facts.DraftExpired("no image for a day"),),
}
"""Each kind of stimulus, with the variants that are answered differently."""
