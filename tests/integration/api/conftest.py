"""A daemon with its REST API for each test."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration.api.guarded import Guarded
from tests.integration.api.site import Site, site


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="orc") as path:
        yield Path(path)


@pytest.fixture
async def daemon(folder) -> AsyncIterator[Site]:
    """A daemon without a processing node."""
    async with site(folder) as running:
        yield running


@pytest.fixture
def guarded(daemon, folder) -> Guarded:
    """That daemon, and the way to make tokens for it."""
    return Guarded(daemon, folder)
