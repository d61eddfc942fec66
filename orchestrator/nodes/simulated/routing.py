"""Finds the route of a request. As with Express, letter case and a slash at the end do not matter."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

__all__ = ["Handler", "Route", "RouteTable"]

Handler = Callable[[web.Request, str], Awaitable[web.StreamResponse]]
"""Gets the request and the uuid in its path, empty when the path has none."""


@dataclass(frozen=True)
class Route:
    """One call of the node. The endpoint is its name in `calls`."""

    method: str
    path: str
    endpoint: str
    handler: Handler
    needs_token: bool = True

    def pattern(self) -> re.Pattern[str]:
        """Matches the whole path; `{uuid}` and `{asset}` take one segment."""
        expression = self.path.replace("{uuid}", "(?P<uuid>[^/]+)").replace("{asset}", "[^/]+")
        return re.compile(f"{expression.rstrip('/')}/?", re.IGNORECASE)


class RouteTable:
    """All routes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [(route, route.pattern()) for route in routes]

    def find(self, method: str, path: str) -> tuple[Route, str] | None:
        """The route and the uuid in the path; HEAD is served as GET."""
        method = "GET" if method == "HEAD" else method
        for route, pattern in self._routes:
            if route.method == method and (found := pattern.fullmatch(path)):
                return route, found.groupdict().get("uuid", "")
        return None
