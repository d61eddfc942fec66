"""A browser with a window for each test, and a daemon to look at."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.browser.visitor import PATIENCE, Visitor, visiting
from tests.integration.api.site import Site, site

expect.set_options(timeout=PATIENCE)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium) -> AsyncIterator[Browser]:
    """A browser that all tests share, each with windows of its own: so they share an event loop as well."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium, timeout=PATIENCE)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def node(request) -> AsyncIterator[SimulatedNode]:
    """A processing node that is quick, or as slow as an indirect parameter says, in seconds."""
    seconds = getattr(request, "param", 0.5)
    async with SimulatedNode(SimulatedNodeOptions(port=0, seconds=seconds, seed=7)) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def daemon(folder, node) -> AsyncIterator[Site]:
    """A daemon with that node."""
    async with site(folder, node=node) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser, daemon) -> AsyncIterator[Visitor]:
    """A person with a browser, who has not opened the page yet."""
    async with visiting(browser, daemon.url) as person:
        yield person
