"""The shelf of dead letters, for people: look, send again, throw away. Doors show it; the bus keeps it.

A replay is settled by the same desk as every command, here and now, so that the person sees what becomes of it. The
letter leaves the shelf only after that was committed; whatever happens in between, it is replayed under the same
message id and takes effect once. See ``docs/decisions/0008-dead-letters-stay-with-the-broker.md``.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

import structlog

from orchestrator.bus import words
from orchestrator.bus.letters import letter_of
from orchestrator.bus.port import Bus, Delivery, Shelf
from orchestrator.bus.reading import MAX_MESSAGE_BYTES, read
from orchestrator.domain.dead_letters import Change, Letter, LetterPage, Outcome, Replay, id_fits, plain_id, replay_id
from orchestrator.domain.errors import AmbiguousLetter, NoSuchLetter
from orchestrator.domain.problem import Problem
from orchestrator.engine.ports import Clock, Desk, Order, ReplayBook

SURE = 16
"""Letters that are certainly gone once they are removed. RabbitMQ's channels hold back what exceeds 32 commands to a
quorum queue that were not answered, and drop it when they are closed."""

log = structlog.get_logger()


class DeadLetters:
    """What people do with dead letters. One of them at a time: what is looked at is out of others' sight."""

    def __init__(
        self, bus: Bus, desk: Desk, book: ReplayBook, *, clock: Clock, max_message_bytes: int = MAX_MESSAGE_BYTES
    ) -> None:
        self._bus = bus
        self._desk = desk
        self._book = book
        self._clock = clock
        self._max_message_bytes = max_message_bytes
        self._turn = asyncio.Lock()

    async def page(self, *, limit: int, offset: int = 0) -> LetterPage:
        """Give a page of letters, latest first. Raises ``BusError``, ``StoreError``."""
        now = self._clock.now()
        async with self._looking() as shelf:
            found = [replace(letter_of(delivery), body=b"") async for delivery in shelf]
        found.sort(key=lambda letter: (letter.at is not None, letter.at or now, letter.id), reverse=True)
        wanted = tuple(found[offset : offset + limit])
        replays = await self._book.replays_of({letter.id for letter in wanted})
        counts = Counter(replay.letter for replay in replays)
        return LetterPage(letters=wanted, replayed=dict(counts), total=shelf.total, looked_at=len(found), at=now)

    async def show(self, typed: str) -> tuple[Letter | None, tuple[Replay, ...]]:
        """Give a letter and its replays; of one that is off the shelf, only these.

        Raises ``NoSuchLetter``, ``AmbiguousLetter``, ``BusError``, ``StoreError``.
        """
        async with self._looking() as shelf:
            found = await self._named(shelf, [typed])
        letter = next((letter for _, letter in found), None)
        replays = await self._book.replays_of({letter.id if letter else plain_id(typed)})
        if letter is None and not replays:
            raise _no_such(typed, shelf)
        return letter, replays

    async def replay(self, typed: Sequence[str], *, by: str, change: Change | None = None) -> list[Replay]:
        """Send letters again, the oldest first, and say what became of each; an accepted one is off the shelf.

        Raises ``NoSuchLetter`` and ``AmbiguousLetter`` before anything happens; ``BusError``, ``StoreError``.
        """
        ended: dict[str, Replay] = {}
        async with self._looking() as shelf:
            found = await self._named(shelf, typed)
            self._all_there(typed, found, shelf)
            for delivery, letter in sorted(found, key=lambda pair: (pair[1].at is not None, pair[1].at, pair[0].tag)):
                if letter.id not in ended:
                    ended[letter.id] = await self._replay(delivery, letter, by=by, change=change or Change())
                if ended[letter.id].outcome is Outcome.ACCEPTED:
                    await shelf.remove([delivery])
        replays = list(ended.values())
        await self._see_off({it.letter for it in replays if it.outcome is Outcome.ACCEPTED})
        return replays

    async def replays(self, *, limit: int, offset: int = 0) -> tuple[Replay, ...]:
        """Give what was replayed, newest first. Raises ``StoreError``."""
        return await self._book.replays(limit=limit, offset=offset)

    async def purge(self, typed: Sequence[str], *, by: str) -> int:
        """Throw letters away, and give how many. Raises ``NoSuchLetter`` before anything happens, ``BusError``."""
        async with self._looking() as shelf:
            found = await self._named(shelf, typed)
            self._all_there(typed, found, shelf)
            await self._throw_away(shelf, found, by=by)
        await self._see_off({letter.id for _, letter in found})
        return len(found)

    async def purge_all(self, *, until: datetime, by: str) -> int:
        """Throw away what was put aside by then, and give how many. Raises ``BusError``."""
        count, left = 0, True
        while left:
            async with self._looking() as shelf:
                every = [(delivery, replace(letter_of(delivery), body=b"")) async for delivery in shelf]
                old = [(delivery, letter) for delivery, letter in every if letter.at is None or letter.at <= until]
                await self._throw_away(shelf, old, by=by)
            await self._see_off({letter.id for _, letter in old})
            count += len(old)
            left = bool(old) and shelf.total > len(every)
        return count

    async def _throw_away(self, shelf: Shelf, found: Sequence[tuple[Delivery, Letter]], *, by: str) -> None:
        await shelf.remove([delivery for delivery, _ in found])
        if found:
            log.warning(words.DEAD_LETTERS_PURGED, count=len(found), by=by, letters=[it.id for _, it in found[:100]])

    async def _see_off(self, gone: Collection[str]) -> None:
        """Remove until nothing is left to remove: of many acknowledgements, a broker that is closed forgets some."""
        back = len(gone) > SURE
        while back:
            async with self._looking() as shelf:
                found = [delivery async for delivery in shelf if letter_of(delivery).id in gone]
                await shelf.remove(found)
                back = len(found) > SURE

    async def _replay(self, delivery: Delivery, letter: Letter, *, by: str, change: Change) -> Replay:
        earlier = await self._book.replays_of({letter.id})
        rejected = sum(it.outcome is Outcome.REJECTED for it in earlier)
        message = _changed(delivery, letter, change)
        message.message_id = replay_id(letter, rejected=rejected, fresh=change.new_message_id)
        begun = Replay(
            letter=letter.id, at=self._clock.now(), by=by, command=message.name, message_id=message.message_id,
            edited=change.edits,
        )  # fmt: skip
        # Before anything happens: there is no replay without a record, even if the daemon dies in it.
        number = await self._book.begin_replay(begun)
        outcome, detail = await self._settle(message)
        await self._book.end_replay(number, outcome=outcome, detail=detail)
        log.info(words.DEAD_LETTER_REPLAYED, letter=letter.id, by=by, outcome=outcome.value, detail=detail)
        return replace(begun, number=number, outcome=outcome, detail=detail)

    async def _settle(self, message: Delivery) -> tuple[Outcome, str]:
        command = read(message, max_message_bytes=self._max_message_bytes)
        if isinstance(command, Problem):
            return Outcome.REFUSED, command.detail
        (settled,) = await self._desk.settle([Order(command, message.message_id, message.traceparent or "")])
        return _told(settled.answer, accepted=settled.accepted, repeated=settled.repeated)

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[Shelf]:
        async with self._turn, self._bus.shelf() as shelf:
            yield shelf

    async def _named(self, shelf: Shelf, typed: Sequence[str]) -> list[tuple[Delivery, Letter]]:
        """Find letters by what was typed of their ids; twins, which are alike in all, come together."""
        found = []
        async for delivery in shelf:
            letter = letter_of(delivery)
            if any(id_fits(one, letter.id) for one in typed):
                found.append((delivery, letter))
        for one in typed:
            fitting = sorted({letter.id for _, letter in found if id_fits(one, letter.id)})
            if len(fitting) > 1 and plain_id(one) not in fitting:
                raise AmbiguousLetter(f"{one} is the beginning of several ids: {', '.join(fitting[:10])}.")
        return found

    def _all_there(self, typed: Sequence[str], found: Collection[tuple[Delivery, Letter]], shelf: Shelf) -> None:
        for one in typed:
            if not any(id_fits(one, letter.id) for _, letter in found):
                raise _no_such(one, shelf)


def _no_such(typed: str, shelf: Shelf) -> NoSuchLetter:
    many = f" among the first {shelf.most:,} of {shelf.total:,}" if shelf.total > shelf.most else ""
    return NoSuchLetter(f"There is no dead letter {typed}{many}.")


def _changed(delivery: Delivery, letter: Letter, change: Change) -> Delivery:
    """Give the message as it was before it died, with what is to be changed about it."""
    message = replace(delivery, exchange=letter.exchange, routing_key=letter.routing_key)
    if change.body is not None:
        message.body = change.body
    if change.command is not None:
        message.type = message.routing_key = change.command
    return message


def _told(answer: bytes, *, accepted: bool, repeated: bool) -> tuple[Outcome, str]:
    """Say in a sentence what the answer to a command says."""
    said = json.loads(answer)
    again = "answered before under this message id, so nothing changed: " if repeated else ""
    if not accepted:
        return Outcome.REJECTED, again + str(said["error"]["detail"])
    subject = next(((name, said[name]["id"]) for name in ("task", "project", "processing_node") if name in said), None)
    about = f"{subject[0].replace('_', ' ')} {subject[1]}" if subject else str(said["command"])
    return Outcome.ACCEPTED, again + about
