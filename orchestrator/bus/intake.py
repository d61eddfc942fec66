"""Commands in: taken by the batch, settled in one call, answered, and only then acknowledged."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from orchestrator.bus import words
from orchestrator.bus.burial import Burial
from orchestrator.bus.patience import Patience
from orchestrator.bus.port import Bus, DeadLetter, Delivery, Reply
from orchestrator.bus.reading import MAX_MESSAGE_BYTES, read
from orchestrator.domain.errors import StoreError
from orchestrator.domain.problem import Problem, internal
from orchestrator.engine.ports import Clock, Desk, Order, Rejected, Renderer, Settled

BATCH = 500
LINGER = 0.002
"""Seconds to wait for more once something came: halves the CPU per command at a few hundred a second."""
STOP_DEADLINE = 5.0
POISONOUS = "The daemon failed on this command; its log says why."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A delivery that was understood."""

    delivery: Delivery
    order: Order


_Fate = tuple[Delivery, Settled | Problem]


class Intake:
    """Moves commands from the bus to the desk. ``settled`` and ``refused`` count them."""

    def __init__(
        self,
        bus: Bus,
        desk: Desk,
        *,
        renderer: Renderer,
        clock: Clock,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        linger: float = LINGER,
        patience: Patience | None = None,
    ) -> None:
        self.settled = 0
        self.refused = 0
        self._bus = bus
        self._desk = desk
        self._renderer = renderer
        self._clock = clock
        self._max_message_bytes = max_message_bytes
        self._linger = linger
        self._stop_deadline = STOP_DEADLINE
        self._patience = patience or Patience()
        self._burial = Burial(bus, patience=self._patience)
        self._stopping = False

    async def run(self) -> None:
        """Work until cancelled; the batch in hand is finished first."""
        self._stopping = False
        async with asyncio.TaskGroup() as group:
            group.create_task(self._burial.run())
            while True:
                deliveries = await self._bus.take(BATCH, linger=self._linger)
                await self._finish(self._work(deliveries))

    async def _finish(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stopping = True
            await asyncio.wait([task], timeout=self._stop_deadline)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise

    async def _work(self, deliveries: Sequence[Delivery]) -> None:
        fates: list[_Fate] = []
        try:
            entries = self._understand(deliveries, refused=fates)
            fates += await self._settle(entries)
        finally:
            self._hand_back(deliveries, fates)
        await self._answer(fates)
        self._bus.acknowledge([delivery for delivery, fate in fates if isinstance(fate, Settled)])
        for delivery, fate in fates:
            if isinstance(fate, Problem):
                self._burial.add(DeadLetter(delivery, fate, self._clock.now()))

    def _understand(self, deliveries: Sequence[Delivery], *, refused: list[_Fate]) -> list[_Entry]:
        entries = []
        for delivery in deliveries:
            try:
                command = read(delivery, max_message_bytes=self._max_message_bytes)
            except Exception:
                log.exception(words.COMMAND_POISONOUS, command=_plain(delivery.name))
                command = internal(POISONOUS)
            if isinstance(command, Problem):
                self._note(delivery, command)
                refused.append((delivery, command))
            else:
                entries.append(_Entry(delivery, Order(command, delivery.message_id, delivery.traceparent or "")))
        return entries

    def _hand_back(self, deliveries: Sequence[Delivery], fates: Sequence[_Fate]) -> None:
        """Give back what a stop left untouched."""
        known = {id(delivery) for delivery, _ in fates}
        if left := [delivery for delivery in deliveries if id(delivery) not in known]:
            self._bus.give_back(left)

    async def _settle(self, entries: list[_Entry]) -> list[_Fate]:
        """Settle in one call; what the daemon itself fails on is halved until it stands alone.

        Entries whose delivery is no longer ours are left out of a repeat: they come again.
        """
        try:
            settled = await self._settle_patiently(entries)
        except Exception as error:
            if len(entries) == 1:
                delivery = entries[0].delivery
                log.exception(words.COMMAND_POISONOUS, command=delivery.name, message_id=delivery.message_id)
                problem = internal(POISONOUS)
                self._note(delivery, problem)
                return [(delivery, problem)]
            log.warning(words.BATCH_HALVED, size=len(entries), error=repr(error))
            middle = len(entries) // 2
            return await self._settle(entries[:middle]) + await self._settle(entries[middle:])
        self.settled += len(settled)
        return settled

    async def _settle_patiently(self, entries: list[_Entry]) -> list[_Fate]:
        failures = 0
        while entries and not self._stopping:
            try:
                settled = await self._desk.settle([entry.order for entry in entries])
            except StoreError as error:
                failures += 1
                if failures == 1:
                    log.warning(words.STORE_AWAY, problem=str(error), waiting=len(entries))
                await asyncio.sleep(self._patience.delay(failures))
                entries = [entry for entry in entries if self._bus.holds(entry.delivery)]
                continue
            if failures:
                log.info(words.STORE_BACK, failures=failures)
            return [(entry.delivery, answer) for entry, answer in zip(entries, settled, strict=True)]
        return []

    async def _answer(self, fates: Sequence[_Fate]) -> None:
        try:
            replies = [
                Reply(delivery.reply_to, delivery.correlation_id, self._body(delivery, fate))
                for delivery, fate in fates
                if delivery.reply_to
            ]
            if replies:
                await self._bus.reply(replies)
        except Exception as error:  # noqa: BLE001 an answer that fails must not undo or repeat what was settled
            # The answer is stored under its message id: asking again gives it.
            log.warning(words.REPLIES_FAILED, problem=str(error) or repr(error))

    def _body(self, delivery: Delivery, fate: Settled | Problem) -> bytes:
        if isinstance(fate, Settled):
            return fate.answer
        return self._renderer.answer(Rejected(_plain(delivery.name), fate))

    def _note(self, delivery: Delivery, problem: Problem) -> None:
        self.refused += 1
        log.warning(
            words.COMMAND_REFUSED,
            command=_plain(delivery.name),
            message_id=_plain(delivery.message_id or "") or None,
            problem=problem.type,
            detail=problem.detail,
        )


def _plain(text: str) -> str:
    """Give a stranger's text as text that any encoder takes."""
    return text.encode("utf-8", "replace").decode()
