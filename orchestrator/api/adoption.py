"""Adoption over HTTP: what the nodes have of ours that nobody remembers, and the taking of what the client chose."""

import json

from aiohttp import web

from orchestrator.api.ports import AdoptionPort
from orchestrator.api.problems import Refusal, answered_within, shown
from orchestrator.contract.adoption_views import public_adopted, public_foundling
from orchestrator.contract.views import View
from orchestrator.domain.problem import invalid_field
from orchestrator.engine.adoption import Sighting


class AdoptionWindow:
    """Answers requests about jobs to be adopted. ``deadline`` is seconds."""

    def __init__(self, adoption: AdoptionPort, *, deadline: float) -> None:
        self._adoption = adoption
        self._deadline = deadline

    def add_to(self, application: web.Application) -> None:
        """Add the routes."""
        application.router.add_get("/adoption", self.look)
        application.router.add_post("/adoption", self.take)

    async def look(self, _: web.Request) -> web.Response:
        """Show what could be taken back, ``{"found": […]}``, and which nodes could not be seen, ``"unseen"``."""
        async with answered_within(self._deadline):
            return shown(_view(await self._adoption.look()))

    async def take(self, request: web.Request) -> web.Response:
        """Take back ``{"uuids"}``; says what became of each that was taken: ``{"adopted": […]}``."""
        uuids = _uuids(await request.read())
        async with answered_within(self._deadline):
            taken = await self._adoption.take(uuids)
        return shown({"adopted": [public_adopted(found, task) for found, task in taken]})


def _view(seen: Sighting) -> View:
    return {
        "found": [public_foundling(each, nodes=seen.names) for each in seen.found],
        "unseen": [
            {"processing_node": it.node.id, "processing_node_name": it.node.name, "reason": it.reason}
            for it in seen.unseen
        ],
    }


def _uuids(body: bytes) -> frozenset[str]:
    try:
        given = json.loads(body)["uuids"]
    except (ValueError, RecursionError, TypeError, KeyError):
        given = None
    if not isinstance(given, list) or not all(isinstance(it, str) for it in given):
        raise Refusal(invalid_field("uuids", "must be a list of job uuids"))
    return frozenset(given)
