"""Puts outcomes and events into the words of the contract: what the engine calls its renderer."""

from orchestrator.contract.answers import accepted, rejected
from orchestrator.contract.events import DEFAULT_SOURCE, check_source, render, routing_key
from orchestrator.contract.json_text import to_json
from orchestrator.domain.commands import Outcome, Rejected
from orchestrator.domain.events import Event, OutboxEntry


class WireRenderer:
    """``source`` names this installation in its events. Raises ``ValueError`` for a source that is no URI reference."""

    def __init__(self, *, source: str = DEFAULT_SOURCE) -> None:
        self._source = check_source(source)

    def answer(self, outcome: Outcome) -> bytes:
        """Render the answer to a command."""
        if isinstance(outcome, Rejected):
            return to_json(rejected(outcome.command, outcome.problem))
        return to_json(accepted(outcome.command, outcome.subject))

    def event(self, event: Event, *, number: int) -> OutboxEntry:
        """Render an event as it goes on the bus."""
        envelope = render(event, source=self._source)
        return OutboxEntry(
            number=number,
            id=envelope["id"],
            key=envelope["subject"],
            routing_key=routing_key(event),
            body=to_json(envelope),
        )
