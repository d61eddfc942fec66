"""The daemon dies at every crash point there is, and nothing is lost, nothing runs twice, no event is missing."""

import asyncio
from functools import partial

import pytest

from orchestrator.crashing import POINTS
from tests.crashes.nursery import Nursery
from tests.crashes.stories import STORIES
from tests.crashes.verdict import compare, run


def test_every_point_has_a_run_in_which_the_daemon_dies_there():
    killed_at = {point for story in STORIES.values() for chain in story.chains for point in chain}
    assert set(POINTS) == killed_at


@pytest.mark.timeout(150)
@pytest.mark.parametrize("name", STORIES)
async def test_deaths_leave_no_trace(name, tmp_path, amqp_url):
    story = STORIES[name]
    async with Nursery() as nursery:
        play = partial(run, story, nursery=nursery, amqp_url=amqp_url)
        chains = [[], *map(list, story.chains)]
        crash_free, *outcomes = await asyncio.gather(
            *(play(chain, folder=tmp_path / str(number)) for number, chain in enumerate(chains))
        )
    assert chains == [crash_free.kills, *(outcome.kills for outcome in outcomes)]
    assert [] == crash_free.violations
    for outcome in outcomes:
        assert [] == compare(outcome, crash_free)
