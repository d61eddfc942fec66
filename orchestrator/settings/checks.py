"""Checks of single settings, beyond their kind."""

from typing import Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from orchestrator.contract.topology import Topology
from orchestrator.settings.kinds import SecretUrl, Wanted

EXAMPLES: Final = {
    "memory": "memory://",
    "amqp": "amqp://user:password@host:5672/vhost",
    "amqps": "amqps://user:password@host/vhost",
    "sqlite+aiosqlite": "sqlite+aiosqlite:///path/to/orchestrator.db",
    "postgresql+asyncpg": "postgresql+asyncpg://user:password@host/name",
}


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
    """Take an address that browsers and nodes understand; an empty one is none."""
    if text and not _is_http(text):
        raise Wanted("an address such as https://maps.example.org")
    return text.rstrip("/") if text else None


def check_node_url(url: SecretUrl) -> SecretUrl:
    """Take the address of a node, as commands do."""
    from orchestrator.contract.addresses import Address, from_url  # noqa: PLC0415  (costly, and few have static nodes)

    address = from_url(url.get_secret_value())
    if not isinstance(address, Address):
        raise ValueError(address.message)  # noqa: TRY004  (pydantic reports ValueError only)
    return url


def check_webhook_url(url: SecretUrl) -> SecretUrl:
    """Take what REST takes."""
    from orchestrator.contract.webhooks import check_url  # noqa: PLC0415  (few have static webhooks)

    check_url(url.get_secret_value())
    return url


def check_webhook_secret(secret: SecretStr) -> SecretStr:
    """Take what REST takes."""
    from orchestrator.contract.webhooks import check_secret  # noqa: PLC0415  (as above)

    check_secret(secret.get_secret_value())
    return secret


def check_event_type(text: str) -> str:
    """Take the name of an event."""
    from orchestrator.contract.webhooks import check_type  # noqa: PLC0415  (as above)

    return check_type(text)


def _is_http(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
