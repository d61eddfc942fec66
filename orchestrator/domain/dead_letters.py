"""Dead letters as people see them: what a message was, why it was refused, and every attempt to send it again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from orchestrator.domain.problem import FieldError

SHORTEST_ID = 4
"""Characters of an id that a person must type at least; they must fit one letter only."""

_READ_AS = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message on the shelf. ``at`` is when it was put aside; None if whoever put it there does not say.

    ``sent_at`` is its sender's own time. ``routing_key`` and ``exchange`` are those it was published with; ``exchange``
    is '' for one sent straight to the queue.
    """

    id: str
    exchange: str
    routing_key: str
    type: str | None
    message_id: str | None
    at: datetime | None
    size: int
    error_type: str
    error: str
    errors: tuple[FieldError, ...] = ()
    reply_to: str | None = None
    correlation_id: str | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    priority: int | None = None
    sent_at: datetime | None = None
    app_id: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""

    @property
    def command(self) -> str:
        """The command that it names, '' if none."""
        return self.type or (self.routing_key if self.exchange else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterPage:
    """Some of the letters on the shelf, latest first, without their bodies, as it was at ``at``.

    ``total`` lie there; ``looked_at`` of them were read to make the page. ``replayed`` counts by id.
    """

    letters: tuple[Letter, ...]
    replayed: Mapping[str, int]
    total: int
    looked_at: int
    at: datetime


class Outcome(StrEnum):
    """What became of a replay."""

    UNKNOWN = "unknown"
    """The daemon did not live to say. The same replay again does nothing twice."""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """It was understood, and the answer was no; the letter still lies there."""
    REFUSED = "refused"
    """It could still not be understood; the letter still lies there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One attempt to have a dead letter settled: who, when, and what became of it, in words for people."""

    letter: str
    at: datetime
    by: str
    command: str
    message_id: str
    edited: bool = False
    outcome: Outcome = Outcome.UNKNOWN
    detail: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What a person changes about a letter as it is replayed; None leaves it as it was."""

    body: bytes | None = None
    command: str | None = None
    new_message_id: bool = False

    @property
    def edits(self) -> bool:
        """Whether the message itself is another one then."""
        return self.body is not None or self.command is not None


def plain_id(typed: str) -> str:
    """Read an id as it was typed: characters that look alike are one, case and dashes do not count."""
    return typed.strip().lower().translate(_READ_AS)


def id_fits(typed: str, id: str) -> bool:
    """Say whether what was typed means that id: all of it, or enough of its beginning."""
    wanted = plain_id(typed)
    return len(wanted) >= SHORTEST_ID and id.startswith(wanted)


def replay_id(letter: Letter, *, rejected: int, fresh: bool) -> str:
    """Give the message id under which a letter is replayed: its own, or a made one.

    A made id changes with each replay that was ``rejected``, and only then: one that was accepted, or whose end nobody
    saw, is answered again instead of run twice.
    """
    own = letter.message_id
    return own if own and not fresh else f"dead-letter/{letter.id}/{rejected + 1}"
