"""The address that a request comes from, also through proxies that are trusted to tell it."""

import ipaddress
from collections.abc import Sequence

from aiohttp import web

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FORWARDED = "X-Forwarded-For"


def address_of(request: web.Request, trusted: Sequence[Network]) -> str:
    """Give the nearest address that no trusted proxy has: what stands before it anybody may have written."""
    chain = ",".join(request.headers.getall(FORWARDED, [])).split(",")
    address = _plain(request.remote or "")
    for told in reversed(chain):
        if not _is_in(address, trusted) or not told.strip():
            break
        address = _plain(told.strip())
    return address


def _plain(address: str) -> str:
    """Take an IPv4 address for what it is, though a socket for both kinds writes it as ``::ffff:203.0.113.1``."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(found in network for network in networks)
