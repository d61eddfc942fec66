"""Makes, lists and revokes API tokens. The secret is given once, to whoever asked for it, and kept nowhere."""

import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final, Protocol

import structlog

from orchestrator.api.access.making import digest_of, new_token
from orchestrator.api.ports import TokenBook
from orchestrator.domain.access import Role
from orchestrator.domain.errors import TokenRefused
from orchestrator.domain.task import Project
from orchestrator.domain.tokens import NAME, NAME_SENTENCE, ApiToken
from orchestrator.engine.ports import Clock

log = structlog.get_logger()

LONGEST: Final = timedelta(days=36_500)


class Projects(Protocol):
    """Knows projects. Raises ``StoreError``."""

    async def project(self, project: int) -> Project | None:
        """Give one."""
        ...


class TokenDesk:
    """Implements ``TokenPort``. ``static``: those that the settings name."""

    def __init__(self, book: TokenBook, *, projects: Projects, clock: Clock, static: Sequence[ApiToken] = ()) -> None:
        self._book = book
        self._projects = projects
        self._clock = clock
        self._static = static

    async def create(
        self, name: str, *, role: Role, projects: Collection[int] | None, lifetime: float | None
    ) -> tuple[ApiToken, str]:
        """Make a token, good for so many seconds (None: for ever); give it, and its secret for the only time."""
        await self._check(name, role=role, projects=projects)
        if lifetime is not None and not 0 < lifetime <= LONGEST.total_seconds():
            raise TokenRefused("A token is good for more than no time, and for 100 years at most.")
        secret, now = new_token(), self._clock.now()
        token = ApiToken(
            id=str(uuid.uuid4()), name=name, role=role, digest=digest_of(secret),
            projects=None if projects is None else frozenset(projects), created_at=now,
            expires_at=None if lifetime is None else now + timedelta(seconds=lifetime),
        )  # fmt: skip
        if not await self._book.add(token):
            raise TokenRefused(f"There is a token {name} already; revoke it first, or choose another name.")
        log.info("api.token_created", name=name, role=role.name.lower())
        return token, secret

    async def every(self) -> tuple[ApiToken, ...]:
        """Give all tokens, by name."""
        return tuple(sorted((*self._static, *await self._book.every()), key=lambda token: token.name))

    async def revoke(self, name: str) -> None:
        """Make a token worth nothing, at once."""
        if await self._book.remove(name):
            log.info("api.token_revoked", name=name)
            return
        if any(token.name == name for token in self._static):
            raise TokenRefused(f"The token {name} is in api.static_tokens; take it out there, and start again.")
        raise TokenRefused(f"There is no token {name}.")

    async def _check(self, name: str, *, role: Role, projects: Collection[int] | None) -> None:
        if not NAME.fullmatch(name):
            raise TokenRefused(f"The name {NAME_SENTENCE}.")
        if any(token.name == name for token in self._static):
            raise TokenRefused(f"There is a token {name} in api.static_tokens already; choose another name.")
        if projects is not None and role is Role.ADMIN:
            raise TokenRefused("An admin cannot be kept to projects: processing nodes and tokens belong to none.")
        for project in projects or ():
            if await self._projects.project(project) is None:
                raise TokenRefused(f"There is no project {project}.")
