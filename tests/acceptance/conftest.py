"""A service that the tests of a module share, since it takes a second to start; each test must leave it unharmed."""

import os

import pytest
import pytest_asyncio

from tests.acceptance.service import Service, service


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share a service on one worker of pytest-xdist: else each would start its own."""
    for item in items:
        if "shared" in getattr(item, "fixturenames", []):
            item.add_marker(pytest.mark.xdist_group(item.path.name))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(amqp_url: str):
    """A running service with a node that is online."""
    async with service(amqp_url) as running:
        await running.client.event(lambda it: it["type"] == "processing-node.status-changed", what="the node online")
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def unharmed(shared: Service):
    """The shared service; before and after the test good commands are served, and nothing is in the log at error."""
    await shared.serves()
    shared.complaints()
    yield shared
    await shared.serves()
    assert [] == shared.complaints()


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets no setting of whoever runs the tests get into them."""
    for name in [name for name in os.environ if name.startswith("ORCHESTRATOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ORCHESTRATOR_CONFIG", os.devnull)
