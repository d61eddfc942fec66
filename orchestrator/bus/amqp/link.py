"""One supervised connection: lost, it is made anew, and all that was set up on it is set up again."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog
from aiormq.abc import AbstractChannel
from aiormq.connection import Connection

from orchestrator.bus import words
from orchestrator.bus.amqp import wire
from orchestrator.bus.amqp.address import Address
from orchestrator.bus.amqp.tap import Sink, Tap, TappedTransport
from orchestrator.bus.amqp.wording import said
from orchestrator.bus.cancellation import bounded, honour_cancellation
from orchestrator.bus.patience import Patience
from orchestrator.domain.errors import BusError

CLOSE_DEADLINE = 3.0
STABLE_AFTER = 5.0
"""Seconds after which a connection counts as good: one that falls sooner makes the next wait longer."""

# aiormq tells of every failed attempt, with a traceback. The link tells of every change, once.
logging.getLogger("aiormq").setLevel(logging.CRITICAL)

_numbers = itertools.count(1)
log = structlog.get_logger()
T = TypeVar("T")


class Session:
    """One connection while it lives. ``lost`` is set when it does no longer, with words that follow a colon."""

    def __init__(self, connection: Connection, tap: Tap) -> None:
        self.number = next(_numbers)
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.blocked = ""
        self._blocked: Callable[[str], None] = lambda _: None
        self._connection = connection
        self._tap = tap
        tap.tell(self.fail)
        tap.route(0, self)
        connection.closing.add_done_callback(self._closed)

    @property
    def frame_max(self) -> int:
        """The largest frame in bytes."""
        return self._connection.connection_tune.frame_max or 131_072

    @property
    def alive(self) -> bool:
        """Whether anything written may still arrive."""
        return not self.lost.done()

    async def channel(self, *, confirms: bool = False, sink: Callable[[int], Sink] | None = None) -> AbstractChannel:
        """Open a channel; ``sink`` is made with its number and sees its frames first."""
        channel = await self._connection.channel(publisher_confirms=confirms)
        channel.closing.add_done_callback(self._channel_closed)
        if sink is not None:
            self._tap.route(channel.number, sink(channel.number))
        return channel

    def tell(self, blocked: Callable[[str], None]) -> None:
        """Have it told when the broker takes no messages, with its reason, and '' when it does again."""
        self._blocked = blocked

    def write(self, data: bytes) -> None:
        """Write whole frames, in order; what a lost connection is given is gone."""
        self._tap.write(data)

    def hold(self) -> None:
        """Read no more than a trickle until released."""
        self._tap.hold()

    def release(self) -> None:
        """Read again."""
        self._tap.release()

    def fail(self, why: str) -> None:
        """Give the connection up; the link makes a new one."""
        if not self.lost.done():
            self.lost.set_result(why)

    async def close(self) -> None:
        """Say goodbye if there is somebody to say it to."""
        self.fail("the connection was closed")
        try:
            await bounded(self._connection.close(), deadline=CLOSE_DEADLINE, drop=self._tap.abort)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 it is over in any case
            honour_cancellation()
        finally:
            self._tap.abort()

    def frame(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Look at channel 0 on its way to aiormq: the broker says there when it is short of memory or disk."""
        if kind == wire.METHOD and end - start >= wire.METHOD_ID.size:
            (method,) = wire.METHOD_ID.unpack_from(data, start)
            if method in {wire.BLOCKED, wire.UNBLOCKED}:
                self.blocked = wire.read_blocked(data, start) or "blocked" if method == wire.BLOCKED else ""
                self._blocked(self.blocked)
        return False

    def _closed(self, closing: asyncio.Future[Any]) -> None:
        self.fail(_because(closing) or "the connection was closed")

    def _channel_closed(self, closing: asyncio.Future[Any]) -> None:
        self.fail(_because(closing) or "a channel was closed")


def _because(closing: asyncio.Future[Any]) -> str:
    error = None if closing.cancelled() else closing.exception()
    return " ".join(str(part) for part in getattr(error, "args", ()) if part)


async def connect(url: str, transport: TappedTransport) -> Session:
    """Make a connection; what goes wrong is the client library's own error."""
    connection = Connection(url, transport_factory=transport)
    try:
        await connection.connect()
        return Session(connection, transport.tap)
    except BaseException:
        transport.abort()
        raise


class Link:
    """Keeps one connection up. ``prepare`` furnishes each new session; ``told`` hears (up, problem)."""

    def __init__(
        self,
        address: Address,
        *,
        role: str,
        prepare: Callable[[Session], Coroutine[Any, Any, None]],
        told: Callable[[bool, str], None],
        deadline: float,
        heartbeat: int,
        patience: Patience,
    ) -> None:
        self._address = address
        self._role = role
        self._prepare = prepare
        self._told = told
        self._deadline = deadline
        self._url = address.url(heartbeat=heartbeat, name=f"orchestrator {role}")
        self._patience = patience

    async def run(self) -> None:
        """Connect and stay connected until cancelled."""
        failures, problem = 0, ""
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                reason = await self._live(was_down=bool(failures))
            except BusError as error:
                reason = str(error)
                if reason != problem:
                    log.warning(words.CONNECT_FAILED, role=self._role, broker=str(self._address), problem=reason)
                self._told(False, reason)
            problem = reason
            failures = 1 if clock() - began > STABLE_AFTER + self._deadline else failures + 1
            await asyncio.sleep(self._patience.delay(failures))

    async def _live(self, *, was_down: bool) -> str:
        """Live through one connection; gives why it ended. Raises ``BusError`` if it never came up."""
        transport = TappedTransport()
        session = await self._attempt(connect(self._url, transport), drop=transport.abort)
        try:
            await self._attempt(self._prepare(session), drop=transport.abort, session=session)
            log.info(words.CONNECTED, role=self._role, broker=str(self._address), again=was_down)
            self._told(True, "")
            reason = self._sentence("lost", await session.lost)
            self._told(False, reason)
            log.warning(words.CONNECTION_LOST, role=self._role, broker=str(self._address), problem=reason)
            return reason
        finally:
            await session.close()

    async def _attempt(
        self, work: Coroutine[Any, Any, T], *, drop: Callable[[], None], session: Session | None = None
    ) -> T:
        try:
            return await bounded(work, deadline=self._deadline, drop=drop)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 whatever it is, it is tried again
            raise self._translated(error, session) from None

    def _translated(self, error: BaseException, session: Session | None) -> BusError:
        """Turn whatever the client library raised into a sentence; a cancellation that is meant for us goes on."""
        honour_cancellation()
        if isinstance(error, TimeoutError):
            why = f"it did not answer within {self._deadline:g} s"
        elif session is not None and session.lost.done():
            why = session.lost.result()
        else:
            why = said(error, self._address)
        return BusError(self._sentence("not to be used", why))

    def _sentence(self, state: str, why: str) -> str:
        return self._address.mask(f"The broker at {self._address} is {state}: {why}.")
