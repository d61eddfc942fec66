"""The names on the broker and the arguments they are declared with: one prefix gives them all.

Nothing here talks to a broker; the bus declares what this says, and the AsyncAPI document publishes it.
"""

import re
from dataclasses import dataclass
from typing import Literal

Arguments = dict[str, str | int | bool]

_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,100}")
_AGE = re.compile(r"[1-9][0-9]*[YMDhms]")

ANY = "#"
"""The topic binding key that matches every routing key."""

DELIVERY_LIMIT = 20
"""Deliveries of one command before the broker itself dead-letters it: it took the daemon down each time."""

LOOKS = 1_000_000
"""Times that a dead letter may be looked at and put back."""

LOG_MAX_AGE = "30D"
LOG_MAX_BYTES = 10_000_000_000
LOG_SEGMENT_BYTES = 100_000_000
"""A stream is cut by whole segments, so these are the steps in which it forgets."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange to declare; always durable."""

    name: str
    type: Literal["topic"] = "topic"


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue to declare, durable, and to bind to ``exchange`` under ``binding``."""

    name: str
    exchange: str
    arguments: Arguments
    binding: str = ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Every exchange and queue of one installation. Raises ``ValueError`` for a prefix no broker should see.

    A command with any routing key reaches the commands queue: one that nobody knows is answered, not unroutable.
    """

    prefix: str = "orchestrator"
    delivery_limit: int = DELIVERY_LIMIT
    log_max_age: str = LOG_MAX_AGE
    log_max_bytes: int = LOG_MAX_BYTES

    def __post_init__(self) -> None:
        """Check the settings."""
        if not _PREFIX.fullmatch(self.prefix):
            raise ValueError(f"The prefix must be 1 to 100 letters, digits, dots, dashes, underscores: {self.prefix!r}")
        if self.prefix.startswith("amq."):
            # https://www.rabbitmq.com/docs/queues#names: the broker refuses to declare these (ACCESS_REFUSED).
            raise ValueError("The prefix must not begin with amq., which RabbitMQ keeps for itself")
        if not _AGE.fullmatch(self.log_max_age):
            raise ValueError(f"The age must be a number with a unit of Y, M, D, h, m or s: {self.log_max_age!r}")
        if self.delivery_limit < 1 or self.log_max_bytes < LOG_SEGMENT_BYTES:
            raise ValueError(f"Allow at least one delivery, and {LOG_SEGMENT_BYTES} bytes of log (one segment)")

    @property
    def commands_exchange(self) -> Exchange:
        """Where clients publish commands."""
        return Exchange(f"{self.prefix}.commands")

    @property
    def events_exchange(self) -> Exchange:
        """Where events are published."""
        return Exchange(f"{self.prefix}.events")

    @property
    def dead_letters_exchange(self) -> Exchange:
        """Where messages go that could not be understood or settled."""
        return Exchange(f"{self.prefix}.dead-letters")

    @property
    def commands(self) -> Queue:
        """Commands on their way in."""
        # At-least-once dead-lettering needs reject-publish: https://www.rabbitmq.com/docs/quorum-queues#dead-lettering
        arguments: Arguments = {
            "x-queue-type": "quorum",
            "x-delivery-limit": self.delivery_limit,
            "x-dead-letter-exchange": self.dead_letters_exchange.name,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        return Queue(f"{self.prefix}.commands", self.commands_exchange.name, arguments)

    @property
    def dead_letters(self) -> Queue:
        """What waits for a person to look at it."""
        # People look into this queue again and again, and without a limit of its own RabbitMQ 4 drops a message that
        # was looked at 20 times. Not -1: it means no limit in 4, but 3.10 drops a message when it is first put back.
        arguments: Arguments = {"x-queue-type": "quorum", "x-delivery-limit": LOOKS}
        return Queue(f"{self.prefix}.dead-letters", self.dead_letters_exchange.name, arguments)

    @property
    def events_log(self) -> Queue:
        """Every event, kept for late subscribers."""
        # https://www.rabbitmq.com/docs/streams#retention
        arguments: Arguments = {
            "x-queue-type": "stream",
            "x-max-age": self.log_max_age,
            "x-max-length-bytes": self.log_max_bytes,
            "x-stream-max-segment-size-bytes": LOG_SEGMENT_BYTES,
        }
        return Queue(f"{self.prefix}.events.log", self.events_exchange.name, arguments)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All exchanges, in the order in which to declare them."""
        return (self.dead_letters_exchange, self.commands_exchange, self.events_exchange)

    @property
    def queues(self) -> tuple[Queue, ...]:
        """All queues, in the order in which to declare and bind them."""
        return (self.dead_letters, self.commands, self.events_log)
