"""Headers that every answer has, so that browsers do nothing with it that nobody meant."""

from typing import Final

from aiohttp import web

_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Addresses may hold a session (?jwt=), which must not go on to others.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

PAGES: Final = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""For our own pages: nothing from elsewhere, nothing inline."""

DATA: Final = "default-src 'none'; frame-ancestors 'none'"
"""For what is data: a file of a task's results must not run as a page of ours, where it could read a session."""

_MAY_RUN: Final = ("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml")


async def secure(request: web.Request, response: web.StreamResponse) -> None:
    """Add them to an answer; what its handler has set stays."""
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", _policy(request.path, response.content_type))
    response.headers["Server"] = "orchestrator"


def _policy(path: str, kind: str) -> str:
    if not path.startswith("/api/") or path.startswith("/api/docs"):
        return PAGES
    return f"{DATA}; sandbox" if kind in _MAY_RUN else DATA
