"""Tickets for downloads: a link in a browser can carry no header, and a session has no business in an address.

Histories and the logs of proxies keep addresses. A ticket in one opens one file, and nothing after five minutes.
"""

from aiohttp import web
from pydantic import BaseModel

from orchestrator.api.access.sessions import TICKET_LIFETIME
from orchestrator.api.ports import RestPorts
from orchestrator.api.problems import shown
from orchestrator.api.rest.finding import task_of
from orchestrator.api.rest.route import Call, Route
from orchestrator.api.rest.sign_in import Gate, kept_nowhere


class Ticket(BaseModel):
    """Opens the download it was asked for, as ``?ticket=<ticket>``."""

    ticket: str
    expires_in: int
    """Seconds."""


class Tickets:
    """The endpoint."""

    def __init__(self, ports: RestPorts, gate: Gate) -> None:
        self._library = ports.library
        self._gate = gate

    def routes(self) -> list[Route]:
        """Give it."""
        return [
            Route(
                method="POST", path="/projects/{project}/tasks/{task}/download/{asset}/ticket/", name="createTicket",
                summary="Get a ticket: for five minutes, ?ticket=<ticket> opens this one download.",
                handler=self.create, answers={201: Ticket},
            ),
        ]  # fmt: skip

    async def create(self, call: Call) -> web.Response:
        """Give a ticket to whoever sees the task."""
        await task_of(self._library, call)
        path = call.request.path.removesuffix("/ticket/")
        ticket = await self._gate.ticket(call.request, path=path)
        told = Ticket(ticket=ticket, expires_in=int(TICKET_LIFETIME.total_seconds()))
        return kept_nowhere(shown(told.model_dump(), status=201))
