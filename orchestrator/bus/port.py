"""The bus as this room sees it: a narrow port, so that another AMQP client can take the hot path over."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

from orchestrator.contract import headers
from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.problem import Problem

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""The form of the header in W3C Trace Context (section 3.2.2), which forbids the version ff and ids of zeros alone."""


@dataclass(slots=True, eq=False)
class Delivery:
    """One message from the command queue, ours until it is acknowledged. Compared by identity.

    ``exchange`` is empty if the message was sent straight to the queue; then its routing key names no command.
    ``session`` tells connections apart: a delivery of an earlier one comes again and is no longer ours.
    """

    tag: int
    session: int
    exchange: str
    routing_key: str
    redelivered: bool
    body: bytes
    type: str | None = None
    message_id: str | None = None
    reply_to: str | None = None
    correlation_id: str | None = None
    content_type: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    content_encoding: str | None = None
    priority: int | None = None
    timestamp: int | None = None
    app_id: str | None = None

    @property
    def name(self) -> str:
        """The command's name: property ``type``, else the routing key."""
        return self.type or (self.routing_key if self.exchange else "")

    @property
    def size(self) -> int:
        """Length of the body in bytes."""
        return len(self.body)

    @property
    def traceparent(self) -> str | None:
        """The W3C trace context it was sent in, if any."""
        value = self.headers.get(headers.TRACEPARENT)
        return value if isinstance(value, str) and _TRACEPARENT.fullmatch(value) else None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer on its way to whoever asked for it."""

    to: str
    correlation_id: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that cannot be settled, why, and since when we know.

    ``bare``: its sender's headers and reply queue are left out, for the broker ends the connection over them.
    """

    delivery: Delivery
    problem: Problem
    at: datetime
    bare: bool = False


@dataclass(frozen=True, slots=True)
class BusState:
    """How the bus stands. ``problem`` is a sentence for people, empty when all is well."""

    consuming: bool = False
    publishing: bool = False
    problem: str = ""

    @property
    def connected(self) -> bool:
        """Whether commands come in and events go out."""
        return self.consuming and self.publishing


class Shelf(Protocol):
    """One look at the dead letters. All that was not removed lies there afterwards, as before."""

    @property
    def total(self) -> int:
        """How many lay there when the look began."""
        ...

    @property
    def most(self) -> int:
        """How many one look shows."""
        ...

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """Go through them, once."""
        ...

    async def remove(self, deliveries: Sequence[Delivery]) -> None:
        """Take letters away for good; of many at once some may come back. Raises ``BusError``."""
        ...


class Bus(Protocol):
    """A message bus with one command queue, one events exchange and a shelf for dead letters.

    It supervises itself: whatever the broker does, ``run`` comes back to it, and ``state`` says how it stands.
    """

    async def run(self) -> None:
        """Connect and stay connected until cancelled."""
        ...

    @property
    def state(self) -> BusState:
        """How the bus stands now."""
        ...

    async def until(self, condition: Callable[[BusState], bool]) -> BusState:
        """Wait for a state."""
        ...

    def watch(self, watcher: Callable[[BusState], None]) -> None:
        """Have every change of state told."""
        ...

    async def take(self, limit: int, *, linger: float = 0.0) -> list[Delivery]:
        """Wait for deliveries and give what is there, in order, ``limit`` at most.

        If it had to wait, it lingers that many seconds for more. A cancelled call has taken nothing.
        """
        ...

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Return deliveries untouched; they are the next to be taken."""
        ...

    def holds(self, delivery: Delivery) -> bool:
        """Say whether a delivery is still ours; one that is not comes again."""
        ...

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Note deliveries as done; those no longer ours are passed over."""
        ...

    async def reply(self, replies: Sequence[Reply]) -> None:
        """Send answers and wait until the broker has them; one to a vanished queue is dropped.

        Raises ``BusError`` if the broker did not take them in time.
        """
        ...

    async def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
        """Put copies on the shelf, with the reason in their headers; say for each whether it surely lies there."""
        ...

    def shelf(self) -> AbstractAsyncContextManager[Shelf]:
        """Look at the shelf for the length of the block. Raises ``BusError``."""
        ...

    def publish(self, entries: Sequence[OutboxEntry]) -> Awaitable[list[int]]:
        """Send events now, in the order of calls; the result is the numbers that the broker has confirmed, in order.

        A missing number was refused, unroutable or cut off; ``state.problem`` says why. Never raises.
        """
        ...


class Subscription(Protocol):
    """Events as they come, as parsed CloudEvents. Close it, or use it as a context manager."""

    def __aiter__(self) -> Self: ...

    async def __anext__(self) -> dict[str, Any]:
        """Wait for the next event. Raises ``BusError`` when the bus is gone or the reader too slow."""
        ...

    async def close(self) -> None:
        """Stop the events; may be called again."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...


class Client(Protocol):
    """The other side of the bus: what a producer or a subscriber does. The command line tool and tests use it."""

    async def send(
        self, name: str, body: bytes | Mapping[str, Any], *, message_id: str | None = None, timeout: float = 30
    ) -> dict[str, Any]:
        """Send a command and give its answer. Raises ``BusError``: no such queue, no answer in time, bus gone."""
        ...

    async def events(self, pattern: str = "#", *, replay: bool = False) -> Subscription:
        """Subscribe to events by routing key; it is in force on return. ``replay``: from the first one kept."""
        ...

    async def close(self) -> None:
        """Leave the bus; may be called again."""
        ...
