"""Unit tests reach nothing but this machine."""

import socket

import pytest


def test_other_hosts_are_out_of_reach() -> None:
    with pytest.raises((RuntimeError, UserWarning), match=r"connect\(\)"):
        socket.create_connection(("192.0.2.1", 9), timeout=1)


def test_loopback_is_within_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()
