"""Where a processing node is: the base address as it is stored, from whatever form a client gave it in."""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from orchestrator.contract.fields import MAX_TOKEN
from orchestrator.domain.problem import FieldError

MAX_ADDRESS: Final = 2048
"""Characters of a node's address."""

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")
_VISIBLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Address:
    """A node's base address, with its port, without query or trailing slash; and the token that came with it."""

    url: str
    token: str | None = field(default=None, repr=False)


def from_host(hostname: str, port: int) -> Address | FieldError:
    """Make the address of a node from host and port; https at port 443 only, as an address would say otherwise."""
    host = _host(hostname.strip("[]"))
    if host is None:
        return FieldError("hostname", "must be a host name or an IP address, without scheme, port or path")
    return Address(f"{'https' if port == _PORTS['https'] else 'http'}://{host}:{port}")


def from_url(url: str) -> Address | FieldError:
    """Make the address of a node from a URL. A token in its query (``?token=…``, as NodeODM takes it) is set apart."""
    if len(url) > MAX_ADDRESS or not _VISIBLE.fullmatch(url):
        return _wrong(f"must be an address of at most {MAX_ADDRESS} visible ASCII characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return _wrong("must be an address such as http://node-1:3000")
    if parts.scheme not in _PORTS or not parts.hostname:
        return _wrong("must begin with http:// or https:// and a host")
    if "@" in parts.netloc:
        return _wrong("must not hold a user name or password; a node's token goes into the field token")
    host = _host(parts.hostname) if ("[" in parts.netloc) == (":" in parts.hostname) else None
    if host is None or port == 0:
        return _wrong("must hold a host name or an IP address, and a port from 1 to 65535")
    return _with_query(parts, f"{parts.scheme}://{host}:{port or _PORTS[parts.scheme]}")


def _with_query(parts: SplitResult, origin: str) -> Address | FieldError:
    if parts.fragment:
        return _wrong("must not hold a fragment (#)")
    try:
        query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query), errors="strict")
    except ValueError:
        return _wrong("must not hold a query other than ?token=…")
    if [key for key, _ in query] not in ([], ["token"]):
        return _wrong("must not hold a query other than one ?token=…")
    token = query[0][1] if query else None
    if token is not None and (len(token) > MAX_TOKEN or not token.isprintable()):
        return _wrong(f"must not hold a token of more than {MAX_TOKEN} characters or with control characters")
    return Address(origin + parts.path.rstrip("/"), token)


def _host(host: str) -> str | None:
    if ":" in host:
        try:
            return f"[{ipaddress.IPv6Address(host).compressed}]" if "%" not in host else None
        except ValueError:
            return None
    return host.lower() if _HOST.fullmatch(host) else None


def _wrong(message: str) -> FieldError:
    return FieldError("url", message)
