"""The address that a request comes from, also through proxies that are trusted to tell it."""

import ipaddress
from collections.abc import Sequence

from aiohttp import web

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FORWARDED = "X-Forwarded-For"


def address_of(request: web.Request, trusted: Sequence[Network]) -> str:
    """Give the nearest address that no trusted proxy has: what stands before it anybody may have written."""
    chain = ",".join(request.headers.getall(FORWARDED, [])).split(",")
    address = request.remote or ""
    for told in reversed(chain):
        if not _is_in(address, trusted) or not told.strip():
            break
        address = told.strip()
    return address


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(found in network for network in networks)
