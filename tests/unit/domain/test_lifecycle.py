"""The lifecycle: every cell has an answer, and each answer keeps the promises that hold everywhere."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.domain import facts
from orchestrator.domain.commands import CommitTask, SetPendingAction, UpdateTask
from orchestrator.domain.events import TaskEvent, TaskEventType
from orchestrator.domain.lifecycle import TABLE, decide
from orchestrator.domain.next_step import Step, next_step
from orchestrator.domain.task import IN_WORK, Option, PendingAction, Stage, Status
from orchestrator.domain.transitions import Policy
from tools.lifecycle_cells import JOB, KEY, NOW, OTHER_JOB, STATUSES, STIMULI, sample_task, tasks

POLICY = Policy(max_attempts=3)
COMMANDS = (SetPendingAction, CommitTask, UpdateTask)
CELLS = [
    pytest.param(task, stimulus, id=f"{task.stage}-{task.status.name if task.status else 'none'}-{kind}-{variant}")
    for task in tasks()
    for kind, variants in STIMULI.items()
    for variant, stimulus in enumerate(variants)
]


def apply(task, *stimuli):
    """Apply stimuli in turn; none may be rejected."""
    for stimulus in stimuli:
        decision = decide(task, stimulus, now=NOW, policy=POLICY)
        assert decision.problem is None
        task = decision.task
    return task


def pending(action):
    return SetPendingAction(task=KEY, pending_action=action)


@pytest.mark.parametrize(("task", "stimulus"), CELLS)
def test_every_cell_has_an_answer_that_keeps_the_promises(task, stimulus):
    decision = decide(task, stimulus, now=NOW, policy=POLICY)
    after = decision.task
    if decision.problem:
        assert isinstance(stimulus, COMMANDS)
        assert decision.problem.type in {"conflict", "validation"}
        assert (after, decision.events) == (task, ())
        return
    assert after.version == task.version + len(decision.events)
    assert [task.version + 1 + n for n in range(len(decision.events))] == [e.sequence for e in decision.events]
    if not decision.removed:
        assert after.status in STATUSES[after.stage]
        assert (next_step(after) is not None) == (after.stage in IN_WORK)
    if task.stage is Stage.ENDED and after.stage is not Stage.ENDED:
        assert isinstance(stimulus, SetPendingAction)
        assert stimulus.pending_action is not PendingAction.CANCEL
    if (after.stage, after.job_uuid) != (task.stage, task.job_uuid):
        assert after.fence > task.fence


def test_the_table_answers_every_command_in_every_stage():
    commands = ("CANCEL", "REMOVE", "RESTART", "CommitTask", "UpdateTask")
    assert {kind: set(Stage) for kind in commands} == {kind: set(TABLE[kind]) for kind in commands}


def test_the_samples_cover_every_kind_of_stimulus():
    assert set(TABLE) == set(STIMULI)


def test_a_task_goes_the_whole_way_with_an_event_for_each_change_of_status():
    task = sample_task(Stage.WAITING, None)
    events: list[TaskEvent] = []
    for fact in (
        STIMULI["Placed"][0],
        facts.Committing(),
        facts.JobTaken(),
        facts.JobSeen(status=10, progress=0, processing_time=-1),
        facts.JobSeen(status=20, progress=0.1, processing_time=5),
        facts.JobSeen(status=40, progress=1, processing_time=99),
        facts.ResultsCollected(available_assets=("all.zip",), size=1_000_000),
    ):
        decision = decide(task, fact, now=NOW, policy=POLICY)
        task = decision.task
        events += decision.events
    changes = [
        (event.previous_status, event.task.status) for event in events if event.type is TaskEventType.STATUS_CHANGED
    ]
    assert [
        (None, Status.QUEUED),
        (Status.QUEUED, Status.RUNNING),
        (Status.RUNNING, Status.COMPLETED),
    ] == changes
    assert (Stage.ENDED, OTHER_JOB, 99, 1.0, 1.0) == (
        task.stage, task.uuid, task.processing_time, task.running_progress, task.size,
    )  # fmt: skip


def test_the_jobs_uuid_is_public_only_once_the_node_has_it():
    placed = apply(sample_task(Stage.WAITING, None), STIMULI["Placed"][0])
    assert ("", OTHER_JOB) == (placed.uuid, placed.job_uuid)
    taken = apply(placed, facts.JobTaken())
    assert (OTHER_JOB, Status.QUEUED) == (taken.uuid, taken.status)


def test_cancel_tells_of_the_action_and_then_of_the_status():
    decision = decide(
        sample_task(Stage.PROCESSING, Status.RUNNING), pending(PendingAction.CANCEL), now=NOW, policy=POLICY
    )
    assert [TaskEventType.PENDING_ACTION_SET, TaskEventType.STATUS_CHANGED] == [e.type for e in decision.events]
    assert [PendingAction.CANCEL, None] == [e.task.pending_action for e in decision.events]
    assert "" == decision.task.job_uuid


def test_cancel_of_a_canceled_task_changes_nothing():
    task = sample_task(Stage.ENDED, Status.CANCELED)
    assert task == apply(task, pending(PendingAction.CANCEL))


@pytest.mark.parametrize("status", [Status.FAILED, Status.COMPLETED])
def test_restart_of_an_ended_task_runs_the_job_again_on_its_node(status):
    task = apply(sample_task(Stage.ENDED, status), pending(PendingAction.RESTART))
    assert (Stage.WAITING, None, JOB, 2) == (task.stage, task.status, task.job_uuid, task.attempt)
    assert Step.RESTART is next_step(task)


def test_restart_of_a_canceled_task_sends_it_anew():
    task = apply(sample_task(Stage.ENDED, Status.CANCELED), pending(PendingAction.RESTART))
    assert Step.PLACE is next_step(task)


def test_a_canceled_draft_has_nothing_to_restart():
    canceled = apply(sample_task(Stage.DRAFT, None), pending(PendingAction.CANCEL))
    assert (Stage.ENDED, Status.CANCELED, True) == (canceled.stage, canceled.status, canceled.partial)
    problem = decide(canceled, pending(PendingAction.RESTART), now=NOW, policy=POLICY).problem
    assert problem
    assert "conflict" == problem.type


def test_restart_resets_what_belongs_to_the_attempt_and_keeps_the_assets():
    ended = replace(
        sample_task(Stage.ENDED, Status.FAILED), processing_time=5, last_error="x", available_assets=("all.zip",),
        upload_progress=1.0, running_progress=0.5, tries=2,
    )  # fmt: skip
    task = apply(ended, pending(PendingAction.RESTART))
    assert (-1, None, 0.0, 0.0, ("all.zip",), 0) == (
        task.processing_time, task.last_error, task.upload_progress, task.running_progress, task.available_assets,
        task.tries,
    )  # fmt: skip


def test_restart_of_a_task_whose_chosen_node_was_changed_sends_it_anew():
    ended = replace(sample_task(Stage.ENDED, Status.COMPLETED), auto_processing_node=False, processing_node=9)
    assert Step.PLACE is next_step(apply(ended, pending(PendingAction.RESTART)))


def test_rerun_from_serves_once_and_is_dropped_when_the_job_is_sent_anew():
    options = (Option("rerun-from", "odm_meshing"), Option("dsm", value=True))
    restarted = apply(
        replace(sample_task(Stage.ENDED, Status.COMPLETED), options=options), pending(PendingAction.RESTART)
    )
    assert options == restarted.options
    assert options[1:] == apply(restarted, STIMULI["JobRestarted"][0]).options
    anew = apply(restarted, facts.RestartImpossible("gone"), STIMULI["Placed"][0])
    assert options[1:] == anew.options


def test_a_lost_job_is_sent_again_while_attempts_last():
    task = sample_task(Stage.PROCESSING, Status.RUNNING)
    for attempt in (2, 3):
        task = apply(task, facts.JobLost("gone"))
        assert (Stage.WAITING, attempt) == (task.stage, task.attempt)
        task = apply(task, STIMULI["Placed"][0], facts.JobTaken())
    task = apply(task, facts.JobLost("gone"))
    assert (Stage.ENDED, Status.FAILED, "gone (given up after 3 attempts)") == (
        task.stage,
        task.status,
        task.last_error,
    )


def test_a_spoiled_upload_that_was_our_fault_costs_no_try():
    task = apply(sample_task(Stage.UPLOADING, None), facts.JobSpoiled("we were stopped", counts=False))
    assert (Stage.WAITING, 0, 1, "") == (task.stage, task.tries, task.attempt, task.job_uuid)


def test_a_task_whose_node_is_lost_goes_elsewhere_if_it_may_choose():
    task = apply(sample_task(Stage.PROCESSING, Status.RUNNING), facts.NodeLost("away"))
    assert (Stage.WAITING, 5) == (task.stage, task.avoid_node)


def test_a_task_whose_chosen_node_is_lost_fails_with_a_plain_reason():
    bound = replace(sample_task(Stage.PROCESSING, Status.RUNNING), auto_processing_node=False)
    task = apply(bound, facts.NodeLost("node-5 was away for 10 min"))
    assert (Status.FAILED, "node-5 was away for 10 min") == (task.status, task.last_error)


def test_progress_never_goes_backwards_within_an_attempt():
    task = sample_task(Stage.PROCESSING, Status.RUNNING)
    task = apply(task, facts.JobSeen(status=20, progress=0.5, processing_time=900))
    task = apply(task, facts.JobSeen(status=20, progress=0, processing_time=-1))
    assert (0.425, 900) == (task.running_progress, task.processing_time)


def test_progress_alone_is_told_as_progress():
    before = apply(
        sample_task(Stage.PROCESSING, Status.RUNNING), facts.JobSeen(status=20, progress=0.05, processing_time=1)
    )
    decision = decide(before, facts.JobSeen(status=20, progress=0.06, processing_time=2), now=NOW, policy=POLICY)
    assert [TaskEventType.PROGRESSED] == [event.type for event in decision.events]


def test_a_hindrance_is_told_once_and_costs_no_status():
    task = sample_task(Stage.PROCESSING, Status.RUNNING)
    first = decide(task, facts.Hindered("502", NOW), now=NOW, policy=POLICY)
    again = decide(first.task, facts.Hindered("502", NOW), now=NOW, policy=POLICY)
    assert (1, 0) == (len(first.events), len(again.events))
    assert (Status.RUNNING, 2) == (again.task.status, again.task.failures)


@pytest.mark.parametrize("stage", [Stage.UPLOADING, Stage.PROCESSING, Stage.COLLECTING])
def test_the_node_of_a_task_at_work_cannot_be_changed(stage):
    task = sample_task(stage, STATUSES[stage][-1])
    decision = decide(task, UpdateTask(task=KEY, processing_node=9), now=NOW, policy=POLICY)
    assert decision.problem
    assert "conflict" == decision.problem.type


def test_choosing_a_node_for_a_waiting_task_drops_the_job_it_would_have_restarted():
    waiting = apply(sample_task(Stage.ENDED, Status.COMPLETED), pending(PendingAction.RESTART))
    moved = apply(waiting, UpdateTask(task=KEY, processing_node=9))
    assert (9, False, "") == (moved.processing_node, moved.auto_processing_node, moved.job_uuid)


@pytest.mark.parametrize("change", [{"from_scratch": True}, {"resize_to": 2048}])
def test_an_ended_task_can_give_up_its_job_so_that_a_restart_sends_anew(change):
    task = apply(sample_task(Stage.ENDED, Status.COMPLETED), UpdateTask(task=KEY, **change))
    assert ("", "", None) == (task.uuid, task.job_uuid, task.job_node)
    assert Step.PLACE is next_step(apply(task, pending(PendingAction.RESTART)))


@pytest.mark.parametrize("stage", [Stage.UPLOADING, Stage.PROCESSING, Stage.COLLECTING])
def test_a_task_at_work_keeps_its_job_and_the_size_of_its_images(stage):
    task = sample_task(stage, STATUSES[stage][-1])
    assert JOB == apply(task, UpdateTask(task=KEY, from_scratch=True, resize_to=task.resize_to)).job_uuid
    problem = decide(task, UpdateTask(task=KEY, resize_to=2048), now=NOW, policy=POLICY).problem
    assert problem
    assert "conflict" == problem.type


def test_a_draft_without_images_cannot_be_committed():
    draft = replace(sample_task(Stage.DRAFT, None), images_count=0, files_count=0)
    problem = decide(draft, CommitTask(task=KEY), now=NOW, policy=POLICY).problem
    assert problem
    assert "images" == problem.errors[0].field


def test_an_ended_task_that_failed_on_its_node_keeps_the_job_for_a_restart():
    task = apply(sample_task(Stage.PROCESSING, Status.RUNNING), STIMULI["JobSeen"][2])
    assert (Status.FAILED, JOB) == (task.status, task.job_uuid)


def test_a_job_that_failed_before_it_ran_is_not_kept_for_a_restart():
    task = apply(
        sample_task(Stage.PROCESSING, Status.QUEUED), facts.JobSeen(status=30, progress=0.0, processing_time=-1)
    )
    assert (Status.FAILED, "") == (task.status, task.job_uuid)


def test_a_job_given_up_for_want_of_an_image_leaves_its_node_and_rests():
    later = NOW + timedelta(seconds=60)
    spoiled = facts.JobSpoiled("the image server is away", not_before=later)
    task = apply(sample_task(Stage.UPLOADING, None), spoiled)
    assert (Stage.WAITING, None, later, 1) == (task.stage, task.job_node, task.not_before, task.tries)
    last = apply(replace(sample_task(Stage.UPLOADING, None), tries=2), spoiled)
    assert (Status.FAILED, None) == (last.status, last.not_before)


def test_a_job_that_its_node_only_prepares_stays_queued():
    queued = sample_task(Stage.PROCESSING, Status.QUEUED)
    assert Status.QUEUED is apply(queued, facts.JobSeen(status=20, progress=0, processing_time=-1)).status
    assert Status.RUNNING is apply(queued, facts.JobSeen(status=20, progress=0, processing_time=1)).status


@pytest.mark.parametrize(
    ("automatic", "expected"), [(True, (Stage.WAITING, None)), (False, (Stage.ENDED, Status.FAILED))]
)
def test_a_restart_whose_node_is_lost_goes_elsewhere_or_fails(automatic, expected):
    ended = replace(sample_task(Stage.ENDED, Status.COMPLETED), auto_processing_node=automatic)
    waiting = apply(ended, pending(PendingAction.RESTART))
    lost = apply(waiting, facts.NodeLost("node-5 was away for 10 min"))
    assert expected == (lost.stage, lost.status)
    assert ("", 5, "node-5 was away for 10 min") == (lost.job_uuid, lost.avoid_node, lost.reason)


def test_the_choice_of_nodes_for_the_next_attempt_does_not_cut_the_present_one():
    uploading, waiting = sample_task(Stage.UPLOADING, None), sample_task(Stage.WAITING, None)
    change = UpdateTask(task=KEY, auto_processing_node=False)
    assert (0, 1) == tuple(apply(task, change).fence - task.fence for task in (uploading, waiting))
