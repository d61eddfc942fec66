"""Where the broker is, without ever showing the password."""

from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from orchestrator.domain.errors import BusError

SCHEMES = frozenset({"amqp", "amqps"})


class Address:
    """An ``amqp://`` or ``amqps://`` URL. ``str`` and ``repr`` are safe to log; ``mask`` makes other texts so."""

    def __init__(self, url: str) -> None:
        """Take the URL. Raises ``BusError`` if it is not one for AMQP."""
        self._parts = urlsplit(url)
        if self._parts.scheme not in SCHEMES or not self._parts.hostname:
            raise BusError("The bus's URL must look like amqp://user:password@host:port/vhost.")

    def __str__(self) -> str:
        parts = self._parts
        user = f"{parts.username}:***@" if parts.password else f"{parts.username}@" if parts.username else ""
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{user}{host}{parts.path}"

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    @property
    def place(self) -> str:
        """Host and port."""
        parts = self._parts
        return f"{parts.hostname}:{parts.port or (5671 if parts.scheme == 'amqps' else 5672)}"

    def url(self, **defaults: object) -> str:
        """Give the URL, password and all, with query parameters added where it has none of that name."""
        query = {**{name: str(value) for name, value in defaults.items()}, **dict(parse_qsl(self._parts.query))}
        return self._parts._replace(query=urlencode(query)).geturl()

    def mask(self, text: str) -> str:
        """Take the password out of a text."""
        password = self._parts.password
        for secret in {password, unquote(password)} if password else ():
            text = text.replace(secret, "***")
        return text
