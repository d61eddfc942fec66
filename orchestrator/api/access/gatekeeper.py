"""Says who is asking, for every request to the REST API.

Without any token, everybody who reaches a daemon that only its own machine reaches may do everything. From the first
token on, nobody gets in without one; nor does anybody if a daemon that others reach has lost its last token.
"""

import hmac
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web

from orchestrator.api.access.asking import Network, address_of
from orchestrator.api.access.credentials import Credentials, credentials_of
from orchestrator.api.access.failures import Failures
from orchestrator.api.access.making import digest_of
from orchestrator.api.access.sessions import NoSession, SessionExpired, Sessions
from orchestrator.api.ports import TokenBook
from orchestrator.api.rest.faults import NON_FIELD, Fault, detail, wrong_field
from orchestrator.domain.access import EVERYONE, Caller
from orchestrator.domain.errors import StoreError
from orchestrator.domain.tokens import ApiToken
from orchestrator.engine.ports import Clock

if TYPE_CHECKING:
    from datetime import datetime

log = structlog.get_logger()

USED_WITHIN: Final = 3600.0
"""Seconds for which one note that a token is in use is enough: not every request writes."""

NOBODY: Final = "Authentication credentials were not provided."
NOT_OURS: Final = "Error decoding signature."
EXPIRED: Final = "Signature has expired."
WRONG_PASSWORD: Final = "Invalid username/password."  # noqa: S105  (a sentence)
NO_LOGIN: Final = "Unable to login with provided credentials."


class Gatekeeper:
    """Looks at credentials. ``lonely``: only this machine reaches the daemon. Raises ``StoreError``, and ``Fault``."""

    def __init__(
        self,
        book: TokenBook,
        *,
        sessions: Sessions,
        failures: Failures,
        clock: Clock,
        lonely: bool,
        static: Sequence[ApiToken] = (),
        proxies: Sequence[Network] = (),
    ) -> None:
        self._book = book
        self._sessions = sessions
        self._failures = failures
        self._clock = clock
        self._lonely = lonely
        self._static = static
        self._proxies = proxies
        self._noted: dict[str, datetime] = {}

    async def is_open(self) -> bool:
        """Whether everybody may come in."""
        return self._lonely and not self._static and not await self._book.some()

    async def authenticate(self, request: web.Request) -> Caller:
        """Say who is asking."""
        token = await self._entering(request)
        return EVERYONE if token is None else token.caller

    async def ticket(self, request: web.Request, *, path: str) -> str:
        """Give whoever asks what opens this path for a short while, for as long as their token holds."""
        token = await self._entering(request)
        return self._sessions.issue_ticket("" if token is None else token.id, path=path, now=self._clock.now())

    async def sign_in(self, request: web.Request, name: str, secret: str) -> str:
        """Give a session for a token and its name."""
        address = address_of(request, self._proxies)
        self._admit(address)
        now = self._clock.now()
        token = await self._named(name, secret)
        if token is None and await self.is_open():
            return self._sessions.issue("", name=EVERYONE.name, now=now)
        if token is None or not token.is_good(now):
            self._failures.add(address)
            log.warning("api.sign_in_refused", address=address)
            raise wrong_field(NON_FIELD, NO_LOGIN)
        await self._note_use(token)
        return self._sessions.issue(token.id, name=token.name, now=now)

    async def _entering(self, request: web.Request) -> ApiToken | None:
        """Give the token of whoever asks; None: everybody may come in."""
        given = credentials_of(request)
        if given is None:
            if await self.is_open():
                return None
            raise detail(403, NOBODY)
        # Good ones are never kept waiting, whoever else fails at the same address: no token is found by trying.
        token = await self._token_of(given)
        if token is None and await self.is_open():
            return None
        if token is None or not token.is_good(self._clock.now()):
            raise self._wrong(given, address_of(request, self._proxies))
        await self._note_use(token)
        return token

    def _admit(self, address: str) -> None:
        """Keep whoever failed too often waiting."""
        seconds = self._failures.wait(address)
        if seconds:
            told = f"Request was throttled. Expected available in {seconds} seconds."
            raise Fault(429, {"detail": told}, headers={"Retry-After": str(seconds)})

    def _wrong(self, given: Credentials, address: str) -> Fault:
        """Give the answer to wrong ones. A session of ours that has run out, or whose token has, is no attempt."""
        try:
            self._sessions.subject(given.secret, now=self._clock.now(), path=given.ticket_for)
        except SessionExpired:
            return detail(403, EXPIRED)
        except NoSession:
            self._admit(address)
            self._failures.add(address)
            log.warning("api.credentials_refused", address=address)
        return detail(403, NOT_OURS if given.name is None else WRONG_PASSWORD)

    async def _token_of(self, given: Credentials) -> ApiToken | None:
        if given.name is not None:
            return await self._named(given.name, given.secret)
        found = None if given.session_only or given.ticket_for else await self._by_digest(given.secret)
        return found or await self._of_session(given)

    async def _named(self, name: str, secret: str) -> ApiToken | None:
        found = await self._by_digest(secret)
        return found if found and found.name == name else None

    async def _by_digest(self, secret: str) -> ApiToken | None:
        digest = digest_of(secret)
        known = [token for token in self._static if hmac.compare_digest(token.digest, digest)]
        found = known[0] if known else await self._book.by_digest(digest)
        return found if found and hmac.compare_digest(found.digest, digest) else None

    async def _of_session(self, given: Credentials) -> ApiToken | None:
        try:
            subject = self._sessions.subject(given.secret, now=self._clock.now(), path=given.ticket_for)
        except (NoSession, SessionExpired):
            return None
        known = [token for token in self._static if token.id == subject]
        return known[0] if known else await self._book.by_id(subject)

    async def _note_use(self, token: ApiToken) -> None:
        now, last = self._clock.now(), self._noted.get(token.id) or token.last_used_at
        if token.static or (last is not None and (now - last).total_seconds() < USED_WITHIN):
            return
        self._noted[token.id] = now
        try:
            await self._book.use(token.id, at=now)
        except StoreError as error:
            log.warning("api.token_use_not_noted", name=token.name, problem=str(error))
