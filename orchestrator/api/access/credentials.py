"""What a request brings to say who it is from: a session, a token, name and token as a password, or a ticket."""

import base64
import binascii
from dataclasses import dataclass, field

from aiohttp import web

QUERY = "jwt"
TICKET = "ticket"

_READING = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Credentials:
    """``name``: what the token is said to be called, in Basic. ``session_only``: it may be no token.

    ``ticket_for``: it may only be a ticket, for this path.
    """

    secret: str = field(repr=False)
    name: str | None = None
    session_only: bool = False
    ticket_for: str | None = None


def credentials_of(request: web.Request) -> Credentials | None:
    """Read them, as WebODM does; None: there are none of a known kind."""
    header = request.headers.get("Authorization", "")
    scheme, _, rest = header.partition(" ")
    secret = rest.strip()
    match scheme.lower():
        case "jwt" if secret:
            return Credentials(secret, session_only=True)
        case "bearer" if secret:
            return Credentials(secret)
        case "basic" if secret:
            return _basic(secret)
    # Only what runs out by itself may stand in an address, which browsers remember and people pass on.
    session, ticket = request.query.get(QUERY), request.query.get(TICKET)
    if session:
        return Credentials(session, session_only=True)
    return Credentials(ticket, ticket_for=request.path) if ticket and request.method in _READING else None


def _basic(text: str) -> Credentials:
    try:
        plain = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        plain = ":"
    name, _, secret = plain.partition(":")
    return Credentials(secret, name=name)
