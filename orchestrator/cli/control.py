"""Speaks with the daemon over its control socket: HTTP on a Unix socket, by the standard library alone."""

import http.client
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from orchestrator.cli.errors import UNUSABLE, CliError, NoDaemon, StreamEnded, Unreachable, refusal

CONNECTING: Final = 5.0
ANSWER: Final = 40.0
"""Seconds; the daemon's own deadline for an answer is 30."""
SILENCE: Final = 45.0
"""Seconds; the daemon shows every 15 that an event stream is alive."""

READ_AT_ONCE: Final = 65536

CUT_OFF: Final = "The daemon cut the events off: it died, or they were read too slowly."


class ControlClient:
    """The daemon on this machine. Raises ``Unreachable`` when there is none, ``CliError`` for what it refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, path: str, query: dict[str, Any] | None = None, *, patience: float = ANSWER) -> Any:
        """Read something, within so many seconds; parameters that are None are left out."""
        asked = {key: value for key, value in (query or {}).items() if value is not None}
        where = f"{path}?{urlencode(asked)}" if asked else path
        status, body = self._exchange("GET", where, patience=patience)
        if status != http.client.OK:
            raise refusal(body["error"])
        return body

    def get_bytes(self, path: str) -> bytes:
        """Read something that is no JSON."""
        connection = self._connected(ANSWER)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"The daemon at {self._path} gave no answer: {_said(error)}.") from None
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise refusal(json.loads(body)["error"])
        return body

    def post(self, path: str, value: dict[str, Any], *, patience: float = ANSWER) -> Any:
        """Ask for something to be done, within so many seconds."""
        headers = {"Content-Type": "application/json"}
        status, body = self._exchange("POST", path, json.dumps(value).encode(), headers, patience=patience)
        if status != http.client.OK:
            raise refusal(body["error"])
        return body

    def task(self, key: str) -> dict[str, Any]:
        """Read one task by id or reference."""
        found: dict[str, Any] = self.get(f"/tasks/{quote(key, safe='')}")
        return found

    def send(self, name: str, body: bytes, *, message_id: str | None = None) -> dict[str, Any]:
        """Send a command and give its answer."""
        headers = {"Content-Type": "application/json"} | ({"Message-Id": message_id} if message_id else {})
        _, answer = self._exchange("POST", f"/commands/{quote(name, safe='')}", body, headers)
        if not isinstance(answer, dict) or "ok" not in answer:
            raise CliError(f"What answers at {self._path} is no orchestrator.", code=UNUSABLE)
        return answer

    @contextmanager
    def events(self, pattern: str) -> Iterator[Iterator[dict[str, Any]]]:
        """Follow events from now on; the iterator raises ``StreamEnded`` when the daemon ends or cuts the stream."""
        connection = self._connected(SILENCE)
        try:
            response = self._opened(connection, f"/events?{urlencode({'pattern': pattern})}")
            yield _lines(*response)
        finally:
            connection.close()

    def _opened(self, connection: http.client.HTTPConnection, path: str) -> tuple[http.client.HTTPResponse, bytes]:
        """Open a stream, and wait for its beginning: then the daemon has subscribed us."""
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise refusal(json.loads(response.read())["error"])
            return response, response.read1(READ_AT_ONCE)
        except ConnectionError:
            # It was there to connect to: a daemon that ends just now is one that may be back.
            raise StreamEnded(CUT_OFF) from None
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"The daemon at {self._path} gave no answer: {_said(error)}.") from None

    def _exchange(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        patience: float = ANSWER,
    ) -> tuple[int, Any]:
        connection = self._connected(patience)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except ValueError:
            raise CliError(f"What answers at {self._path} is no orchestrator.", code=UNUSABLE) from None
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"The daemon at {self._path} gave no answer: {_said(error)}.") from None
        finally:
            connection.close()

    def _connected(self, timeout: float) -> "_UnixConnection":
        connection = _UnixConnection(self._path, timeout=timeout)
        try:
            connection.connect()
        except PermissionError:
            connection.close()
            raise Unreachable(f"You may not use {self._path}; ask to be put in its group.") from None
        except OSError:
            connection.close()
            raise NoDaemon(f"no daemon answers at {self._path}; is 'orchestrator serve' running?") from None
        return connection


class _UnixConnection(http.client.HTTPConnection):
    """HTTP on a Unix socket."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path
        self._patience = timeout

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CONNECTING)
        self.sock.connect(os.fspath(self._path))
        self.sock.settimeout(self._patience)


def _lines(response: http.client.HTTPResponse, begun: bytes) -> Iterator[dict[str, Any]]:
    rest = begun
    try:
        while True:
            *lines, rest = rest.split(b"\n")
            yield from (json.loads(line) for line in lines if line.strip())
            # Not readline: it takes a connection that breaks for an orderly end.
            more = response.read1(READ_AT_ONCE)
            if not more:
                break
            rest += more
    except (OSError, http.client.HTTPException, ValueError):
        raise StreamEnded(CUT_OFF) from None
    raise StreamEnded("The daemon ended the events: it is stopping.")


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
