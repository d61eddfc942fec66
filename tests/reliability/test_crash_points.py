"""The daemon dies at every crash point there is, and nothing is lost, nothing runs twice, no event is missing."""

import asyncio
from functools import partial

import pytest
import pytest_asyncio

from orchestrator.crashing import POINTS
from tests.crashes.nursery import Nursery
from tests.crashes.stories import STORIES
from tests.crashes.verdict import compare, run


def test_every_point_has_a_run_in_which_the_daemon_dies_there():
    chains = [chain for story in STORIES.values() for chain in story.chains]
    killed_at = {point.partition(":")[0] for chain in chains for point in chain}
    assert set(POINTS) == killed_at


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery():
    """Load the daemon's code once for all stories."""
    async with Nursery() as born:
        yield born


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", STORIES)
async def test_deaths_leave_no_trace(name, nursery, tmp_path, amqp_url):
    story = STORIES[name]
    play = partial(run, story, nursery=nursery, amqp_url=amqp_url)
    chains = [[], *map(list, story.chains)]
    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(play(chain, folder=tmp_path / str(number))) for number, chain in enumerate(chains)]
    crash_free, *outcomes = [run.result() for run in runs]
    assert chains == [crash_free.kills, *(outcome.kills for outcome in outcomes)]
    assert [] == crash_free.violations
    for outcome in outcomes:
        assert [] == compare(outcome, crash_free)
