"""Keeps pages of other sites, in the browser of somebody who reaches the daemon, from driving it: ``Host``, ``Origin``.

Programs send neither ``Origin`` nor ``Sec-Fetch-Site`` and are not concerned.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Final
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from orchestrator.api.access.names import Names, host_of
from orchestrator.contract.json_text import to_json

log = structlog.get_logger()

PROBES: Final = ("/health/", "/metrics")
"""What watches over a daemon addresses it as it likes, and learns nothing that is secret."""

NOT_ITS_NAME: Final = "The daemon does not go by the name in Host; the setting api.allowed_hosts can add it."
ANOTHER_SITE: Final = "A page of another site may change nothing here; the setting api.cors_origins can allow it."

_HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_PAGES: Final = frozenset({"same-origin", "none"})

_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Range, If-Range, If-None-Match, Last-Event-ID",
    "Access-Control-Max-Age": "600",
}
_EXPOSED: Final = "Content-Disposition, Content-Range, ETag, Retry-After"


class Origins:
    """Decides which requests may pass. ``guests``: origins whose pages may use the API from a browser."""

    def __init__(self, names: Names, *, public_url: str | None = None, guests: Collection[str] = ()) -> None:
        self._names = names
        self._guests = frozenset(guests)
        parts = urlsplit((public_url or "").lower())
        self._own = f"{parts.scheme}://{parts.netloc}"

    def complaint(self, request: web.Request) -> str | None:
        """Say why a request may not pass; None: it may."""
        if request.path.startswith(PROBES):
            return None
        hosts = request.headers.getall("Host", [])
        if len(hosts) > 1 or not all(self._names.have(host_of(each)) for each in hosts):
            return NOT_ITS_NAME
        if request.method in _HARMLESS or self._is_own_page(request):
            return None
        return ANOTHER_SITE

    def is_guest(self, request: web.Request) -> bool:
        """Whether a page that may use the API from elsewhere asks."""
        return request.headers.get("Origin", "").lower() in self._guests

    def _is_own_page(self, request: web.Request) -> bool:
        origin = request.headers.get("Origin")
        if origin is None:
            return request.headers.get("Sec-Fetch-Site", "none").lower() in _OWN_PAGES
        origin = origin.lower()
        same = origin.partition("://")[2] == request.headers.get("Host", "").lower()
        return same or origin == self._own or self.is_guest(request)


def watching(origins: Origins) -> Middleware:
    """Give the middleware that lets only those pass which may, and answers browsers that ask beforehand."""

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        complaint = origins.complaint(request)
        if complaint:
            log.warning("api.page_refused", method=request.method, path=request.path, host=request.headers.get("Host"))
            return web.Response(status=403, body=to_json({"detail": complaint}), content_type="application/json")
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return web.Response(status=204, headers=_PREFLIGHT if origins.is_guest(request) else {})
        return await handler(request)

    return watch


def greeting(origins: Origins) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Give the signal that lets browsers hand answers on to the pages of guests."""

    async def greet(request: web.Request, response: web.StreamResponse) -> None:
        if origins.is_guest(request):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED
            response.headers.add("Vary", "Origin")

    return greet
