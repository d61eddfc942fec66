"""Counts wrong attempts by address: whoever has too many is told to wait, and nobody else is. Its memory is bounded."""

import ipaddress
import math
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

MOST: Final = 10
"""Attempts within the window."""
WINDOW: Final = 60.0
"""Seconds."""
REMEMBERED: Final = 10_000
"""Addresses; the one that was quiet longest is forgotten first."""


class Failures:
    """Remembers them. ``time`` gives seconds that never go backwards."""

    def __init__(self, *, time: Callable[[], float], most: int = MOST, remembered: int = REMEMBERED) -> None:
        self._time = time
        self._most = most
        self._remembered = remembered
        self._of: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Give the whole seconds that the address has to wait; 0: it may try."""
        found = self._of.get(_place(address))
        if found is None or len(found) < self._most:
            return 0
        return max(0, math.ceil(found[0] + WINDOW - self._time()))

    def add(self, address: str) -> None:
        """Count one more."""
        place = _place(address)
        times = self._of.setdefault(place, deque(maxlen=self._most))
        times.append(self._time())
        self._of.move_to_end(place)
        while len(self._of) > self._remembered:
            self._of.popitem(last=False)


def _place(address: str) -> str:
    """Give what one subscriber has: an IPv4 address, or 64 bits of IPv6."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))
