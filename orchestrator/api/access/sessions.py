"""Sessions: what somebody gets for a token, JSON Web Tokens (RFC 7519) signed with HS256, good for six hours.

And tickets: what a browser puts into the address of a download, where it can send no header. A ticket names the one
path that it opens as its audience (``aud``). A session has none, so that neither is ever taken for the other.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import jwt

if TYPE_CHECKING:
    from jwt.types import Options

LIFETIME: Final = timedelta(hours=6)
TICKET_LIFETIME: Final = timedelta(minutes=5)
"""For the click that asked for it, and for a browser that goes on with what was cut off."""
_ALGORITHM: Final = "HS256"
_CLAIMS: Final = ("exp", "sub")


class NoSession(Exception):
    """It is no JWT, or we did not sign it."""


class SessionExpired(Exception):
    """We signed it, too long ago."""


class Sessions:
    """Issues and reads them. ``key`` is shared by all daemons on one store."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, subject: str, *, name: str, now: datetime) -> str:
        """Give a session. ``subject`` is the token's id: a name may be given anew after its token was revoked."""
        claims = {
            "sub": subject,
            "username": name,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def issue_ticket(self, subject: str, *, path: str, now: datetime) -> str:
        """Give a ticket for a path."""
        claims = {"sub": subject, "aud": path, "exp": int((now + TICKET_LIFETIME).timestamp())}
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def subject(self, text: str, *, now: datetime, path: str | None = None) -> str:
        """Give the subject of a session, or of a ticket for a path. Raises ``NoSession``, ``SessionExpired``."""
        # Its times are judged here, by the daemon's own clock.
        options: Options = {"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            claims = jwt.decode(text, self._key, algorithms=[_ALGORITHM], options=options, audience=path)
        except (jwt.InvalidTokenError, ValueError):
            raise NoSession from None
        if not isinstance(claims["exp"], int):
            raise NoSession
        if claims["exp"] <= now.timestamp():
            raise SessionExpired
        return str(claims["sub"])
