"""Why a connection was not made, in words for people: the doors have different libraries, and the same reasons."""

import errno
import re
from typing import Final

_SAID: Final = {
    errno.ECONNREFUSED: "nobody listens at {place} (connection refused)",
    errno.EHOSTUNREACH: "there is no way to {place} (no route to host)",
    errno.ENETUNREACH: "there is no way to {place} (network unreachable)",
    errno.ETIMEDOUT: "{place} did not answer (connection timed out)",
    errno.ECONNRESET: "{place} broke the connection off (connection reset)",
    errno.ECONNABORTED: "{place} broke the connection off (connection aborted)",
    errno.EPIPE: "{place} broke the connection off (broken pipe)",
}

# asyncio puts several failed addresses of one name into one error, whose only trace of the reason is its text.
_NUMBER: Final = re.compile(r"\[Errno (-?[0-9]+)\]")


def why_not_connected(error: BaseException, *, place: str) -> str | None:
    """Give the reason as a clause; ``place`` is where to, as ``host:port``. None: the error is of another kind."""
    number = _number_of(error)
    if number is None:
        return None
    if number < 0:  # of the resolver: getaddrinfo(3)
        return f"the name {place.rpartition(':')[0]} is not known"
    told = _SAID.get(number)
    return told.format(place=place) if told else None


def _number_of(error: BaseException) -> int | None:
    first = error.args[0] if error.args else None
    if isinstance(first, int):
        return first
    found = _NUMBER.search(str(error))
    return int(found[1]) if found else None
