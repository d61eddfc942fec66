"""Refuses to connect to private addresses: looked at where the socket is made, after names and redirects are resolved.

So a name that resolves to something else the second time (DNS rebinding) or a redirect to the inside leads nowhere.
"""

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any, Final

import aiohttp

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_UNICAST: Final = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is routed publicly (IANA, ipv6-address-space); the module takes some of the rest for global."""
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
"""What a NAT64 gateway sends on to the IPv4 address in the last 32 bits, private ones too (RFC 6052)."""


class AddressRefused(OSError):
    """The address that a name or a redirect leads to is not public, and not allowed.

    All say the same: where the addresses of one name are refused for reasons that differ, one error of no kind is made
    of them.
    """

    def __init__(self, address: str) -> None:
        super().__init__("not a public address")
        self.address = address


def guarded_connector(allowed: Sequence[Network] = (), **given: Any) -> aiohttp.TCPConnector:
    """Give a connector for public addresses, and for those in the networks allowed; ``given`` is handed on to it.

    What it refuses is raised as ``aiohttp.ClientConnectorError`` whose ``os_error`` is ``AddressRefused``.
    """

    def make_socket(found: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, address = found
        check(address[0], allowed)
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(socket_factory=make_socket, **given)


def check(host: str, allowed: Sequence[Network]) -> None:
    """Raise ``AddressRefused`` for an address that is neither public nor in one of the networks."""
    address = _plain(ipaddress.ip_address(host.partition("%")[0]))
    routed = isinstance(address, ipaddress.IPv4Address) or address in _UNICAST
    if address.is_global and not address.is_multicast and routed:
        return
    if any(address in network for network in allowed):
        return
    raise AddressRefused(str(address))


def _plain(address: _Address) -> _Address:
    """Give the address that is meant: an IPv4 address may be wrapped in IPv6 in several ways."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
