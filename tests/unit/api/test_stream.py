"""The live stream over HTTP."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web

from orchestrator.api.control import control_application
from orchestrator.api.feed import Feed
from orchestrator.api.stream import EventStreams
from tests.unit.api.rooms import FakeRooms
from tests.unit.api.samples import an_entry


async def lines(response, count):
    found: list[dict] = []
    while len(found) < count:
        line = await response.content.readline()
        if line.strip():
            found.append(json.loads(line))
    return found


async def test_events_come_as_lines_of_json(window, rooms):
    async with window.session.get("http://control/events?pattern=task.%23") as response:
        assert (200, "application/x-ndjson") == (response.status, response.content_type)
        assert b"\n" == await response.content.readline()
        rooms.feed.offer([an_entry(1), an_entry(2, routing_key="processing-node.status-changed.online.1"), an_entry(3)])
        assert [{"sequence": 1}, {"sequence": 3}] == await lines(response, 2)
    rooms.feed.offer([an_entry(4)])


async def test_a_wrong_pattern_is_named(window):
    status, answer = await window.get("/events?pattern=")
    assert (422, "pattern") == (status, answer["error"]["errors"][0]["field"])


async def test_a_reader_that_has_left_is_let_go(window, rooms):
    async with window.session.get("http://control/events") as response:
        await response.content.readline()
        assert 1 == rooms.feed.subscribers
    while rooms.feed.subscribers:
        rooms.feed.offer([an_entry(1)])
        await asyncio.sleep(0.001)


@pytest.fixture
async def serve(folder):
    """Serves an application on a socket; gives a session to it and its runner."""
    runners = []
    sessions = []

    async def start(application):
        runner = web.AppRunner(application, shutdown_timeout=1)
        await runner.setup()
        await web.UnixSite(runner, str(folder / "s")).start()
        runners.append(runner)
        sessions.append(aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(folder / "s"))))
        return sessions[-1], runner

    yield start
    for session in sessions:
        await session.close()
    for runner in runners:
        await runner.cleanup()


async def test_a_reader_that_falls_behind_is_cut_without_an_orderly_end(serve):
    rooms = FakeRooms(feed=Feed(limit=2))
    session, _ = await serve(control_application(rooms.ports()))
    async with session.get("http://control/events") as response:
        await response.content.readline()
        rooms.feed.offer([an_entry(number) for number in range(3)])
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.read()


async def test_a_reader_that_takes_nothing_is_cut(serve):
    rooms = FakeRooms()
    streams = EventStreams(rooms.feed.subscribe, taking=0.05)
    session, _ = await serve(control_application(rooms.ports(), streams=streams))
    async with session.get("http://control/events", read_bufsize=1024) as response:
        await response.content.readline()
        rooms.feed.offer([an_entry(number, body=b" " * 1_000_000) for number in range(20)])
        while rooms.feed.subscribers:
            await asyncio.sleep(0.001)


async def test_a_silent_stream_shows_that_it_is_alive(serve):
    rooms = FakeRooms()
    session, _ = await serve(
        control_application(rooms.ports(), streams=EventStreams(rooms.feed.subscribe, heartbeat=0.01))
    )
    async with session.get("http://control/events") as response:
        assert [b"\n"] * 3 == [await response.content.readline() for _ in range(3)]
        rooms.feed.offer([an_entry(1)])
        assert [{"sequence": 1}] == await lines(response, 1)


async def test_a_stop_ends_streams_in_order_and_at_once(serve):
    rooms = FakeRooms()
    session, runner = await serve(control_application(rooms.ports()))
    async with session.get("http://control/events") as response:
        await response.content.readline()
        stopping = asyncio.ensure_future(runner.cleanup())
        assert b"" == await response.content.read()
        await stopping


async def test_a_feed_that_closes_ends_streams_in_order(window, rooms):
    async with window.session.get("http://control/events") as response:
        await response.content.readline()
        rooms.feed.offer([an_entry(1)])
        rooms.feed.close()
        assert b'{"sequence":1}\n' == await response.content.read()
