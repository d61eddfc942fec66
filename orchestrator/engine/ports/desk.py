"""Where doors hand commands in, and what they get back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.domain.commands import Command, Outcome
from orchestrator.domain.events import Event, OutboxEntry


class Renderer(Protocol):
    """Puts outcomes and events into the words of the contract."""

    def answer(self, outcome: Outcome) -> bytes:
        """Render the answer to a command."""
        ...

    def event(self, event: Event, *, number: int) -> OutboxEntry:
        """Render an event as it goes on the bus."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """A command as a door hands it in. ``message_id`` is its idempotency key; None: it has none.

    ``traceparent`` is the W3C trace context it was sent in; '' without. ``own``: its images may lie among those that
    came in over HTTP; the door that took them in says so, never a client.
    """

    command: Command
    message_id: str | None = None
    traceparent: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an order: the rendered answer. ``repeated``: it had been answered before, nothing changed."""

    answer: bytes
    accepted: bool
    repeated: bool = False


class Desk(Protocol):
    """Where doors hand in commands (the engine's turn)."""

    async def settle(self, orders: Sequence[Order]) -> list[Settled]:
        """Settle orders, in this order, in as few transactions as can be; returns after the commit.

        Raises ``StoreError`` when nothing could be written: then nothing has changed, and the orders may come again.
        """
        ...

    def sent(self, numbers: Sequence[int]) -> None:
        """Note outbox entries that the bus has confirmed; they are deleted with the next transaction."""
        ...
