"""One attempt to deliver an event: a signed POST with a deadline, to a public address, without following redirects."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import aiohttp
from standardwebhooks import Webhook as Signature

from orchestrator import __version__
from orchestrator.contract.headers import CLOUDEVENT
from orchestrator.domain.connecting import why_not_connected
from orchestrator.domain.webhooks import Webhook
from orchestrator.outgoing import AddressRefused, Network, guarded_connector

CONNECTIONS: Final = 100
LONGEST_WAIT: Final = 3600.0
"""Seconds that an endpoint may ask us to wait."""
GONE: Final = 410


class Event(Protocol):
    """What is sent."""

    @property
    def id(self) -> str:
        """By which a receiver knows a repeat."""
        ...

    @property
    def body(self) -> bytes:
        """The CloudEvent."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. ``problem`` is empty when it was taken; ``wait``: seconds that the endpoint asked for."""

    problem: str = ""
    gone: bool = False
    wait: float = 0.0

    @property
    def taken(self) -> bool:
        """The endpoint has it."""
        return not self.problem


class Sender:
    """Sends. ``deadline``: seconds for an attempt, from the look-up of the name to the answer's first line."""

    def __init__(self, session: aiohttp.ClientSession, *, deadline: float) -> None:
        self._session = session
        self._deadline = deadline

    async def send(self, webhook: Webhook, event: Event, *, now: datetime) -> Outcome:
        """Try once."""
        try:
            async with asyncio.timeout(self._deadline):
                return await self._post(webhook, event, now)
        except TimeoutError:
            return Outcome(f"There was no answer within {self._deadline:g} s.")
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressRefused):
                return Outcome("Its address is not public, and webhooks.allow_private_addresses does not allow it.")
            return Outcome(f"No connection: {_why(error)}.")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The words of these may repeat the address, which may hold a secret.
            return Outcome(f"The connection failed: {type(error).__name__}.")

    async def _post(self, webhook: Webhook, event: Event, now: datetime) -> Outcome:
        headers = signed(webhook.secret, event, now=now)
        async with self._session.post(webhook.url, data=event.body, headers=headers, allow_redirects=False) as answer:
            if 200 <= answer.status < 300:  # noqa: PLR2004  (HTTP's own number)
                return Outcome()
            wait = answer.headers.get("Retry-After", "")
            asked = float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 8 else 0.0  # noqa: PLR2004
            return Outcome(_told(answer.status), gone=answer.status == GONE, wait=min(asked, LONGEST_WAIT))


@asynccontextmanager
async def sender(*, deadline: float, allowed: Sequence[Network]) -> AsyncIterator[Sender]:
    """Open one, for the length of the block. ``allowed``: private networks that may be reached."""
    connector = guarded_connector(allowed, limit=CONNECTIONS, limit_per_host=0)
    agent = {"User-Agent": f"orchestrator/{__version__}"}
    async with aiohttp.ClientSession(
        connector=connector, headers=agent, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None),
    ) as session:  # fmt: skip
        yield Sender(session, deadline=deadline)


def signed(secret: str, event: Event, *, now: datetime) -> dict[str, str]:
    """Give the headers by which a receiver knows that it is from us: https://www.standardwebhooks.com."""
    signature = Signature(secret).sign(event.id, now, event.body.decode())
    return {
        "Content-Type": CLOUDEVENT,
        "webhook-id": event.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def _why(error: aiohttp.ClientConnectorError) -> str:
    place = f"{error.host}:{error.port}"
    return why_not_connected(error.os_error, place=place) or f"{place} cannot be reached"


def _told(status: int) -> str:
    if 300 <= status < 400:  # noqa: PLR2004  (HTTP's own numbers)
        return f"It answered {status}; redirects are not followed."
    return f"It answered {status}."
