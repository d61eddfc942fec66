"""A daemon with its REST API for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.api.guarded import Guarded
from tests.integration.api.site import Site, site


@pytest.fixture
async def daemon(folder) -> AsyncIterator[Site]:
    """A daemon without a processing node."""
    async with site(folder) as running:
        yield running


@pytest.fixture
def guarded(daemon, folder) -> Guarded:
    """That daemon, and the way to make tokens for it."""
    return Guarded(daemon, folder)
