"""Jobs are recognised by their names, jobs of one task are put together, and the task begins where its job is."""

from dataclasses import replace

import pytest

from orchestrator.domain.adoption import FoundJob, Foundling, adopt, foundlings, job_name, named_task, outlived
from orchestrator.domain.events import TaskEventType
from orchestrator.domain.next_step import Step, next_step
from orchestrator.domain.node import NodeOption, ProcessingNode
from orchestrator.domain.task import Option, Stage, Status
from tools.lifecycle_cells import NOW, sample_task

NODE = ProcessingNode(
    id=7, url="http://node-7:3000", hostname="node-7", port=3000, created_at=NOW,
    options=(NodeOption("rerun-from", "enum", "", ("dataset", "opensfm"), ""),),
)  # fmt: skip
JOB = FoundJob(uuid="a", node=7, task=134, attempt=2, name="Field 7", status=20, images_count=3)


@pytest.mark.parametrize("name", ["Field 7", "", "brackets [x] [orchestrator 1.1]", "two\nlines"])
def test_what_a_job_is_named_is_read_back(name):
    task = replace(sample_task(Stage.PROCESSING, Status.RUNNING), name=name, attempt=12)
    assert (name or "Task", 134, 12) == named_task(job_name(task))


@pytest.mark.parametrize(
    "name",
    [
        "", "Field 7", "Field 7 [orchestrator 134]", "Field 7 [orchestrator 134.1] ", "x [orchestrator 0.1]",
        "x [orchestrator 1.0]", "x [orchestrator -1.1]", "x [orchestrator 1000000000.1]", "x [orchestrator \u0661.1]",
    ],
)  # fmt: skip
def test_other_names_are_not_ours(name):
    assert named_task(name) is None


def test_the_latest_attempt_is_the_task_and_earlier_ones_belong_to_it():
    first, second, third = (
        replace(JOB, uuid=uuid, attempt=attempt) for uuid, attempt in [("x", 1), ("y", 3), ("z", 2)]
    )
    assert (Foundling(second, (third, first)),) == foundlings([first, second, third])
    assert (second, third, first) == foundlings([first, second, third])[0].jobs


def test_a_canceled_job_is_left_alone():
    assert () == foundlings([replace(JOB, status=50)])


def test_jobs_of_the_same_number_but_another_name_are_different_tasks():
    other = replace(JOB, uuid="b", name="Roof", attempt=1)
    assert (Foundling(JOB), Foundling(other)) == foundlings([other, JOB])


def test_twins_are_both_taken_and_neither_is_removed():
    twin, older = replace(JOB, uuid="b"), replace(JOB, uuid="c", attempt=1)
    assert (Foundling(JOB, (older,)), Foundling(twin)) == foundlings([twin, older, JOB])


@pytest.mark.parametrize(("status", "shown"), [(10, Status.QUEUED), (20, Status.RUNNING), (40, Status.RUNNING)])
def test_an_adopted_task_is_watched_where_it_is(status, shown):
    options = (Option("dsm", value=True), Option("rerun-from", "dataset"), Option("sm-cluster", "http://c/?token=x"))
    decision = adopt(replace(JOB, status=status, options=options), id=5, node=NODE, now=NOW)
    task = decision.task
    assert (5, shown, Step.WATCH, 2, "a") == (task.id, task.status, next_step(task), task.attempt, task.uuid)
    assert (7, 7, False) == (task.processing_node, task.job_node, task.auto_processing_node)
    assert (3, options[:1], ("dataset", "opensfm")) == (task.images_count, task.options, task.can_rerun_from)
    [event] = decision.events
    assert (TaskEventType.CREATED, 1, None) == (event.type, event.sequence, event.previous_status)
    assert "adopted from node node-7:3000" == event.reason


def test_an_earlier_job_is_abandoned_for_the_task_as_it_is_numbered_now():
    task = adopt(JOB, id=5, node=NODE, now=NOW).task
    job = outlived(replace(JOB, uuid="x", attempt=1), by=task, now=NOW)
    assert ("x", 5, 1, NOW, True, True) == (job.uuid, job.task, job.attempt, job.abandoned_at, job.committed, job.taken)
    assert "attempt 2 was adopted in its place" == job.reason
