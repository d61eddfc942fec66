"""The page at ``/api/docs/``: this API for people, drawn by the browser from the OpenAPI document."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final

from aiohttp import web

_FILES: Final = {
    "": ("page.html", "text/html"),
    "page.css": ("page.css", "text/css"),
    "page.js": ("page.js", "text/javascript"),
}
"""What lies under the page's address: the file, and what it is."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing runs but the page's own script, and nothing is fetched but from the daemon."""


def add_reader(application: web.Application) -> None:
    """Add the page."""
    for name, (file, kind) in _FILES.items():
        application.router.add_get(f"/docs/{name}", _sent(files(__name__).joinpath(file).read_bytes(), kind))


def _sent(body: bytes, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}

    async def send(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)

    return send
