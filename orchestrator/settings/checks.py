"""Checks of single settings, beyond their kind."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from orchestrator.contract.topology import Topology
from orchestrator.domain.tokens import NAME as TOKEN_NAME
from orchestrator.domain.tokens import NAME_SENTENCE as TOKEN_NAME_SENTENCE
from orchestrator.settings.kinds import SecretUrl, Wanted

EXAMPLES: Final = {
    "memory": "memory://",
    "amqp": "amqp://user:password@host:5672/vhost",
    "amqps": "amqps://user:password@host/vhost",
    "sqlite+aiosqlite": "sqlite+aiosqlite:///path/to/orchestrator.db",
    "postgresql+asyncpg": "postgresql+asyncpg://user:password@host/name",
}


SHORTEST_TOKEN: Final = 32
"""Characters: in hexadecimal they hold 128 bits."""

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,252}[a-z0-9_])?|[0-9a-f:.]{2,45}")


def one_of_schemes(*schemes: str) -> AfterValidator:
    """Take URLs of these schemes only."""

    def check(url: SecretUrl) -> SecretUrl:
        scheme, colon, rest = url.get_secret_value().partition("://")
        if scheme not in schemes or not colon or (scheme != "memory" and not rest):
            raise Wanted("a URL such as " + " or ".join(EXAMPLES[each] for each in schemes))
        return url

    return AfterValidator(check)


def check_prefix(text: str) -> str:
    """Take what a broker takes at the beginning of names; ``amq.`` it keeps for itself."""
    return Topology(prefix=text).prefix


def check_events_source(text: str) -> str:
    """Take what CloudEvents takes as ``source``."""
    from orchestrator.contract.events import check_source  # noqa: PLC0415  (costly, and few set a source of their own)

    return check_source(text)


def check_public_url(text: str | None) -> str | None:
    """Take an address that browsers and nodes understand; an empty one counts as not set."""
    if text and not _is_http(text):
        raise Wanted("an address such as https://maps.example.org")
    return text.rstrip("/") if text else None


def check_host(text: str) -> str:
    """Take the name of a host, without scheme and port, in lower case."""
    name = text.strip().lower().removesuffix(".")
    if not _HOST.fullmatch(name):
        raise Wanted("the name of a host, without scheme and port, such as maps.example.org")
    return name


def check_origin(text: str) -> str:
    """Take what browsers send as ``Origin``: scheme, host and port."""
    if not _is_http(text) or urlsplit(text).netloc != text.partition("://")[2].rstrip("/"):
        raise Wanted("an origin such as https://portal.example.org")
    return text.rstrip("/").lower()


def check_token_name(text: str) -> str:
    """Take what a token may be called."""
    if not TOKEN_NAME.fullmatch(text):
        raise ValueError(TOKEN_NAME_SENTENCE)
    return text


def check_token(secret: SecretStr) -> SecretStr:
    """Take a token that nobody guesses."""
    if len(secret.get_secret_value()) < SHORTEST_TOKEN:
        raise ValueError(f"must be random, and at least {SHORTEST_TOKEN} characters long: openssl rand -hex 24")
    return secret


def check_node_url(url: SecretUrl) -> SecretUrl:
    """Take the address of a node, as commands do."""
    from orchestrator.contract.addresses import Address, from_url  # noqa: PLC0415  (costly, and few have static nodes)

    address = from_url(url.get_secret_value())
    if not isinstance(address, Address):
        raise ValueError(address.message)  # noqa: TRY004  (pydantic reports ValueError only)
    return url


def check_webhook_url(url: SecretUrl) -> SecretUrl:
    """Take what REST takes."""
    _as_rest_does("check_url", url.get_secret_value())
    return url


def check_webhook_urls(webhooks: tuple[Any, ...]) -> tuple[Any, ...]:
    """Take each address once: by it a subscription is known again at the next start."""
    if len({webhook.url.get_secret_value() for webhook in webhooks}) < len(webhooks):
        raise ValueError("must have each url once; give those of one receiver different queries, such as ?for=maps")
    return webhooks


def check_webhook_secret(secret: SecretStr) -> SecretStr:
    """Take what REST takes."""
    _as_rest_does("check_secret", secret.get_secret_value())
    return secret


def check_event_type(text: str) -> str:
    """Take the name of an event."""
    return _as_rest_does("check_type", text)


def _as_rest_does(check: str, text: str) -> str:
    from orchestrator.contract import webhooks  # noqa: PLC0415  (costly, and few have static webhooks)

    try:
        checked: str = getattr(webhooks, check)(text)
    except ValueError as error:
        raise ValueError(str(error).removesuffix(".")) from None
    return checked


def _is_http(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
