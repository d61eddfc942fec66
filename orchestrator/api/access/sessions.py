"""Sessions: what somebody gets for a token, JSON Web Tokens (RFC 7519) signed with HS256, good for six hours."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import jwt

if TYPE_CHECKING:
    from jwt.types import Options

LIFETIME: Final = timedelta(hours=6)
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

    def subject(self, text: str, *, now: datetime) -> str:
        """Give the subject of a session. Raises ``NoSession``, ``SessionExpired``."""
        # Its times are judged here, by the daemon's own clock.
        options: Options = {"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            claims = jwt.decode(text, self._key, algorithms=[_ALGORITHM], options=options)
        except (jwt.InvalidTokenError, ValueError):
            raise NoSession from None
        if not isinstance(claims["exp"], int):
            raise NoSession
        if claims["exp"] <= now.timestamp():
            raise SessionExpired
        return str(claims["sub"])
