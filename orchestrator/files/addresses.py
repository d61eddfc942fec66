"""What a client may write for an image: a path, a ``file:`` URI, or an ``http(s):`` address."""

import os
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

_SHOWN = 200


class Unusable(Exception):
    """Something named by a client will not do; the message says why, and what would. Never leaves the room."""


@dataclass(frozen=True, slots=True)
class Local:
    """A path on this machine."""

    path: str


@dataclass(frozen=True, slots=True)
class Web:
    """An address to fetch from."""

    url: str
    name: str
    """The last segment of its path."""


def parse(uri: str) -> Local | Web:
    """Sort what a client wrote. Raises ``Unusable``."""
    if uri.startswith("/"):
        return Local(_path(uri))
    scheme, _, rest = uri.partition(":")
    match scheme.lower():
        case "file":
            return Local(_path(_file_path(uri, rest)))
        case "http" | "https":
            return _web(uri)
    raise Unusable(
        f"{shown(uri)} is neither an absolute path nor a file:, http: or https: address: "
        "write for example file:///data/flight-7/IMG_0001.JPG."
    )


def file_uri(path: str) -> str:
    """Write a path as a URI that survives JSON and any database, whatever bytes the path has."""
    return "file://" + quote(os.fsencode(path))


def shown(uri: str) -> str:
    """Give an address as it may be repeated to anyone: without password, query and excess length."""
    text = uri
    if not uri.startswith("/") and "://" in uri:
        scheme, _, rest = uri.partition("://")
        if scheme.lower() != "file":
            host, slash, path = rest.partition("?")[0].partition("/")
            text = f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
    text = "".join(sign if sign.isprintable() else "?" for sign in text)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _file_path(uri: str, rest: str) -> str:
    host, slash, path = rest.removeprefix("//").partition("/") if rest.startswith("//") else ("", "/", rest[1:])
    if not slash or host.lower() not in {"", "localhost"} or not rest.startswith("/"):
        raise Unusable(f"{shown(uri)} names another machine or no absolute path: write file:///folder/file.")
    return "/" + os.fsdecode(unquote_to_bytes(path))


def _path(path: str) -> str:
    if "\0" in path:
        raise Unusable(f"{shown(path)} contains a zero byte, which no path may.")
    return path


def _web(uri: str) -> Web:
    try:
        parts = urlsplit(uri)
        if parts.hostname and parts.port != 0 and all(sign.isprintable() and not sign.isspace() for sign in uri):
            return Web(uri, unquote(parts.path.rpartition("/")[2]))
    except ValueError:
        pass  # A port that is no number, or brackets that do not close.
    raise Unusable(f"{shown(uri)} is not a valid address: write for example https://example.org/IMG_0001.JPG.")
