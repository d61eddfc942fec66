"""Addresses that strangers name lead to public places only."""

import ipaddress
import socket

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from orchestrator.outgoing import AddressRefused, guarded_connector
from orchestrator.outgoing.guard import check

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "2002:7f00:1::", "2001:0:0:0:0:0:80ff:fffe", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::1",
        "::127.0.0.1", "::ffff:0:10.0.0.1", "fec0::1",
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused(address):
    with pytest.raises(AddressRefused, match="not a public address"):
        check(address, [])


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34", "64:ff9b::93.184.216.34"],
)
def test_what_is_public_is_taken(address):
    check(address, [])


def test_what_is_allowed_is_taken():
    check("127.0.0.1", LOOPBACK)
    check("::ffff:127.0.0.1", LOOPBACK)
    with pytest.raises(AddressRefused):
        check("10.0.0.1", LOOPBACK)


@pytest.mark.enable_socket
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_client_gets_no_connection_to_the_inside_by_number_or_by_name(host):
    async with TestServer(web.Application(), host="127.0.0.1") as inside:
        url = f"http://{host}:{inside.port}/"
        async with aiohttp.ClientSession(connector=guarded_connector()) as session:
            with pytest.raises(aiohttp.ClientConnectorError) as refused:
                await session.get(url)
        assert isinstance(refused.value.os_error, AddressRefused)
        async with aiohttp.ClientSession(connector=guarded_connector(LOOPBACK)) as session:
            assert 404 == (await session.get(url)).status


class Both(AbstractResolver):
    """Knows every name by an address of each kind, as ``localhost`` is known on most machines."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for address, kind in (("::1", socket.AF_INET6), ("127.0.0.1", socket.AF_INET))
        ]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.enable_socket
async def test_a_name_with_an_address_of_each_kind_is_refused_for_the_same_reason():
    async with aiohttp.ClientSession(connector=guarded_connector(resolver=Both())) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await session.get("http://inside.example.org/")
    assert isinstance(refused.value.os_error, AddressRefused)
    assert refused.value.os_error.address in {"::1", "127.0.0.1"}
