"""Writing to readers who are live: once for all who want the same, in rounds, and never waiting for one of them."""

import asyncio
from contextlib import ExitStack, asynccontextmanager

import pytest

from orchestrator.api.live import BUFFER, PAGE, Live, Reader
from orchestrator.contract.event_filter import EventFilter
from orchestrator.domain.errors import StoreError
from tests.unit.api.rooms import FakeJournal

ALL = EventFilter()


class FakeWire:
    """Keeps what it takes."""

    def __init__(self) -> None:
        self.text = b""
        self.takes = True
        self.gone = False

    def take(self, parcel) -> bool:
        if self.takes:
            self.text += parcel.plain
        return self.takes

    def cut(self) -> None:
        self.gone = True

    @property
    def ids(self) -> list[int]:
        """The ids of the events, without the signs of life."""
        blocks = self.text.decode().split("\n\n")
        return [int(block.split("\n")[0].removeprefix("id: ")) for block in blocks if "data:" in block]


class Scene:
    def __init__(self, *, heartbeat=15.0) -> None:
        self.journal = FakeJournal()
        self.live = Live(self.journal, pace=0.0, heartbeat=heartbeat)

    def commit(self, *keys: str) -> None:
        self.live.offer(self.journal.commit(*keys))

    def reader(self, wanted=ALL) -> Reader:
        """Somebody who has seen everything so far, and is live."""
        reader = Reader(wanted, FakeWire(), cursor=len(self.journal.entries))
        assert self.live.join(reader)
        return reader

    async def until(self, condition) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0)


@asynccontextmanager
async def running(**given):
    scene = Scene(**given)
    loop = asyncio.create_task(scene.live.run())
    try:
        yield scene
    finally:
        loop.cancel()
        await asyncio.wait({loop})


def created(task: int, project: int = 1) -> str:
    return f"task.created.none.{project}.{task}"


ONLINE = "processing-node.status-changed.online.3"


async def test_each_gets_what_it_wants_and_nothing_from_before():
    async with running() as scene:
        scene.commit(created(1))
        wanted = {
            "all": ALL,
            "task": EventFilter(tasks=frozenset({2})),
            "project": EventFilter(projects=frozenset({7})),
            "type": EventFilter(types=frozenset({"processing-node.status-changed"})),
            "kept": ALL.kept_to(frozenset({7})),
            "nothing": EventFilter(projects=frozenset({1})).kept_to(frozenset({7})),
        }
        readers = {name: scene.reader(each) for name, each in wanted.items()}
        scene.commit(created(2), created(3, project=7), ONLINE)
        await scene.until(lambda: readers["all"].wire.ids == [2, 3, 4])
        assert {"all": [2, 3, 4], "task": [2], "project": [3], "type": [4], "kept": [3], "nothing": []} == {
            name: reader.wire.ids for name, reader in readers.items()
        }


async def test_an_event_is_written_as_the_standard_has_it():
    async with running() as scene:
        reader = scene.reader()
        scene.commit(ONLINE)
        await scene.until(lambda: reader.wire.ids)
        assert b"id: 1\nevent: processing-node.status-changed\ndata: {}\n\n" == reader.wire.text


async def test_one_that_does_not_take_a_round_is_put_out_and_the_others_go_on():
    async with running() as scene:
        slow, quick = scene.reader(), scene.reader()
        slow.wire.takes = False
        scene.commit(created(1), created(2))
        await slow.left.wait()
        await scene.until(lambda: quick.wire.ids == [1, 2])
        assert 0 == slow.cursor
        assert not scene.live.join(slow)


async def test_one_that_was_put_out_keeps_its_place_although_nothing_was_for_it():
    async with running() as scene:
        reader = scene.reader(EventFilter(tasks=frozenset({9})))
        other = scene.reader()
        scene.commit(created(1), created(2))
        await scene.until(lambda: other.wire.ids == [1, 2])
        reader.wire.takes = False
        scene.commit(created(9))
        await reader.left.wait()
        assert 2 == reader.cursor


async def test_what_another_daemon_committed_in_between_is_read_from_the_journal():
    async with running() as scene:
        reader = scene.reader()
        scene.commit(created(1))
        scene.journal.commit(created(2))
        scene.commit(created(3))
        await scene.until(lambda: reader.wire.ids == [1, 2, 3])


async def test_with_several_daemons_the_journal_is_looked_at():
    async with running() as scene:
        scene.live.stand(alone=False)
        reader = scene.reader()
        scene.journal.commit(*[created(number) for number in range(2 * PAGE + 5)])
        async with asyncio.timeout(10):
            while len(reader.wire.ids) < 2 * PAGE + 5:
                await asyncio.sleep(0.01)
        assert list(range(1, 2 * PAGE + 6)) == reader.wire.ids


async def test_more_than_fits_between_two_rounds_comes_from_the_journal():
    async with running() as scene:
        reader = scene.reader()
        scene.commit(*[created(number) for number in range(BUFFER)])
        scene.commit(created(1), created(2))
        await scene.until(lambda: len(reader.wire.ids) == BUFFER + 2)
        assert list(range(1, BUFFER + 3)) == reader.wire.ids


async def test_when_something_is_not_kept_any_more_readers_are_put_out_to_be_told():
    async with running() as scene:
        reader = scene.reader(EventFilter(tasks=frozenset({9})))
        scene.journal.commit(created(1), created(2), created(3))
        scene.journal.forgotten = 2
        scene.commit(created(4))
        await reader.left.wait()
        assert (0, b"") == (reader.cursor, reader.wire.text)


async def test_a_sign_of_life_carries_the_place_in_the_journal():
    async with running(heartbeat=0.05) as scene:
        reader, other = scene.reader(EventFilter(tasks=frozenset({9}))), scene.reader()
        scene.commit(created(1))
        await scene.until(lambda: b":\nid: 1\n\n" in reader.wire.text)
        reader.wire.takes = False
        async with asyncio.timeout(10):
            await reader.left.wait()
        assert 1 == reader.cursor
        assert not other.left.is_set()


async def test_a_store_that_is_away_is_asked_again(monkeypatch):
    async with running() as scene:
        reads, events = [], scene.journal.events

        async def failing(**given):
            reads.append(given)
            if len(reads) == 1:
                raise StoreError("away")
            return await events(**given)

        monkeypatch.setattr(scene.journal, "events", failing)
        reader = scene.reader()
        scene.commit(created(1))
        async with asyncio.timeout(10):
            while reader.wire.ids != [1]:
                await asyncio.sleep(0.01)


async def test_without_readers_an_offer_keeps_nothing():
    scene = Scene()
    scene.commit(created(1))
    assert ([], 1) == (scene.live._fresh, scene.live._head)


@pytest.mark.parametrize("count", [0, 3])
async def test_readers_are_counted_and_ended_in_order(count):
    scene = Scene()
    readers = [Reader(ALL, FakeWire(), cursor=0) for _ in range(count)]
    with ExitStack() as stack:
        for reader in readers:
            stack.enter_context(scene.live.following(reader))
            assert scene.live.join(reader)
        assert count == scene.live.followers
        await scene.live.end()
        assert [True] * count == [reader.ended and reader.left.is_set() for reader in readers]
    assert ({}, {}, 0) == (scene.live._readers, scene.live._filed, scene.live.followers)
