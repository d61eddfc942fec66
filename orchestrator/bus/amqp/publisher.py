"""Everything that goes out: events, answers and dead letters, each confirmed on a channel of its own."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog

from orchestrator.bus import words
from orchestrator.bus.amqp import wire
from orchestrator.bus.amqp.confirms import Confirms, Parcel, Verdict
from orchestrator.bus.amqp.furniture import furnish
from orchestrator.bus.amqp.link import Session
from orchestrator.bus.amqp.replying import is_harmless
from orchestrator.bus.cancellation import bounded, honour_cancellation
from orchestrator.bus.port import DeadLetter, Reply
from orchestrator.bus.reasons import reasons
from orchestrator.contract import headers
from orchestrator.contract.events import traceparent_of, type_in
from orchestrator.contract.topology import Topology
from orchestrator.domain.errors import BusError
from orchestrator.domain.events import OutboxEntry

REPLY_DEADLINE = 30.0
TOGETHER, ALONE = 3, 1
"""How often answers are sent together, and how often each is repeated that was not taken by then."""
MEND_INTERVAL = 1.0
HEADERS_LIMIT = 64_000

log = structlog.get_logger()


class Publisher:
    """The publishing side of the bus. ``troubled`` hears a sentence when events are not taken, '' when they are."""

    def __init__(self, topology: Topology, *, deadline: float, troubled: Callable[[str], None]) -> None:
        self._topology = topology
        self._events_exchange = topology.events_exchange.name
        self._deadline = deadline
        self._troubled = troubled
        self._session: Session | None = None
        self._ready = asyncio.Event()
        self._missing = asyncio.Event()

    async def prepare(self, session: Session) -> None:
        """Open the channels on a new session."""
        self._furniture = await session.channel()
        await furnish(self._furniture, self._topology)
        self._events = await self._confirming(session)
        self._replies = await self._confirming(session)
        self._letters = await self._confirming(session)
        self._session = session
        self._missing.clear()
        self._ready.set()
        session.tell(self._blocked)
        session.lost.add_done_callback(lambda _: self._ready.clear())

    def publish(self, entries: Sequence[OutboxEntry]) -> asyncio.Future[list[int]]:
        """Send events; see the port."""
        loop = asyncio.get_running_loop()
        numbers: asyncio.Future[list[int]] = loop.create_future()
        if not self._ready.is_set():
            numbers.set_result([])
            return numbers
        try:
            verdicts = self._events.publish([self._event(entry) for entry in entries])
        except ValueError as error:
            self._troubled(f"An event does not fit into AMQP: {error}")
            numbers.set_result([])
            return numbers
        verdicts.add_done_callback(lambda done: self._judged(entries, done.result(), into=numbers))
        return numbers

    async def mend(self) -> None:
        """Declare again whatever a message found missing, until cancelled; if the broker refuses, the link breaks."""
        while True:
            await self._missing.wait()
            self._missing.clear()
            session = self._session
            if session is None or not session.alive:
                continue
            try:
                await bounded(furnish(self._furniture, self._topology), deadline=self._deadline, drop=_nothing)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 they all mean the same
                honour_cancellation()
                session.fail(f"queues could not be declared ({error})")
            await asyncio.sleep(MEND_INTERVAL)

    async def reply(self, replies: Sequence[Reply]) -> None:
        """Send answers; see the port.

        What takes the connection down with it is sent alone then, and given up when it does so again.
        """
        parcels = [_answer(reply) for reply in replies if is_harmless(reply.to)]
        try:
            async with asyncio.timeout(REPLY_DEADLINE):
                for _ in range(TOGETHER):
                    parcels = await self._send_replies(parcels)
                for parcel in parcels:
                    tries = 0
                    while (left := await self._send_replies([parcel])) and tries < ALONE:
                        tries += 1
                    if left:
                        log.warning(words.REPLY_DROPPED, count=1)
        except TimeoutError:
            raise BusError(f"The broker did not take {len(parcels)} answers within {REPLY_DEADLINE:g} s.") from None

    async def _send_replies(self, parcels: list[Parcel]) -> list[Parcel]:
        """Send answers once, when there is a connection, and give those that the broker did not take."""
        if not parcels:
            return []
        await self._ready.wait()
        return _left(parcels, await self._replies.publish(parcels))

    async def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
        """Put copies on the shelf; see the port."""
        if not self._ready.is_set():
            return [False] * len(letters)
        verdicts = await self._letters.publish([self._letter(letter) for letter in letters])
        if Verdict.UNROUTABLE in verdicts:
            self._missing.set()
        return [verdict is Verdict.CONFIRMED for verdict in verdicts]

    def _blocked(self, reason: str) -> None:
        self._troubled(f"The broker takes no messages just now ({reason})." if reason else "")

    async def _confirming(self, session: Session) -> Confirms:
        made: list[Confirms] = []

        def sink(number: int) -> Confirms:
            made.append(Confirms(session, number, deadline=self._deadline))
            return made[0]

        await session.channel(confirms=True, sink=sink)
        return made[0]

    def _event(self, entry: OutboxEntry) -> Parcel:
        trace = traceparent_of(entry.body)
        given = {headers.TRACEPARENT: trace} if trace else None
        kind = type_in(entry.routing_key)
        properties = wire.Properties(headers.CLOUDEVENT, headers=given, message_id=entry.id, type=kind)
        return Parcel(self._events_exchange, entry.routing_key, properties, entry.body)

    def _letter(self, letter: DeadLetter) -> Parcel:
        delivery = letter.delivery
        properties = wire.Properties(
            content_type=delivery.content_type,
            headers=_fitting_headers(letter),
            correlation_id=delivery.correlation_id,
            reply_to=None if letter.bare else delivery.reply_to,
            message_id=delivery.message_id,
            type=delivery.type,
            content_encoding=delivery.content_encoding,
            priority=delivery.priority,
            timestamp=delivery.timestamp,
            app_id=delivery.app_id,
        )
        return Parcel(self._topology.dead_letters_exchange.name, delivery.routing_key, properties, delivery.body)

    def _judged(
        self, entries: Sequence[OutboxEntry], verdicts: list[Verdict], *, into: asyncio.Future[list[int]]
    ) -> None:
        confirmed = [
            entry.number for entry, verdict in zip(entries, verdicts, strict=True) if verdict is Verdict.CONFIRMED
        ]
        if Verdict.UNROUTABLE in verdicts:
            self._missing.set()
            self._troubled(f"The broker has no queue for events ({self._events.last_return}); they wait.")
        elif Verdict.REFUSED in verdicts:
            self._troubled("The broker refused events; they wait.")
        elif len(confirmed) == len(entries):
            self._troubled("")
        if not into.done():
            into.set_result(confirmed)


def _nothing() -> None:
    """Stand where nothing is to be dropped: the session's failing does that."""


def _fitting_headers(letter: DeadLetter) -> dict[str, Any]:
    """Give the headers of a dead letter; the sender's own are left out where they do not fit or are none of AMQP's."""
    found = reasons(letter)
    if not letter.bare and wire.table_size(found) <= HEADERS_LIMIT:
        return found
    return reasons(replace(letter, delivery=replace(letter.delivery, headers={})))


def _answer(reply: Reply) -> Parcel:
    properties = wire.Properties(
        content_type=headers.JSON, delivery_mode=wire.TRANSIENT, correlation_id=reply.correlation_id
    )
    # Not mandatory: an answer that nobody waits for any more is dropped, and RabbitMQ returns even those it delivers
    # by direct reply-to.
    return Parcel("", reply.to, properties, reply.body, mandatory=False)


def _left(parcels: Sequence[Parcel], verdicts: Sequence[Verdict]) -> list[Parcel]:
    """Give what must be sent again."""
    return [parcel for parcel, verdict in zip(parcels, verdicts, strict=True) if verdict is not Verdict.CONFIRMED]
