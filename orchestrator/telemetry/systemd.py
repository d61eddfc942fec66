"""Tells systemd how the service stands: ready, alive, stopping (the sd_notify protocol, over a datagram socket)."""

import asyncio
import os
import socket
from collections.abc import Callable


def notify(*states: str) -> bool:
    """Send states such as ``READY=1``; give whether anybody listens. Without systemd it does nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto("\n".join(states).encode(), address)
        except OSError:
            return False
    return True


def watchdog_interval() -> float | None:
    """Give how often systemd wants to hear from us, in seconds (half of its patience); None: it does not watch."""
    patience = os.environ.get("WATCHDOG_USEC", "")
    meant_for = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not patience.isdigit() or meant_for != str(os.getpid()):
        return None
    return int(patience) / 2_000_000


async def keep_alive(status: Callable[[], str]) -> None:
    """Say that the event loop turns, with one line on how things stand, until cancelled."""
    interval = watchdog_interval()
    while True:
        notify("WATCHDOG=1", f"STATUS={status()}")
        await asyncio.sleep(interval or 30.0)
