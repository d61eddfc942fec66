"""The door of the node: every request passes here, is counted, checked, answered, and sometimes ill-treated."""

import errno
import logging
from collections import Counter
from collections.abc import Iterable

from aiohttp import web

from orchestrator.nodes.simulated.answers import Refusal, cannot, json_answer
from orchestrator.nodes.simulated.events import EventBook
from orchestrator.nodes.simulated.faults import Faults
from orchestrator.nodes.simulated.routing import Route, RouteTable

__all__ = ["Front"]

_log = logging.getLogger("orchestrator.nodes.simulated")
_BAD_TOKEN = "Invalid authentication token: token does not match."  # noqa: S105 - a text, not a token


class Front:
    """Answers requests by the route table."""

    def __init__(self, routes: Iterable[Route], *, token: str | None, faults: Faults, events: EventBook) -> None:
        self.token = token
        self.calls: Counter[str] = Counter()
        self._table = RouteTable(routes)
        self._faults = faults
        self._events = events

    def application(self) -> web.Application:
        """The web application: one route that takes everything."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        application.on_response_prepare.append(_dress)
        return application

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        found = self._table.find(request.method, request.path)
        self.calls[found[0].endpoint if found else "unknown"] += 1
        if self._faults.is_hanging:
            self._events.record("hung")
            await self._faults.while_hanging()
        if _is_gone(request):
            return web.Response()
        canned = self._faults.canned_for(request.path)
        if canned is not None:
            return canned
        response = await self._serve(request, found)
        if self._faults.loses_answer(request.method) and request.transport is not None:
            request.transport.abort()
        return response

    async def _serve(self, request: web.Request, found: tuple[Route, str] | None) -> web.StreamResponse:
        if (found is None or found[0].needs_token) and not self._lets_in(request):
            return json_answer(request, {"error": _BAD_TOKEN})
        if found is None:
            return cannot(request)
        try:
            return await found[0].handler(request, found[1])
        except Refusal as refusal:
            return json_answer(request, refusal.payload)
        except Exception as error:  # noqa: BLE001 - every error of the application is 200 on a real node as well
            if _is_gone(request):
                return web.Response()
            _log.exception("simulated_node.request_failed %s %s", request.method, request.path)
            return json_answer(request, {"error": _words(error)})

    def _lets_in(self, request: web.Request) -> bool:
        # Only the query string counts, and only once: a doubled token is an array there, which matches nothing.
        return self.token is None or request.query.getall("token", []) == [self.token]


async def _dress(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["X-Powered-By"] = "Express"
    response.headers.setdefault("Keep-Alive", "timeout=5")
    response.headers.popall("Server", None)


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return f"{errno.errorcode.get(error.errno, 'EIO')}: {(error.strerror or '').lower()}"
    return str(error) or type(error).__name__
