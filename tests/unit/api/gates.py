"""Who may come in, as tests of the window need it: tokens in a list, and a gate that is open."""

from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from orchestrator.api.access.desk import TokenDesk
from orchestrator.domain.access import EVERYONE, Caller
from orchestrator.domain.task import Project
from orchestrator.domain.tokens import ApiToken
from tests.unit.api.samples import FixedClock, a_project


@dataclass
class FakeTokenBook:
    """Tokens in a list."""

    known: list[ApiToken] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    away: Exception | None = None

    async def every(self) -> tuple[ApiToken, ...]:
        return tuple(self.known)

    async def some(self) -> bool:
        return bool(self.known)

    async def by_digest(self, digest: bytes) -> ApiToken | None:
        return next((it for it in self.known if it.digest == digest), None)

    async def by_id(self, id_: str) -> ApiToken | None:
        return next((it for it in self.known if it.id == id_), None)

    async def add(self, token: ApiToken) -> bool:
        taken = any(it.name == token.name for it in self.known)
        self.known += [] if taken else [token]
        return not taken

    async def remove(self, name: str) -> bool:
        left = [it for it in self.known if it.name != name]
        gone, self.known = len(left) < len(self.known), left
        return gone

    async def use(self, id_: str, *, at: datetime) -> None:
        self.used.append(id_)
        if self.away:
            raise self.away


class OneProject:
    """Knows project 27 alone."""

    async def project(self, project: int) -> Project | None:
        return a_project() if project == 27 else None


def token_desk(book: FakeTokenBook | None = None, **given) -> TokenDesk:
    return TokenDesk(book or FakeTokenBook(), projects=OneProject(), clock=FixedClock(), **given)


class OpenGate:
    """Everybody may come in."""

    async def is_open(self) -> bool:
        return True

    async def authenticate(self, request: web.Request) -> Caller:
        return EVERYONE

    async def sign_in(self, request: web.Request, name: str, secret: str) -> str:
        return "a.b.c"
