"""Builds what stands at the door on TCP: who may come in, under which names; without any token, only this machine."""

import hmac
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from orchestrator.api.access.desk import TokenDesk
from orchestrator.api.access.failures import Failures
from orchestrator.api.access.gatekeeper import Gatekeeper
from orchestrator.api.access.making import digest_of, new_key
from orchestrator.api.access.names import Names, is_lonely
from orchestrator.api.access.origins import Origins
from orchestrator.api.access.sessions import Sessions
from orchestrator.domain.access import Role
from orchestrator.domain.errors import NotGuarded
from orchestrator.domain.tokens import ApiToken
from orchestrator.engine.ports import Clock
from orchestrator.settings.tree import Api
from orchestrator.store import SqlStore

ADVICE = "make one with 'orchestrator token create NAME --role admin', or set api.static_tokens"


@dataclass(frozen=True, slots=True)
class Entrance:
    """What decides about requests, and what makes and revokes tokens."""

    gatekeeper: Gatekeeper
    origins: Origins
    tokens: TokenDesk


async def entrance(api: Api, store: SqlStore, *, clock: Clock) -> Entrance:
    """Build it. Raises ``NotGuarded`` if others reach the daemon and there is no token, ``StoreError``."""
    key = await store.api_tokens.signing_key(new_key())
    static = _static(api, key=key)
    reached = _reached_by_others(api)
    if reached and not static and not await store.api_tokens.some():
        raise NotGuarded(f"{reached}, where others reach the daemon, and there is no API token: {ADVICE}.")
    gatekeeper = Gatekeeper(
        store.api_tokens, sessions=Sessions(key), failures=Failures(time=time.monotonic), clock=clock,
        lonely=not reached, static=static, proxies=api.trusted_proxies,
    )  # fmt: skip
    names = Names(api.host, public_url=api.public_url, allowed=api.allowed_hosts)
    origins = Origins(names, public_url=api.public_url, guests=api.cors_origins)
    return Entrance(gatekeeper, origins, tokens_of(api, store, clock=clock))


def tokens_of(api: Api, store: SqlStore, *, clock: Clock) -> TokenDesk:
    """Give what makes, lists and revokes tokens."""
    return TokenDesk(store.api_tokens, projects=store, clock=clock, static=_static(api))


def _reached_by_others(api: Api) -> str | None:
    """Say how others reach the daemon; None: they do not."""
    if not is_lonely(api.host.lower()):
        return f"api.host is {api.host}"
    public = urlsplit(api.public_url).hostname if api.public_url else None
    if public and not is_lonely(public):
        return f"api.public_url is {api.public_url}"
    named = next((name for name in api.allowed_hosts if not is_lonely(name)), None)
    return f"api.allowed_hosts has {named}" if named else None


def _static(api: Api, *, key: bytes = b"") -> list[ApiToken]:
    """Make the tokens of the settings; an id says nothing of its token without the key, and changes with it."""
    digests = [digest_of(it.token.get_secret_value()) for it in api.static_tokens]
    return [
        ApiToken(
            id=hmac.new(key, digest, "sha256").hexdigest(), name=it.name, role=Role[it.role.upper()], digest=digest,
            static=True,
        )
        for it, digest in zip(api.static_tokens, digests, strict=True)
    ]  # fmt: skip
