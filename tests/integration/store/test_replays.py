"""Replays of dead letters stay on record, on every database, whatever words they hold."""

from dataclasses import replace

import pytest

from orchestrator.domain.dead_letters import Outcome, Replay
from orchestrator.store import SqlStore, open_store
from tests.integration.store.databases import InFile, InMemory, OnServer
from tests.integration.store.rows import MINUTE, NOON


def a_replay(letter: str = "k7fm2q9d", **fields) -> Replay:
    given = {"at": NOON, "by": "anna", "command": "create-task", "message_id": "m", "edited": True}
    return Replay(letter=letter, **(given | fields))


class Keeping:
    async def test_a_replay_is_there_before_and_after_it_ends(self, store: SqlStore):
        replay = a_replay()
        number = await store.begin_replay(replay)
        begun = await store.replays_of({"k7fm2q9d"})
        await store.end_replay(number, outcome=Outcome.ACCEPTED, detail="task 134")
        ended = await store.replays_of({"k7fm2q9d"})

        assert (replace(replay, number=number),) == begun
        assert (replace(replay, number=number, outcome=Outcome.ACCEPTED, detail="task 134"),) == ended

    async def test_replays_are_found_by_letter_and_listed_by_page(self, store: SqlStore):
        for minute in range(5):
            await store.begin_replay(a_replay(f"letter-{minute % 2}", at=NOON + minute * MINUTE, edited=False))
        of = await store.replays_of({"letter-1", "letter-9"})
        assert [NOON + MINUTE, NOON + 3 * MINUTE] == [replay.at for replay in of]
        assert () == await store.replays_of(set())
        page = await store.replays(limit=2, offset=1)
        assert [NOON + 3 * MINUTE, NOON + 2 * MINUTE] == [replay.at for replay in page]

    @pytest.mark.parametrize("text", ["\0", "\ud800", "\x1b[2J", "日本 \U0001f600", "x" * 100_000])
    async def test_no_word_of_a_stranger_keeps_a_replay_out(self, store: SqlStore, text: str):
        number = await store.begin_replay(a_replay(command=text, message_id=text, by=text))
        await store.end_replay(number, outcome=Outcome.REFUSED, detail=text)
        (kept,) = await store.replays_of({"k7fm2q9d"})
        expected = text.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
        assert {expected} == {kept.command, kept.message_id, kept.by, kept.detail}


class TestInFile(InFile, Keeping):
    async def test_they_outlive_the_daemon(self, url: str):
        async with open_store(url, migrate=True) as store:
            number = await store.begin_replay(a_replay())
        async with open_store(url) as store:
            assert [number] == [replay.number for replay in await store.replays(limit=10, offset=0)]


class TestInMemory(InMemory, Keeping):
    pass


class TestOnServer(OnServer, Keeping):
    pass
