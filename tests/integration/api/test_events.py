"""Live events over REST: Server-Sent Events, from a daemon on a real port."""

import asyncio
import json

import aiohttp
import pytest

from orchestrator.domain.commands import TaskKey, UpdateTask
from orchestrator.engine.ports import Order
from tests.integration.api.site import site
from tests.integration.api.streaming import DEADLINE, LONG_AGO, all_sent, following, until
from tests.integration.api.work import draft


async def test_events_are_the_cloudevents_of_the_bus_numbered_and_typed(daemon):
    async with following(daemon) as stream:
        task = await draft(daemon)
        event = await stream.event()
        assert ("1", "task.created") == (event["id"], event["event"])
        assert ("1.0", f"tasks/{task}", 1) == tuple(
            json.loads(event["data"])[name] for name in ("specversion", "subject", "sequence")
        )
        (stored,) = await daemon.app.store.events(after=0, limit=9)
        assert stored.body.decode() == event["data"]
        assert "2000" == stream.retry
        assert "no-store" == stream.response.headers["Cache-Control"]


async def test_who_comes_back_gets_what_was_missed_and_then_what_happens(daemon):
    for number in range(3):
        await draft(daemon, f"Field {number}")
    for resume in ({"query": "?last_event_id=1"}, {"query": "?last_event_id=3", "headers": {"Last-Event-ID": "1"}}):
        async with following(daemon, **resume) as stream:
            assert ["2", "3"] == [event["id"] for event in await stream.events(2)]
    async with following(daemon, "?last_event_id=2") as stream:
        await draft(daemon)
        assert ["3", "4"] == [event["id"] for event in await stream.events(2)]


async def test_nothing_is_missed_or_repeated_however_often_a_reader_comes_and_goes(daemon):
    seen: list[str] = []
    total, last = 120, "0"

    async def produce():
        for number in range(total):
            await draft(daemon, f"Field {number}")

    producing = asyncio.create_task(produce())
    while len(seen) < total:
        async with following(daemon, headers={"Last-Event-ID": last}) as stream:
            seen += [event["id"] for event in await stream.events(min(7, total - len(seen)))]
        last = seen[-1]
    await producing
    assert [str(number) for number in range(1, total + 1)] == seen


async def test_only_what_is_asked_for_comes(daemon):
    project = (await daemon.post("/projects/", json={"name": "North"}))[1]["id"]
    first, second = await draft(daemon), await draft(daemon, project=project)
    third = await draft(daemon, project=project)
    for query, expected in (
        (f"project={project}", [second, third]),
        (f"project={project}&task={second}", [second]),
        (f"task={first}&task={third}", [first, third]),
        (f"task={first},{third}&type=task.created", [first, third]),
        ("project=1,99", [first]),
    ):
        async with following(daemon, f"?last_event_id=0&{query}") as stream:
            subjects = [json.loads(event["data"])["subject"] for event in await stream.events(len(expected))]
            assert [f"tasks/{task}" for task in expected] == subjects
    async with following(daemon, f"?type=task.updated&project={project}") as stream:
        await draft(daemon, project=project)
        for task in (first, second):
            await daemon.app.engine.turn.settle([Order(UpdateTask(task=TaskKey(id=task), name="New"))])
        event = await stream.event()
        assert ("task.updated", f"tasks/{second}") == (event["event"], json.loads(event["data"])["subject"])


@pytest.mark.parametrize(
    ("query", "name"),
    [("task=x", "task"), ("project=0", "project"), ("project=1&project=-1", "project"), ("type=task.gone", "type"),
     ("last_event_id=first", "last_event_id"), ("task=99999999999999", "task")],
)  # fmt: skip
async def test_a_wrong_parameter_is_named(daemon, query, name):
    status, body = await daemon.get(f"/events?{query}")
    told = "A valid integer is required." if name != "type" else '"task.gone" is not a valid choice.'
    assert (400, {name: [told]}) == (status, body)


@pytest.mark.parametrize("given", ["2", "99", "1x", "-1", "9" * 40])
async def test_what_is_not_kept_any_more_is_told_as_a_gap(daemon, given):
    for _ in range(6):
        await draft(daemon)
    await all_sent(daemon)
    assert 3 == await daemon.app.store.forget_events(before=LONG_AGO, most=3)
    async with following(daemon, headers={"Last-Event-ID": given}) as stream:
        gap = await stream.event()
        told = given if given in {"2", "99"} else "?"
        assert ("gap", "6", {"last_event_id": told, "first_kept": 4}) == (
            gap["event"], gap["id"], json.loads(gap["data"])
        )  # fmt: skip
        await draft(daemon)
        assert "7" == (await stream.event())["id"]


async def test_the_stream_ends_in_order_when_the_daemon_stops(folder):
    async with site(folder) as daemon, following(daemon) as stream:
        await daemon.app.server.stop()
        assert b"" == await stream.ended()
        assert 0 == daemon.app.live.followers


async def test_a_reader_that_has_left_is_let_go(daemon, monkeypatch):
    async with following(daemon):
        await until(lambda: 1 == daemon.app.live.followers)
    for number in range(3):
        await draft(daemon, f"Field {number}")
    await until(lambda: 0 == daemon.app.live.followers)


async def test_a_client_of_http_1_0_reads_plain_lines(daemon):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(daemon.url.rpartition(":")[2]))
    try:
        writer.write(b"GET /api/events HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            headers = await reader.readuntil(b"\r\n\r\n")
            assert b"retry: 2000\n\n" == await reader.readuntil(b"\n\n")
            await draft(daemon)
            event = await reader.readuntil(b"\n\n")
    finally:
        writer.close()
        await writer.wait_closed()
    assert b"chunked" not in headers
    assert event.startswith(b"id: 1\nevent: task.created\ndata: {")


async def test_many_readers_get_the_same(daemon):
    async with asyncio.TaskGroup() as group, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        daemon.session, former = session, daemon.session
        tasks = [group.create_task(first_event(daemon)) for _ in range(50)]
        await until(lambda: 50 == daemon.app.live.followers)
        await draft(daemon)
        assert ["1"] * 50 == [(await task)["id"] for task in tasks]
        daemon.session = former


async def first_event(daemon):
    async with following(daemon) as stream:
        return await stream.event()
