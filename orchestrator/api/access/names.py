"""Names of hosts: which lead to this machine alone, and under which a daemon may be addressed."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit


def is_lonely(host: str) -> bool:
    """Whether nobody but this machine reaches what listens there, or goes by that name."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def host_of(authority: str) -> str:
    """Give the host of a ``Host`` header, without its port, in lower case; empty if it is malformed."""
    try:
        parts = urlsplit(f"//{authority}")
        _ = parts.port
    except ValueError:
        return ""
    plain = parts.path == parts.query == parts.fragment == "" and "@" not in authority
    return (parts.hostname or "").removesuffix(".") if plain else ""


class Names:
    """The names under which a daemon may be addressed.

    Without this check a page on the internet could point its own name at this machine (DNS rebinding) and have a
    browser here drive the daemon. A bare address is no name that could be pointed anywhere; it is taken where the
    daemon listens on all addresses.
    """

    def __init__(self, bound: str, *, public_url: str | None = None, allowed: Iterable[str] = ()) -> None:
        public = urlsplit(public_url).hostname if public_url else None
        self._allowed = {bound.lower(), *allowed, *([public] if public else [])}
        address = _address(bound)
        self._by_address = address is not None and address.is_unspecified

    def have(self, host: str) -> bool:
        """Whether the daemon may be addressed by it."""
        return host in self._allowed or is_lonely(host) or (self._by_address and _address(host) is not None)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
