"""Clients of processing nodes with points around each call."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

from orchestrator.crashing.trigger import Trigger
from orchestrator.domain.node import ProcessingNode
from orchestrator.engine.ports import NodeClient, NodeClients, OutgoingFile

POINTS_OF = {
    "info": "probe",
    "options": "options",
    "job_list": "list",
    "job_card": "card",
    "begin": "init",
    "commit": "commit",
    "job": "look",
    "cancel": "cancel",
    "remove": "remove",
    "restart": "restart",
}
"""Calls by their points; ``upload`` and ``download`` have one more each."""


class ClientsAtPoints:
    """Hands out wrapped clients."""

    def __init__(self, clients: NodeClients, trigger: Trigger) -> None:
        self._clients = clients
        self._trigger = trigger

    def client(self, node: ProcessingNode) -> NodeClient:
        """Give the client for the node's present address and token."""
        return cast("NodeClient", _ClientAtPoints(self._clients.client(node), self._trigger))


class _ClientAtPoints:
    """A client; what has no points of its own goes straight through."""

    def __init__(self, client: NodeClient, trigger: Trigger) -> None:
        self._client = client
        self._trigger = trigger

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        return self._around(POINTS_OF[name], call) if name in POINTS_OF else call

    def _around(self, point: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def around(*given: Any, **named: Any) -> Any:
            self._trigger.reached(f"node.{point}.before")
            answer = await call(*given, **named)
            self._trigger.reached(f"node.{point}.after")
            return answer

        return around

    async def upload(self, uuid: str, file: OutgoingFile, *, sent: Callable[[int], None]) -> None:
        def counted(size: int) -> None:
            sent(size)
            self._trigger.reached("node.upload.under-way")

        await self._around("upload", self._client.upload)(uuid, file, sent=counted)

    async def download(self, uuid: str, target: Path, *, received: Callable[[int, int | None], None]) -> None:
        def counted(size: int, total: int | None) -> None:
            received(size, total)
            self._trigger.reached("node.download.under-way")

        await self._around("download", self._client.download)(uuid, target, received=counted)
