"""What the window needs of the rooms around it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestrator.api.live import Live
from orchestrator.domain.access import Role
from orchestrator.domain.adoption import Foundling
from orchestrator.domain.dead_letters import Change, Letter, LetterPage, Replay
from orchestrator.domain.findings import Checkup
from orchestrator.domain.task import Source, Task
from orchestrator.domain.tokens import ApiToken
from orchestrator.engine.adoption import Sighting
from orchestrator.engine.ports import Albums, Arrivals, Catalogue, Desk, Journal, Library, Results, WebhookBook

Check = Callable[[], tuple[str, str | None]]
"""Looks at one part of the daemon: its name, and what is wrong with it for people (None: nothing)."""

ReadOutput = Callable[[int, int, int | None], Awaitable[tuple[list[str], int]]]
"""Reads console lines of a task: given its id, a line to begin at and a limit (negative: the last of them), it gives
the lines and how many there are in all."""

Subscribe = Callable[[str], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Opens a live stream of CloudEvents whose routing keys fit a pattern; raises ``ValueError`` for a wrong one."""


class DeadLetterPort(Protocol):
    """What can be done with dead letters.

    Raises ``NoSuchLetter``, ``AmbiguousLetter``, ``BusError``, ``StoreError``.
    """

    async def page(self, *, limit: int, offset: int = 0) -> LetterPage:
        """Give a page of letters, latest first."""
        ...

    async def show(self, typed: str) -> tuple[Letter | None, tuple[Replay, ...]]:
        """Give a letter, None if it is off the shelf, and its replays."""
        ...

    async def replay(self, typed: Sequence[str], *, by: str, change: Change | None = None) -> Sequence[Replay]:
        """Send letters again, and say what became of each."""
        ...

    async def replays(self, *, limit: int, offset: int = 0) -> tuple[Replay, ...]:
        """Give what was replayed, newest first."""
        ...

    async def purge(self, typed: Sequence[str], *, by: str) -> int:
        """Throw letters away, and give how many."""
        ...

    async def purge_all(self, *, until: datetime, by: str) -> int:
        """Throw away what was put aside by then, and give how many."""
        ...


class AdoptionPort(Protocol):
    """Finds jobs of ours that nobody remembers, and takes them back. Raises ``StoreError``."""

    async def look(self) -> Sighting:
        """Look through all nodes."""
        ...

    async def take(self, uuids: Collection[str]) -> tuple[tuple[Foundling, Task], ...]:
        """Take back the tasks of these jobs."""
        ...


class DoctorPort(Protocol):
    """Looks at everything, and mends what is safe to mend."""

    async def examine(self, *, fix: bool) -> Checkup:
        """Give what is wrong."""
        ...


class TokenBook(Protocol):
    """Keeps API tokens. Raises ``StoreError``."""

    async def every(self) -> tuple[ApiToken, ...]:
        """Give all tokens, by name."""
        ...

    async def some(self) -> bool:
        """Whether there is any."""
        ...

    async def by_digest(self, digest: bytes) -> ApiToken | None:
        """Give the token with that digest."""
        ...

    async def by_id(self, id_: str) -> ApiToken | None:
        """Give the token with that id."""
        ...

    async def add(self, token: ApiToken) -> bool:
        """Keep a new token; False: its name is taken."""
        ...

    async def remove(self, name: str) -> bool:
        """Forget a token; False: there is none of that name."""
        ...

    async def use(self, id_: str, *, at: datetime) -> None:
        """Write down when a token was last used."""
        ...


class TokenPort(Protocol):
    """Makes and revokes API tokens. Raises ``TokenRefused``, ``StoreError``."""

    async def create(
        self, name: str, *, role: Role, projects: Collection[int] | None, lifetime: float | None
    ) -> tuple[ApiToken, str]:
        """Make a token, good for so many seconds (None: for ever); give it, and its secret for the only time."""
        ...

    async def every(self) -> tuple[ApiToken, ...]:
        """Give all tokens, by name."""
        ...

    async def revoke(self, name: str) -> None:
        """Make a token worth nothing, at once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPorts:
    """What the control socket passes on to: reading, commands, output, events, and what the others are for."""

    library: Library
    desk: Desk
    read_output: ReadOutput
    subscribe: Subscribe
    dead_letters: DeadLetterPort
    adoption: AdoptionPort
    doctor: DoctorPort
    tokens: TokenPort


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePorts:
    """Files that come in and go out over HTTP."""

    arrivals: Arrivals
    albums: Albums
    results: Results
    sources: Callable[[int], Awaitable[tuple[Source, ...]]]
    """Gives the files of a task, by its id. Raises ``StoreError``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestPorts:
    """What the REST API passes on to: reading, lists, commands, output, files, events."""

    library: Library
    catalogue: Catalogue
    desk: Desk
    read_output: ReadOutput
    files: FilePorts
    journal: Journal
    live: Live
    webhooks: WebhookBook
    webhooks_changed: Callable[[], None]


def problems_of(checks: Sequence[Check]) -> dict[str, str]:
    """Give what is wrong, by part; empty when all is well."""
    return {name: problem for name, problem in (check() for check in checks) if problem}
