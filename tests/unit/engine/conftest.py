"""An engine among fakes for each test."""

import pytest
from structlog.testing import capture_logs

from tests.unit.engine.bundle import running


@pytest.fixture(autouse=True)
def logs():
    """What was logged: words of each event, for those who ask."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
async def bundle():
    async with running() as bundle:
        yield bundle
