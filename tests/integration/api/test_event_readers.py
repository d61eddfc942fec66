"""Readers of the stream who are slow, kept to projects, or at one of several daemons."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from dataclasses import replace
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import web

from orchestrator.api.live import Live, Reader
from orchestrator.api.rest import events
from orchestrator.api.rest.application import rest_application
from orchestrator.api.rest.events import Events
from orchestrator.contract.event_filter import EventFilter
from orchestrator.domain.access import EVERYONE, Caller, Role
from orchestrator.store import upgrade
from tests.integration.api.site import Site, site
from tests.integration.api.streaming import following, until
from tests.integration.api.work import draft
from tests.unit.api.rooms import FakeJournal, FakeRooms

KEPT_TO_7 = Caller(name="north", role=Role.VIEWER, projects=frozenset({7}))


@asynccontextmanager
async def served(*, caller=KEPT_TO_7, **given):
    """The endpoint alone, over a journal of our own."""
    journal = FakeJournal()
    live = Live(journal, pace=0.0)
    ports = replace(FakeRooms().rest_ports(), journal=journal, live=live)

    async def authenticate(_):
        return caller

    application = web.Application()
    application.add_subapp("/api", rest_application(Events(ports, **given).routes(), authenticate=authenticate))
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    loop = asyncio.create_task(live.run())
    try:
        async with aiohttp.ClientSession() as session:
            daemon = Site(None, session, f"http://127.0.0.1:{runner.addresses[0][1]}")
            daemon.commit = lambda *keys: live.offer(journal.commit(*keys))
            yield daemon, journal, live
    finally:
        loop.cancel()
        await asyncio.wait({loop})
        await live.end()
        await runner.cleanup()


@pytest.mark.parametrize("query", ["", "?project=7,8", "?last_event_id=0"])
async def test_who_is_kept_to_projects_sees_their_events_alone(query):
    async with served() as (daemon, _, live), following(daemon, query) as stream:
        await until(lambda: live.followers)
        daemon.commit("task.created.none.8.1", "processing-node.status-changed.online.3", "task.created.none.7.2")
        assert "3" == (await stream.event())["id"]


async def test_who_asks_for_what_does_not_exist_for_him_sees_nothing():
    async with served() as (daemon, _, live), following(daemon, "?project=8") as stream:
        await until(lambda: live.followers)
        daemon.commit("task.created.none.8.1", "task.created.none.7.2")
        await live.end()
        assert b"" == await stream.ended()


async def test_who_follows_a_few_tasks_catches_up_without_reading_the_journal_through():
    async with served(caller=EVERYONE) as (daemon, journal, live):
        daemon.commit(*("task.created.none.8.1" for _ in range(1200)), "task.created.none.7.2")
        assert live.join(Reader(EventFilter(tasks=frozenset({9})), Mock(gone=False), cursor=1201))
        async with following(daemon, "?last_event_id=0&task=1,2,3") as stream:
            assert [str(number) for number in range(1, 1202)] == [event["id"] for event in await stream.events(1201)]
        assert {1201} >= set(journal.read_after)


async def test_who_follows_a_task_is_told_if_something_goes_while_the_journal_is_read():
    async with served(caller=EVERYONE) as (daemon, journal, live):
        daemon.commit(*["task.created.none.8.1"] * 6)
        assert live.join(Reader(EventFilter(tasks=frozenset({9})), Mock(gone=False), cursor=6))
        read = journal.events_of

        async def forgetting(*given, **limits):
            journal.forgotten = 3
            return await read(*given, **limits)

        journal.events_of = forgetting
        async with following(daemon, "?last_event_id=1&task=1") as stream:
            gap = await stream.event()
        told = {"last_event_id": "1", "first_kept": 4}
        assert ("gap", "6", told) == (gap["event"], gap["id"], json.loads(gap["data"]))


async def test_a_stream_ends_in_order_when_its_time_is_over():
    async with served(lifetime=0.05) as (daemon, _, live), following(daemon) as stream:
        assert b"" == await stream.ended()
        await until(lambda: 0 == live.followers)


async def test_one_who_reads_nothing_is_cut_off_and_resumes_later(monkeypatch):
    async with served(caller=replace(KEPT_TO_7, projects=None), taking=0.2) as (daemon, journal, live):
        with socket.create_connection(("127.0.0.1", int(daemon.url.rpartition(":")[2]))) as idle:
            idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            idle.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await until(lambda: 1 == live.followers)
            large = replace(journal.commit("task.created.none.7.1")[0], body=b'"%b"' % (b"x" * 20_000))
            journal.entries = [replace(large, number=number) for number in range(1, 1001)]
            live.offer(journal.entries)
            await until(lambda: 0 == live.followers)
        async with following(daemon, headers={"Last-Event-ID": "997"}) as stream:
            assert ["998", "999", "1000"] == [event["id"] for event in await stream.events(3)]


async def test_there_may_be_so_many_readers_and_no_more(monkeypatch):
    monkeypatch.setattr(events, "MOST_READERS", 1)
    async with served() as (daemon, _, live), following(daemon):
        await until(lambda: 1 == live.followers)
        status, body = await daemon.get("/events")
        assert (503, "There are 1 readers already; try again later.") == (status, body["detail"])


async def test_readers_of_each_of_several_daemons_see_what_all_commit(folder, postgres_url):
    await upgrade(postgres_url)
    timing = {"store": {"url": postgres_url, "lease_ttl": 1.0}}
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    async with site(folder / "a", **timing) as first, site(folder / "b", **timing) as second:
        await until(lambda: not first.app.live._alone and not second.app.live._alone)
        async with following(first) as one, following(second) as other:
            made = [await draft(daemon, f"Field {n}") for n, daemon in enumerate((first, second, second, first))]
            for stream in (one, other):
                found = [json.loads(event["data"])["subject"] for event in await stream.events(4)]
                assert [f"tasks/{task}" for task in made] == found
