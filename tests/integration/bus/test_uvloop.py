"""The bus on uvloop, the daemon's own event loop: its transports are none of asyncio's classes."""

import asyncio

import uvloop

from tests.integration.bus.fakes import WAIT, entry, rabbit_bundle, remove, take


def test_commands_and_events_pass_on_uvloop(amqp_url: str, bus_prefix: str):
    async def story() -> None:
        bundle = rabbit_bundle(amqp_url, bus_prefix)
        async with bundle.running("intake", "relay"), await bundle.connect() as client:
            events = await client.events()
            bundle.relay.offer(bundle.outbox.commit([entry(number) for number in range(1000)]))
            answers = await asyncio.gather(*(client.send("create-project", {"name": "Hillside"}) for _ in range(100)))
            assert [answer["ok"] for answer in answers] == [True] * 100
            assert await take(events, 1000) == list(range(1000))
            assert await bundle.relay.drain(WAIT)
            bundle.bus._consumer._session._tap.abort()
            bundle.bus._publisher._session._tap.abort()
            async with asyncio.timeout(WAIT):
                await bundle.bus.until(lambda state: not state.consuming and not state.publishing)
            await bundle.connected()
            assert (await client.send("create-project", {"name": "Hillside"}))["ok"]
            await events.close()
        await remove(amqp_url, bus_prefix)

    uvloop.run(story())
