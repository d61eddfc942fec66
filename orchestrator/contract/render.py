"""Puts outcomes and events into the words of the contract: what the engine calls its renderer."""

from typing import Generic, Protocol, TypeVar

from orchestrator.contract.answers import accepted, rejected
from orchestrator.contract.events import DEFAULT_SOURCE, check_source, render, routing_key
from orchestrator.contract.json_text import to_json
from orchestrator.domain.events import Event
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.problem import Problem
from orchestrator.domain.task import Project, Task

E_co = TypeVar("E_co", covariant=True)


class Taken(Protocol):
    """A command that was taken."""

    @property
    def command(self) -> str:
        """Its name."""
        ...

    @property
    def subject(self) -> Task | Project | ProcessingNode:
        """What it was about, as it now stands."""
        ...


class Refused(Protocol):
    """A command that was not taken."""

    @property
    def command(self) -> str:
        """Its name."""
        ...

    @property
    def problem(self) -> Problem:
        """Why not."""
        ...


class Entry(Protocol[E_co]):
    """Makes an outbox entry; the engine's class of that name is one."""

    def __call__(self, *, number: int, id: str, key: str, routing_key: str, body: bytes) -> E_co:
        """Make one."""
        ...


class WireRenderer(Generic[E_co]):
    """Renders answers, and events as outbox entries of whatever class ``entry`` makes.

    ``source`` names this installation in its events. Raises ``ValueError`` for a source that is no URI reference.
    """

    def __init__(self, *, entry: Entry[E_co], source: str = DEFAULT_SOURCE) -> None:
        self._entry = entry
        self._source = check_source(source)

    def answer(self, outcome: Taken | Refused) -> bytes:
        """Render the answer to a command."""
        if hasattr(outcome, "problem"):
            return to_json(rejected(outcome.command, outcome.problem))
        return to_json(accepted(outcome.command, outcome.subject))

    def event(self, event: Event, *, number: int) -> E_co:
        """Render an event as it goes on the bus."""
        envelope = render(event, source=self._source)
        return self._entry(
            number=number,
            id=envelope["id"],
            key=envelope["subject"],
            routing_key=routing_key(event),
            body=to_json(envelope),
        )
