"""Importing finished results: from an upload or an address, whatever comes between."""

import pytest

from orchestrator.domain.commands import CommitTask, CreateTask, TaskKey
from orchestrator.domain.errors import ResultsCorrupt, SourceFailed, SourceHindered, StorageFailed
from orchestrator.domain.task import IMPORTED_FILE, Status
from orchestrator.engine.ports import Order
from tests.unit.engine.bundle import VIRTUAL_TIME, running

pytestmark = VIRTUAL_TIME

URL = "https://host/all.zip"


async def ended(bundle, *, url=URL):
    """Import, and give the task as it has ended."""
    draft = await bundle.create(partial=True, import_url=url)
    (settled,) = await bundle.engine.turn.settle([Order(CommitTask(task=TaskKey(id=draft)))])
    assert settled.accepted
    await bundle.until(lambda: bundle.events[-1]["data"]["task"]["status"] in {30, 40}, within=36_000)
    return await bundle.row(draft)


@pytest.mark.parametrize("url", [URL, IMPORTED_FILE])
async def test_results_are_taken_over_without_a_node(url):
    async with running() as bundle:
        task = await ended(bundle, url=url)
        assert (Status.COMPLETED, None, "") == (task.status, task.processing_node, task.uuid)
        assert (url == URL) == (("fetch_archive", URL) in bundle.images.calls)


@pytest.mark.parametrize("trouble", [SourceHindered("the server answered 502"), StorageFailed("the disk is full")])
async def test_what_passes_is_waited_for(trouble):
    async with running() as bundle:
        bundle.images.will("fetch_archive", trouble, trouble)
        assert Status.COMPLETED is (await ended(bundle)).status
        assert 3 == bundle.images.count("fetch_archive")


async def test_an_address_that_does_not_serve_is_given_up():
    async with running() as bundle:
        bundle.images.will("fetch_archive", *[SourceHindered("no connection")] * 20)
        task = await ended(bundle)
        assert (Status.FAILED, "no connection (11 times)") == (task.status, task.last_error)


@pytest.mark.parametrize(
    ("room", "call", "error", "told"),
    [
        ("images", "fetch_archive", SourceFailed("the server answered 404"), "the server answered 404"),
        ("shelves", "accept", ResultsCorrupt("no zip"), "Invalid zip file"),
    ],
)
async def test_what_is_no_archive_fails_the_task(room, call, error, told):
    async with running() as bundle:
        getattr(bundle, room).will(call, error)
        task = await ended(bundle)
        assert (Status.FAILED, told) == (task.status, task.last_error)


async def test_an_upload_that_is_gone_is_told():
    async with running() as bundle:
        bundle.shelves.will("restore_archive", False)
        task = await ended(bundle, url=IMPORTED_FILE)
        assert (Status.FAILED, "The archive is not here any more; import it again.") == (task.status, task.last_error)


def test_the_command_names_where_results_are():
    assert "" == CreateTask().import_url
