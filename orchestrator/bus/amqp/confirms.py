"""Publishing with confirms, pipelined: a batch is written at once, the broker's verdicts come as they come."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from orchestrator.bus.amqp import wire
from orchestrator.bus.amqp.link import Session


class Verdict(IntEnum):
    """What became of a message."""

    UNKNOWN = 0
    CONFIRMED = 1
    REFUSED = 2
    UNROUTABLE = 3


@dataclass(slots=True)
class Parcel:
    """One message to publish. ``mandatory``: it comes back if no queue takes it; its message id then finds it here."""

    exchange: str
    routing_key: str
    properties: wire.Properties
    body: bytes
    mandatory: bool = True


class Batch:
    """Messages written together. ``done`` gives their verdicts, in order."""

    def __init__(self, ids: list[str | None], *, first: int, loop: asyncio.AbstractEventLoop) -> None:
        self.first = first
        self.last = first + len(ids) - 1
        self.done: asyncio.Future[list[Verdict]] = loop.create_future()
        self.timer: asyncio.TimerHandle | None = None
        self._ids = ids
        self._verdicts = [Verdict.UNKNOWN] * len(ids)
        self._returned: set[int] = set()
        self._settled = 0  # all before are settled
        self._open = len(ids)

    def settle(self, tag: int, verdict: Verdict, *, multiple: bool) -> None:
        """Note a verdict on one tag, or on all open ones up to it."""
        last = min(tag, self.last) - self.first
        for at in range(self._settled if multiple else last, last + 1):
            if self._verdicts[at] is Verdict.UNKNOWN:
                self._verdicts[at] = Verdict.UNROUTABLE if at in self._returned else verdict
                self._open -= 1
        if multiple:
            self._settled = max(self._settled, last + 1)
        if not self._open:
            self.finish()

    def returned(self, message_id: str | None) -> bool:
        """Note a returned message: returns come in the order of publishing, each before its confirm."""
        for at, one in enumerate(self._ids):
            if one == message_id and self._verdicts[at] is Verdict.UNKNOWN and at not in self._returned:
                self._returned.add(at)
                return True
        return False

    def finish(self) -> None:
        """Give the verdicts as far as they are known."""
        if self.timer is not None:
            self.timer.cancel()
        if not self.done.done():
            self.done.set_result(self._verdicts)


class Confirms:
    """The sink of a channel in confirm mode, and the way to publish on it."""

    def __init__(self, session: Session, channel: int, *, deadline: float) -> None:
        self._session = session
        self._channel = channel
        self._deadline = deadline
        self._loop = asyncio.get_running_loop()
        self._next = 1
        self._batches: deque[Batch] = deque()
        self._returning = False
        self.last_return = ""
        session.lost.add_done_callback(lambda _: self.let_go())

    def publish(self, parcels: Sequence[Parcel]) -> asyncio.Future[list[Verdict]]:
        """Write the messages. Raises ``ValueError`` for one that does not fit into AMQP, with nothing written."""
        size = self._session.frame_max
        data = b"".join(
            wire.message(
                self._channel,
                size,
                exchange=parcel.exchange,
                routing_key=parcel.routing_key,
                properties=parcel.properties,
                body=parcel.body,
                mandatory=parcel.mandatory,
            )
            for parcel in parcels
        )
        batch = Batch([parcel.properties.message_id for parcel in parcels], first=self._next, loop=self._loop)
        if not parcels or not self._session.alive:
            batch.finish()
            return batch.done
        self._next = batch.last + 1
        self._batches.append(batch)
        self._session.write(data)
        batch.timer = self._loop.call_later(self._deadline, self._overdue, batch)
        return batch.done

    def frame(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Take a frame of this channel."""
        if kind == wire.METHOD:
            return self._method(data, start)
        if not self._returning:
            return False
        if kind == wire.HEADER:
            content = wire.read_content(data, start, end)
            any(batch.returned(content.properties.message_id) for batch in self._batches)
        return True

    def _method(self, data: bytes, start: int) -> bool:
        (method,) = wire.METHOD_ID.unpack_from(data, start)
        self._returning = method == wire.RETURN
        if method in {wire.ACK, wire.NACK}:
            tag, multiple = wire.read_verdict(data, start)
            self._settle(tag, Verdict.CONFIRMED if method == wire.ACK else Verdict.REFUSED, multiple=multiple)
        elif method == wire.RETURN:
            self.last_return = wire.read_reason(data, start)
        elif method == wire.CHANNEL_CLOSE:
            self._session.fail(wire.read_reason(data, start))
            return False
        else:
            return False
        return True

    def _settle(self, tag: int, verdict: Verdict, *, multiple: bool) -> None:
        for batch in self._batches:
            if batch.first > tag:
                break
            if multiple or tag <= batch.last:
                batch.settle(tag, verdict, multiple=multiple)
        while self._batches and self._batches[0].done.done():
            self._batches.popleft()

    def _overdue(self, batch: Batch) -> None:
        if self._session.blocked:
            batch.timer = self._loop.call_later(self._deadline, self._overdue, batch)
        else:
            self._session.fail(f"it did not confirm within {self._deadline:g} s")

    def let_go(self) -> None:
        """Wait for no verdict on what is written by now."""
        for batch in self._batches:
            batch.finish()
        self._batches.clear()
