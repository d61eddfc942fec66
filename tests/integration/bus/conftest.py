"""The two buses, each in a bundle of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.bus.fakes import Bundle, memory_bundle, rabbit_bundle, remove


@pytest.fixture
async def rabbit(amqp_url: str, bus_prefix: str) -> AsyncIterator[Bundle]:
    yield rabbit_bundle(amqp_url, bus_prefix)
    await remove(amqp_url, bus_prefix)


@pytest.fixture(params=["memory", "rabbitmq"])
async def bundle(request: pytest.FixtureRequest) -> AsyncIterator[Bundle]:
    if request.param == "memory":
        yield memory_bundle()
        return
    url = request.getfixturevalue("amqp_url")
    prefix = request.getfixturevalue("bus_prefix")
    yield rabbit_bundle(url, prefix)
    await remove(url, prefix)
