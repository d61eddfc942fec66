"""The tap on a connection's socket: frames of some channels go to us, all others to aiormq."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, cast

from aiormq.connection import TransportFactory
from yarl import URL

from orchestrator.bus.amqp import wire
from orchestrator.domain.errors import BusError

KEPT_ALIVE_EVERY = 1.0
TRICKLE_EVERY = 5.0
"""Seconds after which a connection that is held is read once all the same, some 256 kB at most: so the broker's writes
go on (a newer one cuts a connection off that takes nothing for 15 s), and its heartbeats are seen."""


class Sink(Protocol):
    """Where the frames of one channel go first."""

    def frame(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Take the frame whose payload lies in ``data[start:end]``; False leaves it to aiormq."""
        ...


class Tap(asyncio.StreamReaderProtocol):
    """Cuts what the broker sends into frames, and hands each to its channel's sink or on to aiormq.

    Both sides write whole frames to the same transport, so they never mix within one.
    """

    def __init__(self, reader: asyncio.StreamReader, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(reader, loop=loop)
        self._clock = loop.time
        self._rest = b""
        self._sinks: dict[int, Sink] = {}
        self._fed = 0.0
        self._transport_in_use: asyncio.Transport | None = None
        self._held = False
        self._trickle: asyncio.TimerHandle | None = None
        self._broken: Callable[[str], None] = lambda _: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # Not asked for its class: the transports of uvloop inherit from none of asyncio's.
        self._transport_in_use = cast("asyncio.Transport", transport)
        super().connection_made(transport)

    def tell(self, broken: Callable[[str], None]) -> None:
        """Have the end told, with a sentence."""
        self._broken = broken

    def route(self, channel: int, sink: Sink) -> None:
        """Send the frames of a channel to a sink first."""
        self._sinks[channel] = sink

    def write(self, data: bytes) -> None:
        """Write whole frames."""
        if self._transport_in_use is not None and not self._transport_in_use.is_closing():
            self._transport_in_use.write(data)

    def abort(self) -> None:
        """Drop the connection without a word."""
        if self._transport_in_use is not None:
            self._transport_in_use.abort()

    def hold(self) -> None:
        """Read no more than a trickle until released; what is written still goes out."""
        if not self._held:
            self._held = True
            self._pause()

    def release(self) -> None:
        """Read again."""
        if self._held:
            self._held = False
            self._resume()

    def _pause(self) -> None:
        if self._trickle is None and self._transport_in_use is not None and not self._transport_in_use.is_closing():
            self._transport_in_use.pause_reading()
            self._trickle = asyncio.get_running_loop().call_later(TRICKLE_EVERY, self._resume)

    def _resume(self) -> None:
        if self._trickle is not None:
            self._trickle.cancel()
            self._trickle = None
        if self._transport_in_use is not None and not self._transport_in_use.is_closing():
            self._transport_in_use.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Sort what came."""
        if self._held:
            self._pause()
        try:
            self._sort(self._rest + data if self._rest else data)
        except Exception as error:  # noqa: BLE001 a frame we cannot read ends the connection, never the daemon
            self._broken(f"what it sent cannot be read ({error!r})")
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._held = False
        if self._trickle is not None:
            self._trickle.cancel()
        super().connection_lost(exc)
        self._broken(f"the connection was cut{f' ({exc})' if exc else ''}")

    def _sort(self, data: bytes) -> None:
        at, length, others, taken = 0, len(data), [], False
        while length - at >= wire.OVERHEAD:
            kind, channel, size = wire.FRAME.unpack_from(data, at)
            end = at + wire.OVERHEAD + size
            if kind > wire.HEARTBEAT:  # no frame: a broker of another protocol version names its own
                end = length
            if end > length:
                break
            sink = self._sinks.get(channel)
            if sink is not None and sink.frame(kind, data, at + 7, end - 1):
                taken = True
            else:
                others.append(data[at:end])
            at = end
        self._rest = data[at:]
        self._feed(others, taken=taken)

    def _feed(self, others: list[bytes], *, taken: bool) -> None:
        # aiormq calls a connection dead that shows it nothing for long: let it see that there is traffic.
        if taken and not others and self._clock() - self._fed >= KEPT_ALIVE_EVERY:
            others.append(wire.HEARTBEAT_FRAME)
        if others:
            self._fed = self._clock()
            super().data_received(b"".join(others))


class TappedTransport(TransportFactory):
    """Opens aiormq's socket, plain or TLS, with a tap on it."""

    def __init__(self) -> None:
        self._tap: Tap | None = None

    @property
    def tap(self) -> Tap:
        """The tap of the connection that was opened."""
        if self._tap is None:
            raise BusError("No connection was opened.")
        return self._tap

    def abort(self) -> None:
        """Drop the connection if one was opened."""
        if self._tap is not None:
            self._tap.abort()

    async def create(self, url: URL, **kwargs: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect. aiormq calls it."""
        contexts = kwargs.pop("ssl_context_provider")
        context = await contexts.get_context() if url.scheme == "amqps" else None
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(loop=loop)
        tap = Tap(reader, loop=loop)
        transport, _ = await loop.create_connection(lambda: tap, url.host or "", url.port or 0, ssl=context, **kwargs)
        self._tap = tap
        return reader, asyncio.StreamWriter(transport, tap, reader, loop)
