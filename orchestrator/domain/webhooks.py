"""Subscriptions of programs that want to be told of events by HTTP, and deliveries that have not succeeded yet."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A subscription. Of ``projects``, ``tasks`` and ``types`` None means any; ``static``: from the settings."""

    id: int
    url: str = field(repr=False)
    secret: str = field(repr=False)
    projects: frozenset[int] | None = None
    tasks: frozenset[int] | None = None
    types: frozenset[str] | None = None
    active: bool = True
    static: bool = False
    created_at: datetime
    cursor: int = 0
    """Number of the last event that was delivered, not wanted, or is a delivery of its own by now."""
    problem: str = ""
    """Why the last attempt failed, or why it is not active any more; empty after a success."""
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event that was not taken. ``next_at`` None: it was tried often enough, and lies on the shelf."""

    webhook: int
    number: int
    """The event's, in the journal."""
    id: str
    routing_key: str
    body: bytes = field(repr=False)
    attempts: int
    problem: str
    failed_at: datetime
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What became of attempts: written as one."""

    webhook: int
    cursor: int
    failed: tuple[Delivery, ...] = ()
    """To be kept, anew or again."""
    taken: tuple[int, ...] = ()
    """Numbers of deliveries that are done with."""
    active: bool = True
    """False switches it off; true leaves it as it is."""
    problem: str = ""
    failing_since: datetime | None = None
