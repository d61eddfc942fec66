"""The clients of all nodes, over connections that they share."""

import ssl
from types import TracebackType
from typing import Self

import aiohttp

from orchestrator.domain.node import ProcessingNode
from orchestrator.nodes.nodeodm import Deadlines, NodeOdmClient

KEPT_CALLS = 4.0
"""Seconds that an idle connection is kept: NodeODM closes its end after five."""
KEPT_TRANSFERS = 2.0
"""Uploads follow each other closely, and one that meets a connection just closed spoils its job: no risks here."""


class NodeRegistry:
    """Hands out the client of each node; a new address or token makes a new client.

    Short calls share ``connections_per_node`` connections to each host; transfers have as many as the engine starts.
    ``tls`` replaces the system's certificate authorities. Use it as a context, or ``close`` it.
    """

    def __init__(
        self,
        deadlines: Deadlines | None = None,
        *,
        user_agent: str = "orchestrator",
        connections_per_node: int = 8,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._deadlines = deadlines or Deadlines()
        self._user_agent = user_agent
        self._connections_per_node = connections_per_node
        self._tls = tls
        self._sessions: tuple[aiohttp.ClientSession, aiohttp.ClientSession] | None = None
        self._clients: dict[int, tuple[str, str, NodeOdmClient]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def client(self, node: ProcessingNode) -> NodeOdmClient:
        """Give the client for the node's present address and token. To be called where an event loop runs."""
        known = self._clients.get(node.id)
        if known is not None and known[0] == node.url and known[1] == node.token:
            return known[2]
        calls, transfers = self._opened()
        client = NodeOdmClient(node.url, node.token, calls, self._deadlines, transfers=transfers)
        self._clients[node.id] = (node.url, node.token, client)
        return client

    async def close(self) -> None:
        """Close every connection; calls made afterwards raise ``NodeUnreachable``."""
        for session in self._sessions or ():
            await session.close()

    def _opened(self) -> tuple[aiohttp.ClientSession, aiohttp.ClientSession]:
        if self._sessions is None:
            self._sessions = (
                self._session(per_host=self._connections_per_node, kept=KEPT_CALLS),
                self._session(per_host=0, kept=KEPT_TRANSFERS),
            )
        return self._sessions

    def _session(self, *, per_host: int, kept: float) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=0, limit_per_host=per_host, keepalive_timeout=kept, ssl=True if self._tls is None else self._tls
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            # A compressed answer could be of any size, and no node compresses.
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
            auto_decompress=False,
        )
