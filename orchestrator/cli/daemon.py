"""The daemon that a command speaks to: where it is, and which way commands and events take."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrator.cli.errors import CliError, refusal

if TYPE_CHECKING:
    from orchestrator.cli.control import ControlClient
    from orchestrator.settings import Settings

SERVICE_SOCKET: Final = Path("/var/lib/orchestrator/control.sock")
"""Where the packaged service listens: its unit sets ``StateDirectory=orchestrator``."""

Json = dict[str, Any]


class Daemon:
    """Reading always goes through the control socket; commands and events over the bus when that is a broker."""

    def __init__(self, *, config: Path | None = None, root: Path | None = None) -> None:
        self._config = config
        self._root = root

    @cached_property
    def settings(self) -> "Settings":
        """The settings as far as a client may read them. Raises ``SettingsError``."""
        from orchestrator.settings import load

        return load(self._config, {"files": {"root": self._root}}, secrets_needed=False)

    def own_settings(self) -> "Settings":
        """Give the settings as the daemon itself reads them, secrets and all. Raises ``SettingsError``."""
        from orchestrator.settings import load

        return load(self._config, {"files": {"root": self._root}})

    @cached_property
    def control(self) -> "ControlClient":
        """The way to the daemon on this machine."""
        from orchestrator.cli.control import ControlClient

        return ControlClient(self._control_socket())

    def send(self, name: str, body: Mapping[str, Any] | bytes, *, message_id: str | None = None) -> Json:
        """Send a command and give its answer, whatever it says."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        if not self._has_broker:
            return self.control.send(name, text, message_id=message_id)
        from orchestrator.cli.broker import send

        return send(self.settings.bus, name, text, message_id=message_id)

    def settle(self, name: str, body: Mapping[str, Any], *, message_id: str | None = None) -> Json:
        """Send a command and give the answer that it was taken. Raises ``CliError`` if it was not."""
        answer = self.send(name, body, message_id=message_id)
        if not answer.get("ok"):
            raise refusal(answer["error"])
        return answer

    def events(self, pattern: str, *, replay: bool = False) -> AbstractContextManager[Iterator[Json]]:
        """Follow events whose routing keys fit the pattern; they are followed from the moment the block begins."""
        if self._has_broker:
            from orchestrator.cli.broker import events

            return events(self.settings.bus, pattern, replay=replay)
        if replay:
            raise CliError("Only RabbitMQ keeps events to be replayed, and bus.url names none.", code=2)
        return self.control.events(pattern)

    @property
    def _has_broker(self) -> bool:
        return self.settings.bus.url.get_secret_value().startswith("amqp")

    def _control_socket(self) -> Path:
        settings = self.settings
        chosen = settings.api.control_socket
        said = self._root is not None or "root" in settings.files.model_fields_set
        if not said and chosen == settings.files.root / chosen.name and not chosen.exists() and SERVICE_SOCKET.exists():
            return SERVICE_SOCKET
        return chosen.absolute()
