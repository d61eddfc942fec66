"""A task that takes over finished results: it is collected without ever having been on a node."""

from dataclasses import replace

import pytest

from orchestrator.domain import facts
from orchestrator.domain.commands import CommitTask, CreateTask, SetPendingAction
from orchestrator.domain.lifecycle import create, decide
from orchestrator.domain.task import PendingAction, Stage, Status
from orchestrator.domain.transitions import Policy
from tools.lifecycle_cells import KEY, NOW

URL = "https://host/all.zip"
POLICY = Policy()


def met(task, *stimuli):
    for stimulus in stimuli:
        decision = decide(task, stimulus, now=NOW, policy=POLICY)
        assert decision.problem is None
        task = decision.task
    return task


@pytest.fixture
def importing():
    draft = create(CreateTask(partial=True, import_url=URL), id=134, now=NOW).task
    return met(draft, CommitTask(task=KEY))


def test_it_goes_from_draft_to_collecting(importing):
    assert (Stage.COLLECTING, Status.RUNNING, False, URL, 0.85, "importing results") == (
        importing.stage, importing.status, importing.partial, importing.import_url, importing.running_progress,
        importing.reason,
    )  # fmt: skip


def test_progress_says_what_goes_on(importing):
    assert "importing results" == met(importing, facts.DownloadProgressed(0.5)).reason


def test_it_ends_when_its_results_are_here_or_cannot_be(importing):
    done = met(importing, facts.ResultsCollected(available_assets=("all.zip",), size=1_000_000, photos=3))
    failed = met(importing, facts.SourcesFailed("Invalid zip file"))
    assert (Status.COMPLETED, ("all.zip",), 3) == (done.status, done.available_assets, done.images_count)
    assert (Status.FAILED, "Invalid zip file") == (failed.status, failed.last_error)


@pytest.mark.parametrize("ended", [facts.SourcesFailed("gone"), None])
def test_a_restart_imports_again(importing, ended):
    task = replace(importing, running_progress=0.9)
    task = met(task, *([ended] if ended else []))
    again = met(task, SetPendingAction(task=KEY, pending_action=PendingAction.RESTART))
    assert (Stage.COLLECTING, Status.RUNNING, 0.85, 2, None) == (
        again.stage, again.status, again.running_progress, again.attempt, again.last_error,
    )  # fmt: skip
    assert again.fence > task.fence
