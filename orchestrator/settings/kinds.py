"""The kinds of values that settings hold: durations and sizes as people write them, and secrets that never show."""

import ipaddress
import json
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, SecretStr

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*([A-Za-z]*)")

_SECONDS: Final = {"": 1.0, "ms": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES: Final = {"": 1, "b": 1, **{f"{p}b": 1000**n for n, p in enumerate("kmgt", 1)}}
_BYTES_BINARY: Final = {f"{p}ib": 1024**n for n, p in enumerate("kmgt", 1)}

DURATION: Final = 'a duration: a number of seconds, or text such as "30 s", "10 min" or "2 h"'
SIZE: Final = 'a size: a number of bytes, or text such as "500 MB" or "4 GiB"'


IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class Wanted(ValueError):
    """A value of the wrong kind; the message continues "… must be". Any other ``ValueError`` is a sentence already."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A default that depends on where the daemon runs, as the reference shows it: in Markdown."""

    text: str


def seconds(value: object) -> float:
    """Read a duration. Raises ``Wanted``."""
    return _amount(value, _SECONDS, wanted=DURATION)


def size(value: object) -> int:
    """Read a number of bytes. Raises ``Wanted``."""
    return math.ceil(_amount(value, {**_BYTES, **_BYTES_BINARY}, wanted=SIZE))


def _amount(value: object, units: dict[str, Any], *, wanted: str) -> float:
    if isinstance(value, str):
        found = _AMOUNT.fullmatch(value.strip())
        if found is None or found[2].lower() not in units:
            raise Wanted(wanted)
        value = float(found[1]) * units[found[2].lower()]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise Wanted(wanted)
    return float(value)


def _number(value: object) -> object:
    # Python would take true for 1.
    if isinstance(value, bool):
        raise Wanted("a whole number")
    return value


def expanded(path: Path) -> Path:
    """Put the home folder in place of ``~``; a name that nobody has stays as it is."""
    return Path(os.path.expanduser(path))  # noqa: PTH111  (pathlib's raises)


def listed(value: object) -> object:
    """Take a list apart that the environment or a flag gave as text: JSON, or paths with colons between them."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise Wanted("a list; this JSON cannot be read") from None
    return [part for part in value.split(os.pathsep) if part]


def worded(value: object) -> object:
    """Take a list apart as ``listed`` does, but at commas and spaces: addresses and origins have colons in them."""
    if not isinstance(value, str) or value.lstrip().startswith("["):
        return listed(value)
    return value.replace(",", " ").split()


def network(value: object) -> IpNetwork:
    """Read a network, or a single address. Raises ``Wanted``."""
    if isinstance(value, IpNetwork):
        return value
    try:
        return ipaddress.ip_network(str(value))
    except ValueError:
        raise Wanted("a network such as 10.0.0.0/8 or fd00::/8, or an address") from None


Network = Annotated[IpNetwork, PlainValidator(network)]
Seconds = Annotated[float, BeforeValidator(seconds)]
Interval = Annotated[Seconds, Field(gt=0)]
Size = Annotated[int, BeforeValidator(size), Field(gt=0)]
Count = Annotated[int, BeforeValidator(_number), Field(ge=1)]
Port = Annotated[int, BeforeValidator(_number), Field(ge=0, le=65535)]
Folder = Annotated[Path, AfterValidator(expanded)]


class SecretUrl(SecretStr):
    """A URL that may hold a password or a token: ``str`` and ``repr`` show it without."""

    def _display(self) -> str:
        return masked(self.get_secret_value())


def masked(url: str) -> str:
    """Give a URL without password and without the values in its query."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "***"
    place = parts.netloc.rpartition("@")[2]
    user = f"{parts.username or ''}{':***' if parts.password is not None else ''}@" if "@" in parts.netloc else ""
    query = re.sub(r"=[^&]*", "=***", parts.query)
    # Rebuilt by hand: urlunsplit would take a slash from memory:// and sqlite:////path.
    return f"{parts.scheme}://{user}{place}{parts.path}{'?' + query if query else ''}" if parts.scheme else "***"
