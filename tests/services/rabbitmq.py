"""A RabbitMQ broker of one's own: beside any other, on free ports, with its data in a temporary folder."""

import atexit
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.services.packages import RABBITMQ
from tests.services.process import ServerProcess, environment, free_ports, listens

CONTROL_SECONDS = 60
AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
MEBIBYTE = 1024 * 1024


class PrivateRabbitMQ:
    """One broker. `stop` and `start` keep its port and what is durable in it; `close` removes everything."""

    def __init__(self) -> None:
        self._programs = RABBITMQ.folder()
        self.port, self._peer_port, self._names_port = free_ports(3)
        self._password = secrets.token_hex(16)
        self._folder = Path(tempfile.mkdtemp(prefix="orchestrator-rabbitmq-"))
        self._environment = self._prepare()
        self._broker: ServerProcess | None = None
        self._names: ServerProcess | None = None
        atexit.register(self.close)

    @property
    def url(self) -> str:
        """The broker's address, for AMQP clients; it holds the password."""
        return f"amqp://orchestrator:{self._password}@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start the broker and return when it answers; does nothing if it runs."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start the broker without waiting for it."""
        if self._broker and self._broker.running:
            return
        # Erlang's name server would detach itself if the broker started it; as our child its end is ours to decide.
        if not (self._names and self._names.running):
            self._names = self._spawn("epmd", [shutil.which("epmd", path=self._environment["PATH"]) or "epmd"])
            self._names.wait_until(lambda: listens(self._names_port))
        self._broker = self._spawn("rabbitmq", [self._programs / "rabbitmq-server"])

    def wait(self) -> None:
        """Return when the launched broker answers; ServerError if it does not in time."""
        if self._broker:
            self._broker.wait_until(self._answers)

    def stop(self) -> None:
        """Shut the broker down in order, as an administrator would."""
        if self._broker:
            self._broker.stop()

    def kill(self) -> None:
        """End the broker without warning (SIGKILL).

        Confirmed messages survive, but RabbitMQ writes its definitions a moment late: a queue or exchange declared less
        than about two seconds before may be lost. Let it be older, or `stop` and `start` once, which writes them.
        """
        if self._broker:
            self._broker.kill()

    def control(self, *words: str) -> None:
        """Do what an administrator does with ``rabbitmqctl``. Raises CalledProcessError with what it said."""
        command = [self._programs / "rabbitmqctl", *words]
        subprocess.run(command, env=self._environment, check=True, capture_output=True, timeout=CONTROL_SECONDS)

    def close(self) -> None:
        """End everything that was started and remove the data; may be called again."""
        atexit.unregister(self.close)
        self.stop()
        if self._names:
            self._names.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _spawn(self, name: str, command: list[str | Path]) -> ServerProcess:
        return ServerProcess(name, command, folder=self._folder, env=self._environment)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(AMQP_HEADER)
                # A method frame (1) is Connection.Start: the broker speaks our protocol and is open for business.
                return connection.recv(1) == b"\x01"
        except OSError:
            return False

    def _prepare(self) -> dict[str, str]:
        cookie = self._folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        (self._folder / "enabled_plugins").write_text("[].\n")
        (self._folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            "default_user = orchestrator\n"
            f"default_pass = {self._password}\n"
            f"disk_free_limit.absolute = {50 * MEBIBYTE}\n"
            f"vm_memory_high_watermark.absolute = {1024 * MEBIBYTE}\n"
        )
        # Each of the system's own files and folders is replaced, so that nothing of them is read or written.
        own = {
            "MNESIA_BASE": "data",
            "LOG_BASE": "log",
            "GENERATED_CONFIG_DIR": "config",
            "CONFIG_FILE": "rabbitmq.conf",
            "CONFIG_FILES": "conf.d/*.conf",
            "ADVANCED_CONFIG_FILE": "advanced.config",
            "CONF_ENV_FILE": "rabbitmq-env.conf",
            "ENABLED_PLUGINS_FILE": "enabled_plugins",
        }
        return environment(
            HOME=str(self._folder),
            ERL_EPMD_ADDRESS="127.0.0.1",
            ERL_EPMD_PORT=str(self._names_port),
            RABBITMQ_NODENAME=f"orchestrator-{self.port}@localhost",
            RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
            RABBITMQ_NODE_PORT=str(self.port),
            RABBITMQ_DIST_PORT=str(self._peer_port),
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}",
            **{f"RABBITMQ_{name}": str(self._folder / place) for name, place in own.items()},
        )
